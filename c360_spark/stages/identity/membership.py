"""Which person each identifier belongs to."""

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.run.context import Run


def current_membership(run: Run) -> DataFrame:
    """The current version of identity.membership: one row for each identifier that belongs to a person."""
    return run.store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL")
