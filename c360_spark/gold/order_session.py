"""The device, session and person of each order, by the event that names the order."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.record import RECORD_KEY
from c360_spark.tables.gold_event import ORDER_SESSION


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
