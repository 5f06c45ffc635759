"""build_metrics: facts of persons, and profiles → gold.metric, its totals, and moves in the lifecycle.

Everything is computed anew, as time alone moves windows and recency, unless nothing has changed and it is no later.
"""

from functools import partial

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.metrics import FACTS, LIFECYCLE
from c360_spark.errors import ConfigError
from c360_spark.gold.metric import measured, metric_rows, metric_totals, metric_values, person_metrics, transitions
from c360_spark.gold.owner import RECORD_KEY, current
from c360_spark.stages.increment import increment
from c360_spark.stages.run import Run, Step, together
from c360_spark.tables import Table

READ = (tables.PROFILE, tables.PERSON_XREF, *(fact.table for fact in FACTS.values()))
MADE = (tables.METRIC, tables.METRIC_TOTAL, tables.LIFECYCLE_TRANSITION)


def build_metrics(run: Run) -> None:
    """Recompute the metrics of everybody at `as_of`, and write what differs; nothing, where metrics.yml has none.

    Raises ConfigError C201 for an expression whose types do not fit.
    """
    rules, store = run.conf.metrics, run.store
    if not rules.all and not any(store.exists(table) for table in MADE):
        return
    makes = MADE if rules.lifecycle else MADE[:2]
    news = increment(run, "build_metrics", rules.model_dump_json(), reads=READ, makes=makes)
    if news.unchanged:
        news.rest()
    else:
        with run.step("build_metrics") as step:
            _write(run, step)
    news.done()


def _write(run: Run, step: Step) -> None:
    rules, store = run.conf.metrics, run.store
    if not rules.all:
        for table in MADE[:2]:
            step.wrote(table.name, store.sync(table, store.read(table).where("false")))
        return
    people, _ = store.stage("person metrics", all_metrics(run))
    values = metric_values(people, rules)
    work = [
        partial(_sync, run, step, tables.METRIC, metric_rows(values, rules)),
        partial(_sync, run, step, tables.METRIC_TOTAL, metric_totals(values)),
    ]
    if rules.lifecycle:
        work.append(partial(_move, run, step, people))
    together(work)


def all_metrics(run: Run) -> DataFrame:
    """`person_id, region` and a column for each metric, of everybody, computed from facts."""
    rules, found = run.conf.metrics, []
    try:
        for kind, fact in FACTS.items():
            metrics = {name: metric for name, metric in rules.metrics.items() if metric.of == kind}
            if metrics:
                found.append(measured(facts(run, fact.table), fact, metrics, as_of=run.as_of))
        return person_metrics(run.store.read(tables.PROFILE), found, rules, as_of=run.as_of)
    except PySparkException as error:
        message = str(error).splitlines()[0]
        raise ConfigError("C201", f"metrics.yml: {message}", hint="mend the expression that is named") from None


def facts(run: Run, table: Table) -> DataFrame:
    """The rows of a table of facts that hold now, with the `person_id` of each."""
    rows = run.store.read(table)
    if "person_id" in table.column_names:
        return rows
    keys = run.store.read(tables.PERSON_XREF)
    return current(rows).join(keys, [*RECORD_KEY])


def _sync(run: Run, step: Step, table: Table, rows: DataFrame) -> None:
    step.wrote(table.name, run.store.sync(table, rows))


def _move(run: Run, step: Step, people: DataFrame) -> None:
    recorded = run.store.read(tables.LIFECYCLE_TRANSITION)
    made = transitions(people.select("person_id", LIFECYCLE), recorded, as_of=run.as_of)
    now = recorded.where(F.col("transitioned_at") == F.lit(run.as_of))
    step.wrote(tables.LIFECYCLE_TRANSITION.name, run.store.sync(tables.LIFECYCLE_TRANSITION, made, old=now))
