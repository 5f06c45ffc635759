"""Golden records: one profile per person, with the surviving value of each attribute and a few figures."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.rules.survivorship import ATTRIBUTES, ENTRIES, ENTRY
from c360_spark.gold.metric import exact_sum


def surviving(attributes: DataFrame) -> DataFrame:
    """`person_id` and the attributes of gold.profile: the values of rank 1 in gold.profile_attribute."""
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
    """Figures of each person from `owned_records`, whose `record` is the name of their silver table.

    Columns: `person_id, record_count, order_count, revenue_minor, unpriced_order_count, last_order_at, case_count,
    is_deleted`. Amounts are added within one currency only. A person `is_deleted` who has profile records and whose
    records are all deleted.
    """
    there, of_customer = ~F.col("is_deleted"), F.col("record") == tables.PROFILE_RECORD.name
    profile, case = there & of_customer, there & (F.col("record") == tables.SUPPORT_CASE.name)
    placed = there & (F.col("record") == tables.ORDER.name) & ~F.col("status").eqNullSafe("cancelled")
    priced = placed & F.col("currency").isNotNull() & F.col("total_minor").isNotNull()
    of_currency = records.groupBy("person_id", F.when(priced, F.col("currency")).alias("currency")).agg(
        F.count_if(profile).alias("record_count"),
        F.count_if(placed).alias("order_count"),
        F.count_if(placed & ~priced).alias("unpriced_order_count"),
        exact_sum(F.when(priced, F.col("total_minor"))).alias("total_minor"),
        F.max(F.when(placed, F.col("ordered_at"))).alias("last_order_at"),
        F.count_if(case).alias("case_count"),
        F.bool_and("is_deleted").alias("is_deleted"),
        F.bool_or(of_customer).alias("of_customer"),
    )
    amount = F.when(F.col("currency").isNotNull(), F.struct("currency", "total_minor"))
    counts = ("record_count", "order_count", "unpriced_order_count", "case_count")
    return of_currency.groupBy("person_id").agg(
        *(F.sum(name).alias(name) for name in counts),
        F.map_from_entries(F.array_sort(F.collect_list(amount))).alias("revenue_minor"),
        F.max("last_order_at").alias("last_order_at"),
        (F.bool_and("is_deleted") & F.bool_or("of_customer")).alias("is_deleted"),
    )


def event_figures(sets: DataFrame) -> DataFrame:
    """Event figures of each person: `person_id, event_count, last_event_at`.

    `sets` are the identifier sets of event datasets, with a `person_id`.
    """
    return sets.groupBy("person_id").agg(
        F.sum("record_count").alias("event_count"), F.max("last_seen_at").alias("last_event_at")
    )


def profiles(persons: DataFrame, attributes: DataFrame, *figures: DataFrame) -> DataFrame:
    """gold.profile: one row for each active person, also for a person who has nothing but identifiers.

    A person whose records were all deleted in their sources and who has no events has no row.
    """
    rows = persons.where("status = 'active'").select("person_id", "region")
    for part in (attributes, *figures):
        rows = rows.join(part, "person_id", "left")
    counts = ("record_count", "order_count", "unpriced_order_count", "event_count", "case_count")
    none = F.create_map().cast("map<string,bigint>")
    deleted = F.col("is_deleted") & F.col("event_count").isNull()
    kept = rows.where(~F.coalesce(deleted, F.lit(False))).drop("is_deleted").fillna(0, subset=list(counts))
    return kept.withColumn("revenue_minor", F.coalesce("revenue_minor", none))
