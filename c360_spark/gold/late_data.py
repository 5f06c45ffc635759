"""Late data: audience moves by data that was overdue.

Delivered as promised, the data would have counted at the audience's previous evaluation.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.record import RECORD_KEY
from c360_spark.tables import RUN_SPAN

DATA, LATE_DATA = "data", "late_data"
LONGEST = timedelta(days=36_500)  # a longer promise counts as none, and would leave the range of dates


def arrived(
    versions: DataFrame, happened_at: str, promises: Mapping[str, timedelta], *, since: datetime, versioned: bool
) -> DataFrame:
    """Records received after the run at `since`, and whether they were due by then: `identifier_set_id, overdue`.

    `versions` are of one silver table, `happened_at` is an expression over its columns, `promises` is how soon a
    dataset (`source.dataset`) delivers what happened. A dataset without a promise is never overdue. A new version of a
    known record happened when the source says it changed, or else when it arrived; a table that is not `versioned` has
    no new versions.
    """
    seen, dataset = F.col("received_at") < F.lit(since + RUN_SPAN), F.concat_ws(".", "source", "dataset")
    ends = [F.lit(part) for name, time in promises.items() for part in (name, since - min(time, LONGEST))]
    new = versions.where(~seen)
    known = versions.where(F.lit(versioned) & seen).join(new, [*RECORD_KEY], "left_semi")
    rows = new.join(known.select(*RECORD_KEY, F.lit(True).alias("known")).distinct(), [*RECORD_KEY], "left")
    changed_at = F.col("updated_at") if "updated_at" in versions.columns else F.lit(None).cast("timestamp")
    at = F.when(F.col("known"), F.coalesce(changed_at, "received_at")).otherwise(F.expr(happened_at))
    overdue = (at <= F.create_map(*ends)[dataset]) if ends else F.lit(False)
    return rows.select("identifier_set_id", F.coalesce(overdue, F.lit(False)).alias("overdue"))


def by_data(moves: DataFrame) -> DataFrame:
    """The `moves` with cause `data`. Moves are rows of gold.audience_member that begin or end a stay."""
    return moves.where(_cause() == DATA)


def late(moves: DataFrame, arrivals: DataFrame, behind: Mapping[str, set[str]]) -> DataFrame:
    """`audience, person_id` of the moves whose data was all overdue.

    `arrivals` are `arrived` with `person_id` and `record`, the name of the silver table; `behind` names the silver
    tables that each audience is made of.
    """
    pairs = [F.lit(part) for name, records in behind.items() for part in (name, F.array(*map(F.lit, sorted(records))))]
    theirs = moves.select("audience", "person_id").join(arrivals, "person_id")
    concerned = theirs.where(F.array_contains(F.create_map(*pairs)[F.col("audience")], F.col("record")))
    every = concerned.groupBy("audience", "person_id").agg(F.bool_and("overdue").alias("every"))
    return every.where("every").select("audience", "person_id")


def told_late(moves: DataFrame, late: DataFrame) -> DataFrame:
    """The moves, with the cause `late_data` instead of `data` for those in `late`."""
    rows = moves.join(late.withColumn("is_late", F.lit(True)), ["audience", "person_id"], "left")
    told = F.when((_cause() == DATA) & F.col("is_late"), LATE_DATA)
    enters = F.col("exited_at").isNull()
    return rows.withColumns(
        {
            "entered_cause": F.when(enters, F.coalesce(told, "entered_cause")).otherwise(F.col("entered_cause")),
            "exited_cause": F.when(~enters, F.coalesce(told, "exited_cause")),
        }
    ).select(*moves.columns)


def _cause() -> Column:
    return F.when(F.col("exited_at").isNull(), F.col("entered_cause")).otherwise(F.col("exited_cause"))
