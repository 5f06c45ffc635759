"""canonicalise: new bronze records → silver: each is accepted, quarantined with its reasons, or a known duplicate."""

from collections.abc import Iterator
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.errors import IntegrityError
from c360_spark.run.context import Run, in_parallel
from c360_spark.run.pending_changes import Marks, advance, watermarks
from c360_spark.silver.canonical import TABLES
from c360_spark.silver.identifiers import carriers, identifier_sets
from c360_spark.silver.remarks import WORDS
from c360_spark.silver.shape import ROWS, order_lines
from c360_spark.silver.verdict import NARROW, classified, verdicts, with_taken
from c360_spark.stages.bronze.bronze_input import (
    CONSUMER,
    Input,
    bronze_input,
    bronze_of,
    candidates,
    past_support,
    records_in,
)
from c360_spark.stages.silver.deletions import with_deletions
from c360_spark.stages.silver.delivered_properties import with_unsaid
from c360_spark.tables import Table

Name = tuple[str, str]
Counts = dict[str, int]
VERDICTS = ("accepted", "quarantined", "duplicate", "suppressed")
BESIDE = ("deleted", "contradicting")  # of records not in the delivery; among accepted ones and duplicates
COUNTED = ("in", *VERDICTS, *BESIDE)
KEPT = "verdict IN ('accepted', 'deleted')"


def canonicalise(run: Run) -> None:
    """Validate and map bronze records that arrived since the last run into silver, and quarantine invalid ones.

    Raises IntegrityError C501, before watermarks advance, when the records of a dataset do not add up.
    """
    (marks,) = watermarks(run, CONSUMER)
    inputs = list(_inputs(run, {} if run.full_refresh else marks))
    if not inputs:
        run.say("canonicalise                 nothing new in bronze")
        return
    by_table: dict[str, list[Input]] = {}
    for each in inputs:
        by_table.setdefault(each.contract.table, []).append(each)
    run.store.ensure(tables.DELIVERY_PROPERTY)  # all of them append to it
    outcomes = in_parallel([partial(_table, run, TABLES[name], found) for name, found in by_table.items()])
    with run.step("canonicalise sets") as step:
        # A set belongs to one dataset, so to one table: the sets of different tables do not overlap.
        affected = reduce(DataFrame.unionByName, (sets for _, sets in outcomes))
        step.wrote("identifier_set", run.store.merge(tables.IDENTIFIER_SET, affected))
    with run.step("canonicalise accounting") as step:
        outcome = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), (rows for rows, _ in outcomes))
        step.results.append(account(run, inputs, outcome))
        rejected = outcome.where("verdict = 'quarantined'").select(*tables.QUARANTINE.column_names)
        step.wrote("quarantine", run.store.add(tables.QUARANTINE, rejected))
    versions = {bronze_of(run, each.contract).full_name: each.version for each in inputs}
    advance(run, {CONSUMER: versions}, known={CONSUMER: marks})


def _inputs(run: Run, marks: Marks) -> Iterator[Input]:
    for source, dataset, _, contract in run.conf.datasets():
        table = bronze_of(run, contract)
        since, version = marks.get(table.full_name, -1), run.store.version(table)
        if version > since:
            yield bronze_input(run, source, dataset, since=since, until=version)


def _table(run: Run, table: Table, inputs: list[Input]) -> tuple[DataFrame, DataFrame]:
    """Write the accepted records of one canonical table.

    Returns every record's verdict, and the identifier sets that the batch affected, counted over the whole table.
    """
    with run.step(f"canonicalise {table.name}") as step:
        frames = [candidates(run, each) for each in inputs]
        union = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), frames)
        records, _ = run.store.stage(f"{table.name}.candidates", union)
        step.results += past_support(run, inputs, records)
        records = with_unsaid(run, inputs, records)
        existing = run.store.read(table)
        for each in inputs:
            records = with_taken(records, existing, each.contract)
        records = with_deletions(run, table, inputs, records, existing)
        fine = records.where(F.size("reasons") == 0)
        versioned = table in tables.VERSIONED
        known = verdicts(fine.select(*NARROW), existing.select(*NARROW), versioned=versioned)
        repeats, _ = run.store.stage(f"{table.name}.repeats", known)
        rows = classified(records, repeats)
        accepted = rows.where(KEPT)
        affected = accepted.select("identifier_set_id").distinct()
        before = carriers(table, existing).join(affected, "identifier_set_id", "left_semi")
        carried = before.unionByName(carriers(table, accepted.where("NOT written")))
        sets, _ = run.store.stage(f"{table.name}.sets", identifier_sets(carried))
        if "lines" in rows.columns:
            step.wrote("order_line", run.store.add(tables.ORDER_LINE, order_lines(accepted)))
        step.wrote(table.name, run.store.append(table, accepted.where("NOT written")))
    return rows.select(*tables.QUARANTINE.column_names, *told(rows)), sets


