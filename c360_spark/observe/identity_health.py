"""Health of identity: figures of one run, to watch over time. Pure functions."""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def sizes(persons: DataFrame) -> DataFrame:
    """Sizes of persons in one row `persons, largest, alone`, from identity.person.

    `persons` counts the active persons, `largest` is the size of the largest one, `alone` counts those with one
    identifier.
    """
    living = persons.where("status = 'active'")
    return living.agg(
        F.count(F.lit(1)).alias("persons"),
        F.coalesce(F.max("size"), F.lit(0)).alias("largest"),
        F.count(F.when(F.col("size") == 1, 1)).alias("alone"),
    )


def health(identifiers: DataFrame, persons: DataFrame, changes: DataFrame) -> DataFrame:
    """Health figures of a run as rows `metric, dimension, value`; `changes` are those of the run.

    persons: active ones, and those of them with one identifier (`alone`) · largest_person: its identifiers ·
    identifiers by status · changes by kind · id_stability: the share of the persons before the run that still exist ·
    match_rate by dataset: the share of the persons of a dataset that are in another dataset too.
    """
    figures = [
        _of_persons(persons, changes),
        _counted(identifiers, "identifiers", "status"),
        _counted(changes, "changes", "kind"),
        _match_rates(persons),
    ]
    return reduce(DataFrame.unionByName, figures)


def _figure(metric: str, dimension: Column, value: Column) -> list[Column]:
    return [F.lit(metric).alias("metric"), dimension.alias("dimension"), value.cast("double").alias("value")]


def _counted(rows: DataFrame, metric: str, by: str) -> DataFrame:
    return rows.groupBy(by).agg(F.count(F.lit(1)).alias("n")).select(*_figure(metric, F.col(by), F.col("n")))


def _of_persons(persons: DataFrame, changes: DataFrame) -> DataFrame:
    gone = F.countDistinct(F.when(F.col("kind").isin("merged", "retired"), F.col("from_person_id")))
    new = F.countDistinct(F.when(F.col("kind").isin("created", "split"), F.col("to_person_id")))
    row = sizes(persons).crossJoin(changes.agg(gone.alias("gone"), new.alias("new")))
    before = F.col("persons") - F.col("new") + F.col("gone")
    figures = {
        ("persons", ""): F.col("persons"),
        ("persons", "alone"): F.col("alone"),
        ("largest_person", ""): F.col("largest"),
        ("id_stability", ""): F.when(before > 0, 1 - F.col("gone") / before).otherwise(1.0),
    }
    told = (F.struct(*_figure(metric, F.lit(of), value)) for (metric, of), value in figures.items())
    return row.select(F.inline(F.array(*told)))


def _match_rates(persons: DataFrame) -> DataFrame:
    living = persons.where("status = 'active'")
    rows = living.select(
        F.explode("datasets").alias("dataset"), (F.size("datasets") > 1).cast("double").alias("matched")
    )
    shares = rows.groupBy("dataset").agg(F.avg("matched").alias("share"))
    return shares.select(*_figure("match_rate", F.col("dataset"), F.col("share")))
