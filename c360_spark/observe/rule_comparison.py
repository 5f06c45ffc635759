"""What another rule set would change: figures from the live and the candidate tables, and the comparison as text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def moved(live: DataFrame, candidate: DataFrame) -> DataFrame:
    """Identifiers that another rule set moves, in one row `identifiers, moved`.

    `identifiers` counts those in the live membership, `moved` those of them with another person, or none, in the
    candidate's.
    """
    now = candidate.select("identifier_id", F.col("person_id").alias("then"))
    joined = live.join(now, "identifier_id", "left")
    other = ~F.col("person_id").eqNullSafe(F.col("then"))
    return joined.agg(F.count(F.lit(1)).alias("identifiers"), F.count(F.when(other, 1)).alias("moved"))


def link_changes(live: DataFrame, candidate: DataFrame) -> DataFrame:
    """Links that are active under one rule set only, from identity.link: `rule, gained, lost`."""
    keys = ["left_id", "right_id", "rule"]
    one, other = (frame.where("status = 'active'").select(*keys) for frame in (live, candidate))
    both = one.withColumn("_live", F.lit(True)).join(other.withColumn("_candidate", F.lit(True)), keys, "full")
    counted = both.groupBy("rule").agg(
        F.count(F.when(F.col("_live").isNull(), 1)).alias("gained"),
        F.count(F.when(F.col("_candidate").isNull(), 1)).alias("lost"),
    )
    return counted.where("gained > 0 OR lost > 0").orderBy("rule")


def table_changes(live: DataFrame, candidate: DataFrame, key: Sequence[str], values: Sequence[str]) -> DataFrame:
    """Differences of a table between two rule sets, in one row `live, candidate, changed`.

    `live` and `candidate` count the rows, `changed` the keys that only one table has or for which any of the `values`
    differs.
    """
    row = F.to_json(F.struct(*values))  # maps cannot be compared, and their order means nothing
    one, other = live.select(*key, row.alias("live")), candidate.select(*key, row.alias("candidate"))
    both = one.join(other, [*key], "full")
    return both.agg(
        F.count("live").alias("live"),
        F.count("candidate").alias("candidate"),
        F.count(F.when(~F.col("live").eqNullSafe(F.col("candidate")), 1)).alias("changed"),
    )


def inside(past: DataFrame, pending: DataFrame, audience: str) -> DataFrame:
    """`person_id` of the members of an audience.

    `past` has rows of gold.audience_member, `pending` the rows to be merged into them.
    """
    known, told = (rows.where(F.col("audience") == audience) for rows in (past, pending))
    kept = known.join(told, ["person_id", "entered_at"], "left_anti").unionByName(told)
    return kept.where("exited_at IS NULL").select("person_id")


def audience_changes(live: DataFrame, candidate: DataFrame) -> DataFrame:
    """Members of an audience by each rule set, in one row `live, candidate, entering, leaving`.

    Both frames have `person_id`.
    """
    both = _both(live, candidate, F.lit(True))
    return both.agg(
        F.count("live").alias("live"),
        F.count("candidate").alias("candidate"),
        F.count(F.when(F.col("live").isNull(), 1)).alias("entering"),
        F.count(F.when(F.col("candidate").isNull(), 1)).alias("leaving"),
    )


def export_changes(live: DataFrame, candidate: DataFrame) -> DataFrame:
    """Changes to send to a destination when the rule set changes: one row `live, candidate, add, update, remove`.

    Both frames have `person_id, payload_hash` of what the destination holds by one rule set.
    """
    both = _both(live, candidate, F.col("payload_hash"))
    return both.agg(
        F.count("live").alias("live"),
        F.count("candidate").alias("candidate"),
        F.count(F.when(F.col("live").isNull(), 1)).alias("add"),
        F.count(F.when(F.col("live") != F.col("candidate"), 1)).alias("update"),
        F.count(F.when(F.col("candidate").isNull(), 1)).alias("remove"),
    )


def _both(live: DataFrame, candidate: DataFrame, value: Column) -> DataFrame:
    one, other = live.select("person_id", value.alias("live")), candidate.select("person_id", value.alias("candidate"))
    return one.join(other, "person_id", "full")


def held(membership: DataFrame, identifiers: DataFrame) -> DataFrame:
    """`namespace, most`: the most identifiers of each namespace that one person has."""
    spaces = identifiers.select("identifier_id", "namespace")
    counted = membership.join(spaces, "identifier_id").groupBy("person_id", "namespace").count()
    return counted.groupBy("namespace").agg(F.max("count").alias("most"))


Figures = Mapping[str, Any]


def as_text(figures: Figures) -> str:
    """The comparison as text, one line for each kind of change."""
    return "\n".join(_lines(figures))


def _lines(figures: Figures) -> Iterator[str]:
    live, candidate = (figures["persons"][side] for side in ("live", "candidate"))
    yield f"rule set {figures['live']} → {figures['candidate']}"
    for word in ("persons", "largest", "alone"):
        yield f"  {WORDS[word]:<32} {live[word]:>9,} → {candidate[word]:,}"
    share = f"of {figures['identifiers']:,} ({figures['moved_share']:.2%})"
    yield f"  identifiers with another person  {figures['moved']:>9,} {share}"
    yield "persons " + (", ".join(f"{kind} {n:,}" for kind, n in sorted(figures["changes"].items())) or "unchanged")
    for link in figures["links"]:
        yield f"links by {link['rule']}: {link['gained']:,} gained, {link['lost']:,} lost"
    for table in figures["tables"]:
        yield f"{table['table']}: {table['live']:,} → {table['candidate']:,} rows, {table['changed']:,} differ"
    for audience in figures["audiences"]:
        yield (
            f"audience {audience['audience']}: {audience['live']:,} → {audience['candidate']:,}, "
            f"{audience['entering']:,} entering, {audience['leaving']:,} leaving"
        )
    for sent in figures["exports"]:
        yield (
            f"destination {sent['destination']} ({sent['audience']}): {sent['live']:,} → {sent['candidate']:,} sent, "
            f"{sent['add']:,} to add, {sent['update']:,} to update, {sent['remove']:,} to remove"
        )


WORDS = {"persons": "persons", "largest": "identifiers of the largest", "alone": "persons of one identifier"}
