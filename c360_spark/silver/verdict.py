"""Which candidate records are new, which only repeat what silver has, whatever batches they come in.

Immutable tables keep the first row of a source key. Versioned tables keep a row when its content differs from the one
before it. "Before" is the order of (received_at, bronze_id).
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

NARROW = ("bronze_id", "source", "dataset", "source_key", "record_hash", "received_at")


def verdicts(candidates: DataFrame, existing: DataFrame, *, versioned: bool) -> DataFrame:
    """The candidates that are not plainly new: `bronze_id, repeat`, which is `duplicate` or `written`.

    `written` marks a record that an interrupted run has already appended. Both frames have the columns NARROW.
    """
    keys = ("source", "dataset", "source_key")
    new = candidates.select(*NARROW, F.lit(0).alias("written"))
    old = existing.select(*NARROW, F.lit(1).alias("written")).join(new.select(*keys).distinct(), [*keys], "left_semi")
    order = Window.partitionBy(*keys).orderBy("received_at", "bronze_id", F.desc("written"))
    ranked = old.unionByName(new).select(
        "bronze_id",
        "written",
        F.lag("bronze_id").over(order).alias("before"),
        F.lag("record_hash").over(order).eqNullSafe(F.col("record_hash")).alias("same_content"),
    )
    repeats = F.col("same_content") if versioned else F.lit(True)
    repeat = F.when(F.col("before") == F.col("bronze_id"), F.lit("written")).when(
        F.col("before").isNotNull() & repeats, F.lit("duplicate")
    )
    return ranked.where("written = 0").select("bronze_id", repeat.alias("repeat")).where("repeat IS NOT NULL")


def classified(candidates: DataFrame, repeats: DataFrame) -> DataFrame:
    """Candidates with their `verdict` (accepted, quarantined, duplicate) and whether they are `written` already."""
    verdict = F.when(F.size("reasons") > 0, F.lit("quarantined"))
    verdict = verdict.when(F.col("repeat") == "duplicate", F.lit("duplicate")).otherwise(F.lit("accepted"))
    joined = candidates.join(repeats, "bronze_id", "left")
    written = F.coalesce(F.col("repeat") == "written", F.lit(False))
    return joined.withColumns({"verdict": verdict, "written": written}).drop("repeat")
