"""Persons with what conditions and destinations may name: columns of gold.profile, and metrics."""

from collections.abc import Collection

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.gold.metric import with_metrics
from c360_spark.stages.run import Run


def people(run: Run, metrics: Collection[str]) -> DataFrame:
    """gold.profile, with a column for each of the `metrics` as build_metrics has left it."""
    read = run.store.read
    return with_metrics(read(tables.PROFILE), read(tables.METRIC), run.conf.metrics, metrics)
