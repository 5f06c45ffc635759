"""The whole chain on a small world: two days, replayed, interrupted, and on a cluster by spark-submit."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import nbformat
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from chispa import assert_df_equality
from nbclient import NotebookClient
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, MapType

from c360_spark import tables
from c360_spark.commands.demo import CUSTOMER_RECORDS, found_persons
from c360_spark.commands.synth import synth
from c360_spark.config import Conf, load
from c360_spark.config.rules.survivorship import ATTRIBUTES
from c360_spark.jars import jar_paths
from c360_spark.local_delta import LocalTable
from c360_spark.observe.match_quality import pairwise
from c360_spark.pipeline import chain
from c360_spark.pipeline.chain import run_stages
from c360_spark.pipeline.replay import replay
from c360_spark.pipeline.stages import STAGES
from c360_spark.run.context import Run, run_id_of
from c360_spark.session import SMALL
from c360_spark.store import Store
from c360_spark.synth.noise import Noise
from c360_spark.tables import Table
from tests.bench.duckdb_chain import STEPS, Chain
from tests.bench.machine import Cost
from tests.conftest import ROOT, DyingStore, Killed
from tests.ids import forms_of
from tests.spark_cluster import SparkCluster

pytestmark = [pytest.mark.spark, pytest.mark.slow]
START = date(2026, 1, 1)
PEOPLE, DAYS = 150, 2
# Columns that an independent implementation cannot have: hashes of the suite's own, and names of runs and rules.
OWN = {"rule_set", "run_id", "record_hash", "member_check", "change_id"}
# The most Spark jobs of each stage on day 1 and day 2: those measured, a third more because Delta's caches may be cold,
# and 5 to 9. A stage that needs more needs a reason, and a new number.
JOBS = {
    "land": (50, 55),
    "canonicalise": (130, 95),
    "resolve_identity": (15, 20),
    "build_profiles": (25, 50),
    "build_events": (30, 55),
    "build_households": (20, 25),
    "build_accounts": (25, 25),
    "reconcile": (5, 5),
    "build_metrics": (20, 20),
    "build_audiences": (15, 30),
    "export": (15, 20),
    "deliver": (5, 5),
}


@pytest.fixture(scope="module")
def world(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deliveries and the truth of a small world."""
    folder = tmp_path_factory.mktemp("world")
    arguments = {"people": PEOPLE, "days": DAYS, "seed": 11, "start": START, "noise": Noise(), "report": lambda _: None}
    synth(spark, folder / "deliveries", folder / "truth", **arguments)
    return folder


def deliver(world: Path, landing: Path, day: int) -> None:
    on = (START + timedelta(days=day - 1)).isoformat()
    for folder in (world / "deliveries").glob(f"*/*/{on}"):
        shutil.copytree(folder, landing / folder.relative_to(world / "deliveries"), dirs_exist_ok=True)


def run_on(spark: SparkSession, folder: Path, day: int) -> Run:
    """A run at the end of a day on `folder/lake` and `folder/landing`."""
    lake, landing = str(folder / "lake"), folder / "landing"
    landing.mkdir(parents=True, exist_ok=True)
    as_of = datetime(2026, 1, 1) + timedelta(days=day)
    conf = load(ROOT / "conf", "dev", lake=lake, landing=str(landing))
    return Run(spark, Store(spark, lake), conf, as_of, run_id_of(as_of))


def all_tables(conf: Conf) -> list[Table]:
    """Every table of a lake but those that hold clock times, or that only a rule set with a model or a CDP makes."""
    bronze = [tables.bronze(source, dataset) for source, dataset in conf.landed()]
    outboxes = [tables.outbox(name) for name in conf.destinations]
    absent = () if conf.rules.probabilistic else (tables.COMPARED, tables.PAIR, tables.REVIEW)
    absent += () if conf.cdps() else (tables.CDP_PROFILE, tables.CDP_RECONCILIATION, tables.CDP_MISMATCH)
    return [t for t in (*bronze, *tables.ALL, *outboxes) if not t.physical and t not in absent]


def assert_equal_lakes(left: Run, right: Run, *, of: Sequence[Table] | None = None, but: Sequence[Table] = ()) -> None:
    for table in of or all_tables(left.conf):
        if table in but:
            continue
        frames = []
        for run in (left, right):
            assert run.store.exists(table), f"{table.full_name} was not made in {run.store.lake}"
            columns = [
                F.to_json(c.name).alias(c.name) if isinstance(c.type, MapType | ArrayType) else F.col(c.name)
                for c in table.columns
            ]
            frames.append(run.store.read(table).select(*columns).orderBy(*table.key))
        try:
            assert_df_equality(*frames)
        except Exception as error:
            raise AssertionError(f"{table.full_name} differs\n{error}") from error


