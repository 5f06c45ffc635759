"""Membership history (a slowly changing dimension) and the change log: the differences between two partitions."""

from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest


def differences(current: DataFrame, found: DataFrame) -> DataFrame:
    """Identifiers whose person or component changed.

    Columns: `identifier_id, from_person_id, from_component_id, from_run, from_at, to_person_id, to_component_id`. The
    `from` columns are null for a new identifier, the `to` columns for a removed one. `current` has the current rows of
    identity.membership (valid_to_run is null), `found` the new members.
    """
    old = current.select(
        "identifier_id",
        F.col("person_id").alias("from_person_id"),
        F.col("component_id").alias("from_component_id"),
        F.col("valid_from_run").alias("from_run"),
        F.col("valid_from_at").alias("from_at"),
    )
    new = found.select(
        "identifier_id",
        F.col("person_id").alias("to_person_id"),
        F.col("component_id").alias("to_component_id"),
    )
    joined = old.join(new, "identifier_id", "full")
    return joined.where("NOT (from_person_id <=> to_person_id) OR NOT (from_component_id <=> to_component_id)")


def membership_rows(differences: DataFrame, *, run_id: str, as_of: datetime) -> DataFrame:
    """Rows to upsert into identity.membership: closed ones and new ones.

    A change within one run, such as a repeated run with more data, rewrites the row instead of closing it.
    """
    moved = ~F.col("from_person_id").eqNullSafe(F.col("to_person_id"))
    rewrite = (F.col("from_run") == run_id) & F.col("to_person_id").isNotNull()
    closed = differences.where(moved & F.col("from_person_id").isNotNull() & ~rewrite).select(
        "identifier_id",
        F.col("from_component_id").alias("component_id"),
        F.col("from_person_id").alias("person_id"),
        F.col("from_run").alias("valid_from_run"),
        F.lit(run_id).alias("valid_to_run"),
        F.col("from_at").alias("valid_from_at"),
        F.lit(as_of).alias("valid_to_at"),
    )
    opened = differences.where("to_person_id IS NOT NULL").select(
        "identifier_id",
        F.col("to_component_id").alias("component_id"),
        F.col("to_person_id").alias("person_id"),
        F.when(moved, F.lit(run_id)).otherwise(F.col("from_run")).alias("valid_from_run"),
        F.lit(None).cast("string").alias("valid_to_run"),
        F.when(moved, F.lit(as_of)).otherwise(F.col("from_at")).alias("valid_from_at"),
        F.lit(None).cast("timestamp").alias("valid_to_at"),
    )
    return closed.unionByName(opened)


def redirects(membership: DataFrame) -> DataFrame:
    """Redirects from every person id that ever existed to the current persons: `person_id, today_id, identifier_count`.

    `today_id` holds identifiers that `person_id` had, `identifier_count` of them. `membership` is all of
    identity.membership. A person that was split redirects to several persons, and to itself if it still exists. A
    person whose identifiers are all gone has no row.
    """
    today = membership.where("valid_to_run IS NULL").select("identifier_id", F.col("person_id").alias("today_id"))
    ever = membership.select("identifier_id", "person_id").distinct()
    return (
        ever.join(today, "identifier_id")
        .groupBy("person_id", "today_id")
        .agg(F.count(F.lit(1)).alias("identifier_count"))
    )


# Which of several causes is recorded, the first one first: for changes that join persons, and for all others.
JOINING, PARTING = (
    ("data", "manual", "rule", "erasure", "expiry"),
    ("erasure", "expiry", "manual", "rule", "data"),
)


def with_causes(differences: DataFrame, reasons: DataFrame, current: DataFrame, found: DataFrame) -> DataFrame:
    """`differences` with `causes`: all causes in the components that an identifier is or was in.

    `reasons` has `identifier_id, cause`.
    """
    members = (frame.select("identifier_id", "component_id") for frame in (current, found))
    placed = reduce(DataFrame.unionByName, members).distinct()
    causes = reasons.join(placed, "identifier_id").groupBy("component_id").agg(F.collect_set("cause").alias("causes"))
    old, new = causes.toDF("from_component_id", "from_causes"), causes.toDF("to_component_id", "to_causes")
    joined = differences.join(old, "from_component_id", "left").join(new, "to_component_id", "left")
    both = (F.coalesce(f"{side}_causes", F.array().cast("array<string>")) for side in ("from", "to"))
    return joined.withColumn("causes", F.array_union(*both)).drop("from_causes", "to_causes")


def changes(
    differences: DataFrame,
    current: DataFrame,
    found: DataFrame,
    *,
    run_id: str,
    as_of: datetime,
    rule_set: str,
    default_cause: str = "data",
) -> DataFrame:
    """Change log of the run (identity.change): one row for each pair of persons between which identifiers moved.

    Of several `causes`, a created or merged person records the first one in JOINING, any other kind the first in
    PARTING.

    created: a person made of new identifiers · merged: all of a person went to one that existed · split: a new person
    made of a part of an old one · moved: both persons existed and both remain · retired: nothing is left of the person.
    """
    moves = differences.where("NOT (from_person_id <=> to_person_id)")
    pairs = moves.groupBy("from_person_id", "to_person_id").agg(
        F.count(F.lit(1)).alias("identifier_count"), F.flatten(F.collect_set("causes")).alias("causes")
    )
    before = current.select(F.col("person_id").alias("to_person_id")).distinct().withColumn("to_existed", F.lit(True))
    after = found.select(F.col("person_id").alias("from_person_id")).distinct().withColumn("from_remains", F.lit(True))
    known = pairs.join(before, "to_person_id", "left").join(after, "from_person_id", "left")
    kind = (
        F.when(F.col("to_person_id").isNull(), F.when(F.col("from_remains").isNull(), "retired"))
        .when(F.col("from_person_id").isNull(), F.when(F.col("to_existed").isNull(), "created"))
        .when(F.col("to_existed").isNull(), "split")
        .when(F.col("from_remains").isNull(), "merged")
        .otherwise("moved")
    )
    told = known.withColumn("kind", kind).where("kind IS NOT NULL")
    change_id = F.substring(digest(F.lit(run_id), F.col("kind"), F.col("from_person_id"), F.col("to_person_id")), 1, 32)
    return told.select(
        change_id.alias("change_id"),
        F.lit(run_id).alias("run_id"),
        "kind",
        _cause(default_cause).alias("cause"),
        "from_person_id",
        "to_person_id",
        "identifier_count",
        F.lit(as_of).alias("occurred_at"),
        F.lit(rule_set).alias("rule_set"),
    )


def _cause(default: str) -> Column:
    first = (F.coalesce(*(F.when(F.array_contains("causes", c), c) for c in order)) for order in (JOINING, PARTING))
    joining, parting = first
    return F.coalesce(F.when(F.col("kind").isin("created", "merged"), joining).otherwise(parting), F.lit(default))
