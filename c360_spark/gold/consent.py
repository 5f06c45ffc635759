"""Consent of a person: the most restrictive of the latest statements of the person's identifier sets."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

RESTRICTION = {"granted": 0, "withdrawn": 1, "denied": 2}


def consent_state(statements: DataFrame, *, as_of: datetime) -> DataFrame:
    """gold.consent_state from silver.consent rows that have a `person_id`.

    For each identifier set the statement with the latest effective_from up to `as_of` counts, and at the same instant
    the more restrictive one. A person without a statement has no row, which means no consent.
    """
    ranks = F.create_map(*(F.lit(part) for pair in RESTRICTION.items() for part in pair))
    effective = statements.where(F.col("effective_from") <= F.lit(as_of)).withColumn(
        "restriction", ranks[F.col("status")]
    )
    last = effective.groupBy("person_id", "purpose", "identifier_set_id").agg(
        F.max(F.struct("effective_from", "restriction", "status")).alias("last"), F.count(F.lit(1)).alias("statements")
    )
    decisive = F.max(F.struct("last.restriction", "last.effective_from", "last.status"))
    return (
        last.groupBy("person_id", "purpose")
        .agg(decisive.alias("decisive"), F.sum("statements").alias("statement_count"))
        .select("person_id", "purpose", "decisive.status", "decisive.effective_from", "statement_count")
    )
