"""Landing: each content once, byte for byte, whatever the files are called and however they are split."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.config import load
from c360_spark.errors import InputError
from c360_spark.stages.chain import run_stages
from c360_spark.stages.land import land
from c360_spark.stages.run import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF, ROOT

Frame = Callable[..., DataFrame]
pytestmark = pytest.mark.spark
CUSTOMER = tables.bronze("crm", "customer")
HEADER = "customer_id,given_name,updated_at"


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path) -> Run:
    (tmp_path / "landing" / "crm" / "customer").mkdir(parents=True)
    conf = load(ROOT / "conf", "dev", lake=str(tmp_path / "lake"), landing=str(tmp_path / "landing"))
    return Run(spark, Store(spark, str(tmp_path / "lake")), conf, AS_OF, run_id_of(AS_OF))


def at(run: Run, days: int) -> Run:
    later = run.as_of + timedelta(days=days)
    return Run(run.spark, run.store, run.conf, later, run_id_of(later), run.only)


def folder(run: Run, dataset: str = "crm/customer") -> Path:
    path = Path(run.conf.platform.landing) / dataset
    path.mkdir(parents=True, exist_ok=True)
    return path


def payloads(run: Run) -> list[tuple[int, str]]:
    rows = run.store.read(CUSTOMER).orderBy("received_at", "position").collect()
    return [(row.position, row.payload) for row in rows]


def test_lines_land_as_delivered_with_their_place_and_the_header_of_their_file(run: Run) -> None:
    lines = ["C1,  Zoë ,x", 'C2,"a, b",', "", "C3,broken"]
    (folder(run) / "a b+c%20ü.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    land(run)
    assert payloads(run) == [(i + 1, line) for i, line in enumerate(lines)]
    assert {row.header for row in run.store.read(CUSTOMER).collect()} == {HEADER}


def test_the_place_of_a_line_does_not_depend_on_how_the_file_is_split(run: Run) -> None:
    lines = [f"C{i},{'x' * (i % 50)},t" for i in range(3000)]
    (folder(run) / "split.csv").write_text("\n".join([HEADER, *lines, "last,,"]))
    usual = run.spark.conf.get("spark.sql.files.maxPartitionBytes")
    run.spark.conf.set("spark.sql.files.maxPartitionBytes", "4096")
    try:
        land(run)
    finally:
        run.spark.conf.set("spark.sql.files.maxPartitionBytes", usual)
    assert payloads(run) == [(i + 1, line) for i, line in enumerate([*lines, "last,,"])]


def test_the_same_content_again_is_a_recorded_no_op_even_without_a_checkpoint(run: Run) -> None:
    (folder(run) / "a.csv").write_text(f"{HEADER}\nC1,A,t\n")
    (folder(run) / "copy.csv").write_text(f"{HEADER}\nC1,A,t\n")
    land(run)
    version = run.store.version(CUSTOMER)
    shutil.copy(folder(run) / "a.csv", folder(run) / "again.csv")
    shutil.rmtree(run.checkpoints)
    land(at(run, 1))
    ledger = {row.path: (row.status, row.record_count) for row in run.store.read(tables.DELIVERY).collect()}
    assert run.store.version(CUSTOMER) == version
    assert payloads(run) == [(1, "C1,A,t")]
    assert ledger == {
        "crm/customer/a.csv": ("landed", 1),
        "crm/customer/copy.csv": ("repeat", 0),
        "crm/customer/again.csv": ("repeat", 0),
    }


def test_a_file_that_is_not_of_its_format_is_on_record_and_the_others_land(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder(run) / "good.csv").write_text(f"{HEADER}\nC1,A,t\n")
    orders = folder(run, "commerce/order")
    (orders / "cut.parquet").write_bytes(b"PAR1 and then nothing")
    pq.write_table(pa.table({"order_id": ["O1", "O2"]}), orders / "whole.parquet")
    land(run)
    said = capsys.readouterr().err
    assert "1 files are not of their format" in said
    assert "cut.parquet" in said
    assert payloads(run) == [(1, "C1,A,t")]
    ledger = {row.path: (row.status, row.record_count) for row in run.store.read(tables.DELIVERY).collect()}
    assert ledger["commerce/order/cut.parquet"] == ("unreadable", 0)
    assert ledger["commerce/order/whole.parquet"] == ("landed", 2)


def test_a_file_damaged_inside_is_named_and_the_next_run_lands_the_rest(run: Run) -> None:
    (folder(run) / "good.csv").write_text(f"{HEADER}\nC1,A,t\n")
    broken = folder(run, "commerce/order") / "broken.parquet"
    pq.write_table(pa.table({"order_id": [f"O{i}" for i in range(9000)]}), broken)
    content = bytearray(broken.read_bytes())
    content[40:4000] = b"?" * 3960
    broken.write_bytes(content)
    with pytest.raises(InputError) as failure:
        land(run)
    assert failure.value.code == "C302"
    assert "broken.parquet" in failure.value.cause
    broken.unlink()
    land(run)
    assert payloads(run) == [(1, "C1,A,t")]


def test_a_missing_landing_folder_and_going_back_in_time_are_refused(run: Run, frame: Frame) -> None:
    (folder(run) / "a.csv").write_text(f"{HEADER}\nC1,A,t\n")
    land(run)
    for stages in (["land"], ["resolve_identity"]):
        with pytest.raises(InputError, match="is before an earlier landing"):
            run_stages(at(run, -1), stages)
    changed = frame(tables.CHANGE, {"occurred_at": at(run, 2).as_of})
    run.store.append(tables.CHANGE, changed)
    with pytest.raises(InputError, match="is before an earlier resolution of identities") as failure:
        run_stages(at(run, 1), ["build_profiles"])
    assert failure.value.code == "C305"
    shutil.rmtree(run.conf.platform.landing)
    with pytest.raises(InputError) as failure:
        land(at(run, 1))
    assert failure.value.code == "C301"


def test_files_of_no_dataset_are_told_and_left_alone(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    (folder(run, "pos/receipt") / "a.csv").write_text("x\n1\n")
    (folder(run) / "a.csv").write_text(f"{HEADER}\nC1,A,t\n")
    land(run)
    assert "belong to no dataset" in capsys.readouterr().err
    assert payloads(run) == [(1, "C1,A,t")]
