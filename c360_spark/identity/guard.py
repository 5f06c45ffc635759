"""Guards before the graph: links that must not connect, each with its reason.

blocked:<namespace>   an end is a worthless value
expired:<namespace>   not seen for longer than the namespace's window; expired:<kind> for a decision that has run out
never                 a never-link: evidence of the contrary
crowded:<namespace>   an end is shared by too many
uncertain             the model is not sure enough: a person has to decide
"""

from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.rules.identity import RuleSet
from c360_spark.identity.evidence import OBSERVED, trust

# Reasons given here begin so; others are given within a component.
BEFORE = "blocked:|expired:|crowded:|never|uncertain"


def in_graph() -> Column:
    """Whether a row of identity.link takes part in components: no guard here took it out."""
    return F.col("reason").isNull() | ~F.col("reason").rlike(f"^({BEFORE})")


def expiry(rules: RuleSet, *, as_of: datetime) -> Column:
    """`expired:…` for a link whose time is over at `as_of`, else null."""
    until = F.to_timestamp(F.regexp_extract("rule", r":(\d{4}-\d\d-\d\d)$", 1))
    over = F.when(F.col("kind").isin("manual", "never") & (until <= F.lit(as_of)), F.concat(F.lit("expired:"), "kind"))
    for name, bridge in rules.bridges.items():
        if datetime.combine(bridge.expires, datetime.min.time()) <= as_of:
            over = over.when(F.col("rule") == f"bridge:{name}", "expired:bridge")
    for name, space in rules.namespaces.items():
        if space.expires_after_days:
            ends = (F.col("left_namespace") == name) | (F.col("right_namespace") == name)
            late = F.col("last_seen_at") < F.lit(as_of - timedelta(days=space.expires_after_days))
            over = over.when(F.col("kind").isin(*OBSERVED) & ends & late, f"expired:{name}")
    return over


def crowds(timely: DataFrame, rules: RuleSet) -> DataFrame:
    """Identifiers linked to more identifiers of one more trusted namespace than their crowd limit: `identifier_id`.

    `timely` are links neither blocked nor expired. Namespaces are counted apart: an e-mail of one customer, one account
    and one loyalty card is not shared.
    """
    limits = [F.lit(x) for name, s in rules.namespaces.items() if s.crowd_limit for x in (name, s.crowd_limit)]
    if not limits:
        return timely.select(F.col("left_id").alias("identifier_id")).limit(0)
    both = F.array(
        F.struct(*_end("left", "identifier"), *_end("right", "other")),
        F.struct(*_end("right", "identifier"), *_end("left", "other")),
    )
    ends = timely.where(F.col("kind").isin(*OBSERVED)).select(F.explode(both).alias("end")).select("end.*")
    stronger = ends.where(trust(F.col("other_namespace"), rules) > trust(F.col("identifier_namespace"), rules))
    counted = stronger.groupBy("identifier_id", "identifier_namespace", "other_namespace").agg(
        F.countDistinct("other_id").alias("others")
    )
    crowd_limit = F.create_map(*limits)[F.col("identifier_namespace")]
    return counted.where(F.col("others") > crowd_limit).select("identifier_id").distinct()


def _end(side: str, name: str) -> tuple[Column, Column]:
    return F.col(f"{side}_id").alias(f"{name}_id"), F.col(f"{side}_namespace").alias(f"{name}_namespace")


def guarded(links: DataFrame, ends: DataFrame, rules: RuleSet) -> DataFrame:
    """Links between identifiers that exist, with the `reason` a guard here has against them, or null.

    `links` have `blocked_by` and `expired_by`; `ends` (`identifier_id, is_crowded`) all identifiers that may be.
    """
    left = ends.toDF("left_id", "left_crowded")
    right = ends.toDF("right_id", "right_crowded")
    attach_at = rules.probabilistic.attach_at if rules.probabilistic else 1.0
    reason = (
        F.when(F.col("blocked_by").isNotNull(), F.concat(F.lit("blocked:"), "blocked_by"))
        .when(F.col("expired_by").isNotNull(), F.col("expired_by"))
        .when(F.col("kind") == "never", "never")
        .when(F.col("left_crowded"), F.concat(F.lit("crowded:"), "left_namespace"))
        .when(F.col("right_crowded"), F.concat(F.lit("crowded:"), "right_namespace"))
        .when((F.col("kind") == "probabilistic") & (F.col("confidence") < attach_at), "uncertain")
    )
    joined = links.join(left, "left_id").join(right, "right_id").withColumn("reason", reason)
    return joined.drop("blocked_by", "expired_by", "left_crowded", "right_crowded")
