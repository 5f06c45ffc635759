"""The two engines of connected components on the same links, in turns."""

import time
from pathlib import Path
from statistics import median

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark.config import Conf
from c360_spark.identity.components import Engine, components
from tests.bench.machine import say

ENGINES: tuple[Engine, ...] = ("local", "graphframes")
REPEATS = 3
LARGE = 1_000_000  # links; more are timed once
PER_PERSON = 5  # links
BRIDGE = 8  # of so many persons, one shares an identifier with the next


def compared(spark: SparkSession, _: Conf, folder: Path, links: int) -> list[str]:
    """Seconds of each engine as lines of Markdown. Raises AssertionError unless their partitions are equal."""
    return _compared(spark, folder, _made(spark, folder / "links", links), links, REPEATS if links <= LARGE else 1)


def extremes(spark: SparkSession, _: Conf, folder: Path, links: int) -> list[str]:
    """The same for a star of so many leaves, and for a chain a tenth as long."""
    leaf, hub = _id(F.col("id"), F.lit(1)), _id(F.lit(0), F.lit(0))
    star = spark.range(links).select(hub.alias("left_id"), leaf.alias("right_id"))
    chain = spark.range(links // 10).select(leaf.alias("left_id"), _id(F.col("id") + 1, F.lit(1)).alias("right_id"))
    lines: list[str] = []
    for name, graph in (("star", star), ("chain", chain)):
        count = graph.count()
        lines += [
            f"A {name}. ",
            *_compared(spark, folder / name, _stored(graph, folder / name / "links"), count, 1),
            "",
        ]
    return lines


def _compared(spark: SparkSession, folder: Path, graph: DataFrame, links: int, repeats: int) -> list[str]:
    seconds: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    for repeat in range(repeats):
        for engine in ENGINES:
            began = time.monotonic()
            components(graph, engine=engine).write.mode("overwrite").parquet(str(folder / engine))
            seconds[engine].append(time.monotonic() - began)
            say(f"{engine} {repeat + 1}: {seconds[engine][-1]:.1f} s")
        spark.catalog.clearCache()
    local, distributed = (spark.read.parquet(str(folder / engine)) for engine in ENGINES)
    different = local.exceptAll(distributed).count() + distributed.exceptAll(local).count()
    assert different == 0, f"the engines differ about {different:,} identifiers"
    rows = [
        f"| {engine} | {', '.join(f'{s:.1f}' for s in found)} | {median(found):.1f} | {links / median(found):,.0f} |"
        for engine, found in seconds.items()
    ]
    head = [f"{_shape(local, links)} Both engines gave equal partitions.", ""]
    return [*head, "| engine | seconds | median | links / s |", "|---|---|--:|--:|", *rows]


def _shape(labelled: DataFrame, links: int) -> str:
    sizes = labelled.groupBy("component_id").count().agg(F.count("*").alias("n"), F.max("count").alias("largest"))
    figures = sizes.head()
    assert figures is not None
    return (
        f"{links:,} links between {labelled.count():,} identifiers: {figures.n:,} components, "
        f"the largest of {figures.largest} identifiers."
    )


def _made(spark: SparkSession, folder: Path, links: int) -> DataFrame:
    """Stars of one hub a person, some of them sharing a member with the next person's, so that chains arise."""
    person, nth = F.expr(f"id div {PER_PERSON}"), F.col("id") % PER_PERSON
    shared = (nth == 0) & (F.abs(F.xxhash64(person)) % BRIDGE == 0)
    other = F.when(shared, _id(person + 1, F.lit(0))).otherwise(_id(person, nth + 1))
    return _stored(spark.range(links).select(_id(person, F.lit(0)).alias("left_id"), other.alias("right_id")), folder)


def _stored(rows: DataFrame, folder: Path) -> DataFrame:
    rows.write.mode("overwrite").parquet(str(folder))
    return rows.sparkSession.read.parquet(str(folder))


def _id(person: Column, nth: Column) -> Column:
    """63 bits, as identifiers have."""
    return F.shiftrightunsigned(F.xxhash64(person, nth), 1)
