"""Facts that metrics are made of, each with its person; and persons for whom a change or time may affect a metric."""

from functools import reduce

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.columns.record import RECORD_KEY
from c360_spark.config.rules.metrics import FACTS, Fact
from c360_spark.gold.metric import passed
from c360_spark.run.context import Run
from c360_spark.run.pending_changes import PendingChanges, restrict_to
from c360_spark.stages.silver.delivered_properties import current_rows
from c360_spark.tables import Table

READ = (tables.PROFILE, tables.PERSON_XREF, *(fact.table for fact in FACTS.values()))


def facts(run: Run, table: Table, persons: DataFrame | None = None) -> DataFrame:
    """Current rows of a table of facts, each with its `person_id`; only those of `persons`, if given."""
    rows = run.store.read(table)
    if "person_id" in table.column_names:
        return restrict_to(rows, persons)
    keys = restrict_to(run.store.read(tables.PERSON_XREF), persons)
    if persons is not None:
        rows = rows.join(keys, [*RECORD_KEY], "left_semi")
    return current_rows(run, table, rows).join(keys, [*RECORD_KEY])


def measured_again(run: Run, pending: PendingChanges) -> DataFrame | None:
    """`person_id` of persons with metrics that may differ from last time, None for all.

    It may contain persons with unchanged metrics.
    """
    rules, last = run.conf.metrics, pending.last_as_of
    if last is None or rules.moves_everybody(run.as_of - last):
        return None
    found = [pending.changed_values(table, "person_id") for table in (tables.PROFILE, tables.PERSON_XREF)]
    for kind, fact in FACTS.items():
        metrics = rules.of(kind)
        if metrics:
            rows = run.store.read(fact.table).where(passed(fact, metrics, since=last, as_of=run.as_of))
            found.append(_whose(run, pending, fact, rows))
    return reduce(DataFrame.unionByName, found).where("person_id IS NOT NULL").distinct()


def _whose(run: Run, pending: PendingChanges, fact: Fact, rows: DataFrame) -> DataFrame:
    """`person_id` of the owners of `rows`, and of rows inserted, changed or deleted."""
    key = ("person_id",) if "person_id" in fact.table.column_names else RECORD_KEY
    moved = pending.changed_values(fact.table, *key).unionByName(rows.select(*key))
    if key != RECORD_KEY:
        return moved
    return run.store.read(tables.PERSON_XREF).join(moved, [*RECORD_KEY], "left_semi").select("person_id")
