"""Sessions: what a person did without a long pause, on any devices; and the session of each order.

Every identifier belongs to a person, so events of an anonymous cookie form sessions too: those of the cookie's person.
"""

from collections.abc import Iterator, Mapping

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from c360_spark.columns.keys import INNER, OUTER, keyed_digest, with_key
from c360_spark.columns.record import RECORD_KEY
from c360_spark.config.rules.gold import Sessions
from c360_spark.tables.gold_event import ORDER_SESSION

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


def naming(events: DataFrame, numbers: Mapping[str, str]) -> DataFrame:
    """Events that name an order: `source, dataset, source_key, order_id`, from rows of silver.event.

    `numbers` gives for each event_name the property that has the order number.
    """
    if not numbers:
        return events.where("false").select(*RECORD_KEY, F.lit(None).cast("string").alias("order_id"))
    named = F.create_map(*(F.lit(part) for pair in numbers.items() for part in pair))
    number = F.col("properties")[named[F.col("event_name")]].alias("order_id")
    told = events.where(F.col("event_name").isin(*numbers))
    return told.select(*RECORD_KEY, number).where("order_id IS NOT NULL")


def order_sessions(orders: DataFrame, xref: DataFrame, events: DataFrame, sessions: DataFrame) -> DataFrame:
    """gold.order_session: current orders with the first event that names them, and its session.

    `orders` are current rows of silver.order, `xref` is gold.person_xref, `events` are rows of gold.event with the
    `order_id` that `naming` gives. An order that no event names has nulls there; an event outside any session has no
    session.
    """
    key = ORDER_SESSION.key
    first = F.min(F.struct("occurred_at", "source", "dataset", "source_key", "person_id", "device_id", "campaign"))
    by_order = events.groupBy("order_id").agg(first.alias("event"))
    found = orders.select(*key, "order_id").join(xref, [*key], "left").join(by_order, "order_id", "left")
    spans = sessions.select(F.col("person_id").alias("of"), "session_id", "started_at", "ended_at")
    moment = F.col("event.occurred_at")
    within_it = (F.col("started_at") <= moment) & (moment <= F.col("ended_at"))
    during = (F.col("of") == F.col("event.person_id")) & within_it
    # On the border of two sessions the later one counts: the event that begins it is not part of the previous one.
    last = F.max(F.struct("started_at", "session_id")).getField("session_id")
    within = found.join(spans, during).groupBy(*key).agg(last.alias("session_id"))
    return found.join(within, [*key], "left").select(
        *key,
        "order_id",
        "person_id",
        "session_id",
        F.col("event.source").alias("event_source"),
        F.col("event.dataset").alias("event_dataset"),
        F.col("event.source_key").alias("event_key"),
        F.col("event.person_id").alias("event_person_id"),
        F.col("event.device_id").alias("device_id"),
        F.col("event.campaign").alias("campaign"),
    )
