"""Persons who could not be sent to a destination, why, and since when. Pure functions."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.config.activation.activation import Destination


def rejections(
    rows: DataFrame, rejected: DataFrame, destination: Destination, *, as_of: datetime, run_id: str
) -> DataFrame:
    """Rows to upsert into export.rejected: persons rejected at `as_of`, for other reasons than before, or no longer.

    `rows` are those of `consented` for every member, `rejected` is the table so far. No rejection is final: each run
    evaluates all persons again.
    """
    open = rejected.where((F.col("destination") == destination.name) & F.col("resolved_at").isNull())
    before = open.select("person_id", "rejected_at", F.col("run_id").alias("since_run"), F.col("reasons").alias("old"))
    joined = rows.select("person_id", "reasons").join(before, "person_id", "full")
    refused, known = F.size("reasons") > 0, F.col("rejected_at").isNotNull()
    ends = known & ~F.coalesce(refused, F.lit(False))
    changed = F.coalesce(refused, F.lit(False)) & ~F.col("reasons").eqNullSafe(F.col("old"))
    resolution = F.when(ends, F.when(F.col("reasons").isNull(), "left").otherwise("sent"))
    return joined.where(ends | changed).select(
        F.lit(destination.name).alias("destination"),
        "person_id",
        F.coalesce("rejected_at", F.lit(as_of)).alias("rejected_at"),
        F.when(ends, F.col("old")).otherwise(F.col("reasons")).alias("reasons"),
        F.when(ends, F.lit(as_of)).alias("resolved_at"),
        resolution.alias("resolution"),
        F.coalesce("since_run", F.lit(run_id)).alias("run_id"),
    )


def exits(stays: DataFrame, rows: DataFrame) -> DataFrame:
    """`person_id, exited_cause`: why persons are not sent.

    `stays` are those of the audience, `rows` those of `consented` for its members. Members who cannot be sent leave the
    destination too (`consent` or `rejected`): what it has of them is no longer true, or no longer allowed.
    """
    last = F.max_by("exited_cause", "entered_at").alias("exited_cause")
    outside = stays.join(rows, "person_id", "left_anti").where("exited_at IS NOT NULL")
    denied = F.exists("reasons", lambda reason: reason.startswith("no_consent:"))
    refused = rows.where(F.size("reasons") > 0)
    return (
        outside.groupBy("person_id")
        .agg(last)
        .unionByName(refused.select("person_id", F.when(denied, "consent").otherwise("rejected").alias("exited_cause")))
    )
