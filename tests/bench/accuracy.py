"""Accuracy of identity on generated worlds, with and without `contradictions`: `--part accuracy --size 5k`.

The worlds differ in what their people share, and are of seeds that nothing was tuned on.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.commands.demo import CUSTOMER_RECORDS, found_persons
from c360_spark.commands.synth import synth
from c360_spark.config import Conf
from c360_spark.observe.match_quality import pairwise
from c360_spark.pipeline.chain import run_stages
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.identity.rule_approval import approve
from c360_spark.store import Store
from c360_spark.synth.noise import Noise
from tests.bench.machine import say

START = date(2026, 1, 1)
SEEDS = (101, 102)
WORLDS = {
    "as the demo": Noise(),
    "households share": replace(Noise(), family_email=0.4, household_phone=0.6),
    "strangers share": replace(Noise(), strangers_phone=0.1),
}


@dataclass(frozen=True)
class Row:
    """Figures of customer records of one world by one rule set."""

    world: str
    seed: int
    rules: str
    found: Any
    largest: int

    def __str__(self) -> str:
        rates = " | ".join(f"{self.found[name]:.4f}" for name in ("precision", "recall", "f1"))
        wrong, missed = (self.found[n] - self.found.right_pairs for n in ("found_pairs", "true_pairs"))
        return f"| {self.world} | {self.seed} | {self.rules} | {rates} | {wrong:,} | {missed:,} | {self.largest} |"


def compared(spark: SparkSession, conf: Conf, folder: Path, people: int) -> list[str]:
    """Precision, recall and F1 of each world and rule set, as lines of Markdown."""
    rows = [row for name in WORLDS for seed in SEEDS for row in _of_world(spark, conf, folder, people, name, seed)]
    names = (
        "world",
        "seed",
        "contradictions",
        "precision",
        "recall",
        "F1",
        "wrong pairs",
        "missed pairs",
        "largest person",
    )
    return [f"| {' | '.join(names)} |", "|---|--:|---|--:|--:|--:|--:|--:|--:|", *map(str, rows)]


def _of_world(spark: SparkSession, conf: Conf, folder: Path, people: int, name: str, seed: int) -> Iterator[Row]:
    home = folder / f"{name} {seed}"
    shutil.rmtree(home, ignore_errors=True)
    world: dict[str, Any] = {"people": people, "days": 1, "seed": seed, "start": START, "noise": WORLDS[name]}
    synth(spark, home / "landing", home / "truth", **world, report=say)
    platform = conf.platform.model_copy(update={"lake": str(home / "lake"), "landing": str(home / "landing")})
    as_of = datetime.combine(START + timedelta(days=1), datetime.min.time())
    rule_sets = {"without": conf.rules.model_copy(update={"contradictions": None}), "with": conf.rules}
    for number, (label, rules) in enumerate(rule_sets.items()):
        run = Run(
            spark, Store(spark, platform.lake), replace(conf, platform=platform, rules=rules), as_of, run_id_of(as_of)
        )
        if number:
            approve(run, rules, approved_by="bench", figures=None)
        run_stages(run, ["resolve_identity"] if number else ["land", "canonicalise", "resolve_identity"])
        found = pairwise(found_persons(run, home / "truth").where(CUSTOMER_RECORDS)).head()
        largest = run.store.read(tables.PERSON).agg(F.max("size").alias("n")).head()
        assert largest is not None
        yield Row(name, seed, label, found, largest.n)
        say(str(Row(name, seed, label, found, largest.n)))
