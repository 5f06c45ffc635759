"""Ownership of records: the person of each identifier set. Every record carries the key of its set."""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from c360_spark.columns.record import RECORD_KEY, is_gone, newest, newest_said, said_at
from c360_spark.config.rules.identity import RuleSet

FIGURES = ("status", "total_minor", "currency", "ordered_at")  # of the records that have them


def owners(sets: DataFrame, membership: DataFrame, rules: RuleSet) -> DataFrame:
    """The owner of each identifier set: `identifier_set_id, person_id`.

    That is the person of the most trusted identifier that belongs to a person. Sets of only blocked or crowded
    identifiers have no owner. `membership` has the current rows of identity.membership.
    """
    placed = _members(sets, rules).join(membership.select("identifier_id", "person_id"), "identifier_id")
    return placed.groupBy("identifier_set_id").agg(F.min_by("person_id", _strongest()).alias("person_id"))


def owner_history(sets: DataFrame, membership: DataFrame, rules: RuleSet) -> DataFrame:
    """Each change of owner of each identifier set.

    Columns: `identifier_set_id, at, run_id, from_person_id, person_id, namespace`. The first row of a set has its first
    owner, from none; later the set may have no owner again. `namespace` is that of the deciding identifier.
    `membership` is all of identity.membership, `at` the as-of time of a run.
    """
    spans = _members(sets, rules).join(membership.drop("component_id"), "identifier_id")
    moments = (
        spans.select("identifier_set_id", F.explode(F.array(_run("from"), _run("to"))).alias("run"))
        .where("run.at IS NOT NULL")
        .groupBy("identifier_set_id", "run.at")
        .agg(F.max("run.run_id").alias("run_id"))
    )
    held = F.expr("valid_from_at <= at AND (valid_to_at IS NULL OR valid_to_at > at)")
    owner = F.min_by(F.struct("person_id", "namespace"), F.when(held, _strongest())).alias("owner")
    owned = moments.join(spans, "identifier_set_id").groupBy("identifier_set_id", "at", "run_id").agg(owner)
    before = F.lag("owner.person_id").over(Window.partitionBy("identifier_set_id").orderBy("at"))
    told = owned.select("identifier_set_id", "at", "run_id", before.alias("from_person_id"), "owner.*")
    return told.where("NOT (from_person_id <=> person_id)")


def _members(sets: DataFrame, rules: RuleSet) -> DataFrame:
    """`identifier_set_id, identifier_id, namespace, rank` of all members; more trust gives a smaller rank."""
    trusts = [F.lit(part) for name, space in rules.namespaces.items() for part in (name, -space.trust)]
    rank = F.create_map(*trusts)[F.col("member.namespace")]
    exploded = sets.select("identifier_set_id", F.explode("members").alias("member"))
    return exploded.select("identifier_set_id", "member.identifier_id", "member.namespace", rank.alias("rank"))


def _strongest() -> Column:
    return F.struct("rank", "identifier_id")


def _run(end: str) -> Column:
    return F.struct(F.col(f"valid_{end}_at").alias("at"), F.col(f"valid_{end}_run").alias("run_id"))


def narrowed(versions: Mapping[str, DataFrame]) -> DataFrame:
    """Versions from several silver tables, given by name, as one frame.

    Columns: `record` (that name), `source, dataset, source_key, identifier_set_id`, the columns that decide which
    version is current, and FIGURES where any of the tables has them.
    """
    parts = (
        rows.select(
            *(F.lit(name).alias("record"), *RECORD_KEY, "identifier_set_id", "received_at", "position", "is_deleted"),
            "unsaid",
            said_at(rows.columns).alias("updated_at"),
            *(figure for figure in FIGURES if figure in rows.columns),
        )
        for name, rows in versions.items()
    )
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts)


def owned_records(narrowed: DataFrame, owners: DataFrame) -> DataFrame:
    """Current records that have an owner; a deleted record as it was before its deletion.

    Columns: `record, source, dataset, source_key, is_deleted, person_id` and FIGURES. `narrowed` has all versions of
    these records.
    """
    columns, figures = narrowed.columns, [figure for figure in FIGURES if figure in narrowed.columns]
    said = (newest_said(name, columns).alias(name) for name in figures)
    found = narrowed.groupBy("record", *RECORD_KEY).agg(
        newest("identifier_set_id", columns).alias("identifier_set_id"), is_gone().alias("is_deleted"), *said
    )
    return (
        found.select("record", *RECORD_KEY, "is_deleted", "identifier_set_id", *figures)
        .join(owners, "identifier_set_id")
        .drop("identifier_set_id")
    )


def person_xref(records: DataFrame) -> DataFrame:
    """gold.person_xref of `owned_records`."""
    return records.where("NOT is_deleted").select(*RECORD_KEY, "person_id")
