"""What every stage is given: where to read and write, what was decided, and when it is."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from pyspark.sql import DataFrame, SparkSession

from c360_spark.config import Conf
from c360_spark.config.rules.identity import RuleSet
from c360_spark.errors import InputError
from c360_spark.run.lease import lease
from c360_spark.scratch import sweep
from c360_spark.store import Store, Written
from c360_spark.tables import Table

T = TypeVar("T")
TIME = "%Y-%m-%d %H:%M:%S"  # as a person is told it
THREADS = 2


@dataclass(frozen=True)
class Run:
    """One run of one or more stages. `as_of` is the only time a stage knows; it is naive and in UTC."""

    spark: SparkSession
    store: Store
    conf: Conf
    as_of: datetime
    run_id: str
    only: str | None = None  # restrict landing to `source` or `source.dataset`
    retry_rejected: bool = False  # export what destinations rejected once more
    cdp: str | None = None  # reconcile with this CDP only
    accept: tuple[str, ...] = ()  # held files to land: paths below landing, or beginnings of delivery ids
    full_refresh: bool = False  # deal with everything, not with what changed
    started: float = field(default_factory=time.monotonic)

    def ruled_by(self, rules: RuleSet) -> "Run":
        """The same run by another rule set."""
        return replace(self, conf=replace(self.conf, rules=rules))

    def say(self, text: str) -> None:
        """One line of progress on standard error, after the seconds since the run began."""
        print(f"{time.monotonic() - self.started:7.1f} s  {text}", file=sys.stderr, flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator["Step"]:
        """Report a long step: what, what came of it, how long it took."""
        step, began = Step(), time.monotonic()
        yield step
        result = " · ".join(step.results) or "done"
        self.say(f"{name:<28} {result}  ({time.monotonic() - began:.1f} s)")


@contextmanager
def hold(run: Run) -> Iterator[None]:
    """Hold the lake while the body writes to it. What dead processes and the body leave in scratch folders goes.

    Raises BusyError C401 when another run holds it.
    """
    with lease(run.store.lake):
        sweep(run.store.lake, run.spark)
        try:
            yield
        finally:
            run.store.scratch.clear()


def in_parallel(work: Sequence[Callable[[], T]]) -> list[T]:
    """Do independent pieces of work at the same time, two by two: a small one is mostly waiting for the driver.

    Gives their results in order; raises the first failure once all have ended.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in [pool.submit(piece) for piece in work]]


@dataclass
class Step:
    """Collects what a step has to say of its result."""

    results: list[str] = field(default_factory=list)

    def wrote(self, table: str, written: Written) -> None:
        parts = [f"{n:,} {word}" for word, n in _counts(written) if n] or ["unchanged"]
        self.results.append(f"{table}: {', '.join(parts)}")


def sync(run: Run, step: Step, table: Table, rows: DataFrame, old: DataFrame | None = None) -> None:
    """As `Store.sync`, and say what came of it."""
    step.wrote(table.name, run.store.sync(table, rows, old=old))


def _counts(written: Written) -> list[tuple[str, int]]:
    return [("new", written.inserted), ("changed", written.updated), ("removed", written.deleted)]


def run_id_of(as_of: datetime) -> str:
    """The default run id: runs for the same time have the same id, and ids sort by time."""
    return as_of.replace(tzinfo=UTC).strftime("%Y%m%dT%H%M%SZ")


def instant(text: str) -> datetime:
    """A date or time in ISO 8601 as naive UTC. Raises InputError C303."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            "C303", f"'{text}' is not an ISO 8601 time", hint="such as 2026-01-31 or 2026-01-31T06:00:00Z"
        ) from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
