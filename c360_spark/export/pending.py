"""Pending changes of an outbox, and the order in which they are sent. Pure functions."""

from datetime import datetime

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from c360_spark.config.activation.activation import Destination

FINAL = ("delivered", "rejected")


def pending(outbox: DataFrame, acks: DataFrame, destination: Destination) -> DataFrame:
    """Pending changes: outbox rows without a final answer, with `due`, `wave` and `tried` (the attempts so far).

    The changes of one `due` time and `wave` belong to different persons, so their order does not matter; a later change
    of a person has a later time or wave. Both are computed over the whole outbox: an answer does not move the remaining
    rows.
    """
    person = Window.partitionBy("person_id").orderBy("sequence")
    due = F.max("created_at").over(person.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    wave = F.row_number().over(Window.partitionBy("person_id", "due").orderBy("sequence"))
    return _open(outbox.withColumn("due", due).withColumn("wave", wave), acks, destination)


def pending_events(outbox: DataFrame, acks: DataFrame, destination: Destination) -> DataFrame:
    """The same for an outbox of events. No event waits for another, so all events of one run are one wave."""
    return _open(outbox.withColumns({"due": F.col("created_at"), "wave": F.lit(1)}), acks, destination)


def _open(rows: DataFrame, acks: DataFrame, destination: Destination) -> DataFrame:
    answered = acks.where(F.col("destination") == destination.name)
    answers = answered.select("idempotency_key", F.col("status").alias("answer"), F.col("attempts").alias("tried"))
    rows = rows.join(answers, "idempotency_key", "left")
    final = F.coalesce(F.col("answer").isin(*FINAL), F.lit(False))
    return rows.where(~final).withColumn("tried", F.coalesce("tried", F.lit(0))).drop("answer")


def in_order(waiting: DataFrame) -> DataFrame:
    """Rows of `pending` in the order of dispatch.

    Removals of a wave go first: a value that must be unique, such as an address, is then free for another person.
    """
    return waiting.orderBy("due", "wave", F.col("operation") != "remove", "person_id")


def in_time(waiting: DataFrame) -> DataFrame:
    """Rows of `pending_events` in the order of dispatch: run by run, then by the time of the event."""
    return waiting.orderBy("due", "wave", "occurred_at", "idempotency_key")


def parked(
    waiting: DataFrame, acks: DataFrame, destination: Destination, *, reason: str, as_of: datetime, run_id: str
) -> DataFrame:
    """Rows of export.ack for those of `pending` that were never tried, because the destination failed before."""
    answered = acks.where(F.col("destination") == destination.name)
    return waiting.join(answered, "idempotency_key", "left_anti").select(
        F.lit(destination.name).alias("destination"),
        "idempotency_key",
        F.lit("parked").alias("status"),
        F.lit(0).alias("attempts"),
        F.lit(reason).alias("reason"),
        F.lit(as_of).alias("acked_at"),
        F.lit(run_id).alias("run_id"),
    )
