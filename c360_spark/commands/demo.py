"""`c360 demo` and `c360 synth`: a synthetic world, the whole pipeline on it day by day, tables and match quality."""

import shutil
from datetime import date, datetime, timedelta
from functools import partial, reduce
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table as Grid

from c360_spark import tables
from c360_spark.columns.keys import identifier_id, with_key
from c360_spark.columns.normalize import NORMALIZERS
from c360_spark.commands.synth import synth
from c360_spark.config import load
from c360_spark.errors import InputError
from c360_spark.observe.match_quality import pairwise
from c360_spark.pipeline.chain import run_stages
from c360_spark.pipeline.job import begin
from c360_spark.run.context import Run, in_parallel
from c360_spark.session import session
from c360_spark.stages.identity.graph import current_membership
from c360_spark.synth.noise import Noise

START = date(2026, 1, 1)
CUSTOMER_RECORDS = "source IN ('crm', 'loyalty')"
TRUTH_NAMESPACES = {
    ("crm", "customer"): "crm.customer_id",
    ("loyalty", "member"): "loyalty.member_no",
    ("commerce", "account"): "commerce.account_id",
    ("web", "cookie"): "web.cookie_id",
    ("mobile", "device"): "mobile.device_id",
}


def demo(*, folder: Path, config: str, people: int, days: int, seed: int) -> None:
    """Create a world in `folder`, run all stages of schedule.yml for each day, and print tables and match quality.

    An earlier demo in the folder is removed. The folder then holds `deliveries` and `truth` of the world, `landing`,
    `lake`, and `outgoing` if a destination takes files. Raises InputError C303 when it held anything else.
    """
    _clear(folder)
    lake, landing = str(folder / "lake"), folder / "landing"
    landing.mkdir(parents=True)
    places: dict[str, Any] = {"config": config, "env": "dev", "lake": lake, "landing": str(landing)}
    places["outgoing"] = str(folder / "outgoing")
    first = begin(**places, as_of=_evening(1))
    first.say(f"demo: {people:,} people over {days} days in {folder}")
    world: dict[str, Any] = {"people": people, "days": days, "seed": seed, "start": START}
    synth(first.spark, folder / "deliveries", folder / "truth", **world, noise=Noise(), report=first.say)
    names = [first.conf.schedule.root[name].job for name in first.conf.schedule.ordered()]
    for day in range(1, days + 1):
        run = begin(**places, as_of=_evening(day))
        run.say(f"day {day}: as of {run.as_of:%Y-%m-%d}")
        _deliver(folder / "deliveries", landing, START + timedelta(days=day - 1))
        run_stages(run, names)
    console = Console(stderr=False)
    console.print(_made(first))
    console.print(_quality(first, folder / "truth"))


def write_world(
    out: Path, *, config: str, env: str, people: int, days: int, seed: int, start: date, no_noise: list[str]
) -> None:
    """`c360 synth`: write the deliveries of a world below `out`, and its true persons to `truth` beside it."""
    noise, spark = Noise().without(*no_noise), load(Path(config), env).platform.spark
    world: dict[str, Any] = {"people": people, "days": days, "seed": seed, "start": start}
    synth(session("c360 synth", spark), out, out.parent / "truth", **world, noise=noise, report=print)


def _evening(day: int) -> str:
    """The as-of time of a day's run: the end of that day."""
    return datetime.combine(START + timedelta(days=day), datetime.min.time()).isoformat()


def _clear(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        if not {path.name for path in folder.iterdir()} <= {"lake", "landing", "deliveries", "truth", "outgoing"}:
            hint = "give an empty or a new folder with --out"
            raise InputError("C303", f"'{folder}' holds something else than a demo", hint=hint)
        shutil.rmtree(folder)


def _deliver(deliveries: Path, landing: Path, day: date) -> None:
    for source in sorted(deliveries.glob(f"*/*/{day.isoformat()}")):
        shutil.copytree(source, landing / source.relative_to(deliveries))


def _made(run: Run) -> Grid:
    """Every table of the lake with its row count, Delta version and path."""
    grid = Grid("table", "rows", "version", "where", title="what was made")
    bronze = [tables.bronze(source, dataset) for source, dataset in run.conf.landed()]
    outboxes = [tables.outbox(name) for name in run.conf.destinations]
    made = [table for table in (*bronze, *tables.ALL, *outboxes) if run.store.exists(table)]
    counts = in_parallel([partial(_size, run, table) for table in made])
    for table, (rows, version) in zip(made, counts, strict=True):
        grid.add_row(table.full_name, f"{rows:,}", str(version), run.store.path(table))
    return grid


def _size(run: Run, table: tables.Table) -> tuple[int, int]:
    return run.store.count(table), run.store.version(table)


def _quality(run: Run, truth: Path) -> str:
    """Pairwise precision, recall and F1 against the truth.

    For customer records and for all keys, as nothing can link the many cookies and devices that never log in.
    """
    found = found_persons(run, truth).cache()
    kinds = {"customer records": found.where(CUSTOMER_RECORDS), "all keys, devices too": found}
    lines = ["identity against the truth of the world"]
    for kind, rows in kinds.items():
        figures = pairwise(rows).head()
        assert figures is not None
        lines.append(
            f"  {kind}: precision {figures.precision:.4f}, recall {figures.recall:.4f}, F1 {figures.f1:.4f} "
            f"over {figures.true_pairs:,} true pairs"
        )
    found.unpersist()
    return "\n".join(lines)


def found_persons(run: Run, truth: Path) -> DataFrame:
    """`source, truth, found`, one row per key of the world: its true person and the person it was resolved to."""
    rules, secret = run.conf.rules, run.conf.platform.identity_key.secret()
    persons = run.spark.read.parquet(str(truth / "person")).select("person_no", "region")
    keys = run.spark.read.parquet(str(truth / "record")).join(persons, "person_no")
    spaces = [F.lit(part) for (s, d), namespace in TRUTH_NAMESPACES.items() for part in (f"{s}.{d}", namespace)]
    namespace = F.create_map(*spaces)[F.concat_ws(".", "source", "dataset")]
    key = F.col("source_key")
    value = reduce(
        lambda made, n: F.when(namespace == n, NORMALIZERS[rules.namespaces[n].normalize](key)).otherwise(made),
        TRUTH_NAMESPACES.values(),
        key,
    )
    vertex = identifier_id(namespace, F.col("region"), value)
    held = current_membership(run).select("identifier_id", "person_id")
    placed = with_key(keys, secret).withColumn("identifier_id", vertex).join(held, "identifier_id", "left")
    return placed.select("source", F.col("person_no").alias("truth"), F.col("person_id").alias("found"))