def told(rows: DataFrame) -> list[str]:
    """Columns of classified records that `account` needs, besides source and dataset."""
    return ["verdict", "contradicts", "remarks", *([ROWS] if ROWS in rows.columns else [])]


def account(run: Run, inputs: list[Input], outcome: DataFrame) -> str:
    """Check that records in = accepted + quarantined + duplicate + suppressed for each dataset, and record the counts.

    Records also the remarks: what was not usable of accepted records. `outcome` has the `verdict` and `remarks` of each
    record and of each deletion, and whether it `contradicts`. It has ROWS where a record may be made of several
    delivered rows, each of which counts.
    """
    counts, remarks = _tally(inputs, outcome)
    for (source, dataset), count in counts.items():
        if count["in"] != sum(count[verdict] for verdict in VERDICTS):
            raise IntegrityError("C501", f"{source}.{dataset} does not add up: {count}")
    rows = [(run.run_id, *each.name, each.version, *counts[each.name].values()) for each in inputs]
    run.store.add_rows(tables.ACCOUNTING, rows)
    _remark(run, inputs, counts, remarks)
    totals = {name: sum(count[name] for count in counts.values()) for name in COUNTED}
    balance = " + ".join(f"{totals[verdict]:,} {verdict}" for verdict in VERDICTS if totals[verdict])
    beside = [f"{totals[name]:,} {name}" for name in BESIDE if totals[name]]
    return ", ".join([f"{totals['in']:,} in = {balance}", *beside])


def _tally(inputs: list[Input], outcome: DataFrame) -> tuple[dict[Name, Counts], dict[Name, Counts]]:
    """Records of each dataset by verdict, and its accepted records by remark, counted in one Spark job."""
    keys, verdict, none = ("source", "dataset"), F.col("verdict"), F.array().cast("array<string>")
    one = F.lit(1).alias(ROWS)
    delivered = (records_in(each).select(*keys, F.lit("in").alias("found"), one) for each in inputs)
    rows_in = reduce(DataFrame.unionByName, delivered)
    made_of = F.coalesce(ROWS, F.lit(1)).alias(ROWS) if ROWS in outcome.columns else one
    said = F.concat(
        F.array(verdict),
        F.when(F.col("contradicts"), F.array(F.lit("contradicting"))).otherwise(none),
        F.when(verdict == "accepted", F.col("remarks")).otherwise(none),
    )
    found = rows_in.unionByName(outcome.select(*keys, F.explode(said).alias("found"), made_of))
    rows = F.sum(F.when(F.col("found").isin("in", *VERDICTS), F.col(ROWS)).otherwise(1))
    counts: dict[Name, Counts] = {each.name: dict.fromkeys(COUNTED, 0) for each in inputs}
    remarks: dict[Name, Counts] = {each.name: {} for each in inputs}
    for row in found.groupBy(*keys, "found").agg(rows.alias("count")).collect():
        target = counts if row.found in COUNTED else remarks
        target[row.source, row.dataset][row.found] = row["count"]
    return counts, remarks


def _remark(run: Run, inputs: list[Input], counts: dict[Name, Counts], remarks: dict[Name, Counts]) -> None:
    """Record the remarks in ops.remark, and report them."""
    rows = []
    for each in inputs:
        for remark, count in sorted(remarks[each.name].items()):
            code, _, name = remark.partition(":")
            rows.append((run.run_id, *each.name, each.version, name, code, count))
            total = counts[each.name]["accepted"]
            run.say(f"  {'.'.join(each.name)}: {WORDS[code]} in {count:,} of {total:,} records ({name})")
    if rows:
        run.store.add_rows(tables.REMARK, rows)
