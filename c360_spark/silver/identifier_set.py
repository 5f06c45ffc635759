"""Identifier sets: identifiers that occur together in records. A million page views of one cookie are one row."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.record import arrival
from c360_spark.tables import Table

SEEN_AT = {
    "profile_record": "coalesce(updated_at, created_at, received_at)",
    "event": "occurred_at",
    "order": "ordered_at",
    "order_line": "coalesce(ordered_at, received_at)",
    "support_case": "opened_at",
    "consent": "effective_from",
    "cdp_profile": "received_at",
    "account": "coalesce(updated_at, created_at, received_at)",
    "subscription": "coalesce(updated_at, created_at, least(started_at, received_at))",  # it may begin in the future
}
CARRIES = ("identifier_set_id", "source", "dataset", "region", "identifiers", "received_at", "position", "bronze_id")


def carriers(table: Table, rows: DataFrame) -> DataFrame:
    """Rows of a canonical table that carry identifiers, with `seen_at` by the source's clock.

    A table without `identifier_set_id` gives no rows: its identifiers are compared with ours, and are not evidence.
    """
    if "identifier_set_id" not in table.column_names:
        rows = rows.withColumn("identifier_set_id", F.lit(None).cast("string"))
    if table.name == "order_line":  # lines of an order repeat the identifiers of the order's own row
        rows = rows.where("line_no = 1")
    # A contract need not give the times that a table leaves optional.
    absent = {c.name: F.lit(None).cast(c.type) for c in table.columns if c.name not in rows.columns}
    found = rows.withColumns(absent).where("identifier_set_id IS NOT NULL")
    return found.select(*CARRIES, F.expr(SEEN_AT[table.name]).alias("seen_at"))


def identifier_sets(rows: DataFrame) -> DataFrame:
    """silver.identifier_set from `carriers`: one row per set."""
    return rows.groupBy("identifier_set_id").agg(
        F.max("source").alias("source"),
        F.max("dataset").alias("dataset"),
        F.max("region").alias("region"),
        F.max("identifiers").alias("members"),  # equal in all rows of a set
        F.count(F.lit(1)).alias("record_count"),
        F.min("seen_at").alias("first_seen_at"),
        F.max("seen_at").alias("last_seen_at"),
        F.min("received_at").alias("first_recorded_at"),
        F.min_by("bronze_id", arrival()).alias("sample_bronze_id"),
    )