@contextmanager
def counted(spark: SparkSession, jobs: dict[tuple[int, str], int], day: int) -> Iterator[None]:
    """Counts the Spark jobs of each stage that is run in the body."""
    started = chain.run_stage

    def run_stage(run: Run, name: str) -> None:
        before = Cost.of(spark)
        started(run, name)
        jobs[day, name] = (Cost.of(spark) - before).jobs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chain, "run_stage", run_stage)
        yield


@pytest.fixture(scope="module")
def spark_jobs() -> dict[tuple[int, str], int]:
    """Number of Spark jobs by day and stage, filled by `lives`."""
    return {}


@pytest.fixture(scope="module")
def lives(
    spark: SparkSession, world: Path, tmp_path_factory: pytest.TempPathFactory, spark_jobs: dict[tuple[int, str], int]
) -> tuple[Run, Run]:
    """A lake after day 1, and the same after day 2."""
    folder, first = tmp_path_factory.mktemp("lived"), tmp_path_factory.mktemp("first")
    for day in (1, 2):
        run = run_on(spark, folder, day)
        deliver(world, folder / "landing", day)
        with counted(spark, spark_jobs, day):
            run_stages(run, list(STAGES))
        if day == 1:
            shutil.copytree(folder / "lake", first / "lake")
    return run_on(spark, first, 1), run


@pytest.fixture
def first_day(lives: tuple[Run, Run]) -> Run:
    return lives[0]


@pytest.fixture
def lived(lives: tuple[Run, Run]) -> Run:
    return lives[1]


@pytest.mark.usefixtures("lives")
def test_no_stage_starts_more_spark_jobs_than_its_budget(spark_jobs: dict[tuple[int, str], int]) -> None:
    assert set(spark_jobs) == {(day, name) for day in (1, 2) for name in STAGES}
    over = {at: n for at, n in spark_jobs.items() if n > JOBS[at[1]][at[0] - 1]}
    assert not over, f"{over} of {spark_jobs}"


def test_every_table_is_made_with_a_unique_key_that_is_never_null(lived: Run) -> None:
    for table in all_tables(lived.conf):
        rows = lived.store.read(table)
        required = [c.name for c in table.columns if not c.nullable]
        doubled = rows.groupBy(*table.key).count().where("count > 1").count()
        nulls = rows.where(" OR ".join(f"`{name}` IS NULL" for name in required)).count()
        assert (table.full_name, doubled, nulls) == (table.full_name, 0, 0)


def test_records_in_are_accepted_quarantined_or_duplicate_and_nothing_else(lived: Run) -> None:
    balance = lived.store.read(tables.ACCOUNTING).agg(
        *(F.sum(name).alias(name) for name in ("rows_in", "accepted", "quarantined", "duplicate", "suppressed"))
    )
    total = balance.head()
    landed = sum(lived.store.read(tables.bronze(s, d)).count() for s, d, _, _ in lived.conf.datasets())
    accepted = sum(lived.store.read(t).count() for t in tables.CANONICAL if t is not tables.ORDER_LINE)
    assert total.rows_in == landed
    assert total.accepted == accepted
    assert total.quarantined == lived.store.read(tables.QUARANTINE).count() > 0
    assert total.duplicate > 0
    assert total.rows_in == total.accepted + total.quarantined + total.duplicate + total.suppressed


def test_persons_found_agree_with_the_truth(lived: Run, world: Path) -> None:
    found = found_persons(lived, world / "truth")
    assert pairwise(found).head().precision >= 0.99
    # Of all keys most are cookies that never log in, which nothing could link; customer records can be found.
    assert pairwise(found.where(CUSTOMER_RECORDS)).head().recall >= 0.8


def test_an_independent_implementation_in_sql_makes_the_same_tables(
    first_day: Run, world: Path, tmp_path: Path
) -> None:
    """tests/bench/duckdb_chain.py shares no code with the suite: it reads the same files and conf/."""
    other, compared = Chain(world / "deliveries", tmp_path, START, threads=1), set()
    for step in STEPS:
        step(other)
    known = {table.full_name: table for table in all_tables(first_day.conf)}
    for file in sorted(tmp_path.glob("*/*.parquet")):
        name = f"{file.parent.name}.{file.stem}"
        if name.startswith("bronze."):  # Parquet in bronze prints times in another way
            continue
        theirs, table = pq.read_table(file), known[name]
        columns = [c for c in table.column_names if c in theirs.column_names and c not in OWN]
        ours = LocalTable(first_day.store.path(table), table).rows(columns)
        assert as_texts(ours) == as_texts(theirs.select(columns)), name
        compared.add(name)
    assert len(compared) >= 35
    assert {"identity.membership", "gold.profile", "gold.audience_member", "export.newsletter"} <= compared


