"""Attribution of events: the person of an event when it arrived, and the person now. The same for devices and cookies.

Both follow from the history of identity alone, not from earlier contents of a table. An event belongs to the person who
owned its identifiers when it was received, or else to their first owner, and moves with them from then on. There is one
exception: an anonymous event that found its person too late does not move.
"""

from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.rules.gold import Events
from c360_spark.tables.gold_event import EVENT_REATTRIBUTION, GOLD_EVENT

STEP = ("at", "person_id", "namespace", "run_id", "kind", "cause")


def attributed(events: DataFrame, history: DataFrame, changes: DataFrame, settings: Events) -> DataFrame:
    """gold.event from silver.event, and `steps`: where each event moved after its first attribution.

    `history` is `owner_history` of the events' identifier sets, `changes` is identity.change.
    """
    last = F.get("steps", F.size("steps") - 1).getField("person_id")
    known = events.join(_by_set(history, changes), "identifier_set_id", "left").withColumn(
        "attributed_at", F.greatest("received_at", F.col("history")[0]["at"])
    )
    first = F.filter("history", lambda step: step.at <= F.col("attributed_at"))
    later = F.filter("history", lambda step: (step.at > F.col("attributed_at")) & ~_too_late(step, settings))
    moved = known.withColumns({"then": F.get(first, F.size(first) - 1), "steps": later})
    made = moved.withColumns(
        {
            "person_id_then": F.col("then.person_id"),
            "person_id": F.when(F.size("steps") > 0, last).otherwise(F.col("then.person_id")),
            "campaign": F.col("properties")["campaign"],
            "device_id": _device(settings),
        }
    )
    return made.select(*GOLD_EVENT.column_names, "steps")


def reattributions(attributed: DataFrame) -> DataFrame:
    """gold.event_reattribution of `attributed` events."""

    def move(step: Column, i: Column) -> Column:
        before = F.when(i == 0, F.col("person_id_then")).otherwise(F.get("steps", i - 1).getField("person_id"))
        return F.struct(step.alias("step"), before.alias("from_person_id"))

    key = GOLD_EVENT.key
    moves = attributed.select(*key, F.explode(F.transform("steps", move)).alias("move"))
    told = moves.select(
        *key,
        F.col("move.step.at").alias("reattributed_at"),
        "move.from_person_id",
        F.col("move.step.person_id").alias("to_person_id"),
        "move.step.run_id",
        "move.step.kind",
        "move.step.cause",
    )
    return told.where("NOT (from_person_id <=> to_person_id)").select(*EVENT_REATTRIBUTION.column_names)


def _by_set(history: DataFrame, changes: DataFrame) -> DataFrame:
    """`identifier_set_id, history`: the STEPs of each set in order, with kind and cause from identity.change."""
    told = changes.groupBy("run_id", "from_person_id", F.col("to_person_id").alias("person_id")).agg(
        F.max(F.struct("kind", "cause")).alias("change")
    )
    steps = history.join(told, ["run_id", "from_person_id", "person_id"], "left")
    step = F.struct(*STEP[:-2], "change.kind", "change.cause")
    return steps.groupBy("identifier_set_id").agg(F.array_sort(F.collect_list(step)).alias("history"))


def _too_late(step: Column, settings: Events) -> Column:
    """Whether a step finds the person of an anonymous event, longer after the event than allowed."""
    if settings.reattribute_days is None:
        return F.lit(False)
    until = F.col("occurred_at") + F.expr(f"INTERVAL {settings.reattribute_days} DAYS")
    found = step.namespace.isin(*settings.devices) & step.kind.eqNullSafe("merged")
    return F.coalesce(found, F.lit(False)) & (step.at > until)


def _device(settings: Events) -> Column:
    """The identifier of the cookie or device; the smallest where there are several."""
    own = F.filter("identifiers", lambda member: member.namespace.isin(*settings.devices))
    return F.array_min(F.transform(own, lambda member: member.identifier_id))


def devices(sets: DataFrame, membership: DataFrame, namespaces: Collection[str], events: Collection[str]) -> DataFrame:
    """gold.device from silver.identifier_set.

    `membership` has the current rows of identity.membership, `namespaces` are those of devices, `events` the datasets
    (`source.dataset`) whose records are events. Identifier sets count their records, so events need not be read.
    """
    counted = F.when(F.concat_ws(".", "source", "dataset").isin(*events), F.col("record_count")).otherwise(0)
    seen = sets.select(F.explode("members").alias("m"), "first_seen_at", "last_seen_at", counted.alias("events"))
    found = seen.where(F.col("m.namespace").isin(*namespaces)).groupBy(
        F.col("m.identifier_id").alias("device_id"), F.col("m.namespace"), F.col("m.region")
    )
    made = found.agg(
        F.min("first_seen_at").alias("first_seen_at"),
        F.max("last_seen_at").alias("last_seen_at"),
        F.sum("events").alias("event_count"),
    )
    held = membership.select(F.col("identifier_id").alias("device_id"), "person_id")
    return made.join(held, "device_id", "left")
