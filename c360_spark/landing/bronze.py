"""Builds bronze rows: the delivered text with its id and provenance."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest
from c360_spark.tables import bronze


def bronze_records(rows: DataFrame, *, source: str, dataset: str, as_of: datetime) -> DataFrame:
    """Rows of `bronze.<source>_<dataset>` from delivered rows (columns of `records.DELIVERED`).

    `received_at` differs by one microsecond per file of a run, in the order of their paths, so that among several daily
    extracts landed together the last one is the newest.
    """
    identity = digest(F.lit(source), F.lit(dataset), F.col("delivery_id"), F.col("position"))
    received_at = F.timestamp_micros(F.unix_micros(F.lit(as_of)) + F.col("delivery_no"))
    return rows.select(
        F.substring(identity, 1, 32).alias("bronze_id"),
        F.lit(source).alias("source"),
        F.lit(dataset).alias("dataset"),
        "delivery_id",
        "position",
        "payload",
        F.substring(F.sha2("payload", 256), 1, 32).alias("payload_hash"),
        "header",
        received_at.alias("received_at"),
        F.to_date(received_at).alias("received_date"),
    ).select(*bronze(source, dataset).column_names)
