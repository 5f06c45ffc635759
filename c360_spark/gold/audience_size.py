"""Growth of an audience: how its size changed, and by which causes."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.activation.audience import Audience


def audience_size(
    members: DataFrame,
    audience: Audience,
    *,
    size_before: int,
    since: datetime | None,
    as_of: datetime,
    run_id: str,
    metrics_hash: str | None = None,
) -> DataFrame:
    """The row of gold.audience_size for `as_of`, from gold.audience_member after that evaluation.

    `size_before` is the recorded size at `since`, the previous evaluation: the causes must add up from it to the size
    of the table now. So changes count here that a run wrote before it died, without recording a size. `metrics_hash` is
    that of the metrics that the conditions read.
    """
    own, moment = members.where(F.col("audience") == audience.name), F.lit(as_of)

    def fresh(column: str) -> Column:
        lower = F.col(column) > F.lit(since) if since else F.col(column) >= moment
        return lower & (F.col(column) <= moment)

    begun = own.where(fresh("entered_at")).selectExpr("entered_cause AS cause", "1 AS step")
    ended = own.where(fresh("exited_at")).selectExpr("exited_cause AS cause", "-1 AS step")
    by_cause = begun.unionByName(ended).groupBy("cause").agg(F.sum("step").alias("net"))
    entries = F.array_sort(F.collect_list(F.struct("cause", F.col("net").cast("long"))))
    inside = (F.col("entered_at") <= moment) & (F.col("exited_at").isNull() | (F.col("exited_at") > moment))
    figures = own.agg(
        F.count(F.when(fresh("entered_at"), 1)).alias("entered"),
        F.count(F.when(fresh("exited_at"), 1)).alias("exited"),
        F.count(F.when(inside, 1)).alias("size_after"),
    )
    return figures.crossJoin(by_cause.agg(F.map_from_entries(entries).alias("causes"))).select(
        F.lit(audience.name).alias("audience"),
        moment.alias("evaluated_at"),
        F.lit(run_id).alias("run_id"),
        F.lit(audience.where).alias("qualifies"),
        F.lit(audience.exit).cast("string").alias("leaves"),
        F.lit(metrics_hash).cast("string").alias("metrics_hash"),
        F.lit(size_before).cast("long").alias("size_before"),
        "entered",
        "exited",
        "size_after",
        "causes",
    )
