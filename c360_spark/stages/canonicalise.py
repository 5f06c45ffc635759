"""canonicalise: new bronze records → silver, each accepted, quarantined with its reasons, or known already."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config import Contract
from c360_spark.errors import IntegrityError
from c360_spark.silver.canonical import TABLES, canonical
from c360_spark.silver.identifier_set import carriers, identifier_sets
from c360_spark.silver.line import order_lines
from c360_spark.silver.parse import parsed
from c360_spark.silver.verdict import NARROW, verdicts
from c360_spark.stages.run import Run
from c360_spark.stages.watermark import advance, watermarks
from c360_spark.store import Written
from c360_spark.tables import Table

CONSUMER = "canonicalise"
VERDICTS = ("accepted", "quarantined", "duplicate", "suppressed")


@dataclass(frozen=True)
class Input:
    """The unprocessed records of one dataset."""

    contract: Contract
    format: str
    version: int
    rows: DataFrame


def canonicalise(run: Run) -> None:
    """Process what bronze has gained since the last run.

    Raises IntegrityError C501, before watermarks move, when a dataset's records do not add up.
    """
    inputs = list(_inputs(run))
    if not inputs:
        run.say("canonicalise                 nothing new in bronze")
        return
    done = [_table(run, TABLES[name], found) for name, found in _by_table(inputs).items()]
    with run.step("canonicalise accounting") as step:
        counts = reduce(DataFrame.unionByName, [classified for _, classified in done])
        step.results.append(_account(run, inputs, counts))
        rejected = counts.where("verdict = 'quarantined'").select(*tables.QUARANTINE.column_names)
        step.wrote("quarantine", run.store.add(tables.QUARANTINE, rejected))
    with run.step("canonicalise identifiers") as step:
        step.wrote("identifier_set", _identifier_sets(run, counts))
    advance(run, CONSUMER, {_bronze(i.contract).full_name: i.version for i in inputs})
    for candidates, _ in done:
        candidates.unpersist()


def _inputs(run: Run) -> Iterator[Input]:
    marks = watermarks(run, CONSUMER)
    for _, _, arrival, contract in run.conf.datasets():
        table = _bronze(contract)
        since, version = marks.get(table.full_name, -1), run.store.version(table)
        if version > since:
            rows = run.store.changes(table, since=since, until=version)
            yield Input(contract, arrival.format, version, rows)


def _bronze(contract: Contract) -> Table:
    return tables.bronze(contract.source, contract.dataset)


def _by_table(inputs: list[Input]) -> dict[str, list[Input]]:
    found: dict[str, list[Input]] = {}
    for each in inputs:
        found.setdefault(each.contract.table, []).append(each)
    return found


def _table(run: Run, table: Table, inputs: list[Input]) -> tuple[DataFrame, DataFrame]:
    """Write the accepted records of one canonical table. Gives the candidates (cached) and their verdicts."""
    with run.step(f"canonicalise {table.name}") as step:
        frames = [_candidates(run, each) for each in inputs]
        candidates = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), frames)
        candidates = candidates.persist(StorageLevel.DISK_ONLY)
        fine = candidates.where(F.size("reasons") == 0).select(*NARROW)
        existing = run.store.read(table).select(*NARROW)
        repeats = verdicts(fine, existing, versioned=table in tables.VERSIONED).persist(StorageLevel.DISK_ONLY)
        verdict = F.when(F.size("reasons") > 0, F.lit("quarantined"))
        verdict = verdict.otherwise(F.coalesce("verdict", F.lit("accepted")))
        classified = candidates.join(repeats, "bronze_id", "left").withColumn("verdict", verdict)
        step.wrote(table.name, run.store.append(table, classified.where("verdict = 'accepted'")))
        if "lines" in classified.columns:
            lines = order_lines(classified.where("verdict IN ('accepted', 'written')"))
            step.wrote("order_line", run.store.add(tables.ORDER_LINE, lines))
    outcome = F.when(F.col("verdict") == "written", F.lit("accepted")).otherwise(F.col("verdict"))
    narrow = classified.select(*tables.QUARANTINE.column_names, "identifier_set_id", outcome.alias("verdict"))
    return candidates, narrow


def _candidates(run: Run, each: Input) -> DataFrame:
    secret = run.conf.platform.identity_key.secret()
    headers = None
    if each.format == "csv":
        headers = sorted(row.header for row in each.rows.select("header").distinct().collect())
    return canonical(parsed(each.rows, each.contract, headers=headers), each.contract, run.conf.rules, secret=secret)


def _account(run: Run, inputs: list[Input], counts: DataFrame) -> str:
    """Check that records in = accepted + quarantined + duplicate + suppressed for each dataset, and note it."""
    ins = reduce(DataFrame.unionByName, [each.rows.select("source", "dataset") for each in inputs])
    rows_in = {(row.source, row.dataset): row["count"] for row in ins.groupBy("source", "dataset").count().collect()}
    outs: dict[tuple[str, str], dict[str, int]] = {key: dict.fromkeys(VERDICTS, 0) for key in rows_in}
    for row in counts.groupBy("source", "dataset", "verdict").count().collect():
        outs[row.source, row.dataset][row.verdict] = row["count"]
    for (source, dataset), number in rows_in.items():
        if number != sum(outs[source, dataset].values()):
            raise IntegrityError("C501", f"{source}.{dataset}: {number:,} records in, {outs[source, dataset]} out")
    rows = [(run.run_id, *key, number, *outs[key].values()) for key, number in rows_in.items()]
    run.store.merge(tables.ACCOUNTING, run.spark.createDataFrame(rows, tables.ACCOUNTING.schema))
    totals = {verdict: sum(out[verdict] for out in outs.values()) for verdict in VERDICTS}
    return f"{sum(rows_in.values()):,} in = " + " + ".join(f"{n:,} {verdict}" for verdict, n in totals.items() if n)


def _identifier_sets(run: Run, counts: DataFrame) -> Written:
    touched = counts.where("verdict = 'accepted' AND identifier_set_id IS NOT NULL").select("identifier_set_id")
    carrying = [carriers(table, run.store.read(table)) for table in tables.CANONICAL if run.store.exists(table)]
    rows = reduce(DataFrame.unionByName, carrying).join(touched.distinct(), "identifier_set_id", "left_semi")
    return run.store.merge(tables.IDENTIFIER_SET, identifier_sets(rows))
