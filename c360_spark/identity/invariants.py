"""Invariants of every partition, for either engine."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def broken(placed: DataFrame, links: DataFrame) -> DataFrame:
    """Violated invariants as rows `invariant, count`; empty when all hold.

    `placed` has `identifier_id, part_id`; `links` are the active links. The invariants: every identifier is placed
    once, every end of a link is placed, and no link crosses parts.
    """
    twice = placed.groupBy("identifier_id").count().where("count > 1")
    known = placed.select("identifier_id", "part_id")
    left, right = known.toDF("left_id", "left_part"), known.toDF("right_id", "right_part")
    ends = links.select("left_id", "right_id").join(left, "left_id", "left").join(right, "right_id", "left")
    crossing = ends.where("NOT (left_part <=> right_part) OR left_part IS NULL")
    return (
        twice.select(F.lit("an identifier is placed twice").alias("invariant"))
        .unionByName(crossing.select(F.lit("a link crosses persons").alias("invariant")))
        .groupBy("invariant")
        .count()
    )
