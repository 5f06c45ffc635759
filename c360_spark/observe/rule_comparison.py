"""What another rule set would change: figures from the live and the candidate tables. Pure functions."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def moved(live: DataFrame, candidate: DataFrame) -> DataFrame:
    """One row `identifiers, moved`: of those in the live membership, how many have another person, or none, in the
    candidate's.
    """
    now = candidate.select("identifier_id", F.col("person_id").alias("then"))
    joined = live.join(now, "identifier_id", "left")
    other = ~F.col("person_id").eqNullSafe(F.col("then"))
    return joined.agg(F.count(F.lit(1)).alias("identifiers"), F.count(F.when(other, 1)).alias("moved"))


def link_changes(live: DataFrame, candidate: DataFrame) -> DataFrame:
    """`rule, gained, lost` of identity.link: links that hold under one rule set only."""
    keys = ["left_id", "right_id", "rule"]
    one, other = (frame.where("status = 'active'").select(*keys) for frame in (live, candidate))
    both = one.withColumn("_live", F.lit(True)).join(other.withColumn("_candidate", F.lit(True)), keys, "full")
    counted = both.groupBy("rule").agg(
        F.count(F.when(F.col("_live").isNull(), 1)).alias("gained"),
        F.count(F.when(F.col("_candidate").isNull(), 1)).alias("lost"),
    )
    return counted.where("gained > 0 OR lost > 0").orderBy("rule")


def audience_changes(live: DataFrame, candidate: DataFrame) -> DataFrame:
    """`audience, live, candidate, entering, leaving` of gold.audience_member: who is inside now."""
    one, other = (m.where("exited_at IS NULL").select("audience", "person_id") for m in (live, candidate))
    both = one.withColumn("_live", F.lit(1)).join(
        other.withColumn("_candidate", F.lit(1)), ["audience", "person_id"], "full"
    )
    return (
        both.groupBy("audience")
        .agg(
            F.count("_live").alias("live"),
            F.count("_candidate").alias("candidate"),
            F.count(F.when(F.col("_live").isNull(), 1)).alias("entering"),
            F.count(F.when(F.col("_candidate").isNull(), 1)).alias("leaving"),
        )
        .orderBy("audience")
    )


def held(membership: DataFrame, identifiers: DataFrame) -> DataFrame:
    """`namespace, most`: the most identifiers of each namespace that one person has."""
    spaces = identifiers.select("identifier_id", "namespace")
    counted = membership.join(spaces, "identifier_id").groupBy("person_id", "namespace").count()
    return counted.groupBy("namespace").agg(F.max("count").alias("most"))
