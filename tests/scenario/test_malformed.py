"""A world of malformed records goes through every format, and nothing but the bad record is rejected."""

from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.commands.quarantine import as_text, listed, shown
from c360_spark.config import load
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF, ROOT
from tests.malformed import CUSTOMERS, EVENTS, HEAD, OK, Kind, customer, event
from tests.malformed_orders import ORDERS, Orders
from tests.stages import canonicalise, land

pytestmark = pytest.mark.spark
Outcomes = dict[str, tuple[str, ...]]


@pytest.fixture(scope="module")
def run(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A lake that has taken in everything."""
    folder = tmp_path_factory.mktemp("malformed")
    landing = folder / "landing"
    _deliver(landing / "web" / "event", "jsonl", {k.name: k.file(n, event) for n, k in enumerate(EVENTS, 10)})
    customers = {k.name: k.file(n, customer, HEAD) for n, k in enumerate(CUSTOMERS, 10)}
    _deliver(landing / "crm" / "customer", "csv", customers)
    _deliver(landing / "commerce" / "order", "parquet", {k.name: k.file(n) for n, k in enumerate(ORDERS, 10)})
    shipped = load(ROOT / "conf", "dev", lake=str(folder / "lake"), landing=str(folder / "landing"))
    # Each file is of other people: as full deliveries all but the first would be held.
    delta = shipped.sources["crm", "customer"].model_copy(update={"delivery": "delta"})
    conf = replace(shipped, sources=shipped.sources | {("crm", "customer"): delta})
    run = Run(spark, Store(spark, str(folder / "lake")), conf, AS_OF, run_id_of(AS_OF))
    land(run)
    canonicalise(run)
    return run


def _deliver(folder: Path, ending: str, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.{ending}").write_bytes(content)


def outcomes(run: Run, source: str, dataset: str, table: tables.Table) -> Outcomes:
    """By file what came of its records, in their order."""
    read, of_it = run.store.read, (F.col("source") == source) & (F.col("dataset") == dataset)
    bronze = read(tables.bronze(source, dataset)).select("bronze_id", "delivery_id", "position")
    accepted = read(table).where(of_it).select("bronze_id", F.lit(OK).alias("came_of_it"))
    rejected = read(tables.QUARANTINE).where(of_it).select("bronze_id", F.concat_ws(",", "reasons").alias("came_of_it"))
    verdicts = bronze.join(accepted.unionByName(rejected), "bronze_id", "left")
    files = (
        read(tables.DELIVERY).where(of_it & F.col("status").isin("landed", "empty")).select("delivery_id", "file_path")
    )
    found: Outcomes = {row.file_path.rsplit("/", 1)[-1].rsplit(".", 1)[0]: () for row in files.collect()}
    rows = verdicts.join(files, "delivery_id").orderBy("file_path", "position").collect()
    for row in rows:
        found[row.file_path.rsplit("/", 1)[-1].rsplit(".", 1)[0]] += (row.came_of_it or "lost",)
    return found


@pytest.mark.parametrize(
    ("source", "dataset", "table", "kinds"),
    [
        ("web", "event", tables.EVENT, EVENTS),
        ("crm", "customer", tables.PROFILE_RECORD, CUSTOMERS),
        ("commerce", "order", tables.ORDER, ORDERS),
    ],
)
def test_only_the_bad_record_is_rejected(
    run: Run, source: str, dataset: str, table: tables.Table, kinds: tuple[Kind, ...] | tuple[Orders, ...]
) -> None:
    found = outcomes(run, source, dataset, table)
    assert {kind.name: found.get(kind.name, ()) for kind in kinds} == {kind.name: kind.expected for kind in kinds}


def test_there_are_more_than_forty_kinds_and_all_are_accounted_for(run: Run) -> None:
    assert len({*EVENTS, *CUSTOMERS, *ORDERS}) >= 100
    rows = run.store.read(tables.ACCOUNTING).collect()
    assert rows
    for row in rows:
        assert row.rows_in == row.accepted + row.quarantined + row.duplicate + row.suppressed


def test_a_rejected_record_is_shown_as_delivered_though_its_bytes_are_no_text(run: Run) -> None:
    given = {"config": str(ROOT / "conf"), "env": "dev", "lake": run.store.lake}
    rows = listed(**given, dataset="crm.customer", reason="encoding", since=None)
    assert as_text(rows)
    garbled = run.store.read(tables.QUARANTINE).where("array_contains(reasons, 'encoding') AND dataset = 'customer'")
    records = [shown(row.bronze_id, **given, values=True) for row in garbled.collect()]
    assert any("Zo\\xeb" in record["payload"] for record in records)
