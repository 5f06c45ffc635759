"""Accuracy of identity on generated worlds, by rules alone and with the match model: `--part accuracy --size 5k`.

The worlds differ in what their people share, and are of seeds that nothing was tuned on. FEBRL is measured by
tests/real/test_febrl_pairs.py.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.commands.demo import CUSTOMER_RECORDS, found_persons
from c360_spark.commands.synth import synth
from c360_spark.config import Conf
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.probabilistic import Probabilistic
from c360_spark.observe.match_quality import pairwise
from c360_spark.pipeline.chain import run_stages
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.identity.rule_approval import approve
from c360_spark.store import Store
from c360_spark.synth.noise import Noise
from tests.bench.machine import say

CONF = Path("conf")
START = date(2026, 1, 1)
SEEDS = (101, 102)
WORLDS = {
    "as the demo": Noise(),
    "households share": replace(Noise(), family_email=0.4, household_phone=0.6),
    "strangers share": replace(Noise(), strangers_phone=0.1, poison=0.01),
}
# The model as docs/probabilistic.md shows it, in every region of the worlds.
BLOCK = (Path(__file__).parents[2] / "docs" / "probabilistic.md").read_text(encoding="utf-8").split("```")[1]
REGIONS = {"EU": None, "US": None, "OTHER": None}


@dataclass(frozen=True)
class Row:
    """Figures of customer records of one world by one rule set."""

    world: str
    seed: int
    rules: str
    found: Any
    largest: int
    queue: int

    def __str__(self) -> str:
        rates = " | ".join(f"{self.found[name]:.4f}" for name in ("precision", "recall", "f1"))
        wrong, missed = (self.found[n] - self.found.right_pairs for n in ("found_pairs", "true_pairs"))
        counts = f"{wrong:,} | {missed:,} | {self.largest} | {self.queue}"
        return f"| {self.world} | {self.seed} | {self.rules} | {rates} | {counts} |"


def compared(spark: SparkSession, conf: Conf, folder: Path, people: int) -> list[str]:
    """Precision, recall and F1 of each world and rule set, as lines of Markdown."""
    rows = [row for name in WORLDS for seed in SEEDS for row in _of_world(spark, conf, folder, people, name, seed)]
    names = "world, seed, rules, precision, recall, F1, wrong pairs, missed pairs, largest person, in review"
    return [f"| {names.replace(', ', ' | ')} |", "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|", *map(str, rows)]


def rule_sets(conf: Conf) -> dict[str, RuleSet]:
    """The shipped rules without contradictions, as they are, and with the match model."""
    block = yaml.safe_load(BLOCK.removeprefix("yaml"))["probabilistic"] | {"regions": REGIONS}
    block["model"] = yaml.safe_load((CONF / "models" / f"{block['model']}.yml").read_text(encoding="utf-8"))
    return {
        "no contradictions": conf.rules.model_copy(update={"contradictions": None}),
        "as shipped": conf.rules,
        "and the model": conf.rules.model_copy(update={"probabilistic": Probabilistic.model_validate(block)}),
    }


def _of_world(spark: SparkSession, conf: Conf, folder: Path, people: int, name: str, seed: int) -> Iterator[Row]:
    home = folder / f"{name} {seed}"
    shutil.rmtree(home, ignore_errors=True)
    world: dict[str, Any] = {"people": people, "days": 1, "seed": seed, "start": START, "noise": WORLDS[name]}
    synth(spark, home / "landing", home / "truth", **world, report=say)
    platform = conf.platform.model_copy(update={"lake": str(home / "lake"), "landing": str(home / "landing")})
    as_of = datetime.combine(START + timedelta(days=1), datetime.min.time())
    for number, (label, rules) in enumerate(rule_sets(conf).items()):
        run = Run(
            spark, Store(spark, platform.lake), replace(conf, platform=platform, rules=rules), as_of, run_id_of(as_of)
        )
        if number:
            approve(run, rules, approved_by="bench", figures=None)
        run_stages(run, ["resolve_identity"] if number else ["land", "canonicalise", "resolve_identity"])
        found = pairwise(found_persons(run, home / "truth").where(CUSTOMER_RECORDS)).head()
        largest = run.store.read(tables.PERSON).agg(F.max("size").alias("n")).head()
        assert largest is not None
        queue = run.store.read(tables.REVIEW).count() if rules.probabilistic else 0
        row = Row(name, seed, label, found, largest.n, queue)
        say(str(row))
        yield row
