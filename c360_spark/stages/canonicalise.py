"""canonicalise: new bronze records → silver, each accepted, quarantined with its reasons, or known already."""

from collections.abc import Iterator
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.errors import IntegrityError
from c360_spark.silver.assumption import ASSUMED
from c360_spark.silver.canonical import TABLES
from c360_spark.silver.identifier_set import carriers, identifier_sets
from c360_spark.silver.line import order_lines
from c360_spark.silver.shape import ROWS
from c360_spark.silver.unique import with_taken
from c360_spark.silver.verdict import NARROW, classified, verdicts
from c360_spark.stages.assumption import note
from c360_spark.stages.bronze_input import (
    CONSUMER,
    Input,
    bronze_input,
    bronze_of,
    candidates,
    past_support,
    records_in,
)
from c360_spark.stages.run import Run, together
from c360_spark.stages.watermark import Marks, advance, watermarks
from c360_spark.tables import Table

VERDICTS = ("accepted", "quarantined", "duplicate", "suppressed")


def canonicalise(run: Run) -> None:
    """Process what bronze has gained since the last run.

    Raises IntegrityError C501, before watermarks move, when a dataset's records do not add up.
    """
    (marks,) = watermarks(run, CONSUMER)
    inputs = list(_inputs(run, {} if run.anew else marks))
    if not inputs:
        run.say("canonicalise                 nothing new in bronze")
        return
    by_table: dict[str, list[Input]] = {}
    for each in inputs:
        by_table.setdefault(each.contract.table, []).append(each)
    outcomes = together([partial(_table, run, TABLES[name], found) for name, found in by_table.items()])
    with run.step("canonicalise sets") as step:
        # A set belongs to one dataset, so to one table: the sets of the tables are the sets.
        touched = reduce(DataFrame.unionByName, (sets for _, sets in outcomes))
        step.wrote("identifier_set", run.store.merge(tables.IDENTIFIER_SET, touched))
    with run.step("canonicalise accounting") as step:
        outcome = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), (rows for rows, _ in outcomes))
        step.results += [account(run, inputs, outcome), *note(run, outcome)]
        rejected = outcome.where("verdict = 'quarantined'").select(*tables.QUARANTINE.column_names)
        step.wrote("quarantine", run.store.add(tables.QUARANTINE, rejected))
    versions = {bronze_of(each.contract).full_name: each.version for each in inputs}
    advance(run, {CONSUMER: versions}, known={CONSUMER: marks})


def _inputs(run: Run, marks: Marks) -> Iterator[Input]:
    for source, dataset, _, contract in run.conf.datasets():
        table = bronze_of(contract)
        since, version = marks.get(table.full_name, -1), run.store.version(table)
        if version > since:
            yield bronze_input(run, source, dataset, since=since, until=version)


def _table(run: Run, table: Table, inputs: list[Input]) -> tuple[DataFrame, DataFrame]:
    """Write the accepted records of one canonical table.

    Gives every record's verdict, and the identifier sets that the batch touched, counted over the whole table.
    """
    with run.step(f"canonicalise {table.name}") as step:
        frames = [candidates(run, each) for each in inputs]
        union = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), frames)
        found, _ = run.store.stage(f"{table.name}.candidates", union)
        step.results += past_support(run, inputs, found)
        existing = run.store.read(table)
        for each in inputs:
            found = with_taken(found, existing, each.contract)
        fine = found.where(F.size("reasons") == 0)
        versioned = table in tables.VERSIONED
        known = verdicts(fine.select(*NARROW), existing.select(*NARROW), versioned=versioned)
        repeats, _ = run.store.stage(f"{table.name}.repeats", known)
        rows = classified(found, repeats)
        accepted = rows.where("verdict = 'accepted'")
        touched = accepted.select("identifier_set_id").distinct()
        before = carriers(table, existing).join(touched, "identifier_set_id", "left_semi")
        carried = before.unionByName(carriers(table, accepted.where("NOT written")))
        sets, _ = run.store.stage(f"{table.name}.sets", identifier_sets(carried))
        if "lines" in rows.columns:
            step.wrote("order_line", run.store.add(tables.ORDER_LINE, order_lines(accepted)))
        step.wrote(table.name, run.store.append(table, accepted.where("NOT written")))
    told = [name for name in (ASSUMED, ROWS) if name in rows.columns]
    return rows.select(*tables.QUARANTINE.column_names, "verdict", *told), sets


def account(run: Run, inputs: list[Input], outcome: DataFrame) -> str:
    """Check that records in = accepted + quarantined + duplicate + suppressed for each dataset, and note it."""
    keys = ("source", "dataset")
    one = F.lit(1).alias(ROWS)
    delivered = (records_in(each).select(*keys, F.lit("in").alias("verdict"), one) for each in inputs)
    rows_in = reduce(DataFrame.unionByName, delivered)
    # A record may have been made of several delivered rows, each of which counts.
    made_of = F.coalesce(ROWS, F.lit(1)).alias(ROWS) if ROWS in outcome.columns else one
    every = rows_in.unionByName(outcome.select(*keys, "verdict", made_of))
    tally = every.groupBy(*keys, "verdict").agg(F.sum(ROWS).alias("count")).collect()
    counts: dict[tuple[str, str], dict[str, int]] = {each.name: dict.fromkeys(("in", *VERDICTS), 0) for each in inputs}
    for row in tally:
        counts[row.source, row.dataset][row.verdict] = row["count"]
    for (source, dataset), count in counts.items():
        if count["in"] != sum(count[verdict] for verdict in VERDICTS):
            raise IntegrityError("C501", f"{source}.{dataset} does not add up: {count}")
    rows = [(run.run_id, *each.name, each.version, *counts[each.name].values()) for each in inputs]
    run.store.add_rows(tables.ACCOUNTING, rows)
    totals = {verdict: sum(count[verdict] for count in counts.values()) for verdict in ("in", *VERDICTS)}
    return f"{totals.pop('in'):,} in = " + " + ".join(f"{n:,} {verdict}" for verdict, n in totals.items() if n)
