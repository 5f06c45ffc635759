"""Times the chain on generated data: `python -m tests.bench.chain --size 100k`.

Prints Markdown for docs/benchmarks.md. `--part components` times the two engines of connected components instead,
`--part extremes` on a star and a chain, `--part identity` and `--part gold` a small change against a full run,
`--part accuracy` how right persons are,
`--part payload` what destinations are sent against a plain hash, `--part silver` contracts against a plain from_json.
"""

import argparse
import re
import shutil
import time
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.commands.demo import found_persons
from c360_spark.commands.synth import synth
from c360_spark.config import Conf, load
from c360_spark.observe.match_quality import pairwise
from c360_spark.pipeline.chain import run_stages
from c360_spark.pipeline.stages import STAGES
from c360_spark.run.context import Run, run_id_of
from c360_spark.session import session
from c360_spark.store import Store
from c360_spark.synth.noise import Noise
from tests.bench import accuracy, components, gold, identity, landing, payload, silver
from tests.bench.machine import Cost, described, say, watched

START = date(2026, 1, 1)
DAYS = 2
# What the rows of a stage are: what it reads, or what it computes anew whatever is new.
COUNTED = {
    "land": "records delivered",
    "canonicalise": "new bronze records",
    "resolve_identity": "links of the whole graph",
    "build_profiles": "persons with a profile",
    "build_events": "events of all days",
    "build_households": "persons with a profile",
    "build_accounts": "persons with a profile",
    "reconcile": "persons with a profile",
    "build_metrics": "persons with a profile",
    "build_audiences": "persons with a profile",
    "export": "audience members",
    "deliver": "audience members",
}


@dataclass(frozen=True)
class Timing:
    """One stage of one day."""

    day: str
    stage: str
    rows: int
    unit: str
    seconds: float
    cost: Cost

    def __str__(self) -> str:
        rate, cpu = self.rows / self.seconds, self.cost.cpu_seconds
        cells = (f"{self.rows:,} {self.unit}", f"{self.seconds:,.1f}", f"{cpu:,.1f}", self.cost.jobs, f"{rate:,.0f}")
        return f"| {self.day} | {self.stage} | " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--size",
        type=_count,
        default="100k",
        help="people, such as 10k or 1m; links for components, rows for payload and silver",
    )
    parser.add_argument("--part", choices=PARTS, default="chain")
    parser.add_argument("--folder", type=Path, default=Path(".bench"), help="scratch folder, made anew")
    parser.add_argument("--memory", default="8g", help="spark.driver.memory")
    parser.add_argument("--small", action="store_true", help="the session of the demo and the tests")
    parser.add_argument("--partitions", type=int, help="shuffle partitions; default from conf/platform.yml")
    given = parser.parse_args()
    shutil.rmtree(given.folder, ignore_errors=True)
    (given.folder / "landing").mkdir(parents=True)
    conf = _conf(given.folder, given.memory, given.partitions)
    spark = session("bench", conf.platform.spark, small=given.small)
    with watched(spark) as peak:
        table = PARTS[given.part](spark, conf, given.folder, given.size)
    print("\n".join([*(f"- {item}" for item in [*described(spark), str(peak)]), "", *table]))
    spark.stop()


def _count(text: str) -> int:
    """`10k` → 10,000."""
    found = re.fullmatch(r"(\d+)([km]?)", text.lower())
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number such as 500, 10k or 1m")
    return int(found.group(1)) * {"": 1, "k": 1_000, "m": 1_000_000}[found.group(2)]


def _conf(folder: Path, memory: str, partitions: int | None) -> Conf:
    conf = load(Path("conf"), "dev", lake=str(folder / "lake"), landing=str(folder / "landing"))
    changes: dict[str, object] = {"driver_memory": memory, "conf": {"spark.local.dir": str(folder / "spark")}}
    if partitions:
        changes["shuffle_partitions"] = partitions
    spark = conf.platform.spark.model_copy(update=changes)
    return replace(conf, platform=conf.platform.model_copy(update={"spark": spark}))


