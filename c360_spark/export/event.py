"""The outbox of events: which events a destination is to be sent. Pure functions."""

from datetime import datetime, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest
from c360_spark.config.activation.activation import Destination, Events

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
