"""build_metrics: facts of persons, and profiles → gold.metric, its totals, and transitions in the lifecycle.

Recomputes persons with a new fact, and persons for whom time changes a metric: those with a fact that passes the edge
of a window, and, with metrics of recency, all persons once a day.
"""

from functools import partial, reduce

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.record import RECORD_KEY
from c360_spark.config.rules.metrics import FACTS, LIFECYCLE, Fact
from c360_spark.errors import ConfigError
from c360_spark.gold.metric import (
    measured,
    metric_rows,
    metric_totals,
    metric_values,
    passed,
    person_metrics,
    transitions,
    with_metrics,
)
from c360_spark.run.context import Run, Step, in_parallel, sync
from c360_spark.run.pending_changes import PendingChanges, pending_changes, restrict_to
from c360_spark.stages.silver.delivered_properties import current_rows
from c360_spark.store import Store
from c360_spark.tables import Table

MADE = (tables.METRIC, tables.METRIC_TOTAL, tables.LIFECYCLE_TRANSITION)


def build_metrics(run: Run) -> None:
    """Recompute at `as_of` the metrics of persons affected by a change or by time, and write the differences.

    Writes none if metrics.yml declares none. Raises ConfigError C201 for an expression with types that do not fit.
    """
    rules, store = run.conf.metrics, run.store
    if not rules.all and not any(store.exists(table) for table in MADE):
        return
    makes = MADE if rules.lifecycle else MADE[:2]
    pending = pending_changes(run, "build_metrics", rules.model_dump_json(), reads=READ, makes=makes)
    if pending.up_to_date:
        pending.rest()
    else:
        with run.step("build_metrics") as step:
            _write(run, step, pending)
    pending.done()


def _write(run: Run, step: Step, pending: PendingChanges) -> None:
    rules, store, persons = run.conf.metrics, run.store, None
    if not rules.all:
        for table in MADE[:2]:
            sync(run, step, table, store.read(table).where("false"))
        return
    again = measured_again(run, pending)
    if again is not None:
        persons, count = store.stage("measured again", again)
        step.results.append(f"{count:,} persons affected")
        if not count:
            return
    people, _ = store.stage("person metrics", all_metrics(run, persons))
    rows = metric_rows(metric_values(people, rules), rules)
    work = [partial(sync, run, step, tables.METRIC, rows, restrict_to(store.read(tables.METRIC), persons))]
    if rules.lifecycle:
        work.append(partial(_move, run, step, people, persons))
    in_parallel(work)
    if persons is not None:  # metrics of the other persons are on record
        everybody = store.read(tables.PROFILE).select("person_id", "region")
        people = with_metrics(everybody, store.read(tables.METRIC), rules, rules.all)
    totals = metric_totals(metric_values(people, rules))
    sync(run, step, tables.METRIC_TOTAL, totals)


def all_metrics(run: Run, persons: DataFrame | None = None) -> DataFrame:
    """`person_id, region` and a column for each metric, computed from facts; of all persons, or of `persons`."""
    rules, found = run.conf.metrics, []
    try:
        for kind, fact in FACTS.items():
            metrics = rules.of(kind)
            if metrics:
                found.append(measured(facts(run, fact.table, persons), fact, metrics, as_of=run.as_of))
        return person_metrics(restrict_to(run.store.read(tables.PROFILE), persons), found, rules, as_of=run.as_of)
    except PySparkException as error:
        message = str(error).splitlines()[0]
        raise ConfigError("C201", f"metrics.yml: {message}", hint="mend the expression that is named") from None


def _move(run: Run, step: Step, people: DataFrame, persons: DataFrame | None) -> None:
    recorded = restrict_to(run.store.read(tables.LIFECYCLE_TRANSITION), persons)
    made = transitions(people.select("person_id", LIFECYCLE), recorded, as_of=run.as_of)
    now = recorded.where(F.col("transitioned_at") == F.lit(run.as_of))
    sync(run, step, tables.LIFECYCLE_TRANSITION, made, now)


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
            found.append(_whose(run.store, pending, fact, rows))
    return reduce(DataFrame.unionByName, found).where("person_id IS NOT NULL").distinct()


def _whose(store: Store, pending: PendingChanges, fact: Fact, rows: DataFrame) -> DataFrame:
    """`person_id` of the owners of `rows`, and of rows inserted, changed or deleted."""
    key = ("person_id",) if "person_id" in fact.table.column_names else RECORD_KEY
    moved = pending.changed_values(fact.table, *key).unionByName(rows.select(*key))
    if key != RECORD_KEY:
        return moved
    return store.read(tables.PERSON_XREF).join(moved, [*RECORD_KEY], "left_semi").select("person_id")
