"""Many small files through `land`, and the keyed hash of identifiers, as seconds and Spark jobs."""

import hashlib
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark.columns import keys
from c360_spark.config import Conf
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.bronze.land import land
from c360_spark.store import Store
from tests.bench.machine import say

REPEATS = 5
EVENT = '{"event_id": "e%d", "type": "page_viewed", "ts": "2026-01-01T10:00:00Z"}\n'


def landed(spark: SparkSession, conf: Conf, folder: Path, files: int) -> list[str]:
    """Seconds and Spark jobs of landing: a first file, so that Java is warm, `files` new ones, nothing, one in a
    hundred.
    """
    steps = {"the first file": 1, "new files": files, "nothing new": 0, "one in a hundred": max(files // 100, 1)}
    lines, day, made = ["| what | files | seconds | Spark jobs |", "|---|--:|--:|--:|"], datetime(2026, 1, 1), 0
    for what, count in steps.items():
        for _ in range(count):
            made += 1
            path = folder / "landing" / "web" / "event" / f"{made % 10}" / f"{made}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((EVENT % made) * 3)
        day += timedelta(days=1)
        run = Run(spark, Store(spark, conf.platform.lake), conf, day, run_id_of(day))
        before, began = _jobs(spark), time.monotonic()
        land(run)
        lines.append(f"| {what} | {count:,} | {time.monotonic() - began:.1f} | {_jobs(spark) - before} |")
    return lines


def _jobs(spark: SparkSession) -> int:
    """Jobs of all groups: the scheduler numbers them."""
    return int(spark.sparkContext._jsc.sc().dagScheduler().nextJobId())


def hashed(spark: SparkSession, _: Conf, folder: Path, rows: int) -> list[str]:
    """Seconds of ids of so many distinct identifiers: with the key as a literal, which plans show, and by a join."""
    address = F.concat(F.lit("person"), F.col("id"), F.lit("@example.com"))
    spark.range(rows).select(address.alias("value")).write.parquet(str(folder / "values"))
    values = spark.read.parquet(str(folder / "values"))
    parts = (F.lit("email"), F.lit("EU"), F.col("value"))
    secret = "a secret of a benchmark"
    ways = {
        "a literal": _with_literals(values, secret).select(keys.identifier_id(*parts)),
        "a join": keys.with_key(values, secret).select(keys.identifier_id(*parts)),
    }
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for repeat in range(-1, REPEATS):
        for way, made in ways.items():
            began = time.monotonic()
            made.write.format("noop").mode("overwrite").save()
            if repeat >= 0:
                seconds[way].append(time.monotonic() - began)
        say(f"{repeat + 1} of {REPEATS}")
    first = median(seconds["a literal"])
    lines = [
        f"| {way} | {', '.join(f'{s:.2f}' for s in found)} | {median(found):.2f} | {median(found) / first:.2f} |"
        for way, found in seconds.items()
    ]
    return ["| key as | seconds | median | of a literal |", "|---|---|--:|--:|", *lines]


def _with_literals(rows: DataFrame, secret: str) -> DataFrame:
    """As `with_key` was before: the pads stand in the plan."""
    key = secret.encode()
    key = (hashlib.sha256(key).digest() if len(key) > keys.BLOCK else key).ljust(keys.BLOCK, b"\0")
    pads = {keys.INNER: 0x36, keys.OUTER: 0x5C}
    return rows.withColumns({name: F.lit(bytearray(byte ^ mask for byte in key)) for name, mask in pads.items()})
