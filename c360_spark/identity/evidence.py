"""Evidence for links between identifiers: the rows of identity.evidence.

Each identifier of a set is paired with the most trusted one of the set, its hub. So a set of n gives n - 1 pairs, never
n². A match key is one more identifier of a record and is paired with the record's own, so match keys form stars as
well. Every row comes from one set or one record alone, so a change needs only the evidence of the sets and records that
changed.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest, identifier_id, joined_list, with_key
from c360_spark.columns.normalize import by_namespace, key_part
from c360_spark.columns.pattern import fits
from c360_spark.config.rules.identity import MatchKey, Pair, RuleSet
from c360_spark.config.rules.key_part import KeyPart

TIMES = ("first_seen_at", "last_seen_at", "first_recorded_at")
SIDES = ("hub", "member")
DECISIONS = "kind string, at timestamp, expires string, " + ", ".join(
    f"{side}_{part} string" for side in SIDES for part in ("namespace", "region", "value")
)
OBSERVED = ("shared_record", "match_key")  # kinds that come from records; the others are decisions


def set_evidence(sets: DataFrame, rules: RuleSet) -> DataFrame:
    """Evidence of silver.identifier_set: each member of a set, paired with the hub of the set.

    The hub is paired with itself once, so that every identifier appears as a member. Where records that contradict each
    other may share the hub, the others are paired with the second one as well: without the hub they still are of one
    record.
    """
    rows = sets.select(
        F.col("identifier_set_id").alias("evidence_id"),
        F.lit("shared_record").alias("kind"),
        F.concat_ws(".", "source", "dataset").alias("rule"),
        # Distinct, as a record may carry one identifier twice, verified and not.
        F.array_distinct(F.transform("members", lambda m: _vertex(m, rules))).alias("members"),
        F.col("record_count").alias("evidence_count"),
        *TIMES,
    )
    return _stars(rows, rules).withColumn("member", F.explode("members")).select(*_columns())


def key_evidence(records: DataFrame, rules: RuleSet, *, secret: str) -> DataFrame:
    """Evidence of match keys in silver.profile_record: one row for each match key that a record has all parts of."""
    keys = [_key(f"match_key:{name}", match_key, rules) for name, match_key in rules.match_keys.items()]
    # Exploding first keeps the plan small: the expressions below appear in it once, not once per match key.
    rows = records.where(F.size("identifiers") > 0).select(
        F.col("bronze_id").alias("evidence_id"),
        "identifiers",
        "region",
        F.explode(F.array(*keys)).alias("key"),
        F.coalesce("updated_at", "created_at", "received_at").alias("seen_at"),
        "received_at",
    )
    complete = rows.where(F.forall("key.parts", lambda part: part.isNotNull()))
    valued = complete.withColumns({"namespace": F.col("key.namespace"), "value": joined_list(F.col("key.parts"))})
    made = identifier_id(F.col("namespace"), F.col("region"), F.col("value"))
    derived = F.struct(made.alias("identifier_id"), "namespace", "region", "value")
    own = with_key(valued, secret).select(
        "evidence_id",
        F.lit("match_key").alias("kind"),
        F.col("key.rule").alias("rule"),
        F.array_distinct(F.transform("identifiers", lambda m: _vertex(m, rules))).alias("members"),
        _vertex(derived, rules).alias("member"),
        F.lit(1).cast("long").alias("evidence_count"),
        F.col("seen_at").alias("first_seen_at"),
        F.col("seen_at").alias("last_seen_at"),
        F.col("received_at").alias("first_recorded_at"),
    )
    return _stars(own, rules, least=2).select(*_columns())


def bridge_evidence(sets: DataFrame, rules: RuleSet, *, secret: str) -> DataFrame:
    """Evidence of bridges: each identifier, paired with the same value in another region.

    The pair does not depend on whether the identifier of the other region exists.
    """
    bridges = F.array(
        *(
            F.struct(F.lit(f"bridge:{name}").alias("rule"), F.lit(space).alias("namespace"),
                     F.lit(one).alias("region"), F.lit(other).alias("other"))
            for name, bridge in rules.bridges.items()
            for space in bridge.namespaces
            for one in bridge.regions
            for other in bridge.regions
            if one != other
        )
    )  # fmt: skip
    members = F.array_distinct(F.transform("members", lambda m: m.dropFields("verified")))
    rows = sets.select("identifier_set_id", F.explode(members).alias("m"), *TIMES)
    crossed = rows.withColumn("bridge", F.explode(bridges)).where(
        "m.namespace = bridge.namespace AND m.region = bridge.region"
    )
    like = identifier_id(F.col("m.namespace"), F.col("bridge.other"), F.col("m.value"))
    other = F.struct(like.alias("identifier_id"), "m.namespace", F.col("bridge.other").alias("region"), "m.value")
    return (
        with_key(crossed, secret)
        .select(
            F.col("identifier_set_id").alias("evidence_id"),
            F.lit("bridge").alias("kind"),
            F.col("bridge.rule").alias("rule"),
            _vertex(F.col("m"), rules).alias("member"),
            _vertex(other, rules).alias("hub"),
            F.lit(1).cast("long").alias("evidence_count"),
            *TIMES,
        )
        .select(*_columns())
    )


def pair_evidence(pairs: DataFrame, rules: RuleSet) -> DataFrame:
    """Evidence of identity.pair: the strongest identifiers of two records that probably belong to one person."""
    rows = pairs.select(
        F.col("pair_id").alias("evidence_id"),
        F.lit("probabilistic").alias("kind"),
        F.concat(F.lit("model:"), "model").alias("rule"),
        F.transform("members", lambda m: _vertex(m, rules)).alias("members"),
        F.lit(1).cast("long").alias("evidence_count"),
        "probability",
        *TIMES,
    )
    starred = rows.withColumn("hub", _hub()).withColumn("member", F.explode("members"))
    return starred.where("hub.identifier_id <> member.identifier_id").select(*_columns(F.col("probability")))


def decisions(rules: RuleSet) -> list[tuple[object, ...]]:
    """The rule set's force-links and never-links as rows of DECISIONS."""
    return [_decision("manual", pair) for pair in rules.force_links] + [
        _decision("never", pair) for pair in rules.never_links
    ]


