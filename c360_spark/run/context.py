"""The run context that every stage receives: Spark session, store, configuration and as-of time.

A run holds the lease of its lake: two drivers that write the same files can lose each other's commits.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from pyspark.sql import DataFrame, SparkSession

from c360_spark.config import Conf
from c360_spark.config.platform import absolute, is_remote
from c360_spark.config.rules.identity import RuleSet
from c360_spark.errors import BusyError, InputError
from c360_spark.scratch import sweep
from c360_spark.store import Store, Written
from c360_spark.tables import Table

T = TypeVar("T")
TIME = "%Y-%m-%d %H:%M:%S"  # the format of times in messages
THREADS = 2


@dataclass(frozen=True)
class Run:
    """One run of one or more stages. `as_of`, naive and in UTC, is the only time that stages compute with."""

    spark: SparkSession
    store: Store
    conf: Conf
    as_of: datetime
    run_id: str
    only: str | None = None  # land only this `source` or `source.dataset`
    retry_rejected: bool = False  # export again what destinations rejected
    cdp: str | None = None  # reconcile with this CDP only
    accept: tuple[str, ...] = ()  # held deliveries to land: paths below landing, or prefixes of delivery ids
    full_refresh: bool = False  # recompute everything, not only what changed
    started: float = field(default_factory=time.monotonic)

    def ruled_by(self, rules: RuleSet) -> "Run":
        """The same run under another rule set."""
        return replace(self, conf=replace(self.conf, rules=rules))

    def say(self, text: str) -> None:
        """Print one line of progress on standard error, after the seconds since the run began."""
        print(f"{time.monotonic() - self.started:7.1f} s  {text}", file=sys.stderr, flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator["Step"]:
        """Report a long step: its name, its results and its duration."""
        step, began = Step(), time.monotonic()
        yield step
        result = " · ".join(step.results) or "done"
        self.say(f"{name:<28} {result}  ({time.monotonic() - began:.1f} s)")


@contextmanager
def hold(run: Run) -> Iterator[None]:
    """Hold the lease of the lake while the body writes to it.

    Removes scratch folders of dead processes before the body runs, and this run's own files after it. Raises BusyError
    C401 when another run holds the lease.
    """
    with lease(run.store.lake):
        sweep(run.store.lake, run.spark)
        try:
            yield
        finally:
            run.store.scratch.clear()


def in_parallel(work: Sequence[Callable[[], T]]) -> list[T]:
    """Run independent tasks in two threads, since a small one mostly waits for the driver.

    Returns their results in order; raises the first failure once all have ended.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in [pool.submit(piece) for piece in work]]


@dataclass
class Step:
    """Collects the results of a step for its progress line."""

    results: list[str] = field(default_factory=list)

    def wrote(self, table: str, written: Written) -> None:
        parts = [f"{n:,} {word}" for word, n in _counts(written) if n] or ["unchanged"]
        self.results.append(f"{table}: {', '.join(parts)}")


def sync(run: Run, step: Step, table: Table, rows: DataFrame, old: DataFrame | None = None) -> None:
    """`Store.sync`, with the row counts reported by `step`."""
    step.wrote(table.name, run.store.sync(table, rows, old=old))


def _counts(written: Written) -> list[tuple[str, int]]:
    return [("new", written.inserted), ("changed", written.updated), ("removed", written.deleted)]


def run_id_of(as_of: datetime) -> str:
    """The default run id, made from `as_of`: runs for the same time share an id, and ids sort by time."""
    return as_of.replace(tzinfo=UTC).strftime("%Y%m%dT%H%M%SZ")


def instant(text: str) -> datetime:
    """Parse an ISO 8601 date or time as naive UTC; without an offset it counts as UTC. Raises InputError C303."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            "C303", f"'{text}' is not an ISO 8601 time", hint="such as 2026-01-31 or 2026-01-31T06:00:00Z"
        ) from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


@contextmanager
def lease(lake: str) -> Iterator[None]:
    """Hold the exclusive write lease of a lake, however its path is spelled, while the body runs.

    The operating system frees the lease of a killed run. Raises BusyError C401 when another run holds it. A lake behind
    a URI has no lease: there the scheduler allows one run at a time, and Delta's commit service rejects a lost race.
    """
    if is_remote(lake):
        yield
        return
    folder = Path(absolute(lake))
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".c360.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        hint = "wait for it to end; if none is running, look for a hanging driver process"
        raise BusyError("C401", f"another run is writing to {folder}", hint=hint) from None
    try:
        yield
    finally:
        lock.release()
