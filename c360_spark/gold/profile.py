"""One profile a person: the surviving value of each attribute, and a few figures."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.activation import ProfileRules

ATTRIBUTES = (
    "given_name",
    "family_name",
    "birth_date",
    "email",
    "phone",
    "street",
    "city",
    "postcode",
    "country",
    "loyalty_tier",
    "loyalty_points",
)


def surviving(records: DataFrame, rules: ProfileRules) -> DataFrame:
    """`person_id`, the attributes and `record_count` of current profile records that have a `person_id`.

    Of the values that are not null, the source earliest in the priority list wins, then the newest record by the
    source's own clock, then the greatest bronze_id.
    """
    wins = [F.max_by(name, F.when(F.col(name).isNotNull(), _strength(rules, name))).alias(name) for name in ATTRIBUTES]
    entries = records.select(
        "person_id", F.explode("attributes").alias("name", "value"), _strength(rules, "attributes").alias("s")
    )
    maps = (
        entries.groupBy("person_id", "name")
        .agg(F.max_by("value", "s").alias("value"))
        .groupBy("person_id")
        .agg(F.map_from_entries(F.array_sort(F.collect_list(F.struct("name", "value")))).alias("attributes"))
    )
    profiles = records.groupBy("person_id").agg(*wins, F.count(F.lit(1)).alias("record_count"))
    return profiles.join(maps, "person_id", "left")


def _strength(rules: ProfileRules, attribute: str) -> Column:
    rule = rules.attributes.get(attribute)
    priority = rule.priority if rule else rules.default_priority
    written_at = F.coalesce("updated_at", "created_at", "received_at")
    return F.struct(_rank(priority).alias("rank"), written_at.alias("at"), F.col("bronze_id"))


def _rank(priority: Sequence[str]) -> Column:
    name = F.concat_ws(".", "source", "dataset")
    ranks = [F.lit(part) for i, dataset in enumerate(priority) for part in (dataset, -i)]
    return F.coalesce(F.create_map(*ranks)[name], F.lit(-len(priority)))


def order_figures(orders: DataFrame) -> DataFrame:
    """`person_id, order_count, revenue_cents, last_order_at` of current orders with a `person_id`."""
    placed = orders.where("NOT (status <=> 'cancelled')")
    return placed.groupBy("person_id").agg(
        F.count(F.lit(1)).alias("order_count"),
        F.coalesce(F.sum("total_cents"), F.lit(0)).alias("revenue_cents"),
        F.max("ordered_at").alias("last_order_at"),
    )


def event_figures(sets: DataFrame) -> DataFrame:
    """`person_id, event_count, last_event_at` of the identifier sets of event datasets with a `person_id`."""
    return sets.groupBy("person_id").agg(
        F.sum("record_count").alias("event_count"), F.max("last_seen_at").alias("last_event_at")
    )


def case_figures(cases: DataFrame) -> DataFrame:
    """`person_id, case_count` of current support cases with a `person_id`."""
    return cases.groupBy("person_id").agg(F.count(F.lit(1)).alias("case_count"))


def profiles(persons: DataFrame, attributes: DataFrame, *figures: DataFrame) -> DataFrame:
    """gold.profile: one row for each active person, also for those nothing but identifiers is known of."""
    rows = persons.where("status = 'active'").select("person_id", "region")
    for part in (attributes, *figures):
        rows = rows.join(part, "person_id", "left")
    counts = ("record_count", "order_count", "revenue_cents", "event_count", "case_count")
    return rows.fillna(0, subset=list(counts))
