"""What a destination must be told: the difference between what it should have and what it was last sent."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest
from c360_spark.config.activation import Destination


def export_changes(
    wanted: DataFrame, outbox: DataFrame, exits: DataFrame, destination: Destination, *, as_of: datetime, run_id: str
) -> DataFrame:
    """Rows of the destination's outbox: add, update, remove.

    `wanted` has `person_id, payload, payload_hash` of the members, `outbox` is what was sent so far, `exits` has
    `person_id, exited_cause` of those who left. A removal carries what was last sent, so the receiver can find the
    person.
    """
    newest = F.max_by(F.struct("payload", "payload_hash", "sequence", "operation"), "sequence")
    sent = (
        outbox.groupBy("person_id")
        .agg(newest.alias("sent"))
        .select(
            "person_id",
            F.col("sent.payload").alias("sent_payload"),
            F.col("sent.payload_hash").alias("sent_hash"),
            F.col("sent.sequence").alias("sent_sequence"),
            (F.col("sent.operation") != "remove").alias("there"),
        )
    )
    joined = wanted.join(sent, "person_id", "full").join(exits, "person_id", "left")
    there, want = F.coalesce("there", F.lit(False)), F.col("payload_hash").isNotNull()
    operation = (
        F.when(want & ~there, "add")
        .when(want & (F.col("payload_hash") != F.col("sent_hash")), "update")
        .when(~want & there, "remove")
    )
    cause = (
        F.when(want & ~there, "entered").when(want, "changed").otherwise(F.coalesce("exited_cause", F.lit("unknown")))
    )
    told = joined.select(
        "person_id",
        operation.alias("operation"),
        cause.alias("cause"),
        F.coalesce("payload", "sent_payload").alias("payload"),
        F.coalesce("payload_hash", "sent_hash").alias("payload_hash"),
        (F.coalesce("sent_sequence", F.lit(0)) + 1).alias("sequence"),
    ).where("operation IS NOT NULL")
    key = digest(F.lit(destination.name), F.col("person_id"), F.col("sequence"), F.col("payload_hash"))
    return told.select(
        F.substring(key, 1, 32).alias("idempotency_key"),
        "*",
        F.lit(run_id).alias("run_id"),
        F.lit(as_of).alias("created_at"),
    )
