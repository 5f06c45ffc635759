"""One profile a person: the surviving value of each attribute, and a few figures."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.survivorship import ATTRIBUTES, ENTRIES, ENTRY


def surviving(attributes: DataFrame) -> DataFrame:
    """`person_id` and the attributes of gold.profile, from gold.profile_attribute: the values of rank 1."""
    entry = F.when(
        F.col("attribute").startswith(ENTRY),
        F.struct(F.expr(f"substr(attribute, {len(ENTRY) + 1})"), "attribute_value"),
    )
    winners = (
        attributes.where("rank = 1")
        .groupBy("person_id")
        .agg(
            F.map_from_entries(F.collect_list(F.struct("attribute", "attribute_value"))).alias("values"),
            F.array_sort(F.collect_list(entry)).alias("entries"),
        )
    )
    types = {column.name: column.type for column in tables.PROFILE.columns}
    return winners.select(
        "person_id",
        *(F.col("values")[name].cast(types[name]).alias(name) for name in ATTRIBUTES),
        F.when(F.size("entries") > 0, F.map_from_entries("entries")).alias(ENTRIES),
    )


def record_figures(records: DataFrame) -> DataFrame:
    """`person_id, record_count` of current profile records with a `person_id`."""
    return records.groupBy("person_id").agg(F.count(F.lit(1)).alias("record_count"))


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