def as_texts(rows: pa.Table) -> list[str]:
    return sorted(repr([plain(value) for value in row.values()]) for row in rows.to_pylist())


def plain(value: Any) -> Any:
    """A map as its sorted entries, an array as a tuple."""
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return sorted(value)
    return tuple(value.items()) if isinstance(value, dict) else value


def test_a_profile_holds_the_values_that_rank_first_and_no_others(lived: Run) -> None:
    ranked, profiles = lived.store.read(tables.PROFILE_ATTRIBUTE), lived.store.read(tables.PROFILE)
    own = [F.struct(F.lit(name).alias("name"), F.col(name).cast("string").alias("value")) for name in ATTRIBUTES]
    entries = F.expr(
        "transform(map_entries(attributes), e -> struct('attributes.' || e.key AS name, e.value AS value))"
    )
    held = profiles.select("person_id", F.inline(F.concat(F.array(*own), F.coalesce(entries, F.array())))).where(
        "value IS NOT NULL"
    )
    first = ranked.where("rank = 1").select("person_id", "attribute", "attribute_value")
    assert (held.exceptAll(first).count(), first.exceptAll(held).count()) == (0, 0)
    assert ranked.where("rank > 1").count() > 0


def test_what_a_cookie_did_on_the_first_day_went_to_whom_it_was_found_to_be_on_the_second(lived: Run) -> None:
    moves, events = lived.store.read(tables.EVENT_REATTRIBUTION), lived.store.read(tables.GOLD_EVENT)
    moved = events.where("NOT (person_id <=> person_id_then)")
    assert moves.count() == moved.count() > 0
    assert moves.where(F.col("run_id") != lived.run_id).isEmpty()
    in_sessions = lived.store.read(tables.SESSION).agg(F.sum("event_count").alias("n")).head()
    passive = F.col("event_name").isin(*lived.conf.gold.sessions.passive_events)
    assert in_sessions.n == events.where(F.col("person_id").isNotNull() & ~passive).count()


def test_an_outbox_adds_once_and_never_sends_the_same_twice(lived: Run) -> None:
    outbox = lived.store.read(tables.outbox("newsletter"))
    assert outbox.where("sequence = 1 AND operation <> 'add'").count() == 0
    assert outbox.where("operation = 'add'").count() > 0


def test_running_the_day_again_changes_nothing(lived: Run) -> None:
    before = {table.full_name: lived.store.version(table) for table in all_tables(lived.conf)}
    contents = {table.full_name: lived.store.read(table).count() for table in all_tables(lived.conf)}
    run_stages(lived, list(STAGES))
    assert {table.full_name: lived.store.read(table).count() for table in all_tables(lived.conf)} == contents
    synced = [t for t in all_tables(lived.conf) if t.layer in ("bronze", "silver", "identity")]
    assert {t.full_name: lived.store.version(t) for t in synced} == {t.full_name: before[t.full_name] for t in synced}


def test_a_replay_from_bronze_into_an_empty_lake_gives_equal_tables(lived: Run, tmp_path: Path) -> None:
    again = run_on(lived.spark, tmp_path, DAYS)
    replay(again, lived.store)
    assert_equal_lakes(lived, again)


@pytest.mark.parametrize("commits", range(1, 42) if os.environ.get("C360_LONG") else [19])
def test_a_run_killed_after_any_commit_is_repaired_by_running_it_again(
    spark: SparkSession, world: Path, first_day: Run, tmp_path: Path, commits: int
) -> None:
    deliver(world, tmp_path / "landing", 1)
    run = run_on(spark, tmp_path, 1)
    dying = replace(run, store=DyingStore(spark, run.store.lake))
    dying.store.commits_left = commits
    with pytest.raises(Killed):
        run_stages(dying, list(STAGES))
    run_stages(run, list(STAGES))
    assert_equal_lakes(first_day, run)


def sweep(run: Run, *swept: Table) -> None:
    """The hardest that maintenance may do: files are written anew, and all but the newest state is removed."""
    for table in swept:
        run.spark.sql(f"OPTIMIZE {run.store.name(table)}")
        run.spark.sql(f"VACUUM {run.store.name(table)} RETAIN 0 HOURS")


