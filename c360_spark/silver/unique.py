"""Uniqueness: a value that only one record of a dataset may have belongs to the source key that had it first."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.config import Contract, Field


def unique_field(contract: Contract) -> Field | None:
    """The property besides the primary key that must be unique; a contract has one at most."""
    return next((f for f in contract.fields if f.element.unique and not f.element.primary_key), None)


def with_taken(candidates: DataFrame, existing: DataFrame, contract: Contract) -> DataFrame:
    """Candidates, with the reason `unique:<property>` where another source key had the unique value first, by arrival.

    Only candidates of the contract are checked. `candidates` are of a canonical table, `existing` are its rows so far.
    Records with another reason do not count. A source key that has a value keeps it, even if it changes it later: so
    batches do not affect the result.
    """
    field = unique_field(contract)
    if field is None:
        return candidates
    column, _, entry = str(field.settings.canonical).partition(".")
    value = F.col(column)[entry] if entry else F.col(column)
    of_it = (F.col("source") == contract.source) & (F.col("dataset") == contract.dataset)

    def having(rows: DataFrame) -> DataFrame:
        given = rows.where(of_it & value.isNotNull())
        return given.select("bronze_id", "source_key", "received_at", "position", value.alias("value"))

    new, old = having(candidates.where(F.size("reasons") == 0)), having(existing)
    first = F.min(F.struct("received_at", "position", "source_key"))["source_key"]
    owners = old.unionByName(new).groupBy("value").agg(first.alias("owner"))
    taken = new.join(owners, "value").where("source_key <> owner").select("bronze_id", F.lit(True).alias("taken"))
    said = F.when(F.col("taken"), F.array(F.lit(f"unique:{field.name}"))).otherwise(F.col("reasons"))
    return candidates.join(taken, "bronze_id", "left").withColumn("reasons", said).drop("taken")
