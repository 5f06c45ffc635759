"""Change data capture of deletions: records that a full delivery lacks.

A full delivery has every record of its source. So a record that an earlier delivery had and this one lacks is deleted:
silver gets a version with `is_deleted` and without content. A record that is delivered again comes back.

An older extract may land later. A delivery is `older` where some known records are older in it than they were known
already, and none is newer. What it lacks is not deleted, and a record that only it has does not come back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest
from c360_spark.columns.record import RECORD_KEY, arrival, is_gone
from c360_spark.tables import Table
from c360_spark.tables.silver import MEMBERS

DELETED = "deleted"  # the record_hash of a deletion: the same record delivered again counts as new
OWN = {"bronze_id", *RECORD_KEY, "received_at", "position", "is_deleted"}
Deliveries = Mapping[tuple[str, str], Sequence[datetime]]  # source and dataset → received_at


def presences(candidates: DataFrame, existing: DataFrame, table: Table) -> DataFrame:
    """Which full delivery has which source key, one row each.

    Columns: `source, dataset, source_key, received_at, position, updated_at, known, kept, alive`.

    `candidates` are all records of the deliveries, including rejected ones, which the source has as well. `existing`
    are the rows of the same datasets; rows of these deliveries that an interrupted run wrote are ignored. A record from
    before is `known`, with the time of its last arrival, and `alive` unless it was deleted. `kept` has the values of
    the columns that the table requires, null for rejected records.
    """
    of_these = F.broadcast(candidates.select("source", "dataset", "received_at").distinct())
    existing = existing.join(of_these, ["source", "dataset", "received_at"], "left_anti")
    needed = F.struct(*_needed(table))
    fine = F.size("reasons") == 0
    new = candidates.groupBy(*RECORD_KEY, "received_at").agg(
        F.max("position").alias("position"),
        F.max("updated_at").alias("updated_at"),
        F.lit(False).alias("known"),
        F.max_by(F.when(fine, needed), F.when(fine, F.col("position"))).alias("kept"),
    )
    there = ~F.col("is_deleted")
    old = existing.groupBy(*RECORD_KEY).agg(
        F.max("received_at").alias("received_at"),
        F.max("position").alias("position"),
        F.max("updated_at").alias("updated_at"),
        is_gone().alias("gone"),
        F.max_by(needed, F.when(there, arrival())).alias("kept"),
    )
    alive = old.select(*RECORD_KEY, "received_at", "position", "updated_at", (~F.col("gone")).alias("alive"), "kept")
    before = new.select(*RECORD_KEY).distinct()
    wanted = alive.join(before, [*RECORD_KEY], "left_semi").unionByName(
        alive.where("alive").join(before, [*RECORD_KEY], "left_anti")
    )
    known = wanted.withColumn("known", F.lit(True))
    return new.withColumn("alive", F.lit(True)).unionByName(known)


def deliveries(presences: DataFrame, *, older: Deliveries) -> DataFrame:
    """Each delivery among `presences`, and whether it is older: `source, dataset, received_at, older`.

    Deliveries in the argument `older` stay older, and the others are not compared with them: call this again with the
    result until it adds nothing.
    """
    before = Window.partitionBy(*RECORD_KEY).orderBy("received_at").rowsBetween(Window.unboundedPreceding, -1)
    counts, found_before = F.col("alive") & ~_at(older), _at(older)
    last = F.max(F.when(counts, F.col("updated_at"))).over(before)
    seen = presences.withColumns({"last": last, "found": found_before}).where("NOT known")
    behind, ahead = (F.count_if(F.expr(f"updated_at {sign} last")) for sign in "<>")
    is_older = F.bool_or("found") | ((behind > 0) & (ahead == 0))
    return seen.groupBy("source", "dataset", "received_at").agg(is_older.alias("older"))


def deletions(presences: DataFrame, *, whole: Deliveries, older: Deliveries) -> DataFrame:
    """Rows of a canonical table for the records that each delivery deletes, with empty `reasons`.

    A delivery of `whole` deletes the records that it lacks, a delivery of `older` the records that only it has.
    """
    times = Window.partitionBy(*RECORD_KEY).orderBy("received_at")
    so_far, before, after = (
        times.rowsBetween(start, end)
        for start, end in (
            (Window.unboundedPreceding, Window.currentRow),
            (Window.unboundedPreceding, -1),
            (1, Window.unboundedFollowing),
        )
    )
    counts, at = F.col("alive") & ~_at(older), F.col("received_at")
    rows = presences.withColumns(
        {
            "counts": counts,
            "next_at": F.min(F.when(counts, at)).over(after),
            "last_at": F.max(F.when(counts, at)).over(before),
            "kept": F.max_by("kept", F.when(F.col("kept").isNotNull(), at)).over(so_far),
        }
    )
    closing = F.array_min(F.filter(_times(whole), lambda each: each > at))
    lacked = rows.where("counts").withColumn("closed_at", closing)
    lacked = lacked.where("closed_at IS NOT NULL AND (next_at IS NULL OR next_at > closed_at)")
    closed = F.exists(_times(whole), lambda each: (each > F.col("last_at")) & (each < at))
    alone = rows.where(_at(older) & ~F.col("known")).where(F.col("last_at").isNull() | closed)
    told = lacked.withColumn("position", F.lit(0).cast("long")).unionByName(
        alone.withColumns({"closed_at": F.col("received_at"), "position": F.col("position") + 1})
    )
    micros = F.unix_micros("closed_at").cast("string")
    return told.where("kept IS NOT NULL").select(
        F.substring(digest(F.lit(DELETED), *(F.col(name) for name in RECORD_KEY), micros), 1, 32).alias("bronze_id"),
        *RECORD_KEY,
        F.col("closed_at").alias("received_at"),
        "position",
        F.lit(None).cast("timestamp").alias("updated_at"),
        F.lit(True).alias("is_deleted"),
        F.lit(DELETED).alias("record_hash"),
        F.array().cast(MEMBERS).alias("identifiers"),
        F.array().cast("array<string>").alias("reasons"),
        "kept.*",
    )


def _needed(table: Table) -> list[str]:
    return [column.name for column in table.columns if not column.nullable and column.name not in OWN]


def _times(deliveries: Deliveries) -> Column:
    """The times of the deliveries of a row's dataset, as an array; empty where the dataset has none."""
    none = F.array().cast("array<timestamp>")
    pairs = [
        part
        for (source, dataset), times in deliveries.items()
        for part in (F.lit(f"{source}.{dataset}"), F.array(*map(F.lit, times)))
        if times
    ]
    return F.coalesce(F.create_map(*pairs)[F.concat_ws(".", "source", "dataset")], none) if pairs else none


def _at(deliveries: Deliveries) -> Column:
    """Whether a row belongs to one of the deliveries, and was not known before."""
    return F.array_contains(_times(deliveries), F.col("received_at")) & ~F.col("known")
