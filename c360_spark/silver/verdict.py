"""Deduplication: which candidate records are new and which repeat what silver has, whatever batches they come in.

Immutable tables keep the first row of a source key. Versioned tables keep a row when its content differs from that of
the row that arrived before it.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from c360_spark.columns.record import RECORD_KEY, arrival
from c360_spark.config import Contract, Field

NARROW = ("bronze_id", *RECORD_KEY, "record_hash", "updated_at", "received_at", "position")


def verdicts(candidates: DataFrame, existing: DataFrame, *, versioned: bool) -> DataFrame:
    """Candidates that repeat or contradict a record: `bronze_id, repeat, contradicts`. Others have no row.

    `repeat` is `duplicate`, or `written` for a record that an interrupted run has already appended. `contradicts` is
    set where an earlier record of the key has other content, and either the source gives both the same time or the
    table keeps only the first one: then arrival decides, not the source. Both frames have the columns NARROW.
    """
    new = candidates.select(*NARROW, F.lit(0).alias("written"))
    keys = new.select(*RECORD_KEY).distinct()
    old = existing.select(*NARROW, F.lit(1).alias("written")).join(keys, [*RECORD_KEY], "left_semi")
    order = Window.partitionBy(*RECORD_KEY).orderBy("received_at", "position", F.desc("written"))
    ranked = old.unionByName(new).select(
        "bronze_id",
        "written",
        F.lag("bronze_id").over(order).alias("before"),
        F.lag("record_hash").over(order).eqNullSafe(F.col("record_hash")).alias("same_content"),
        _contradicts(versioned).alias("contradicts"),
    )
    repeats = F.col("same_content") if versioned else F.lit(True)
    repeat = F.when(F.col("before") == F.col("bronze_id"), F.lit("written")).when(
        F.col("before").isNotNull() & repeats, F.lit("duplicate")
    )
    found = ranked.where("written = 0").select("bronze_id", repeat.alias("repeat"), "contradicts")
    return found.where("repeat IS NOT NULL OR contradicts")


def _contradicts(versioned: bool) -> Column:
    of_one_time = [*RECORD_KEY, "updated_at"] if versioned else [*RECORD_KEY]
    first = F.min_by("record_hash", arrival()).over(Window.partitionBy(*of_one_time))
    timed = F.col("updated_at").isNotNull() if versioned else F.lit(True)
    return timed & (first != F.col("record_hash"))


def classified(candidates: DataFrame, repeats: DataFrame) -> DataFrame:
    """Candidates with their `verdict` (accepted, quarantined, duplicate, deleted), `written` and `contradicts`.

    `written` is set where an interrupted run has already appended the record.
    """
    verdict = F.when(F.size("reasons") > 0, F.lit("quarantined")).when(F.col("is_deleted"), F.lit("deleted"))
    verdict = verdict.when(F.col("repeat") == "duplicate", F.lit("duplicate")).otherwise(F.lit("accepted"))
    joined = candidates.join(repeats, "bronze_id", "left")
    written = F.coalesce(F.col("repeat") == "written", F.lit(False))
    contradicts = F.coalesce("contradicts", F.lit(False))
    return joined.withColumns({"verdict": verdict, "written": written, "contradicts": contradicts}).drop("repeat")


def unique_field(contract: Contract) -> Field | None:
    """The property besides the primary key that must be unique; a contract has one at most."""
    return next((f for f in contract.fields if f.element.unique and not f.element.primary_key), None)


def with_taken(candidates: DataFrame, existing: DataFrame, contract: Contract) -> DataFrame:
    """Candidates, with the reason `unique:<property>` where another source key had the unique value first, by arrival.

    Only candidates of the contract are checked. `candidates` are of a canonical table, `existing` are its rows so far.
    Records with another reason do not count. A source key that has a value keeps it, even if it changes it later: so
    batches do not affect the result.
    """
    field = unique_field(contract)
    if field is None:
        return candidates
    column, _, entry = str(field.settings.canonical).partition(".")
    value = F.col(column)[entry] if entry else F.col(column)
    of_it = (F.col("source") == contract.source) & (F.col("dataset") == contract.dataset)

    def having(rows: DataFrame) -> DataFrame:
        given = rows.where(of_it & value.isNotNull())
        return given.select("bronze_id", "source_key", "received_at", "position", value.alias("value"))

    new, old = having(candidates.where(F.size("reasons") == 0)), having(existing)
    first = F.min(F.struct("received_at", "position", "source_key"))["source_key"]
    owners = old.unionByName(new).groupBy("value").agg(first.alias("owner"))
    taken = new.join(owners, "value").where("source_key <> owner").select("bronze_id", F.lit(True).alias("taken"))
    said = F.when(F.col("taken"), F.array(F.lit(f"unique:{field.name}"))).otherwise(F.col("reasons"))
    return candidates.join(taken, "bronze_id", "left").withColumn("reasons", said).drop("taken")
