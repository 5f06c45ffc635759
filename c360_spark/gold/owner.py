"""Whose record is it? Answered once for each identifier set; every record carries the key of its set."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.config.identity import RuleSet


def owners(sets: DataFrame, membership: DataFrame, rules: RuleSet) -> DataFrame:
    """`identifier_set_id, person_id`: the person of the most trusted identifier that belongs to anybody.

    Sets of only blocked or crowded identifiers have no owner. `membership` is identity.membership where it holds.
    """
    trusts = [F.lit(part) for name, space in rules.namespaces.items() for part in (name, -space.trust)]
    rank = F.create_map(*trusts)[F.col("member.namespace")]
    exploded = sets.select("identifier_set_id", F.explode("members").alias("member")).select(
        "identifier_set_id", "member.identifier_id", rank.alias("rank")
    )
    placed = exploded.join(membership.select("identifier_id", "person_id"), "identifier_id")
    return placed.groupBy("identifier_set_id").agg(
        F.min_by("person_id", F.struct("rank", "identifier_id")).alias("person_id")
    )


def current(versions: DataFrame) -> DataFrame:
    """The newest version of each source key of a versioned silver table."""
    newest = versions.groupBy("source", "dataset", "source_key").agg(
        F.max(F.struct("received_at", "bronze_id")).getField("bronze_id").alias("bronze_id")
    )
    return versions.join(newest.select("bronze_id"), "bronze_id", "left_semi")


def person_xref(records: DataFrame, owners: DataFrame) -> DataFrame:
    """gold.person_xref of current records."""
    return records.join(owners, "identifier_set_id").select("source", "dataset", "source_key", "person_id")