def decision_evidence(pairs: DataFrame, rules: RuleSet, *, secret: str) -> DataFrame:
    """Evidence of the force-links and never-links in `pairs`, which has rows of DECISIONS."""
    # A column of its own for each step: the normalisers of all namespaces are too long for a plan that repeats them.
    values = {f"{side}_value": _normal(side, rules) for side in SIDES}
    ends = with_key(pairs, secret).withColumns(values).withColumns({side: _named(side) for side in SIDES})
    rule = F.when(F.col("expires").isNull(), F.col("kind")).otherwise(F.concat_ws(":", "kind", "expires"))
    made = ends.select("kind", rule.alias("rule"), "at", *(_vertex(F.col(side), rules).alias(side) for side in SIDES))
    # Two spellings may be one identifier: keep the decision once, with the earliest of its dates.
    once = made.groupBy("kind", "rule", "hub", "member").agg(F.min("at").alias("at"))
    key = digest(F.col("rule"), F.col("hub.identifier_id"), F.col("member.identifier_id"))
    times = {name: F.col("at") for name in TIMES}
    return once.withColumns({"evidence_id": key, "evidence_count": F.lit(1).cast("long"), **times}).select(*_columns())


def _decision(kind: str, pair: Pair) -> tuple[object, ...]:
    at = datetime.combine(pair.added, datetime.min.time())
    named = [value for end in (pair.left, pair.right) for value in (end.namespace, end.region, end.value)]
    return (kind, at, _day(pair.expires), *named)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _normal(side: str, rules: RuleSet) -> Column:
    """The value of an identifier that the rule set names, as it is in a set."""
    return by_namespace(F.col(f"{side}_namespace"), F.col(f"{side}_value"), rules)


def _named(side: str) -> Column:
    """An identifier that the rule set names, as a struct like a member of a set; needs rows of `with_key`."""
    namespace, region, value = (F.col(f"{side}_{part}") for part in ("namespace", "region", "value"))
    return F.struct(
        identifier_id(namespace, region, value).alias("identifier_id"),
        namespace.alias("namespace"),
        region.alias("region"),
        value.alias("value"),
    )


