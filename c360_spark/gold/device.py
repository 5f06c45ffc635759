"""Devices and cookies: the person of each, and when it was seen."""

from collections.abc import Collection

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def devices(sets: DataFrame, membership: DataFrame, namespaces: Collection[str], events: Collection[str]) -> DataFrame:
    """gold.device from silver.identifier_set.

    `membership` has the current rows of identity.membership, `namespaces` are those of devices, `events` the datasets
    (`source.dataset`) whose records are events. Identifier sets count their records, so events need not be read.
    """
    counted = F.when(F.concat_ws(".", "source", "dataset").isin(*events), F.col("record_count")).otherwise(0)
    seen = sets.select(F.explode("members").alias("m"), "first_seen_at", "last_seen_at", counted.alias("events"))
    found = seen.where(F.col("m.namespace").isin(*namespaces)).groupBy(
        F.col("m.identifier_id").alias("device_id"), F.col("m.namespace"), F.col("m.region")
    )
    made = found.agg(
        F.min("first_seen_at").alias("first_seen_at"),
        F.max("last_seen_at").alias("last_seen_at"),
        F.sum("events").alias("event_count"),
    )
    held = membership.select(F.col("identifier_id").alias("device_id"), "person_id")
    return made.join(held, "device_id", "left")
