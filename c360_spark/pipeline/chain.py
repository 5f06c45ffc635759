"""Runs stages in sequence, and records in ops.run how each ended."""

import time
from dataclasses import replace
from datetime import UTC, datetime

from c360_spark import tables
from c360_spark.config.yaml.document import did_you_mean
from c360_spark.errors import C360Error, InputError
from c360_spark.faults import fault
from c360_spark.pipeline.stages import STAGES
from c360_spark.remote import history_is_gone
from c360_spark.run.context import TIME, Run, hold
from c360_spark.store import Store

FROM_FILES = ("land",)  # reads no tables: a file that it misses is not lost table history


def run_stages(run: Run, names: list[str]) -> None:
    """Run stages in sequence under the lease of the lake; ops.run records how each ended.

    Raises InputError C203 for an unknown stage, C305 for an `as_of` before the latest data in the lake. With several
    stages, whatever a later one would raise for conf/ and the environment is raised before anything is done.
    """
    for name in names:
        if name not in STAGES:
            raise InputError("C203", f"no stage '{name}'", hint=did_you_mean(name, STAGES).lstrip("; "))
    if len(names) > 1:  # a single stage raises it itself, at once
        for precheck in (STAGES[name].precheck for name in names):
            if precheck:
                precheck(run)
    with hold(run):
        in_order(run, names)


def in_order(run: Run, names: list[str]) -> None:
    """Run stages in sequence in a lake whose lease is held already. Raises InputError C305 as `run_stages` does."""
    _refuse_the_past(run)
    ledger: list[tuple[object, ...]] = []
    last_seconds = _last_seconds(run.store) if len(names) > 1 else {}
    try:
        for number, name in enumerate(names, 1):
            if len(names) > 1:
                run.say(f"[{number}/{len(names)}] {name}{_left(names[number - 1 :], last_seconds)}")
            started_at, began = datetime.now(UTC).replace(tzinfo=None), time.monotonic()
            message: str | None = "unexpected failure"
            try:
                run_stage(run, name)
                message = None
            except Exception as error:
                known = fault(error)
                message = known.code if known else message
                raise
            finally:
                run.store.scratch.clear()
                seconds, status = time.monotonic() - began, "failed" if message else "done"
                ledger.append((run.run_id, name, run.as_of, started_at, seconds, status, message))
    finally:
        _note(run, ledger)


def _last_seconds(store: Store) -> dict[str, float]:
    """How long each stage took when it was last done, by ops.run."""
    rows = store.rows(tables.RUN, "started_at", "stage", "seconds", "status")
    done = sorted((row["started_at"], row["stage"], row["seconds"]) for row in rows if row["status"] == "done")
    return {stage: seconds for _, stage, seconds in done}


def _left(names: list[str], last_seconds: dict[str, float]) -> str:
    """The time left if every stage takes as long as last time; nothing where one was never done."""
    if not all(name in last_seconds for name in names):
        return ""
    seconds = round(sum(last_seconds[name] for name in names))
    return f"  (about {seconds // 60} min {seconds % 60:02} s left, by the last run)"


def _note(run: Run, ledger: list[tuple[object, ...]]) -> None:
    """Write ops.run. If that fails after a stage failed, as on a full disk, report it and keep the stage's error."""
    try:
        run.store.append_rows(tables.RUN, ledger)
    except Exception as error:
        if all(status == "done" for *_, status, _ in ledger):
            raise
        known = fault(error)
        run.say(f"ops.run could not be written: {known.cause if known else type(error).__name__}")


def run_stage(run: Run, name: str) -> None:
    """Run a stage; do a full refresh if the changes since its last run can no longer be read."""
    try:
        STAGES[name](run)
    except Exception as error:
        if isinstance(error, C360Error) or name in FROM_FILES or run.full_refresh or not history_is_gone(error):
            raise
        run.say(f"{name:<28} the changes since its last run are gone (VACUUM): full refresh")
        STAGES[name](replace(run, full_refresh=True))


def _refuse_the_past(run: Run) -> None:
    """Raise InputError C305 for an `as_of` before the last landing or identity change.

    History is written in order of time: versions of records by receipt, persons by change.
    """
    seen = {
        "landing": run.store.greatest(tables.DELIVERY, "received_at"),
        "resolution of identities": run.store.greatest(tables.CHANGE, "occurred_at"),
    }
    at, what = max(((at, what) for what, at in seen.items() if at), default=(run.as_of, ""))
    if at > run.as_of:
        hint = f"there is a {what} of {at:{TIME}}; later data needs a later --as-of"
        raise InputError("C305", f"as-of {run.as_of:{TIME}} is before an earlier {what}", hint=hint)