def _vertex(member: Column, rules: RuleSet) -> Column:
    """A member of a set as a vertex of the graph, without its value."""
    return F.struct(
        member.identifier_id.alias("identifier_id"),
        member.namespace.alias("namespace"),
        member.region.alias("region"),
        F.xxhash64(member.namespace, member.region, member.value).alias("check"),
        is_blocked(member.namespace, member.value, rules).alias("blocked"),
        trust(member.namespace, rules).alias("trust"),
    )


def trust(namespace: Column, rules: RuleSet) -> Column:
    """The trust that the rule set gives to a namespace."""
    trusts = [F.lit(part) for name, space in rules.namespaces.items() for part in (name, space.trust)]
    return F.create_map(*trusts)[namespace]


def _hub() -> Column:
    """The hub of `members`: one that is not blocked, then the most trusted one, then the smallest id."""
    order = F.transform("members", lambda m: F.struct(m.blocked, -m.trust, m.identifier_id, m.alias("vertex")))
    return F.array_min(order).getField("vertex")


def _stars(rows: DataFrame, rules: RuleSet, *, least: int = 3) -> DataFrame:
    """Rows with `members` as rows with `hub` and its `members`; twice, if the hub may be divided and there are `least`.

    The second time it is the hub of the other members.
    """
    if rules.contradictions is None:
        return rows.withColumn("hub", _hub())
    first = rows.withColumn("hub", _hub())
    is_shared = F.col("hub.namespace").isin(*rules.contradictions.namespaces) & (F.size("members") >= least)
    others = F.filter("members", lambda m: m.identifier_id != F.col("hub.identifier_id"))
    second = (
        first.where(is_shared).withColumn("members", others).withColumn("hub", _hub()).withColumn("members", others)
    )
    return first.unionByName(second)


def _columns(confidence: Column | None = None) -> Sequence[Column]:
    """The columns of identity.evidence, from `hub` and `member`. The confidence is 1.0 where none is given."""
    return [
        F.col("evidence_id"),
        F.col("rule"),
        F.col("hub.identifier_id").alias("hub_id"),
        F.col("member.identifier_id").alias("member_id"),
        F.col("kind"),
        F.col("hub.namespace").alias("hub_namespace"),
        F.col("member.namespace").alias("member_namespace"),
        F.col("hub.blocked").alias("hub_blocked"),
        F.col("member.blocked").alias("member_blocked"),
        F.col("member.region").alias("region"),
        F.col("member.check").alias("member_check"),
        F.col("evidence_count"),
        (F.lit(1.0) if confidence is None else confidence).alias("confidence"),
        *(F.col(name) for name in TIMES),
    ]


def _key(rule: str, match_key: MatchKey, rules: RuleSet) -> Column:
    """A match key of a record: rule, namespace and normalised parts. A part is null where the record lacks it."""
    parts = [_part(part, rules) for part in match_key.parts]
    return F.struct(
        F.lit(rule).alias("rule"), F.lit(match_key.namespace).alias("namespace"), F.array(*parts).alias("parts")
    )


def _part(part: KeyPart, rules: RuleSet) -> Column:
    """A part of a match key; null too where it is a blocked value of the namespace that is called like its column."""
    country, name = F.col("country"), part.column.rpartition(".")[2]
    value = key_part(part, country)
    whole = key_part(part.model_copy(update={"prefix": None}), country)
    for space_name, space in rules.namespaces.items():
        if space_name.rpartition(".")[2] == name and (space.blocked_values or space.blocked_patterns):
            blocked = _matches(F.lower(whole), space.blocked_values, space.blocked_patterns)
            value = F.when(~blocked, value)
    return value


def is_blocked(namespace: Column, value: Column, rules: RuleSet) -> Column:
    """Whether the rule set blocks `value` in `namespace`. Never null for values that are not null."""
    text = F.lower(value)
    blocked = _matches(text, rules.blocked_values, rules.blocked_patterns)
    for name, space in rules.namespaces.items():
        if space.blocked_values or space.blocked_patterns:
            blocked = blocked | ((namespace == name) & _matches(text, space.blocked_values, space.blocked_patterns))
    return blocked


def _matches(text: Column, values: Iterable[str], patterns: Iterable[str]) -> Column:
    found: Column = text.isin(*(value.lower() for value in values))
    for pattern in patterns:
        found = found | fits(text, pattern, any_case=True)
    return found
