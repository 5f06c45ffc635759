"""Persons with the columns that conditions and destinations may name, gold.profile and metrics; and which changed."""

from collections.abc import Collection
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.gold.metric import with_metrics
from c360_spark.run.context import Run
from c360_spark.run.pending_changes import PendingChanges, restrict_to

READ = (tables.PROFILE, tables.METRIC, tables.CONSENT_STATE)


def persons_with_metrics(run: Run, metrics: Collection[str], persons: DataFrame | None = None) -> DataFrame:
    """gold.profile, with a column for each of the `metrics` as build_metrics wrote it.

    Of all persons, or of `persons` (`person_id`).
    """
    profiles, held = (restrict_to(run.store.read(table), persons) for table in (tables.PROFILE, tables.METRIC))
    return with_metrics(profiles, held, run.conf.metrics, metrics)


def changed_persons(pending: PendingChanges, metrics: Collection[str]) -> DataFrame:
    """`person_id` of persons with a change in profile, consent or any of the `metrics`.

    `pending` are changes of READ, or of more tables.
    """
    found = [pending.changed_values(table, "person_id") for table in (tables.PROFILE, tables.CONSENT_STATE)]
    if metrics:
        figures = pending.changed_values(tables.METRIC, "metric", "person_id").where(F.col("metric").isin(*metrics))
        found.append(figures.select("person_id"))
    return reduce(DataFrame.unionByName, found).distinct()
