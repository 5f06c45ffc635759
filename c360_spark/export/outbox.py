"""The outboxes of a destination: the changes of persons and the events that it is to be sent.

A change is the difference between what the destination should have and what it has.
"""

from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest
from c360_spark.config.activation.activation import Destination, Events


def export_changes(
    wanted: DataFrame,
    outbox: DataFrame,
    acks: DataFrame,
    exits: DataFrame,
    destination: Destination,
    *,
    as_of: datetime,
    run_id: str,
    retry_rejected: bool = False,
) -> DataFrame:
    """Rows to append to the destination's outbox: add, update, remove.

    `wanted` has `person_id, payload, payload_hash` of the members, `outbox` is what was sent so far, `acks` is
    export.ack, `exits` has `person_id, exited_cause` of the persons who left. A removal carries what the destination
    has, so that it can find the person.

    A rejected change never reached the destination: a person whose add was rejected is not there, one whose update was
    rejected is there as before. A rejected change is not sent again while it stays the same, unless `retry_rejected` is
    set: then it is sent as a new row.
    """
    held = _held(outbox, acks, destination)
    joined = wanted.join(held, "person_id", "full").join(exits, "person_id", "left")
    there, want = F.coalesce("there", F.lit(False)), F.col("payload_hash").isNotNull()
    remove = F.col("newest.remove")
    same = F.when(want, ~remove & (F.col("payload_hash") == F.col("newest.payload_hash"))).otherwise(remove)
    again = F.coalesce(F.col("newest.rejected") & same, F.lit(False))
    operation = (
        F.when(again & F.lit(not retry_rejected), None)
        .when(want & ~there, "add")
        .when(want & (F.col("payload_hash") != F.col("held.payload_hash")), "update")
        .when(~want & there, "remove")
    )
    came = F.when(again, "retried").when(~there, "entered").otherwise("changed")
    cause = F.when(want, came).otherwise(F.coalesce("exited_cause", F.lit("unknown")))
    told = joined.select(
        "person_id",
        operation.alias("operation"),
        cause.alias("cause"),
        F.coalesce("payload", "held.payload").alias("payload"),
        F.coalesce("payload_hash", "held.payload_hash").alias("payload_hash"),
        (F.coalesce("newest.sequence", F.lit(0)) + 1).alias("sequence"),
    ).where("operation IS NOT NULL")
    key = digest(F.lit(destination.name), F.col("person_id"), F.col("sequence"), F.col("payload_hash"))
    return told.select(
        F.substring(key, 1, 32).alias("idempotency_key"),
        "*",
        F.lit(run_id).alias("run_id"),
        F.lit(as_of).alias("created_at"),
    )


def _held(outbox: DataFrame, acks: DataFrame, destination: Destination) -> DataFrame:
    """What the destination has of each person: `person_id, newest, held, there`.

    `newest` is the newest change, `held` the newest one that was not rejected, `there` whether the person is at the
    destination by `held`. A change without an answer counts as accepted: it will be sent, and before anything new.
    """
    refused = acks.where((F.col("destination") == destination.name) & (F.col("status") == "rejected"))
    told = outbox.join(refused.select("idempotency_key", F.lit(True).alias("refused")), "idempotency_key", "left")
    rejected, remove = F.coalesce("refused", F.lit(False)), F.col("operation") == "remove"
    newest = F.struct("sequence", "payload_hash", rejected.alias("rejected"), remove.alias("remove"))
    held = F.struct("payload", "payload_hash", remove.alias("remove"))
    return (
        told.groupBy("person_id")
        .agg(
            F.max_by(newest, "sequence").alias("newest"),
            F.max_by(held, F.when(~rejected, F.col("sequence"))).alias("held"),
        )
        .select("*", (~F.col("held.remove")).alias("there"))
    )


KEY = ("source", "dataset", "source_key")


def present(outbox: DataFrame) -> DataFrame:
    """`person_id` of the persons that a destination has by its outbox: their last change is not a removal."""
    newest = outbox.groupBy("person_id").agg(F.max_by("operation", "sequence").alias("operation"))
    return newest.where("operation <> 'remove'").select("person_id")


def wanted_events(
    events: DataFrame, canonical: DataFrame, sent: DataFrame, destination: Destination, *, as_of: datetime, run_id: str
) -> DataFrame:
    """Rows of the destination's outbox of events, including those that it already has: their key is that of the event.

    `events` is gold.event, `canonical` silver.event with their properties, `sent` (`person_id`) are the persons that
    the destination is sent. An event stays with the person for whom it is sent first.
    """
    asked = destination.events
    assert asked
    since = F.col("occurred_at") > F.lit(as_of - timedelta(days=asked.days))
    recent = events.where(F.col("event_name").isin(*asked.names) & since & (F.col("occurred_at") <= F.lit(as_of)))
    owned = recent.join(sent.select("person_id"), "person_id", "left_semi")
    if asked.properties:
        owned = owned.join(_properties(canonical, asked), [*KEY], "left")
    else:
        owned = owned.withColumn("payload", F.lit(None).cast("map<string,string>"))
    return owned.select(
        F.substring(digest(F.lit(destination.name), *map(F.col, KEY)), 1, 32).alias("idempotency_key"),
        "person_id",
        F.lit("track").alias("operation"),
        "event_name",
        "occurred_at",
        "channel",
        "campaign",
        F.coalesce("payload", F.create_map().cast("map<string,string>")).alias("payload"),
        F.lit(run_id).alias("run_id"),
        F.lit(as_of).alias("created_at"),
    )


def _properties(canonical: DataFrame, asked: Events) -> DataFrame:
    named = canonical.where(F.col("event_name").isin(*asked.names))
    some = F.map_filter("properties", lambda name, value: name.isin(*asked.properties) & value.isNotNull())
    return named.select(*KEY, some.alias("payload"))
