"""replay: rebuild everything after landing in a new lake, run by run, from the bronze of another lake.

Identity and everything after it is a pure function of bronze and conf/, so with the same conf/ the tables come out
equal, ids included. With another conf/ the new lake shows what would have been. Nothing is delivered: the answers that
destinations gave are copied, so that the new lake does not send the same changes again.
"""

from datetime import datetime

from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.errors import InputError
from c360_spark.pipeline.chain import in_order
from c360_spark.run.context import Run, hold
from c360_spark.store import Store

BEGIN, END = datetime(1971, 1, 1), datetime(9999, 1, 1)  # before and after all runs, within the range of every clock


def replay(run: Run, origin: Store) -> None:
    """Replay every run of `origin` into the lake of `run`, which must be empty.

    Raises InputError C304 when `origin` has no runs, C303 when the lake is not empty.
    """
    moments = {row.as_of: row.run_id for row in origin.read(tables.RUN).select("as_of", "run_id").distinct().collect()}
    if not moments:
        raise InputError("C304", f"{origin.lake} holds no runs", hint="give the lake to replay as --from-lake")
    if run.store.exists(tables.DELIVERY):
        raise InputError("C303", f"{run.store.lake} is not empty", hint="give a new folder as --lake")
    tasks = run.conf.schedule
    jobs = [tasks.root[name].job for name in tasks.ordered()]
    later = [job for job in jobs if job not in ("land", "deliver")]
    times = [BEGIN, *sorted(moments), END]
    with hold(run):
        for since, as_of, before in zip(times, times[1:], times[2:], strict=False):
            each = Run(run.spark, run.store, run.conf, as_of, moments[as_of], started=run.started)
            with each.step(f"replay {moments[as_of]}") as step:
                step.results.append(f"{_copy_bronze(each, origin, since, as_of):,} bronze records")
            in_order(each, later)
            _copy_answers(each, origin, before)
        _copy_bronze(run, origin, times[-2], END)


def _copy_bronze(run: Run, origin: Store, since: datetime, until: datetime) -> int:
    """Copy bronze records landed after the run at `since`, up to the run at `until`; returns their number.

    Records that a killed run had landed belong to the next run, which processed them. If there was none, they wait.
    """
    first, end = (F.lit(at + tables.RUN_SPAN) for at in (since, until))
    arrived = (F.col("received_at") >= first) & (F.col("received_at") < end)
    run.store.append(tables.DELIVERY, origin.read(tables.DELIVERY).where(arrived))
    copied = 0
    for source, dataset in run.conf.landed():
        table = tables.bronze(source, dataset)
        rows = origin.read(table).where(arrived)
        if not rows.isEmpty():
            copied += run.store.append(table, rows).inserted
    return copied


def _copy_answers(run: Run, origin: Store, before: datetime) -> None:
    """Copy answers received from `run.as_of` up to the next run, once the changes that they answer exist."""
    given = origin.read(tables.ACK).where((F.col("acked_at") >= F.lit(run.as_of)) & (F.col("acked_at") < F.lit(before)))
    if not given.isEmpty():
        run.store.merge(tables.ACK, given)
