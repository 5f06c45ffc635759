"""Routes records of several datasets that arrive in the files of one, by a text in each record."""

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.contract.sources import Routed


def routed_to(rows: DataFrame, dataset: str, way: Routed) -> DataFrame:
    """The bronze rows that are routed to `dataset`, with its name."""
    return rows.where(_leads(way)).withColumn("dataset", F.lit(dataset))


def not_routed(rows: DataFrame, ways: Iterable[Routed]) -> DataFrame:
    """The bronze rows that no route takes, including rows that cannot be read or lack the field."""
    for way in ways:
        rows = rows.where(~_leads(way))
    return rows


def _leads(way: Routed) -> Column:
    path = "".join(f"['{name}']" for name in way.field.split("."))
    return F.coalesce(F.get_json_object("payload", f"${path}").isin(*way.values), F.lit(False))