def test_a_stage_that_cannot_read_what_changed_makes_the_same_of_everything(
    lived: Run, world: Path, first_day: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(first_day.store.lake, tmp_path / "lake")
    run = run_on(lived.spark, tmp_path, DAYS)
    deliver(world, tmp_path / "landing", DAYS)
    written = {
        "land": [tables.bronze(source, dataset) for source, dataset, _, _ in run.conf.datasets()],
        "canonicalise": [tables.IDENTIFIER_SET, tables.PROFILE_RECORD, tables.ORDER, tables.CONSENT],
        "resolve_identity": [tables.MEMBERSHIP, tables.PERSON],
        "build_profiles": [tables.PROFILE],
        "build_metrics": [tables.METRIC],
    }
    run.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", False)
    for stage in STAGES:
        run_stages(run, [stage])
        sweep(run, *written.get(stage, ()))
    run.spark.conf.unset("spark.databricks.delta.retentionDurationCheck.enabled")
    told = [line.split()[2] for line in capsys.readouterr().err.splitlines() if line.endswith("full refresh")]
    # The others read no change of a table that was swept, or deal with everybody at the end of a day anyway.
    anew = {"canonicalise", "resolve_identity", "build_profiles", "build_events", "build_households", "export"}
    assert set(told) == anew
    assert_equal_lakes(lived, run, but=(tables.ACCOUNTING, tables.REMARK))  # what was read again is told


def submitted(job: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A job run by spark-submit. What its Python says on standard error, spark-submit prints on standard output."""
    python = Path(sys.executable)
    command = [str(python.parent / "spark-submit"), "--master", "local[2]", "--driver-memory", "1g"]
    command += ["--jars", ",".join(map(str, jar_paths())), "--driver-java-options", "-XX:TieredStopAtLevel=1"]
    for setting, value in (SMALL | {"spark.ui.enabled": "false"}).items():
        command += ["--conf", f"{setting}={value}"]
    # spark-submit asks the python3 on the path where Spark is: an activated environment has it first.
    env = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}", "PYSPARK_PYTHON": str(python)}
    env["TZ"] = "America/New_York"  # where the machine stands never matters
    command += [f"jobs/{job}.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def spark_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    cluster = SparkCluster(tmp_path_factory.mktemp("cluster"))
    cluster.start()
    yield cluster
    cluster.stop()


def wheel(folder: Path) -> Path:
    """The project as `make wheel` builds it."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=120)
    return next(folder.glob("*.whl")).rename(folder / "c360_spark.zip")


def test_the_chain_runs_on_a_cluster_whose_executors_lack_the_project_and_shows_no_key(
    spark: SparkSession, world: Path, first_day: Run, spark_cluster: SparkCluster, tmp_path: Path
) -> None:
    run = run_on(spark, tmp_path, 1)
    deliver(world, tmp_path / "landing", 1)
    events = tmp_path / "events"
    events.mkdir()
    log = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": str(events), "spark.eventLog.compress": "false"}
    places = ["--config", str(ROOT / "conf"), "--lake", run.store.lake, "--landing", run.conf.platform.landing]
    given = [*places, "--as-of", run.as_of.isoformat(), "--run-id", run.run_id]
    with seen_arguments() as arguments:
        told = spark_cluster.submit(
            str(ROOT / "jobs" / "run.py"),
            *given,
            conf=SMALL | log,
            jars=",".join(map(str, jar_paths())),
            project=wheel(tmp_path),
        )
    assert_equal_lakes(first_day, run)
    assert [f"s  {stage} " in told for stage in STAGES] == [True] * len(STAGES)
    # The key of the dev environment is public, which makes no difference here.
    forms, kept = forms_of(run.conf.platform.identity_key.secret()), [*events.rglob("*"), *tmp_path.rglob("lake/**/*")]
    kept += [*spark_cluster.folder.glob("*.log"), *spark_cluster.folder.glob("work/**/std*")]
    shown = {str(path): path.read_bytes() for path in kept if path.is_file()}
    shown |= {"standard output and error": told.encode(), "arguments": "\n".join(sorted(arguments)).encode()}
    assert len(shown["arguments"]) > 0
    assert [
        (place, name) for place, text in shown.items() for name, form in forms.items() if form in text.lower()
    ] == []


@contextmanager
def seen_arguments() -> Iterator[set[str]]:
    """The command lines of all processes that run meanwhile."""
    seen, over = set[str](), Event()

    def watch() -> None:
        while not over.wait(0.5):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    seen.add(path.read_bytes().decode("utf-8", "replace"))

    watcher = Thread(target=watch)
    watcher.start()
    yield seen
    over.set()
    watcher.join()


def test_a_job_that_is_given_nonsense_ends_with_the_code_and_exit_code_of_the_command_line() -> None:
    done = submitted("land", "--config", "nowhere")
    assert done.returncode == 11
    assert "C202" in done.stdout
    assert "Traceback" not in done.stdout


def test_the_notebook_runs_on_a_lake(lived: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C360_LAKE", lived.store.lake)
    monkeypatch.setenv("C360_CONF", str(ROOT / "conf"))
    notebook = nbformat.read(ROOT / "notebooks" / "identity_graph.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}})
    client.execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = " ".join(str(output) for output in outputs)
    assert all(word in shown for word in ("id_stability", "crm.customer", "links that hold", "<iframe"))
