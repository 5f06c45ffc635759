"""Values that only one record of a dataset may have: they belong to the source key that had them first."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.config import Contract, Field


def unique_field(contract: Contract) -> Field | None:
    """The property besides the primary key that must be unique; a contract has one at most."""
    return next((f for f in contract.fields if f.element.unique and not f.element.primary_key), None)


def with_taken(candidates: DataFrame, existing: DataFrame, contract: Contract) -> DataFrame:
    """Candidates of a canonical table; those of the contract whose unique value another source key had first, by
    arrival, have the reason `unique:<property>`.

    `existing` are the rows of the table so far. Only records without another reason count. A key that has a value
    keeps it, also when it changes it later: so it never matters in which batches records come.
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
