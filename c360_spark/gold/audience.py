"""Who is in an audience, since when, and why no longer."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.config.activation import Audience


def qualified(profiles: DataFrame, consents: DataFrame, audience: Audience, *, as_of: datetime) -> DataFrame:
    """`person_id, consented` of the persons `where` holds for; only the consented are members."""
    granted = consents.where((F.col("purpose") == audience.purpose) & (F.col("status") == "granted"))
    allowed = granted.select("person_id", F.lit(True).alias("consented"))
    rows = profiles.withColumn("as_of", F.lit(as_of)).where(audience.where).select("person_id")
    return rows.join(allowed, "person_id", "left").fillna(False, subset=["consented"])


def stays(
    members: DataFrame, qualified: DataFrame, profiles: DataFrame, audience: Audience, *, as_of: datetime
) -> DataFrame:
    """Rows of gold.audience_member to merge: who enters and who leaves at `as_of`.

    `members` is the table so far. Leaving has a cause: the person is gone, took back consent, or no longer qualifies.
    """
    inside = members.where((F.col("audience") == audience.name) & F.col("exited_at").isNull())
    entering = qualified.where("consented").join(inside, "person_id", "left_anti")
    entered = entering.select(
        F.lit(audience.name).alias("audience"),
        "person_id",
        F.lit(as_of).alias("entered_at"),
        F.lit(None).cast("timestamp").alias("exited_at"),
        F.lit("qualified").alias("entered_cause"),
        F.lit(None).cast("string").alias("exited_cause"),
    )
    living = profiles.select("person_id", F.lit(True).alias("lives"))
    leaving = inside.join(qualified, "person_id", "left").where("NOT coalesce(consented, false)")
    cause = (
        F.when(F.col("lives").isNull(), "person_retired")
        .when(F.col("consented").isNull(), "disqualified")
        .otherwise("consent")
    )
    left = leaving.join(living, "person_id", "left").select(
        "audience",
        "person_id",
        "entered_at",
        F.lit(as_of).alias("exited_at"),
        "entered_cause",
        cause.alias("exited_cause"),
    )
    return entered.unionByName(left)
