"""Writes a synthetic world: the files that each source delivers each day, and the true persons behind them."""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from c360_spark.synth import (
    commerce,
    company,
    consent,
    crm,
    delivery,
    email,
    loyalty,
    mobile,
    support,
    truth,
    web,
)
from c360_spark.synth.noise import KINDS, Noise
from c360_spark.synth.person import people as people_of
from c360_spark.synth.world import World

AT_ONCE = 2  # datasets at a time: each job of a small world is one task, so one job alone would leave cores idle
WRITING = "_writing"  # beside the files; readers of a folder skip names that begin with _


@dataclass(frozen=True)
class Dataset:
    """A dataset and the function for its rows; `columns` are the CSV header or Parquet fields, empty for JSON."""

    source: str
    name: str
    extension: str
    rows: Callable[[DataFrame, World], DataFrame]
    columns: tuple[str, ...] = ()


DATASETS = (
    Dataset("crm", "customer", "csv", crm.customer, crm.HEADER),
    Dataset("loyalty", "member", "csv", loyalty.member, loyalty.HEADER),
    Dataset("commerce", "order", "parquet", commerce.order, commerce.FIELDS),
    Dataset("web", "event", "jsonl", web.event),
    Dataset("mobile", "event", "jsonl", mobile.event),
    Dataset("support", "case", "jsonl", support.case),
    Dataset("email", "engagement", "jsonl", email.engagement),
    Dataset("consent", "statement", "jsonl", consent.statement),
    Dataset("crm", "account", "jsonl", company.account),
    Dataset("crm", "contact", "jsonl", company.contact),
    Dataset("commerce", "subscription", "jsonl", commerce.subscription),
)


def synth(
    spark: SparkSession,
    landing: Path,
    truth_folder: Path,
    *,
    people: int,
    days: int,
    seed: int,
    start: date,
    noise: Noise,
    report: Callable[[str], None],
) -> dict[str, int]:
    """Writes `landing/<source>/<dataset>/<date>/…` and `truth_folder`, replacing an earlier world of the same days.

    Returns delivered rows per `source/dataset`, and affected rows per kind of noise.
    """
    world = World(people=people, days=days, seed=seed, start=start, noise=noise)
    everyone = _people(spark, world, landing / WRITING / "people")
    rows: dict[str, int] = {}
    counts = dict.fromkeys(KINDS, 0)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = pool.submit(_write_truth, everyone, world, truth_folder)
        written = pool.map(lambda dataset: _write(dataset, everyone, world, landing), DATASETS)
        for dataset, seen in zip(DATASETS, written, strict=True):
            name = f"{dataset.source}/{dataset.name}"
            rows[name] = seen["rows"]
            counts = {kind: count + seen.get(kind, 0) for kind, count in counts.items()}
            report(f"{name}: {rows[name]:,} rows")
        told.result()
    shutil.rmtree(landing / WRITING)
    (truth_folder / "noise.json").write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    report("noise: " + ", ".join(f"{kind} {count:,}" for kind, count in counts.items()))
    return rows | counts


def _people(spark: SparkSession, world: World, folder: Path) -> DataFrame:
    """The persons, materialised as files so that the job of each dataset neither computes nor plans them again.

    Repartitioned to a fixed number of tasks, since Spark otherwise splits files by the number of cores.
    """
    made = people_of(spark.range(1, world.people + 1, 1, world.files), world)
    made.write.mode("overwrite").parquet(str(folder))
    everyone = spark.read.schema(made.schema).parquet(str(folder))
    return everyone.coalesce(1) if world.files == 1 else everyone.repartition(world.files, "person_no")


def _write(dataset: Dataset, people: DataFrame, world: World, landing: Path) -> dict[str, int]:
    """Writes all days of a dataset in one Spark job, then moves the files. Returns rows, all and per kind of noise."""
    rows, observation = dataset.rows(people, world), Observation()
    kinds = [F.count_if(kind).alias(kind) for kind in KINDS if kind in rows.columns]
    seen = rows.withColumn("day", world.date("day")).observe(observation, F.count("*").alias("rows"), *kinds)
    writing = landing / WRITING / dataset.source / dataset.name
    _save(dataset, seen.sortWithinPartitions(*delivery.ORDER), writing)
    for part in sorted(writing.glob("day=*")):
        day = part.name.removeprefix("day=")
        folder = landing / dataset.source / dataset.name / day
        _move(part, folder, f"{dataset.name}-{day}", dataset.extension)
    return {str(name): int(count) for name, count in observation.get.items()}


def _save(dataset: Dataset, ordered: DataFrame, folder: Path) -> None:
    """Writes a subfolder of `folder` for each day, with one file per partition that has rows of the day."""
    title = ",".join(dataset.columns) if dataset.extension == "csv" else "value"
    fields = (
        [F.col(name) for name in dataset.columns] if dataset.extension == "parquet" else [F.col("value").alias(title)]
    )
    writer = ordered.select("day", *fields).write.mode("overwrite").partitionBy("day")
    if dataset.extension == "parquet":
        writer.parquet(str(folder))
    elif dataset.extension == "jsonl":
        writer.text(str(folder))
    else:
        # The records are escaped already, broken ones included. A single column named like the whole header makes Spark
        # write the header first in every file, provided that nothing counts as separator or quote.
        plain = writer.options(header=True, sep="\u0001", quote="", escapeQuotes=False)
        plain.options(ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False).csv(str(folder))


def _write_truth(people: DataFrame, world: World, folder: Path) -> None:
    keys = truth.records(people, world).repartition(world.files, "source_key")
    frames = {
        "person": truth.persons(people).sortWithinPartitions("person_no"),
        "record": keys.sortWithinPartitions("source", "dataset", "source_key"),
    }
    for name, rows in frames.items():
        rows.write.mode("overwrite").parquet(str(folder / WRITING))
        _move(folder / WRITING, folder / name, name, "parquet")
        shutil.rmtree(folder / WRITING)


def _move(parts: Path, folder: Path, name: str, extension: str) -> None:
    """Renames Spark's `part-<n>-<random>…` to `<name>-<n+1>.<extension>`, which replaces files of an earlier world."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{name}-*.{extension}"):
        old.unlink()
    for part in sorted(parts.glob("part-*")):
        number = int(part.name.split("-")[1]) + 1
        part.replace(folder / f"{name}-{number}.{extension}")
