"""Sessions: what a person did without a long pause, on any devices.

Every identifier belongs to a person, so events of an anonymous cookie form sessions too: those of the cookie's person.
"""

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from c360_spark.columns.keys import INNER, OUTER, keyed_digest, with_key
from c360_spark.config.rules.gold import Sessions

ORDER = ("occurred_at", "source", "dataset", "source_key")  # total: the last three are the key of an event


def sessions(events: DataFrame, settings: Sessions, *, secret: str) -> DataFrame:
    """gold.session from gold.event, without passive events and events without a person.

    Pass all events of a person: a session may begin with any of them.
    """
    passive = F.col("event_name").isin(*settings.passive_events)
    acts = events.where(F.col("person_id").isNotNull() & ~passive)
    in_order = Window.partitionBy("person_id").orderBy(*ORDER)
    begins = acts.withColumn("begins", F.greatest(*(cut.cast("int") for cut in _cuts(settings, in_order))))
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    numbered = begins.withColumn("number", F.sum("begins").over(so_far))
    first = F.struct(*ORDER, "event_name")
    named = F.when(F.col("campaign").isNotNull(), F.struct(*ORDER))
    spans = numbered.groupBy("person_id", "number").agg(
        F.min("occurred_at").alias("started_at"),
        F.max("occurred_at").alias("ended_at"),
        F.count(F.lit(1)).alias("event_count"),
        F.array_sort(F.collect_set("channel")).alias("channels"),
        F.size(F.collect_set("device_id")).alias("device_count"),
        F.min_by("campaign", named).alias("campaign"),
        F.min(first).alias("first"),
    )
    key = keyed_digest(F.col("person_id"), *(F.col(f"first.{name}") for name in ORDER[1:]))
    session_id = F.concat(F.lit("s"), F.substring(key, 1, 24))
    told = with_key(spans, secret).withColumns({"session_id": session_id, "entry_event": F.col("first.event_name")})
    return told.drop("number", "first", INNER, OUTER)


def _cuts(settings: Sessions, in_order: WindowSpec) -> Iterator[Column]:
    """Conditions under which an event begins a session; never null."""
    before = F.lag("occurred_at").over(in_order)
    yield before.isNull()
    pause = F.expr(f"INTERVAL {settings.inactivity_minutes} MINUTES")
    yield F.coalesce(F.col("occurred_at") > before + pause, F.lit(True))
    if settings.cut_at_midnight:
        day = F.to_date(F.from_utc_timestamp("occurred_at", _time_zone(settings)))
        yield ~day.eqNullSafe(F.lag(day).over(in_order))
    if settings.cut_at_campaign:
        known = F.when(F.col("campaign").isNotNull(), F.struct(*ORDER, "campaign"))
        earlier = in_order.rowsBetween(Window.unboundedPreceding, -1)
        last = F.max(known).over(earlier).getField("campaign")
        yield F.col("campaign").isNotNull() & ~F.col("campaign").eqNullSafe(last)


def _time_zone(settings: Sessions) -> Column:
    zones = [F.lit(part) for pair in settings.time_zones.items() for part in pair]
    return F.coalesce(F.create_map(*zones)[F.col("region")], F.lit("UTC")) if zones else F.lit("UTC")
