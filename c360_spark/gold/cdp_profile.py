"""Current identifiers and attributes of each profile of a CDP."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.record import arrival, current, said_at
from c360_spark.config.rules.survivorship import ATTRIBUTES, ENTRIES

GONE = ("merged", "deleted")


def living(versions: DataFrame) -> DataFrame:
    """Current rows of silver.cdp_profile of one CDP, without those that the CDP marks as merged or deleted.

    A row keyed by the profile alone applies to the whole profile, any other row to one identity of it. The profile that
    another was merged into lists the other's identifiers itself.
    """
    rows = current(versions)
    gone = F.coalesce(F.col("status").isin(*GONE), F.lit(False))
    whole = rows.where(gone & (F.col("source_key") == F.col("profile_id"))).select("profile_id").distinct()
    return rows.where(~gone).join(whole, "profile_id", "left_anti")


def identities(rows: DataFrame) -> DataFrame:
    """Identifiers of the profiles in `living`: `profile_id, identifier_id`, each pair once.

    A profile without identifiers has one row with null.
    """
    exploded = rows.select("profile_id", F.explode_outer("identifiers").alias("member"))
    found = exploded.select("profile_id", F.col("member.identifier_id").alias("identifier_id"))
    return found.distinct()


def attributes(rows: DataFrame) -> DataFrame:
    """The newest value of each attribute of gold.profile among the rows of a profile, by `profile_id`."""
    order = F.struct(said_at(rows.columns), arrival())

    def newest(name: str) -> Column:
        return F.max_by(name, F.when(F.col(name).isNotNull(), order)).alias(name)

    return rows.groupBy("profile_id").agg(*(newest(name) for name in (*ATTRIBUTES, ENTRIES)))
