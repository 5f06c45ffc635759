"""The identifiers that a record carries, normalised by namespace and keyed by region, and sets that occur together."""

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import INNER, OUTER, digest, identifier_id, with_key
from c360_spark.columns.record import arrival
from c360_spark.config import Contract, Field
from c360_spark.config.rules.identity import RuleSet
from c360_spark.silver.parse import text
from c360_spark.silver.spelled import normal
from c360_spark.tables import MEMBERS, Table


def with_identifiers(rows: DataFrame, contract: Contract, rules: RuleSet, *, secret: str) -> DataFrame:
    """Rows with `identifiers`: an array of type silver.MEMBERS, distinct and sorted by identifier_id.

    `rows` are rows of `with_normal` with `region` and `country`.
    """
    found = list(_values(contract, rules))
    # Values first, in columns of their own: each is used several times below and normalised only once.
    columns = {f"_value_{i}": value for i, (_, value, _) in enumerate(found)}
    members = [
        _member(namespace, F.col(f"_value_{i}"), verified=verified) for i, (namespace, _, verified) in enumerate(found)
    ]
    made = F.array_sort(F.array_distinct(F.array_compact(F.array(*members)))) if members else F.array().cast(MEMBERS)
    keyed = with_key(rows.withColumns(columns), secret)
    return keyed.withColumn("identifiers", made).drop(*columns, INNER, OUTER)


def _values(contract: Contract, rules: RuleSet) -> Iterator[tuple[str, Column, bool]]:
    """Namespace, normalised value and whether it is verified, for each use of a property as identifier."""
    for field, use in contract.uses:
        if use.namespace:
            yield use.namespace, _value(contract, field, use.namespace, rules), use.verified
        if use.namespace_from:
            kind = next(text(f) for f in contract.fields if f.name == use.namespace_from)
            for name, namespace in use.namespaces.items():
                yield namespace, F.when(kind == name, _value(contract, field, namespace, rules)), use.verified


def _value(contract: Contract, field: Field, namespace: str, rules: RuleSet) -> Column:
    rule = rules.namespaces[namespace].normalize
    return normal(contract, field, rule, delivered=True)


def _member(namespace: str, value: Column, *, verified: bool) -> Column:
    """One member of silver.MEMBERS in the row's `region`; null where the value is not usable."""
    return F.when(
        value.isNotNull(),
        F.struct(
            identifier_id(F.lit(namespace), F.col("region"), value).alias("identifier_id"),
            F.lit(namespace).alias("namespace"),
            F.col("region").alias("region"),
            value.alias("value"),
            F.lit(verified).alias("verified"),
        ),
    )


def identifier_set_id() -> Column:
    """Key of the row's `identifiers` within its dataset; null where the row carries none."""
    ids = F.transform("identifiers", lambda m: F.concat_ws(":", m.identifier_id, m.verified))
    key = F.substring(digest(F.col("source"), F.col("dataset"), F.array_join(ids, " ")), 1, 32)
    return F.when(F.size("identifiers") > 0, key)


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
