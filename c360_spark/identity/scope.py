"""Scope of an incremental run: the affected identifiers, and every component that one of them is or was in.

`ids` is a frame `identifier_id`, or None for everything: a full refresh is an incremental run that affects everything.
"""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def touching(rows: DataFrame, ids: DataFrame | None, *columns: str) -> DataFrame:
    """Rows that have one of `ids` in one of `columns`."""
    return rows if ids is None else marked(rows, ids, *columns).where("_touched").drop("_touched")


def elsewhere(rows: DataFrame, ids: DataFrame | None, *columns: str) -> DataFrame:
    """Rows that have none of `ids` in any of `columns`; none where `ids` is None."""
    return rows.where("false") if ids is None else marked(rows, ids, *columns).where("NOT _touched").drop("_touched")


def marked(rows: DataFrame, ids: DataFrame, *columns: str) -> DataFrame:
    """All rows with the flag `_touched`: whether one of `columns` has one of `ids`."""
    for column in columns:
        found = ids.select(F.col("identifier_id").alias(column), F.lit(True).alias(f"_{column}"))
        rows = rows.join(found, column, "left")
    flags = [F.col(f"_{column}") for column in columns]
    affected = reduce(lambda a, b: a | b, (F.coalesce(flag, F.lit(False)) for flag in flags))
    return rows.withColumn("_touched", affected).drop(*(f"_{column}" for column in columns))


def ends(links: DataFrame) -> DataFrame:
    """`identifier_id` of both ends of each link, with repeats."""
    return links.select(F.explode(F.array("left_id", "right_id")).alias("identifier_id"))


def neighbours(identifiers: DataFrame, near: DataFrame, seeds: DataFrame) -> DataFrame:
    """Rows of identity.identifier in the components that `seeds` were in.

    `near` has rows of identity.identifier too, with all of `seeds` that the table has.
    """
    reached = near.join(seeds, "identifier_id", "left_semi").where("component_id IS NOT NULL")
    return identifiers.join(reached.select("component_id").distinct(), "component_id", "left_semi")
