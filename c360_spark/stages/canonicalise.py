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
from c360_spark.silver.unique import with_taken
from c360_spark.silver.verdict import NARROW, classified, verdicts
from c360_spark.stages.assumption import note
from c360_spark.stages.bronze_input import CONSUMER, Input, bronze_input, bronze_of, candidates, past_support
from c360_spark.stages.deletions import with_deletions
from c360_spark.stages.delivered_properties import with_unsaid
from c360_spark.stages.run import Run, together
from c360_spark.stages.watermark import Marks, advance, watermarks
from c360_spark.tables import Table

VERDICTS = ("accepted", "quarantined", "duplicate", "suppressed")
BESIDE = ("deleted", "contradicting")  # of records not in the delivery, and of accepted ones or duplicates
KEPT = "verdict IN ('accepted', 'deleted')"


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
        found = with_unsaid(run, inputs, found)
        existing = run.store.read(table)
        for each in inputs:
            found = with_taken(found, existing, each.contract)
        found = with_deletions(run, table, inputs, found, existing)
        fine = found.where(F.size("reasons") == 0)
        versioned = table in tables.VERSIONED
        known = verdicts(fine.select(*NARROW), existing.select(*NARROW), versioned=versioned)
        repeats, _ = run.store.stage(f"{table.name}.repeats", known)
        rows = classified(found, repeats)
        accepted = rows.where(KEPT)
        touched = accepted.select("identifier_set_id").distinct()
        before = carriers(table, existing).join(touched, "identifier_set_id", "left_semi")
        carried = before.unionByName(carriers(table, accepted.where("NOT written")))
        sets, _ = run.store.stage(f"{table.name}.sets", identifier_sets(carried))
        if "lines" in rows.columns:
            step.wrote("order_line", run.store.add(tables.ORDER_LINE, order_lines(accepted)))
        step.wrote(table.name, run.store.append(table, accepted.where("NOT written")))
    told = [ASSUMED] if ASSUMED in rows.columns else []
    return rows.select(*tables.QUARANTINE.column_names, "verdict", "contradicts", *told), sets


def account(run: Run, inputs: list[Input], outcome: DataFrame) -> str:
    """Check that records in = accepted + quarantined + duplicate + suppressed for each dataset, and note it.

    `outcome` has the `verdict` of each record and of each deletion, and whether it `contradicts`.
    """
    keys, read = ("source", "dataset"), {"verdict": F.lit("in"), "contradicts": F.lit(False)}
    rows_in = reduce(DataFrame.unionByName, (each.rows.select(*keys).withColumns(read) for each in inputs))
    told = rows_in.unionByName(outcome.select(*keys, *read)).groupBy(*keys, *read).count().collect()
    names = ("in", *VERDICTS, *BESIDE)
    counts: dict[tuple[str, str], dict[str, int]] = {each.name: dict.fromkeys(names, 0) for each in inputs}
    for row in told:
        of_dataset = counts[row.source, row.dataset]
        of_dataset[row.verdict] += row["count"]
        of_dataset["contradicting"] += row["count"] if row.contradicts else 0
    for (source, dataset), count in counts.items():
        if count["in"] != sum(count[verdict] for verdict in VERDICTS):
            raise IntegrityError("C501", f"{source}.{dataset} does not add up: {count}")
    rows = [(run.run_id, *each.name, each.version, *counts[each.name].values()) for each in inputs]
    run.store.add_rows(tables.ACCOUNTING, rows)
    totals = {name: sum(count[name] for count in counts.values()) for name in names}
    balance = " + ".join(f"{totals[verdict]:,} {verdict}" for verdict in VERDICTS if totals[verdict])
    return ", ".join(
        [f"{totals['in']:,} in = {balance}", *(f"{totals[name]:,} {name}" for name in BESIDE if totals[name])]
    )
