"""Evidence → the graph: identifiers are its vertices, links its edges."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.config.rules.identity import RuleSet
from c360_spark.identity.evidence import OBSERVED


def links(evidence: DataFrame) -> DataFrame:
    """Links before any guard: one row for each pair of identifiers and rule.

    Columns: those of identity.link without `status`, `reason` and `rule_set`, and `blocked_by`, the namespace of an end
    that is a blocked value.
    """
    left, right = F.least("hub_id", "member_id"), F.greatest("hub_id", "member_id")
    hub_is_left = F.col("hub_id") < F.col("member_id")
    blocked_by = F.when(F.col("hub_blocked"), F.col("hub_namespace")).when(
        F.col("member_blocked"), F.col("member_namespace")
    )
    edges = evidence.where("hub_id <> member_id").select(
        left.alias("left_id"),
        right.alias("right_id"),
        F.when(hub_is_left, F.col("hub_namespace")).otherwise(F.col("member_namespace")).alias("left_namespace"),
        F.when(hub_is_left, F.col("member_namespace")).otherwise(F.col("hub_namespace")).alias("right_namespace"),
        "kind",
        "rule",
        "evidence_count",
        "confidence",
        "first_seen_at",
        "last_seen_at",
        blocked_by.alias("blocked_by"),
    )
    return edges.groupBy("left_id", "right_id", "kind", "rule").agg(
        F.max("left_namespace").alias("left_namespace"),
        F.max("right_namespace").alias("right_namespace"),
        F.sum("evidence_count").alias("evidence_count"),
        F.min("first_seen_at").alias("first_seen_at"),
        F.max("last_seen_at").alias("last_seen_at"),
        F.max("confidence").alias("confidence"),
        F.max("blocked_by").alias("blocked_by"),
    )


def vertices(evidence: DataFrame) -> DataFrame:
    """Identifiers that records carry, one row each.

    Columns: `identifier_id, namespace, region, datasets, first_recorded_at, blocked, check_min, check_max`. The two
    checks differ where two identifiers share one id (a hash collision).
    """
    seen = evidence.where(F.col("kind").isin(*OBSERVED))
    return seen.groupBy(F.col("member_id").alias("identifier_id")).agg(
        F.max("member_namespace").alias("namespace"),
        F.max("region").alias("region"),
        F.array_sort(F.collect_set(F.when(F.col("kind") == "shared_record", F.col("rule")))).alias("datasets"),
        F.min("first_recorded_at").alias("first_recorded_at"),
        F.max("member_blocked").alias("blocked"),
        F.min("member_check").alias("check_min"),
        F.max("member_check").alias("check_max"),
    )


def repeated(evidence: DataFrame) -> DataFrame:
    """How many identifiers repeat a person who is counted already: `identifier_id, other_namespace, repeated`."""
    return evidence.where("kind = 'repetition'").select(
        F.col("member_id").alias("identifier_id"),
        F.col("member_namespace").alias("other_namespace"),
        F.col("evidence_count").alias("repeated"),
    )


def divided(evidence: DataFrame) -> DataFrame:
    """Identifiers shared by records that contradict each other, as `identifier_id`."""
    return evidence.where("kind = 'contradiction'").select(F.col("member_id").alias("identifier_id"))


def with_status(seen: DataFrame, crowded: DataFrame, apart: DataFrame) -> DataFrame:
    """`vertices` with their status, where `crowded` and `apart` (divided) are some of them, as `identifier_id`."""
    marks = {"_crowded": crowded, "_divided": apart}
    rows = seen
    for name, ids in marks.items():
        rows = rows.join(ids.withColumn(name, F.lit(True)), "identifier_id", "left")
    status = F.when(F.col("blocked"), "blocked").when(F.col("_divided"), "divided").when(F.col("_crowded"), "crowded")
    return rows.withColumn("status", F.coalesce(status, F.lit("active"))).drop(*marks)


def identifiers(found: DataFrame, placed: DataFrame, active: DataFrame, rules: RuleSet) -> DataFrame:
    """identity.identifier: the vertices `found`, with degree, status and component.

    `found` has `identifier_id, namespace, region, datasets, first_recorded_at, status`. `placed` are the
    identifiers in the graph with `component_id`, `active` the active links.
    """
    pairs = active.select("left_id", "right_id").distinct()
    ends = pairs.select(F.explode(F.array("left_id", "right_id")).alias("identifier_id"))
    degrees = ends.groupBy("identifier_id").agg(F.count(F.lit(1)).alias("degree"))
    joined = found.join(placed, "identifier_id", "left").join(degrees, "identifier_id", "left")
    return joined.select(
        "identifier_id",
        "namespace",
        "region",
        "datasets",
        "first_recorded_at",
        F.coalesce("degree", F.lit(0)).alias("degree"),
        "status",
        "component_id",
        F.lit(rules.label).alias("rule_set"),
    )
