"""reprocess: rebuild silver of some datasets from all their bronze, by the current contracts.

The outcome of a record can depend on records before it, so only a whole dataset gives what a first run would have
given. Unchanged rows are not written; records keep the time they were received.
"""

from collections.abc import Iterator
from functools import partial, reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.errors import InputError
from c360_spark.pipeline.chain import in_order
from c360_spark.pipeline.stages import of_layers
from c360_spark.run.context import Run, Step, hold, in_parallel, sync
from c360_spark.run.pending_changes import watermarks
from c360_spark.silver.canonical import TABLES
from c360_spark.silver.identifiers import carriers, identifier_sets
from c360_spark.silver.shape import order_lines
from c360_spark.silver.verdict import NARROW, classified, verdicts, with_taken
from c360_spark.stages.bronze.bronze_input import CONSUMER, Input, bronze_input, bronze_of, candidates, past_support
from c360_spark.stages.silver.canonicalise import KEPT, account, told
from c360_spark.stages.silver.deletions import with_deletions
from c360_spark.stages.silver.delivered_properties import with_unsaid
from c360_spark.tables import Table

LAYERS = {"silver": [], "identity": of_layers("identity"), "gold": of_layers("identity", "gold")}


def reprocess_layers(run: Run, names: list[tuple[str, str]], until: str) -> None:
    """Reprocess silver of these datasets, then run the stages after it up to a layer of LAYERS.

    Raises BusyError C401 when another run holds the lake, InputError C203 for an unknown layer.
    """
    if until not in LAYERS:
        raise InputError("C203", f"no layer '{until}'", hint=f"one of {', '.join(LAYERS)}")
    with hold(run):
        reprocess(run, names)
        in_order(run, LAYERS[until])


def reprocess(run: Run, names: list[tuple[str, str]]) -> None:
    """Rebuild silver, quarantine and identifier sets of these datasets, as an empty lake would get them from bronze.

    Records that canonicalise has not read yet are left to it. Raises IntegrityError C501 when records do not add up.
    """
    (marks,) = watermarks(run, CONSUMER)
    inputs: list[Input] = []
    for source, dataset in names:
        until = marks.get(bronze_of(run, run.conf.contracts[source, dataset]).full_name, -1)
        if until >= 0:
            inputs.append(bronze_input(run, source, dataset, since=-1, until=until))
    run.store.ensure(tables.DELIVERY_PROPERTY)  # all of them append to it
    judged = in_parallel([partial(_judged, run, each) for each in inputs])
    with run.step("reprocess writing") as step:
        for each, rows in zip(inputs, judged, strict=True):
            for table, made in _made(each, rows):
                _sync(run, step, each, table, made)
    if judged:
        with run.step("reprocess accounting") as step:
            parts = [rows.select("source", "dataset", *told(rows)) for rows in judged]
            outcome = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), parts)
            step.results.append(account(run, inputs, outcome))


def _judged(run: Run, each: Input) -> DataFrame:
    """Records of the dataset as canonical rows, each with its verdict."""
    name = ".".join(each.name)
    with run.step(f"reprocess {name}") as step:
        records, count = run.store.stage(f"{name}.candidates", candidates(run, each))
        step.results += [f"{count:,} records", *past_support(run, [each], records)]
        records = with_taken(records, records.where("false"), each.contract)
        table = TABLES[each.contract.table]
        records = with_unsaid(run, [each], records)
        records = with_deletions(run, table, [each], records, run.store.read(table).where("false"))
        fine = records.where(F.size("reasons") == 0).select(*NARROW)
        known = verdicts(fine, fine.where("false"), versioned=table in tables.VERSIONED)
        repeats, _ = run.store.stage(f"{name}.repeats", known)
    return classified(records, repeats)


def _made(each: Input, rows: DataFrame) -> Iterator[tuple[Table, DataFrame]]:
    """The rows that each table must hold for the dataset."""
    table, accepted = TABLES[each.contract.table], rows.where(KEPT)
    yield table, accepted
    yield tables.IDENTIFIER_SET, identifier_sets(carriers(table, accepted))
    yield tables.QUARANTINE, rows.where("verdict = 'quarantined'")
    if "lines" in rows.columns:
        yield tables.ORDER_LINE, order_lines(accepted)


def _sync(run: Run, step: Step, each: Input, table: Table, rows: DataFrame) -> None:
    source, dataset = each.name
    own = (F.col("source") == source) & (F.col("dataset") == dataset)
    absent = {c.name: F.lit(None).cast(c.type) for c in table.columns if c.name not in rows.columns}
    shaped = rows.withColumns(absent).select(*table.column_names)
    sync(run, step, table, shaped, run.store.read(table).where(own))
