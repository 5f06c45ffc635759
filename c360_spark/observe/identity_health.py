"""How identity is doing: figures of one run, to be watched over time. Pure functions."""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def health(
    identifiers: DataFrame, persons: DataFrame, changes: DataFrame, evidence: DataFrame, membership: DataFrame
) -> DataFrame:
    """`metric, dimension, value` of the identity tables; `changes` are those of the run, `membership` what holds.

    persons: living ones, and of them those of one identifier (`alone`) · largest_person: its identifiers · identifiers
    by status · changes by kind · id_stability: the share of the persons before the run that live on · match_rate by
    dataset: the share of the persons seen there that are seen in another dataset too.
    """
    living = persons.where("status = 'active'")
    size, everyone = F.col("size"), F.count(F.lit(1))
    largest = F.coalesce(F.max("size"), F.lit(0))
    figures = [
        living.agg(everyone.alias("n")).select(*_figure("persons", "", "n")),
        living.agg(F.count(F.when(size == 1, 1)).alias("n")).select(*_figure("persons", "alone", "n")),
        living.agg(largest.alias("n")).select(*_figure("largest_person", "", "n")),
        identifiers.groupBy("status").agg(everyone.alias("n")).select(*_figure("identifiers", "status", "n")),
        changes.groupBy("kind").agg(everyone.alias("n")).select(*_figure("changes", "kind", "n")),
        _stability(living, changes),
        _match_rates(evidence, membership),
    ]
    return reduce(DataFrame.unionByName, figures)


def _figure(metric: str, dimension: str, value: str) -> list[Column]:
    named = F.col(dimension) if dimension in ("status", "kind", "rule") else F.lit(dimension)
    return [F.lit(metric).alias("metric"), named.alias("dimension"), F.col(value).cast("double").alias("value")]


def _stability(living: DataFrame, changes: DataFrame) -> DataFrame:
    gone = F.countDistinct(F.when(F.col("kind").isin("merged", "retired"), F.col("from_person_id")))
    new = F.countDistinct(F.when(F.col("kind").isin("created", "split"), F.col("to_person_id")))
    told = changes.agg(gone.alias("gone"), new.alias("new")).crossJoin(living.agg(F.count(F.lit(1)).alias("living")))
    before = told.withColumn("before", F.col("living") - F.col("new") + F.col("gone"))
    kept = F.when(F.col("before") > 0, 1 - F.col("gone") / F.col("before")).otherwise(1.0)
    return before.withColumn("kept", kept).select(*_figure("id_stability", "", "kept"))


def _match_rates(evidence: DataFrame, membership: DataFrame) -> DataFrame:
    seen = evidence.where("kind = 'shared_record'").select(F.col("member_id").alias("identifier_id"), "rule")
    placed = seen.join(membership.select("identifier_id", "person_id"), "identifier_id")
    persons = placed.groupBy("person_id").agg(F.collect_set("rule").alias("rules"))
    rows = persons.select(F.explode("rules").alias("rule"), (F.size("rules") > 1).cast("double").alias("matched"))
    return rows.groupBy("rule").agg(F.avg("matched").alias("share")).select(*_figure("match_rate", "rule", "share"))
