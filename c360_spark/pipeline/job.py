"""The command line of every job: common arguments, and exit code, cause and hint instead of a traceback."""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

from c360_spark.config import load
from c360_spark.config.platform import Platform, is_remote
from c360_spark.faults import fault
from c360_spark.pipeline.chain import run_stages
from c360_spark.run.context import Run, instant, run_id_of
from c360_spark.session import is_submitted, session
from c360_spark.store import Store


def main(stage: str | None) -> None:
    """Entry point of `spark-submit jobs/<stage>.py`: run one stage and exit with its exit code.

    If `stage` is None, run all stages of schedule.yml.
    """
    parser = argparse.ArgumentParser(description=f"c360_spark: {stage or 'all stages'}")
    parser.add_argument("--config", default="conf", help="folder with platform.yml")
    parser.add_argument("--env", default="dev", help="environment: overlays platform.<env>.yml")
    parser.add_argument("--lake", help="root of the lake; default from platform.yml")
    parser.add_argument("--landing", help="root of the landing folders; default from platform.yml")
    parser.add_argument("--as-of", help="the time of the run, ISO 8601 in UTC; default: now")
    parser.add_argument("--run-id", help="default: made from --as-of")
    parser.add_argument("--only", help="land only this source or source.dataset")
    given = parser.parse_args()
    sys.exit(outcome(lambda: run(stages=[stage] if stage else None, **vars(given))))


def outcome(work: Callable[[], None]) -> int:
    """The exit code of `work`: 0, or that of a known failure, printed to standard error as code, cause and hint.

    Any other exception is raised again.
    """
    try:
        work()
    except Exception as error:
        known = fault(error)
        if known is None:
            raise
        print(known, file=sys.stderr)
        return known.exit_code
    return 0


def run(*, stages: list[str] | None, **given: Any) -> None:
    """Run some stages, or all of schedule.yml in order; `given` are the arguments of `begin`."""
    begun = begin(**given)
    tasks = begun.conf.schedule
    run_stages(begun, stages or [tasks.root[name].job for name in tasks.ordered()])


def begin(
    *,
    config: str,
    env: str,
    lake: str | None = None,
    landing: str | None = None,
    outgoing: str | None = None,
    as_of: str | None = None,
    run_id: str | None = None,
    only: str | None = None,
    retry_rejected: bool = False,
    cdp: str | None = None,
    accept: Sequence[str] = (),
) -> Run:
    """Check configuration and arguments, then start Spark, tuned for little data where there is little."""
    conf = load(Path(config), env, lake=lake, landing=landing, outgoing=outgoing)
    moment = instant(as_of) if as_of else datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    list(conf.datasets(only))
    conf.cdps(cdp)
    conf.platform.identity_key.secret()
    platform = conf.platform
    spark = session("c360", platform.spark, small=is_small(platform))
    store = Store(spark, platform.lake, platform.catalog, small_mb=platform.small_table_mb)
    return Run(spark, store, conf, moment, run_id or run_id_of(moment), only, retry_rejected, cdp, tuple(accept))


def is_small(platform: Platform) -> bool:
    """Whether lake and landing folder are on this machine and together have up to `small_lake_mb`."""
    if is_submitted() or platform.catalog or is_remote(platform.lake) or is_remote(platform.landing):
        return False
    paths = (path for root in (platform.lake, platform.landing) for path in Path(root).rglob("*"))
    sizes_bytes = accumulate(map(_size_bytes, paths))
    limit_bytes = platform.small_lake_mb * 1_000_000
    return limit_bytes > 0 and all(size_bytes <= limit_bytes for size_bytes in sizes_bytes)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # a sender renamed it meanwhile, or a link leads nowhere: landing tells what it finds
        return 0
