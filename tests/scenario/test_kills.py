"""Real processes of `c360 run` are killed at every stage; the same command repairs what each kill left.

C360_KILLS=200 kills as many times; C360_SEED chooses other moments.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from c360_spark.commands.synth import synth
from c360_spark.pipeline.stages import STAGES
from c360_spark.run.context import Run
from c360_spark.synth.noise import Noise
from tests.conftest import ROOT
from tests.scenario.test_chain import all_tables, assert_equal_lakes, deliver, run_on

pytestmark = [pytest.mark.spark, pytest.mark.slow]
KILLS = int(os.environ.get("C360_KILLS", "15"))
SEED = os.environ.get("C360_SEED", "1")
ORDER = list(STAGES)
BEGUN = re.compile(r" s  \[\d+/\d+\] (\w+)(?:  \(.*)?$")  # perhaps followed by the time left, by the last whole run
# A process of a few seconds does not earn the second compiler's pains.
ENV = os.environ | {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}
KINDS: dict[str, Callable[[int], None]] = {
    "Python alone": lambda pid: os.kill(pid, signal.SIGKILL),
    "the process group": lambda pid: os.killpg(pid, signal.SIGKILL),
}


@dataclass
class Process:
    """`c360 run` for the end of the first day, in a process group of its own: what it says, and when stages began."""

    folder: Path
    begun: dict[str, float] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        command = [sys.executable, "-m", "c360_spark.cli", "run", "--as-of", "2026-01-02", "--lake", "lake"]
        command += ["--landing", "landing", "--config", "../conf"]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=ENV, stderr=log, start_new_session=True)

    def listen(self) -> str | None:
        """The stage it is at; None once it has ended."""
        ended = self.process.poll() is not None
        self.said = (self.folder / "log").read_text().splitlines()
        for stage in (found[1] for line in self.said if (found := BEGUN.search(line))):
            self.begun.setdefault(stage, time.monotonic())
        return None if ended else next(reversed(self.begun), "")

    def until(self, over: Callable[[str], bool]) -> str | None:
        """Wait until it is at a stage of which `over` holds, or has ended."""
        while (stage := self.listen()) is not None and not over(stage):
            time.sleep(0.05)
        return stage


@dataclass(frozen=True)
class Kill:
    """One that happened."""

    stage: str
    kind: str
    after_s: float


def struck(folder: Path, stage: str, *, kind: str, after_s: float) -> Kill | None:
    """Run the command and kill it so long after `stage` began, or when the next begins; None where it was faster."""
    process, reached = Process(folder), ORDER.index(stage)
    process.until(lambda at: at in ORDER[reached:])  # a stage with nothing to do is over before it is seen
    deadline = time.monotonic() + after_s
    process.until(lambda at: at != stage or time.monotonic() >= deadline)
    at = process.listen()
    if at is not None:
        KINDS[kind](process.process.pid)
    done = process.process.wait(60)
    assert done in (0, -signal.SIGKILL), "\n".join(process.said[-20:])
    return Kill(at, kind, after_s) if at is not None else None


def plan(durations: dict[str, float], kills: int, chance: random.Random) -> list[tuple[str, str, float]]:
    """Stages in their order, each at least once and the rest as long as they take; kinds in turn; moments by chance."""
    stages = list(durations)
    more = chance.choices(stages, weights=list(durations.values()), k=max(0, kills - len(stages)))
    wanted = sorted([*stages, *more], key=stages.index)
    kinds = [list(KINDS)[number % 2] for number in range(len(wanted))]
    return [(stage, kind, chance.random() * durations[stage]) for stage, kind in zip(wanted, kinds, strict=True)]


@pytest.fixture
def world(spark: SparkSession, tmp_path: Path) -> Path:
    """One day of thirty people, and a conf/ that delivers files of all who may be written to."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    audience = tmp_path / "conf" / "audiences" / "recent_buyers.yml"
    audience.write_text(re.sub("^where: .*$", "where: email IS NOT NULL", audience.read_text(), flags=re.MULTILINE))
    with (tmp_path / "conf" / "destinations" / "newsletter.yml").open("a") as file:
        file.write("deliver: {to: jsonl, folder: newsletter, batch_rows: 2}\n")
    start, told = date(2026, 1, 1), lambda _: None
    arguments = {"people": 30, "days": 1, "seed": 5, "start": start, "noise": Noise(), "report": told}
    synth(spark, tmp_path / "deliveries", tmp_path / "truth", **arguments)
    return tmp_path


def undisturbed(folder: Path) -> dict[str, float]:
    """Run the command to its end; how long each stage took, in seconds."""
    process = Process(folder)
    assert process.until(lambda _: False) is None
    assert process.process.returncode == 0, "\n".join(process.said[-20:])
    ends = [*list(process.begun.values())[1:], time.monotonic()]
    return {stage: end - begin for (stage, begin), end in zip(process.begun.items(), ends, strict=True)}


def delivered(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in (folder / "outgoing").rglob("*") if f.is_file()}


def test_a_run_that_is_killed_at_every_stage_is_repaired_by_the_same_command(spark: SparkSession, world: Path) -> None:
    runs = list[Run]()
    for name in ("calm", "killed"):
        runs.append(run_on(spark, world / name, 1))
        deliver(world, world / name / "landing", 1)
    durations = undisturbed(world / "calm")
    assert list(durations) == ORDER
    kills = list[Kill]()
    for stage, kind, after_s in plan(durations, KILLS, random.Random(SEED)):
        while (kill := struck(world / "killed", stage, kind=kind, after_s=after_s)) is None:
            after_s /= 4  # it had ended: what an earlier attempt has done takes less time
        kills.append(kill)
        print(kill)
    undisturbed(world / "killed")
    made, again = ([table for table in all_tables(run.conf) if run.store.exists(table)] for run in runs)
    assert made == again
    assert_equal_lakes(*runs, of=made)
    assert delivered(world / "calm") == delivered(world / "killed") != {}
    assert_spread(kills)
    assert [f.name for f in (world / "killed" / "lake").glob("_scratch/*")] == []


def assert_spread(kills: Sequence[Kill]) -> None:
    """Every stage was struck, or the one after it in the same moment, and both kinds were at work."""
    assert len(kills) >= KILLS
    at = [ORDER.index(kill.stage) for kill in kills]
    assert {place for place in range(len(ORDER)) if not {place, place + 1} & set(at)} == set(), kills
    assert {kill.kind for kill in kills} == set(KINDS)
