"""Guards before the graph: links that must not connect identifiers, each with its reason.

blocked:<namespace>   an end is a blocked value
expired:<namespace>   not seen for longer than the namespace allows; expired:<kind> for a decision that has expired
never                 a never-link: evidence that two identifiers belong to different persons
crowded:<namespace>   an end is linked to too many identifiers of a more trusted namespace
contradiction:<namespace>   an end is shared by records that contradict each other on name and birth date
uncertain             the model is not sure enough: a person has to decide
"""

from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.rules.identity import RuleSet
from c360_spark.identity.evidence import OBSERVED, trust

# Prefixes of the reasons given here. limit.py gives the others, within a component.
BEFORE = "blocked:|expired:|crowded:|contradiction:|never|uncertain"
# Why a link of the model waits for a person to decide.
UNDECIDED = ("uncertain", "limit:mean", "limit:known")
# Why an identifier of such a status links nobody.
SHARED = {"crowded": "crowded", "divided": "contradiction"}


def in_graph() -> Column:
    """Whether a row of identity.link takes part in connected components: no guard before the graph took it out."""
    return F.col("reason").isNull() | ~F.col("reason").rlike(f"^({BEFORE})")


def expiry(rules: RuleSet, *, as_of: datetime) -> Column:
    """`expired:…` for a link that has expired at `as_of`, else null."""
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


def crowds(timely: DataFrame, repeated: DataFrame, rules: RuleSet) -> DataFrame:
    """Crowded identifiers, as `identifier_id`.

    A crowded identifier is linked to more identifiers of one more trusted namespace than the `crowd_limit` of its own
    namespace. `timely` has the links that are neither blocked nor expired. More trusted namespaces are counted
    separately: an e-mail address with one customer id, one account and one loyalty card is not crowded. Records that
    agree on name and birth date count as one: `repeated` has the identifiers to leave out, as
    `identifier_id, other_namespace, repeated`.
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
    counted = counted.join(repeated, ["identifier_id", "other_namespace"], "left")
    crowd_limit = F.create_map(*limits)[F.col("identifier_namespace")]
    others = F.col("others") - F.coalesce("repeated", F.lit(0))
    return counted.where(others > crowd_limit).select("identifier_id").distinct()


def _end(side: str, name: str) -> tuple[Column, Column]:
    return F.col(f"{side}_id").alias(f"{name}_id"), F.col(f"{side}_namespace").alias(f"{name}_namespace")


def guarded(links: DataFrame, ends: DataFrame, rules: RuleSet) -> DataFrame:
    """Links between existing identifiers, each with the `reason` why a guard takes it out, or null.

    `links` have `blocked_by` and `expired_by`; `ends` (`identifier_id, status`) are all identifiers that exist.
    """
    left = ends.toDF("left_id", "left_status")
    right = ends.toDF("right_id", "right_status")
    attach_at = rules.probabilistic.attach_at if rules.probabilistic else 1.0
    reason = (
        F.when(F.col("blocked_by").isNotNull(), F.concat(F.lit("blocked:"), "blocked_by"))
        .when(F.col("expired_by").isNotNull(), F.col("expired_by"))
        .when(F.col("kind") == "never", "never")
        .when(F.col("left_status").isin(*SHARED), _shared("left"))
        .when(F.col("right_status").isin(*SHARED), _shared("right"))
        .when((F.col("kind") == "probabilistic") & (F.col("confidence") < attach_at), "uncertain")
    )
    joined = links.join(left, "left_id").join(right, "right_id").withColumn("reason", reason)
    return joined.drop("blocked_by", "expired_by", "left_status", "right_status")


def _shared(side: str) -> Column:
    said = F.create_map(*(F.lit(part) for pair in SHARED.items() for part in pair))
    return F.concat_ws(":", said[F.col(f"{side}_status")], F.col(f"{side}_namespace"))
