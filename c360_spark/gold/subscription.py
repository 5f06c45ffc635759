"""Subscriptions: the person and account of each, whether it is active, and its price per month."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.record import RECORD_KEY
from c360_spark.config.rules.gold import Subscriptions
from c360_spark.gold.account import Grouping

MONTHS = 1200  # a longer period has no monthly price


def subscriptions(
    current: DataFrame,
    xref: DataFrame,
    records: DataFrame,
    settings: Subscriptions,
    grouping: Grouping,
    *,
    as_of: datetime,
) -> DataFrame:
    """gold.subscription from current rows of silver.subscription.

    `xref` is gold.person_xref, `records` is what `account_records` gives. A start or an end after `as_of` has not
    happened yet.
    """
    companies = records.groupBy(F.col("source").alias("of"), F.col("source_key").alias("account_key")).agg(
        F.min("account_id").alias("account_id")
    )
    named = current.withColumn("of", grouping.keys_of(F.col("source")))
    found = named.join(xref, [*RECORD_KEY], "left").join(companies, ["of", "account_key"], "left")
    ends_at = F.coalesce("ends_at", "cancelled_at")
    begun = F.col("started_at") <= F.lit(as_of)
    running = ends_at.isNull() | (ends_at > F.lit(as_of))
    inactive = F.coalesce(F.col("status").isin(*settings.inactive_statuses), F.lit(False))
    return found.select(
        *(*RECORD_KEY, "subscription_id", "person_id", "account_id", "product", "status"),
        "started_at",
        ends_at.alias("ends_at"),
        (begun & running & ~inactive).alias("is_active"),
        _monthly().alias("monthly_minor"),
        "currency",
    )


def _monthly() -> Column:
    """The price per month, rounded half up.

    It is exact: with at most MONTHS months, no share is near a half without being one.
    """
    months = F.when(F.col("period_months").between(1, MONTHS), F.col("period_months"))
    share = F.col("amount_minor").cast("decimal(20,0)") / months.cast("decimal(4,0)")
    return F.round(share).cast("long")
