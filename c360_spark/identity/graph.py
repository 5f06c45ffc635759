"""Pairs → the graph: identifiers and links, each with the guard that took it out, if any."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.identity import RuleSet


def crowds(pairs: DataFrame, rules: RuleSet) -> DataFrame:
    """Identifiers linked to more identifiers of one more trusted namespace than their crowd limit: `identifier_id`.

    Namespaces are counted apart: an e-mail of one customer, one account and one loyalty card is not shared.
    """
    limits = [F.lit(x) for name, s in rules.namespaces.items() if s.crowd_limit for x in (name, s.crowd_limit)]
    if not limits:
        return pairs.select(F.col("member.identifier_id")).limit(0)
    stronger = pairs.where("hub.trust > member.trust AND NOT hub.blocked AND NOT member.blocked")
    ends = stronger.select(
        "member.identifier_id",
        F.create_map(*limits)[F.col("member.namespace")].alias("crowd_limit"),
        F.col("hub.namespace").alias("hub_namespace"),
        F.col("hub.identifier_id").alias("hub_id"),
    )
    counted = ends.groupBy("identifier_id", "crowd_limit", "hub_namespace").agg(F.countDistinct("hub_id").alias("hubs"))
    return counted.where("hubs > crowd_limit").select("identifier_id").distinct()


def links(pairs: DataFrame, crowded: DataFrame, rules: RuleSet) -> DataFrame:
    """identity.link: one row per pair of identifiers and rule, active or evicted with the reason."""
    left = F.least("hub.identifier_id", "member.identifier_id").alias("left_id")
    right = F.greatest("hub.identifier_id", "member.identifier_id").alias("right_id")
    ends = F.array("hub", "member")
    edges = pairs.where("hub.identifier_id <> member.identifier_id").groupBy(left, right, "kind", "rule")
    merged = edges.agg(
        F.sum("evidence_count").alias("evidence_count"),
        F.min("first_seen_at").alias("first_seen_at"),
        F.max("last_seen_at").alias("last_seen_at"),
        F.max(_blocked_namespace()).alias("blocked_by"),
        F.max(F.array_min(ends).getField("namespace")).alias("left_namespace"),
        F.max(F.array_max(ends).getField("namespace")).alias("right_namespace"),
    )
    flagged = crowded.withColumn("is_crowded", F.lit(True))
    left_end, right_end = flagged.toDF("left_id", "left_crowded"), flagged.toDF("right_id", "right_crowded")
    joined = merged.join(left_end, "left_id", "left").join(right_end, "right_id", "left")
    reason = (
        F.when(F.col("blocked_by").isNotNull(), F.concat(F.lit("blocked:"), "blocked_by"))
        .when(F.col("left_crowded"), F.concat(F.lit("crowded:"), "left_namespace"))
        .when(F.col("right_crowded"), F.concat(F.lit("crowded:"), "right_namespace"))
    )
    return joined.select(
        "left_id",
        "right_id",
        "kind",
        "rule",
        "evidence_count",
        "first_seen_at",
        "last_seen_at",
        F.lit(1.0).alias("confidence"),
        F.when(reason.isNull(), "active").otherwise("evicted").alias("status"),
        reason.alias("reason"),
        F.lit(rules.label).alias("rule_set"),
    )


def _blocked_namespace() -> Column:
    return F.when(F.col("hub.blocked"), F.col("hub.namespace")).when(F.col("member.blocked"), F.col("member.namespace"))


def identifiers(pairs: DataFrame, crowded: DataFrame, edges: DataFrame, rules: RuleSet) -> DataFrame:
    """identity.identifier: every identifier once, with its degree among active `edges`; `check_min` and `check_max`
    differ where two identifiers share one id.
    """
    seen = pairs.groupBy(F.col("member.identifier_id").alias("identifier_id")).agg(
        F.max("member.namespace").alias("namespace"),
        F.max("member.region").alias("region"),
        F.min("first_recorded_at").alias("first_recorded_at"),
        F.max("member.blocked").alias("blocked"),
        F.min("member.check").alias("check_min"),
        F.max("member.check").alias("check_max"),
    )
    active = edges.where("status = 'active'").select("left_id", "right_id").distinct()
    ends = active.select(F.explode(F.array("left_id", "right_id")).alias("identifier_id"))
    degrees = ends.groupBy("identifier_id").agg(F.count(F.lit(1)).alias("degree"))
    flagged = crowded.withColumn("is_crowded", F.lit(True))
    joined = seen.join(flagged, "identifier_id", "left").join(degrees, "identifier_id", "left")
    status = F.when(F.col("blocked"), "blocked").when(F.col("is_crowded"), "crowded").otherwise("active")
    return joined.select(
        "identifier_id",
        "namespace",
        "region",
        "first_recorded_at",
        F.coalesce("degree", F.lit(0)).alias("degree"),
        status.alias("status"),
        F.lit(rules.label).alias("rule_set"),
        "check_min",
        "check_max",
    )
