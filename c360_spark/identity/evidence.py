"""What was seen together, as pairs of identifiers.

In a set of identifiers each one is paired with the most trusted, so a set of n gives n - 1 pairs, never n². A match key
is one more identifier of a record, paired with the record's own, so composite rules are stars as well.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import identifier_id, joined_list
from c360_spark.columns.normalize import normalized
from c360_spark.config.identity import MatchKey, RuleSet
from c360_spark.identity.blocked import is_blocked

TIMES = ("first_seen_at", "last_seen_at", "first_recorded_at")


def set_pairs(sets: DataFrame, rules: RuleSet) -> DataFrame:
    """Pairs of silver.identifier_set: `hub, member, kind, rule, evidence_count, first_seen_at, last_seen_at,
    first_recorded_at`.

    `hub` and `member` are structs `identifier_id, namespace, region, check, blocked, trust`; `check` tells apart two
    identifiers that share an id. A set's hub comes once as a member of itself, so that every identifier is a member.
    """
    members = F.transform("members", lambda m: _vertex(m, rules))
    rows = sets.select(
        members.alias("members"),
        F.lit("shared_record").alias("kind"),
        F.concat_ws(".", "source", "dataset").alias("rule"),
        F.col("record_count").alias("evidence_count"),
        *TIMES,
    )
    return _star(rows)


def key_pairs(records: DataFrame, rules: RuleSet, *, secret: str) -> DataFrame:
    """Pairs of silver.profile_record by the match keys, of the same shape as `set_pairs`."""
    keys = [_key(f"match_key:{name}", match_key) for name, match_key in rules.match_keys.items()]
    # Exploding first keeps the plan small: what comes after is written once, not once a key.
    rows = records.where(F.size("identifiers") > 0).select(
        "identifiers",
        "region",
        F.explode(F.array(*keys)).alias("key"),
        F.coalesce("updated_at", "created_at", "received_at").alias("seen_at"),
        "received_at",
    )
    complete = rows.where(F.forall("key.parts", lambda part: part.isNotNull()))
    valued = complete.withColumns({"namespace": F.col("key.namespace"), "value": joined_list(F.col("key.parts"))})
    made = identifier_id(secret, F.col("namespace"), F.col("region"), F.col("value"))
    derived = F.struct(made.alias("identifier_id"), "namespace", "region", "value")
    own = valued.select(
        F.transform("identifiers", lambda m: _vertex(m, rules)).alias("members"),
        _vertex(derived, rules).alias("member"),
        "key.rule",
        "seen_at",
        "received_at",
    ).withColumn("hub", _hub())
    return own.groupBy("hub", "member", "rule").agg(
        F.lit("match_key").alias("kind"),
        F.count(F.lit(1)).alias("evidence_count"),
        F.min("seen_at").alias("first_seen_at"),
        F.max("seen_at").alias("last_seen_at"),
        F.min("received_at").alias("first_recorded_at"),
    )


def _vertex(member: Column, rules: RuleSet) -> Column:
    """A member of a set as a vertex, without its value."""
    return F.struct(
        member.identifier_id.alias("identifier_id"),
        member.namespace.alias("namespace"),
        member.region.alias("region"),
        F.xxhash64(member.namespace, member.region, member.value).alias("check"),
        is_blocked(member.namespace, member.value, rules).alias("blocked"),
        _trust(member.namespace, rules).alias("trust"),
    )


def _trust(namespace: Column, rules: RuleSet) -> Column:
    trusts = [F.lit(part) for name, space in rules.namespaces.items() for part in (name, space.trust)]
    return F.create_map(*trusts)[namespace]


def _hub() -> Column:
    """The strongest of `members`: not blocked, most trusted, smallest id."""
    order = F.transform("members", lambda m: F.struct(m.blocked, -m.trust, m.identifier_id, m.alias("vertex")))
    return F.array_min(order).getField("vertex")


def _star(rows: DataFrame) -> DataFrame:
    hubs = rows.withColumn("hub", _hub())
    return hubs.select("hub", F.explode("members").alias("member"), "kind", "rule", "evidence_count", *TIMES)


def _key(rule: str, match_key: MatchKey) -> Column:
    """The parts of a match key, normalised; null where the record lacks one."""
    parts = []
    for part in match_key.parts:
        value = normalized(part.normalize, F.col(part.column).cast("string"), F.col("country"))
        parts.append(F.substring(value, 1, part.prefix) if part.prefix else value)
    return F.struct(
        F.lit(rule).alias("rule"), F.lit(match_key.namespace).alias("namespace"), F.array(*parts).alias("parts")
    )
