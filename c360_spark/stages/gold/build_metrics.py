"""build_metrics: facts of persons, and profiles → gold.metric, its totals, and transitions in the lifecycle.

Recomputes persons with a new fact, and persons for whom time changes a metric: those with a fact that passes the edge
of a window, and, with metrics of recency, all persons once a day.
"""

from functools import partial

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.rules.metrics import FACTS, LIFECYCLE
from c360_spark.errors import ConfigError
from c360_spark.gold.metric import (
    measured,
    metric_rows,
    metric_totals,
    metric_values,
    person_metrics,
    transitions,
    with_metrics,
)
from c360_spark.run.context import Run, Step, in_parallel, sync
from c360_spark.run.pending_changes import PendingChanges, pending_changes, restrict_to
from c360_spark.stages.gold.metric_facts import READ, facts, measured_again

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
