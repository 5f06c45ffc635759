"""Deletions by full deliveries: the records that they no longer contain."""

from collections.abc import Sequence
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.run.context import Run
from c360_spark.silver.deletion import deletions, deliveries, presences
from c360_spark.stages.bronze.bronze_input import Input
from c360_spark.tables import Table

Times = dict[tuple[str, str], list[datetime]]


def sorted_out(presences: DataFrame) -> tuple[Times, Times]:
    """Times of receipt of full deliveries, by dataset: those that may delete, and those older than what is known."""
    times: dict[bool, Times] = {False: {}, True: {}}
    known = -1
    while known < sum(map(len, times[True].values())):
        known = sum(map(len, times[True].values()))
        rows = deliveries(presences, older=times[True]).collect()
        times = {False: {}, True: {}}
        for row in sorted(rows, key=lambda row: row.received_at):
            times[row.older].setdefault((row.source, row.dataset), []).append(row.received_at)
    return times[False], times[True]


def with_deletions(run: Run, table: Table, inputs: Sequence[Input], found: DataFrame, existing: DataFrame) -> DataFrame:
    """Candidates of a table (`found`), with a deletion for each record that a full delivery among them lacks.

    `existing` are the rows of the table before. Reports deliveries that are older than what is known; they delete
    nothing.
    """
    names = [each.name for each in inputs if run.conf.sources[each.name].delivery == "full"]
    if not names:
        return found
    of_full = F.concat_ws(".", "source", "dataset").isin([".".join(name) for name in names])
    present, _ = run.store.stage(
        f"{table.name}.presences", presences(found.where(of_full), existing.where(of_full), table)
    )
    whole, older = sorted_out(present)
    for name, times in older.items():
        if times:
            run.say(
                f"{'.'.join(name)}: {len(times):,} full deliveries are older than what is known; they delete nothing"
            )
    return found.unionByName(deletions(present, whole=whole, older=older), allowMissingColumns=True)
