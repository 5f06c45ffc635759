"""The stages by name, and how one or all of them are run."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from c360_spark import tables
from c360_spark.config.document import did_you_mean
from c360_spark.errors import C360Error, InputError
from c360_spark.lease import lease
from c360_spark.stages.build_accounts import build_accounts
from c360_spark.stages.build_audiences import build_audiences
from c360_spark.stages.build_events import build_events
from c360_spark.stages.build_households import build_households
from c360_spark.stages.build_metrics import build_metrics
from c360_spark.stages.build_profiles import build_profiles
from c360_spark.stages.canonicalise import canonicalise
from c360_spark.stages.deliver import deliver
from c360_spark.stages.export import export
from c360_spark.stages.land import land
from c360_spark.stages.reconcile import reconcile
from c360_spark.stages.resolve_identity import resolve_identity
from c360_spark.stages.run import Run

STAGES: dict[str, Callable[[Run], None]] = {
    "land": land,
    "canonicalise": canonicalise,
    "resolve_identity": resolve_identity,
    "build_profiles": build_profiles,
    "build_events": build_events,
    "build_households": build_households,
    "build_accounts": build_accounts,
    "reconcile": reconcile,
    "build_metrics": build_metrics,
    "build_audiences": build_audiences,
    "export": export,
    "deliver": deliver,
}


def run_stages(run: Run, names: list[str]) -> None:
    """Run stages one after the other, holding the lake. The ledger ops.run tells how each ended.

    Raises InputError C203 for an unknown stage.
    """
    for name in names:
        if name not in STAGES:
            raise InputError("C203", f"no stage '{name}'", hint=did_you_mean(name, STAGES).lstrip("; "))
    with lease(run.store.lake):
        ledger: list[tuple[object, ...]] = []
        try:
            for name in names:
                started_at, began = datetime.now(UTC).replace(tzinfo=None), time.monotonic()
                message: str | None = "unexpected failure"
                try:
                    STAGES[name](run)
                    message = None
                except C360Error as error:
                    message = error.code
                    raise
                finally:
                    seconds, status = time.monotonic() - began, "failed" if message else "done"
                    ledger.append((run.run_id, name, run.as_of, started_at, seconds, status, message))
        finally:
            run.store.append(tables.RUN, run.spark.createDataFrame(ledger, tables.RUN.schema))
