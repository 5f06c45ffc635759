"""Parts of components → persons with durable ids.

A person's id derives from its anchor: the identifier that was recorded first, on a tie the one with the smallest id. So
the older person survives a merge, the part with the anchor keeps the id in a split, and a full refresh gives the same
ids. Match keys derive from rules and may disappear with them, so they are never anchors, and match keys alone make no
person.
"""

from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def members(placed: DataFrame, *, derived: Collection[str]) -> DataFrame:
    """Members of each person: `identifier_id, component_id, person_id, anchor_id, region, datasets`.

    `placed` are the identifiers in the graph, with `component_id`, `part_id` and `datasets`; `derived` are the
    namespaces of match keys.
    """
    own = ~F.col("namespace").isin(*derived)
    first = F.min(F.when(own, F.struct("first_recorded_at", "identifier_id", "region")))
    anchors = placed.groupBy("part_id").agg(first.alias("anchor")).where("anchor IS NOT NULL")
    return (
        placed.select("identifier_id", "component_id", "part_id", "datasets")
        .join(anchors, "part_id")
        .select(
            "identifier_id",
            "component_id",
            person_id(F.col("anchor.identifier_id")).alias("person_id"),
            F.col("anchor.identifier_id").alias("anchor_id"),
            F.col("anchor.region").alias("region"),
            "datasets",
        )
    )


def person_id(anchor_id: Column) -> Column:
    """The durable id of a person: `p` and 96 bits of a hash of the anchor. It reveals nothing about the person."""
    return F.concat(F.lit("p"), F.substring(F.sha2(F.concat(F.lit("person:"), anchor_id.cast("string")), 256), 1, 24))


def persons(found: DataFrame, known: DataFrame, *, rule_set: str) -> DataFrame:
    """identity.person: the active persons of `found` (rows of `members`), and the retired ones of `known`.

    `known` is the table so far. A retired person is `survived_by` the person that has its anchor now, if any.
    """
    living = found.groupBy("person_id").agg(
        F.max("anchor_id").alias("anchor_id"),
        F.max("region").alias("region"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_list("datasets")))).alias("datasets"),
        F.lit("active").alias("status"),
        F.count(F.lit(1)).alias("size"),
        F.lit(None).cast("string").alias("survived_by"),
        F.lit(rule_set).alias("rule_set"),
    )
    heirs = found.select(F.col("identifier_id").alias("anchor_id"), F.col("person_id").alias("heir"))
    gone = known.join(living, "person_id", "left_anti").join(heirs, "anchor_id", "left")
    return living.unionByName(
        gone.select(
            "person_id",
            "anchor_id",
            "region",
            F.array().cast("array<string>").alias("datasets"),
            F.lit("retired").alias("status"),
            F.lit(0).cast("long").alias("size"),
            F.col("heir").alias("survived_by"),
            "rule_set",
        )
    )
