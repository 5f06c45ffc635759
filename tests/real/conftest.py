"""Onboarding of a data set: files in a landing folder, a conf/ folder, and the stages. The suite stays as it is."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from c360_spark import tables
from c360_spark.config import load
from c360_spark.pipeline.chain import run_stages
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store

CONF = Path(__file__).parent / "conf"
AS_OF = datetime(2026, 1, 1)
BALANCE = ("rows_in", "accepted", "quarantined", "duplicate", "suppressed")

Onboard = Callable[..., Run]


@pytest.fixture
def onboard(spark: SparkSession, tmp_path: Path) -> Onboard:
    """`onboard("febrl", deliver, stages)`: run stages by tests/real/conf/febrl on what `deliver` puts into landing."""

    def made(name: str, deliver: Callable[[Path], None], stages: list[str]) -> Run:
        lake, landing = tmp_path / name / "lake", tmp_path / name / "landing"
        landing.mkdir(parents=True)
        deliver(landing)
        conf = load(CONF / name, "dev", lake=str(lake), landing=str(landing))
        run = Run(spark, Store(spark, str(lake)), conf, AS_OF, run_id_of(AS_OF))
        run_stages(run, stages)
        return run

    return made


def sample() -> int | None:
    """How many rows to take of the largest table; None for all."""
    return int(os.environ.get("C360_REAL_SAMPLE") or 0) or None


def accounting(run: Run) -> dict[str, dict[str, int]]:
    """Per dataset, what became of its records."""
    rows = run.store.read(tables.ACCOUNTING).collect()
    return {row.dataset: {name: row[name] for name in BALANCE} for row in rows}
