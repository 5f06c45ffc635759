"""What must hold of every partition, whichever engine made it."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def broken(members: DataFrame, links: DataFrame) -> DataFrame:
    """Violations as rows `invariant, count`; empty when all holds.

    `members` has `identifier_id, component_id`; `links` the active links. Every identifier is a member once, every end
    of a link is a member, and no link crosses components.
    """
    twice = members.groupBy("identifier_id").count().where("count > 1")
    placed = members.select("identifier_id", "component_id")
    left, right = placed.toDF("left_id", "left_component"), placed.toDF("right_id", "right_component")
    ends = links.select("left_id", "right_id").join(left, "left_id", "left").join(right, "right_id", "left")
    crossing = ends.where("NOT (left_component <=> right_component) OR left_component IS NULL")
    return (
        twice.select(F.lit("an identifier is a member twice").alias("invariant"))
        .unionByName(crossing.select(F.lit("a link crosses components").alias("invariant")))
        .groupBy("invariant")
        .count()
    )