def chain(spark: SparkSession, conf: Conf, folder: Path, people: int) -> list[str]:
    """Every stage of two days on a world of so many people, as lines of Markdown."""
    timings = [_world(spark, folder, people)]
    for day in range(1, DAYS + 1):
        _deliver(folder, START + timedelta(days=day - 1))
        as_of = datetime.combine(START + timedelta(days=day), datetime.min.time())
        run = Run(spark, Store(spark, conf.platform.lake), conf, as_of, run_id_of(as_of))
        for stage in STAGES:
            began, before = time.monotonic(), Cost.of(spark)
            run_stages(run, [stage])
            seconds, cost = time.monotonic() - began, Cost.of(spark) - before
            timings.append(Timing(f"{day}", stage, _rows(run, stage), COUNTED[stage], seconds, cost))
            say(str(timings[-1]))
        timings.append(_total([t for t in timings if t.day == f"{day}"], _rows(run, "canonicalise")))
    head = ["| day | stage | rows | seconds | CPU seconds | Spark jobs | rows / s |", "|---|---|---|--:|--:|--:|--:|"]
    return [*head, *map(str, timings), "", _quality(run, folder / "truth"), _size(folder / "lake")]


def _total(day: list[Timing], rows: int) -> Timing:
    cost = Cost(sum(t.cost.jobs for t in day), sum(t.cost.cpu_seconds for t in day))
    return Timing(day[0].day, "**all stages**", rows, "records delivered", sum(t.seconds for t in day), cost)


def _world(spark: SparkSession, folder: Path, people: int) -> Timing:
    began, before = time.monotonic(), Cost.of(spark)
    settings = {"people": people, "days": DAYS, "seed": 7, "start": START, "noise": Noise(), "report": say}
    made = synth(spark, folder / "deliveries", folder / "truth", **settings)  # type: ignore[arg-type]
    rows = sum(n for name, n in made.items() if "/" in name)
    return Timing("–", "synth", rows, f"records of {DAYS} days", time.monotonic() - began, Cost.of(spark) - before)


def _deliver(folder: Path, day: date) -> None:
    for source in sorted((folder / "deliveries").glob(f"*/*/{day.isoformat()}")):
        shutil.copytree(source, folder / "landing" / source.relative_to(folder / "deliveries"))


def _rows(run: Run, stage: str) -> int:
    counted: dict[str, DataFrame] = {
        "resolve_identity": run.store.read(tables.LINK),
        "build_profiles": run.store.read(tables.PROFILE),
        "build_events": run.store.read(tables.GOLD_EVENT),
        "build_households": run.store.read(tables.PROFILE),
        "build_accounts": run.store.read(tables.PROFILE),
        "reconcile": run.store.read(tables.PROFILE),
        "build_metrics": run.store.read(tables.PROFILE),
        "build_audiences": run.store.read(tables.PROFILE),
        "export": run.store.read(tables.AUDIENCE_MEMBER),
        "deliver": run.store.read(tables.AUDIENCE_MEMBER),
    }
    if stage in counted:
        return counted[stage].count()
    landed = F.col("received_at") == F.lit(run.as_of)
    if stage == "land":
        return _sum(run.store.read(tables.DELIVERY).where(landed), "record_count")
    return _sum(run.store.read(tables.ACCOUNTING).where(F.col("run_id") == run.run_id), "rows_in")


def _sum(rows: DataFrame, column: str) -> int:
    total = rows.agg(F.sum(column).alias("total")).head()
    return int(total.total or 0) if total else 0


def _quality(run: Run, truth: Path) -> str:
    figures = pairwise(found_persons(run, truth)).head()
    assert figures is not None
    return f"Identity after day {DAYS}: precision {figures.precision:.4f}, recall {figures.recall:.4f}."


def _size(lake: Path) -> str:
    total = sum(path.stat().st_size for path in lake.rglob("*") if path.is_file() and "_staging" not in path.parts)
    return f"The lake holds {total / 1024**2:,.0f} MiB."


PARTS = {
    "accuracy": accuracy.compared,
    "chain": chain,
    "components": components.compared,
    "extremes": components.extremes,
    "gold": gold.compared,
    "keys": landing.hashed,
    "landing": landing.landed,
    "identity": identity.compared,
    "payload": payload.compared,
    "silver": silver.compared,
}

if __name__ == "__main__":
    main()
