"""Landing: each content once, byte for byte, whatever the files are called and however they are split; what does not
land is on record with its reason, and told.
"""

import gzip
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.commands.landing_files import as_text, listed
from c360_spark.config import load
from c360_spark.errors import InputError
from c360_spark.landing.claim import claim, fits_glob
from c360_spark.landing.intake import WRITTEN, Missed, Taken, take
from c360_spark.landing.listing import listing, printable
from c360_spark.pipeline.chain import run_stages
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF, ROOT
from tests.stages import land

Frame = Callable[..., DataFrame]
pytestmark = pytest.mark.spark
CUSTOMER = tables.bronze("crm", "customer")
HEADER = "customer_id,given_name,updated_at"
ODD_NAMES = [
    *(f"{sign}{i}.csv" for i, sign in enumerate("*?[]{}\\:;,'\"`!@#$%^&()+=~|<> \t\n\r")),
    *(f"a{sign}b{i}.csv" for i, sign in enumerate("*?[]{}\\:,'\"`# \t\n\r")),
    *"s*r.csv star.csv br[1].csv br1.csv {a,b}.csv a.csv colon:x.csv file:x.csv http:..x.csv %20.csv %2F.csv".split(),
    *"a+b.csv -rf.csv $HOME.csv ~.csv ünïcødé.csv 王芳.csv 👩‍🔬.csv é.csv é.csv CON.csv a..b.csv ..a...csv".split(),
    "x" * 200 + ".csv",
    "two  blanks.csv",
    "a\u202ecsv.txt.csv",
    "a\u200bb.csv",
]
ODD_FOLDERS = [f"f{i}{sign}x" for i, sign in enumerate("*?[]{}\\:;,'\"`#%&=+ \n")] + [
    "_day=2026-01-02",
    "day=2026-01-02",
]


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


def ledger(run: Run) -> dict[str, tuple[str, int]]:
    return {row.file_path: (row.status, row.record_count) for row in run.store.read(tables.DELIVERY).collect()}


def seen(run: Run) -> dict[str, str]:
    """The status of each file of the landing folder."""
    return {row.file_path: row.status for row in run.store.read(tables.LANDING_FILE).collect()}


def as_delivered(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def with_source(run: Run, name: str, **given: str) -> Run:
    """The run with another arrival of one dataset."""
    source, dataset = name.split(".")
    arrival = run.conf.sources[source, dataset].model_copy(update=given)
    return replace(run, conf=replace(run.conf, sources={**run.conf.sources, (source, dataset): arrival}))


def test_lines_land_as_delivered_with_their_place_and_the_header_of_their_file(run: Run) -> None:
    lines = ["C1,  Zoë ,x", 'C2,"a, b",', "", "C3,broken"]
    as_delivered(folder(run) / "a b+c%20ü.csv", *lines)
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


def test_the_same_content_again_is_a_recorded_no_op_even_if_the_list_of_seen_files_is_lost(run: Run) -> None:
    as_delivered(folder(run) / "a.csv", "C1,A,t")
    as_delivered(folder(run) / "copy.csv", "C1,A,t")
    land(run)
    version = run.store.version(CUSTOMER)
    shutil.copy(folder(run) / "a.csv", folder(run) / "again.csv")
    shutil.rmtree(run.store.path(tables.LANDING_FILE))
    land(at(run, 1))
    assert run.store.version(CUSTOMER) == version
    assert payloads(run) == [(1, "C1,A,t")]
    assert ledger(run) == {
        "crm/customer/a.csv": ("landed", 1),
        "crm/customer/copy.csv": ("repeat", 0),
        "crm/customer/again.csv": ("repeat", 0),
    }
    assert seen(run) == {path: status for path, (status, _) in ledger(run).items()}


def test_nothing_new_writes_nothing(run: Run) -> None:
    as_delivered(folder(run) / "a.csv", "C1,A,t")
    (folder(run, "pos") / "stray").touch()
    land(run)
    noted = (CUSTOMER, tables.DELIVERY, tables.LANDING_FILE)
    versions = [run.store.version(table) for table in noted]
    land(at(run, 1))
    assert [run.store.version(table) for table in noted] == versions


def test_a_half_copied_file_that_is_completed_later_lands_whole(run: Run) -> None:
    path = as_delivered(folder(run) / "a.csv", "C1,A,t", "C2,B")
    land(run)
    as_delivered(path, "C1,A,t", "C2,B,t", "C3,C,t")
    land(at(run, 1))
    assert [payload for _, payload in payloads(run)][2:] == ["C1,A,t", "C2,B,t", "C3,C,t"]
    assert [status for status, _ in ledger(run).values()] == ["landed"]  # of one path; two contents are on record
    assert run.store.read(tables.DELIVERY).count() == 2


def test_a_file_that_is_written_to_while_it_is_read_waits_for_the_next_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = as_delivered(folder(run) / "a.csv", "C1,A,t")
    (before,) = listing(run.spark, run.conf.platform.landing)
    as_delivered(path, "C1,A,t", "C2,B,t")
    assert take(run.spark, [before], str(path.parent.parent / "x")) == [Missed(before, WRITTEN)]
    monkeypatch.setattr("c360_spark.stages.bronze.land.listing", lambda *_: [before])
    land(run)
    assert "1 files could not be read; the next run tries again: crm/customer/a.csv (it was" in capsys.readouterr().err
    assert (payloads(run), seen(run)) == ([], {"crm/customer/a.csv": "waiting"})
    monkeypatch.undo()
    land(at(run, 1))
    assert [payload for _, payload in payloads(run)] == ["C1,A,t", "C2,B,t"]


def test_an_old_file_and_one_rewritten_in_place_with_its_old_time_land(run: Run) -> None:
    new = as_delivered(folder(run) / "new.csv", "C1,A,t")
    land(run)
    old = as_delivered(folder(run) / "old.csv", "C2,A,t")
    os.utime(old, (0, 0))
    time = new.stat().st_mtime
    as_delivered(new, "C3,A,t")  # as long as before
    os.utime(new, (time, time))
    land(at(run, 1))
    assert sorted(payload for _, payload in payloads(run)) == ["C1,A,t", "C2,A,t", "C3,A,t"]


def test_files_that_were_seen_before_sources_yml_was_right_land_once_it_is(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    as_delivered(folder(run) / "a.csv", "C1,A,t")
    (folder(run, "support/case") / "wrong.jsonl").write_text('{"case_id": "S1"}\n')
    (folder(run, "pos") / "b.csv").write_text("receipt\n1\n")
    wrong = with_source(with_source(run, "crm.customer", path="crm/customers"), "support.case", format="parquet")
    land(wrong)
    assert "2 files belong to no dataset" in capsys.readouterr().err
    assert seen(run) == {
        "crm/customer/a.csv": "unclaimed",
        "support/case/wrong.jsonl": "unreadable",
        "pos/b.csv": "unclaimed",
    }
    land(at(wrong, 1))
    assert "told before and still so: 1 unreadable, 2 unclaimed" not in capsys.readouterr().err  # unreadable is settled
    land(at(run, 2))
    assert payloads(run) == [(1, "C1,A,t")]
    assert ledger(run)["support/case/wrong.jsonl"] == ("landed", 1)
    assert seen(run)["support/case/wrong.jsonl"] == "landed"


def test_datasets_that_share_a_folder_take_what_their_globs_say(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    shared = with_source(run, "crm.customer", path="crm", glob="customer*")
    shared = with_source(shared, "loyalty.member", path="crm", glob="member*.csv")
    for name in ("customer.csv", "member.csv", "customer_member.csv", "other.csv"):
        as_delivered(folder(run, "crm") / name, name)
    both = with_source(shared, "loyalty.member", path="crm", glob="*member.csv")
    land(shared)
    assert seen(run) == {
        "crm/customer.csv": "landed",
        "crm/customer_member.csv": "landed",
        "crm/member.csv": "landed",
        "crm/other.csv": "ignored",
    }
    assert (
        "crm/other.csv (glob: crm.customer takes customer*, loyalty.member takes member*.csv)"
        in capsys.readouterr().err
    )
    none = claim("crm/customer_member.csv", both.conf.sources)
    assert (none.dataset, none.status, none.reason) == (None, "ambiguous", "crm.customer and loyalty.member take it")
    nested = claim("crm/contact/x.jsonl", with_source(run, "crm.customer", path="crm", glob="*").conf.sources)
    assert nested.dataset == ("crm", "contact")


def test_empty_and_hidden_files_are_on_record_and_told(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    (folder(run) / "empty.csv").touch()
    (folder(run) / "empty too.csv").touch()
    as_delivered(folder(run) / "header.csv")
    as_delivered(folder(run) / "_SUCCESS.csv", "C1,A,t")
    as_delivered(folder(run) / ".part.csv", "C2,A,t")
    land(run)
    told = capsys.readouterr().err
    assert "3 files hold no records: crm/customer/empty too.csv, crm/customer/empty.csv, crm/customer/header" in told
    assert "2 files are not taken by the dataset that they lie below: crm/customer/.part.csv (hidden" in told
    assert payloads(run) == []
    assert seen(run) == {
        f"crm/customer/{name}.csv": status
        for status, names in {"empty": ("empty", "empty too", "header"), "ignored": ("_SUCCESS", ".part")}.items()
        for name in names
    }
    given = {"config": str(ROOT / "conf"), "env": "dev", "lake": run.store.lake}
    listing_of = as_text(listed(**given, status=None, every=False))
    assert "ignored               41  crm/customer/.part.csv  (hidden: its name begins with" in listing_of
    assert len(listed(**given, status="empty", every=False)) == 3
    assert len(listed(**given, status=None, every=True)) == 5
    assert "no such files" in as_text(listed(**given, status="landed", every=False))
    with pytest.raises(InputError, match="no status 'emty'"):
        listed(**given, status="emty", every=False)
    named = with_source(run, "crm.customer", glob="_*")
    land(at(named, 1))
    assert payloads(run) == [(1, "C1,A,t")]


PACKED = {
    "a.csv.gz": gzip.compress,
    "b.CSV.GZ": lambda text: gzip.compress(text[:30]) + gzip.compress(text[30:]),  # as `cat` joins two
    "c.csv.zst": lambda text: pa.Codec("zstd").compress(text, asbytes=True),
    "d.csv": gzip.compress,  # packed, though the name does not say so
    "e.csv.gz": bytes,  # unpacked by a browser, and called as before
}
CUT = {
    "cut.csv.gz": lambda text: gzip.compress(text)[:-9],
    "cut.csv.zst": lambda text: pa.Codec("zstd").compress(text, asbytes=True)[:-3],
    "wrong.csv.gz": lambda text: gzip.compress(text)[:-8] + bytes(8),
    "head.csv.gz": lambda text: gzip.compress(text)[:5],
    "more.csv.gz": lambda text: gzip.compress(text) + b"and more",
}


def test_packed_files_land_as_what_they_hold_and_damaged_ones_are_on_record(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, pack in (PACKED | CUT).items():
        (folder(run) / name).write_bytes(pack(f"{HEADER}\n{name},Ada,t\n".encode()))
    (folder(run) / "none.csv.gz").write_bytes(gzip.compress(b""))
    land(run)
    assert sorted(payloads(run)) == [(1, f"{name},Ada,t") for name in sorted(PACKED)]
    wanted = dict.fromkeys(PACKED, "landed") | dict.fromkeys(CUT, "unreadable") | {"none.csv.gz": "empty"}
    assert seen(run) == {f"crm/customer/{name}": status for name, status in wanted.items()}
    assert ledger(run)["crm/customer/cut.csv.gz"] == ("unreadable", 0)
    told = capsys.readouterr().err
    assert "5 files are not of their format, or damaged; deliver them again, whole: crm/customer/cut.csv.gz (" in told
    reasons = {row.reason for row in run.store.read(tables.LANDING_FILE).where("status = 'unreadable'").collect()}
    assert "Truncated compressed stream" in reasons

    # The same records packed again are other bytes and the same content; what was cut and comes whole lands.
    text = f"{HEADER}\na.csv.gz,Ada,t\n".encode()
    (folder(run) / "again.csv.gz").write_bytes(gzip.compress(text, mtime=1))
    (folder(run) / "plain.csv").write_bytes(text)
    (folder(run) / "cut.csv.gz").write_bytes(gzip.compress(f"{HEADER}\ncut.csv.gz,Ada,t\n".encode()))
    land(at(run, 1))
    statuses = seen(run)
    assert [statuses[f"crm/customer/{name}"] for name in ("again.csv.gz", "plain.csv", "cut.csv.gz")] == [
        "repeat",
        "repeat",
        "landed",
    ]
    assert len(payloads(run)) == len(PACKED) + 1


def test_a_packed_file_is_unpacked_before_it_is_decoded_and_split(run: Run) -> None:
    german = with_source(run, "crm.customer", separator=";", encoding="cp1252")
    text = f'{HEADER.replace(",", ";")}\n1;"Zoë\nZ";t\n'.encode("cp1252")
    (folder(run) / "a.csv.gz").write_bytes(gzip.compress(text))
    (folder(run) / "b.csv").write_bytes(text)
    land(german)
    assert payloads(run) == [(1, '1;"Zoë\nZ";t')]
    assert seen(run) == {"crm/customer/a.csv.gz": "landed", "crm/customer/b.csv": "repeat"}


def test_a_full_delivery_that_is_not_as_its_source_says_is_unreadable_and_does_not_wait_for_a_person(run: Run) -> None:
    german = with_source(run, "crm.customer", delivery="full", encoding="cp1252")
    as_delivered(folder(run) / "a.csv", *(f"C{i},A,t" for i in range(5)))
    land(german)
    (folder(run) / "b.csv").write_bytes(f"{HEADER}\nC1,".encode() + b"\x81,t\n")  # no letter of cp1252
    land(at(german, 1))
    assert seen(run) == {"crm/customer/a.csv": "landed", "crm/customer/b.csv": "unreadable"}
    (reason,) = [row.reason for row in run.store.read(tables.LANDING_FILE).where("reason IS NOT NULL").collect()]
    assert "it is not cp1252" in reason


def test_a_file_that_seemed_empty_lands_once_sources_yml_says_how_it_is_written(run: Run) -> None:
    (folder(run, "support/case") / "one.jsonl").write_text('{"case_id": "S1"}\n')
    land(with_source(run, "support.case", format="csv"))
    assert ledger(run)["support/case/one.jsonl"] == ("empty", 0)
    land(at(run, 1))
    assert ledger(run)["support/case/one.jsonl"] == ("landed", 1)


def test_files_in_hidden_folders_do_not_land(run: Run) -> None:
    for name in ("_temporary/0/attempt_1", ".ipynb_checkpoints", "2026/_day"):
        as_delivered(folder(run, f"crm/customer/{name}") / "part-0.csv", "C1,A,t")
    land(run)
    assert set(seen(run).values()) == {"ignored"}


def test_times_of_parquet_keep_their_microseconds(run: Run) -> None:
    at_ = datetime(2026, 1, 1, 10, 0, 0, 123456, tzinfo=UTC)
    path = folder(run, "commerce/order") / "a.parquet"
    pq.write_table(pa.table({"order_id": ["O1"], "at": pa.array([at_], pa.timestamp("us", "UTC"))}), path)
    land(run)
    (row,) = run.store.read(tables.bronze("commerce", "order")).collect()
    assert json.loads(row.payload) == {"order_id": "O1", "at": "2026-01-01T10:00:00.123456Z"}


def test_numbers_of_parquet_are_written_without_an_exponent(run: Run) -> None:
    numbers = [12345678.0, 4915112345678.0, -12345678.25, 1234567.5, 0.0, 9007199254740993.0, float("nan"), None]
    written = ["12345678.0", "4915112345678.0", "-12345678.25", "1234567.5", "0.0", "9007199254740992.0", '"NaN"']
    inner = [{"a.b": number, "many": [number], "text": f"{number}"} for number in numbers]
    columns = {"n": pa.array(numbers), "f": pa.array(numbers, pa.float32()), "s": pa.array(inner)}
    pq.write_table(pa.table(columns), folder(run, "commerce/order") / "a.parquet")
    land(run)
    rows = run.store.read(tables.bronze("commerce", "order")).orderBy("position").collect()
    floats = ["12345678.0", "4915112400000.0", "-12345678.0", "1234567.5", "0.0", "9007199300000000.0", '"NaN"']
    for row, number, wide, short in zip(rows, numbers, [*written, "null"], [*floats, "null"], strict=True):
        text = f'"text":"{number}"'
        assert row.payload == f'{{"n":{wide},"f":{short},"s":{{"a.b":{wide},"many":[{wide}],{text}}}}}'


def test_files_of_a_remote_landing_folder_land(run: Run, spark: SparkSession, tmp_path: Path) -> None:
    as_delivered(folder(run) / "a.csv", "C1,A,t")
    (folder(run) / "b.csv.gz").write_bytes(gzip.compress(f"{HEADER}\nC2,B,t\n".encode()))
    pq.write_table(pa.table({"order_id": ["O1", "O2"]}), folder(run, "commerce/order") / "a.parquet")
    platform = run.conf.platform.model_copy(update={"landing": f"{mounted(spark, tmp_path)}/landing"})
    land(replace(run, conf=replace(run.conf, platform=platform)))
    assert [payload for _, payload in payloads(run)] == ["C1,A,t", "C2,B,t"]
    assert ledger(run)["commerce/order/a.parquet"] == ("landed", 2)


def test_a_remote_file_that_is_gone_or_changes_while_it_is_read_waits_for_the_next_run(
    spark: SparkSession, tmp_path: Path
) -> None:
    root = mounted(spark, tmp_path)
    for name in ("gone", "torn", "whole"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    files = listing(spark, f"{root}/in")
    (tmp_path / "in" / "gone").unlink()
    (tmp_path / "in" / "torn").write_text("written again")
    gone, torn, whole = take(spark, files, str(tmp_path / "copies"))
    assert isinstance(gone, Missed)
    assert "gone" in gone.reason
    assert "\n" not in gone.reason
    assert torn == Missed(files[1], WRITTEN)
    assert isinstance(whole, Taken)
    assert data_files(tmp_path / "copies") == [whole.delivery_id]


def test_a_local_file_that_changes_while_it_is_copied_to_a_remote_lake_leaves_nothing_there(
    spark: SparkSession, tmp_path: Path
) -> None:
    root = mounted(spark, tmp_path)
    (tmp_path / "in").mkdir()
    for name in ("gone", "torn", "whole"):
        (tmp_path / "in" / name).write_text(name)
    files = listing(spark, str(tmp_path / "in"))
    (tmp_path / "in" / "gone").unlink()
    (tmp_path / "in" / "torn").write_text("written again")
    gone, torn, whole = take(spark, files, f"{root}/copies")
    assert isinstance(gone, Missed)
    assert "No such file" in gone.reason
    assert torn == Missed(files[1], WRITTEN)
    assert isinstance(whole, Taken)
    assert data_files(tmp_path / "copies") == [whole.delivery_id]


def test_a_lake_that_cannot_be_written_is_no_fault_of_a_file(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("a")
    files = listing(spark, str(tmp_path / "in"))
    with pytest.raises(PySparkException, match="not within a mount point"):
        take(spark, files, "viewfs://nowhere/in/copies")


def mounted(spark: SparkSession, folder: Path) -> str:
    """A folder as Hadoop's clients alone can read it: behind a scheme that Python does not know."""
    conf = spark._jsc.hadoopConfiguration()
    conf.set("fs.viewfs.mounttable.nowhere.link./elsewhere", f"file://{folder}")
    conf.set(f"fs.viewfs.mounttable.{folder.name}.linkFallback", f"file://{folder}")
    return f"viewfs://{folder.name}"


def data_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".crc"))


def test_a_packed_parquet_file_lands(run: Run) -> None:
    pq.write_table(pa.table({"order_id": ["O1", "O2"]}), folder(run, "commerce/order") / "a.parquet")
    plain = folder(run, "commerce/order") / "a.parquet"
    (folder(run, "commerce/order") / "b.PARQUET.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    land(run)
    assert ledger(run) == {"commerce/order/b.PARQUET.gz": ("landed", 2)}


@pytest.mark.parametrize(
    ("glob", "taken", "missed"),
    [
        ("*.csv", "a.csv A.CSV a.Csv.gz a.csv.ZST .csv a.b.csv", "a.tsv a.csv.tmp a.csvx a.csv.gz.part a.gz"),
        ("*.CSV", "a.csv a.CSV.gz", "a.tsv"),
        ("*.jsonl", "a.ndjson a.JSONL a.NDJSON.gz", "a.json a.njson"),
        ("*.ndjson", "a.jsonl a.ndjson", "a.json"),
        ("*.csv.gz", "a.csv.gz A.CSV.GZ", "a.csv a.csv.zst"),
        ("orders_*.txt", "orders_1.TXT orders_1.txt.gz", "Orders_1.txt orders.txt"),
        ("*", "a.csv a a.gz A.zst", ""),
        ("a.b[12].csv", "a.b1.CSV a.b2.csv.gz", "a.b3.csv"),
        ("*.March.csv", "a.March.csv a.March.CSV", "a.march.csv"),
    ],
)
def test_a_glob_takes_endings_in_any_case_and_what_is_packed(glob: str, taken: str, missed: str) -> None:
    names = [*taken.split(), *missed.split()]
    assert [name for name in names if fits_glob(name, glob)] == taken.split()


def test_whatever_files_are_called_each_lands_exactly_once(run: Run) -> None:
    names = dict.fromkeys(ODD_NAMES)
    assert len(names) >= 60
    for i, name in enumerate(names):
        as_delivered(folder(run) / name, f"C{i},A,t")
    raw = os.fsencode(folder(run)) + b"/latin1-\xfc.csv"
    Path(os.fsdecode(raw)).write_text(f"{HEADER}\nlatin,A,t\n")
    land(run)
    land(at(run, 1))
    hidden = [i for i, name in enumerate(names) if name.startswith((".", "_"))]
    wanted = [f"C{i},A,t" for i in range(len(names)) if i not in hidden]
    assert sorted(payload for _, payload in payloads(run)) == sorted([*wanted, "latin,A,t"])
    assert seen(run) == {
        **{f"crm/customer/{name}": "ignored" if i in hidden else "landed" for i, name in enumerate(names)},
        r"crm/customer/latin1-\xfc.csv": "landed",
    }


def test_whatever_folders_are_called_their_files_land_exactly_once(run: Run) -> None:
    assert len(ODD_FOLDERS) >= 20
    for i, name in enumerate(ODD_FOLDERS):
        as_delivered(folder(run, f"crm/customer/{name}") / "a.csv", f"C{i},A,t")
    land(run)
    assert sorted(payload for _, payload in payloads(run)) == sorted(f"C{i},A,t" for i in range(len(ODD_FOLDERS)))
    assert seen(run) == {f"crm/customer/{name}/a.csv": "landed" for name in ODD_FOLDERS}


def test_links_lead_nowhere_outside_and_what_is_no_file_is_told(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, secret = folder(run), as_delivered(tmp_path / "secret.csv", "root:x:0:0")
    (tmp_path / "outside").mkdir()
    as_delivered(tmp_path / "outside" / "b.csv", "also outside")
    as_delivered(here / "a.csv", "C1,A,t")
    (here / "out.csv").symlink_to(secret)
    (here / "up.csv").symlink_to("../../../secret.csv")
    (here / "dir").symlink_to(tmp_path / "outside")
    (here / "loop").symlink_to(here)
    (here / "inside.csv").symlink_to(here / "a.csv")
    (here / "dangling.csv").symlink_to(here / "nothing.csv")
    os.mkfifo(here / "pipe.csv")
    land(run)
    assert payloads(run) == [(1, "C1,A,t")]
    assert {path.removeprefix("crm/customer/"): status for path, status in seen(run).items()} == {
        "a.csv": "landed",
        "inside.csv": "repeat",
        **dict.fromkeys(("out.csv", "up.csv", "dir", "loop", "dangling.csv", "pipe.csv"), "refused"),
    }
    assert "6 files are not read: crm/customer/dangling.csv (cannot be opened" in capsys.readouterr().err


def test_names_cannot_play_with_the_terminal() -> None:
    assert printable("a\x1b[2J\u202eb\nü.csv") == r"a\x1b[2J\u202eb\nü.csv"


def test_a_file_that_is_not_of_its_format_is_on_record_and_the_others_land(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    as_delivered(folder(run) / "good.csv", "C1,A,t")
    orders = folder(run, "commerce/order")
    (orders / "cut.parquet").write_bytes(b"PAR1 and then nothing")
    pq.write_table(pa.table({"order_id": ["O1", "O2"]}), orders / "whole.parquet")
    land(run)
    assert "1 files are not of their format, or damaged; deliver them again, whole: commerce" in capsys.readouterr().err
    assert payloads(run) == [(1, "C1,A,t")]
    assert ledger(run)["commerce/order/cut.parquet"] == ("unreadable", 0)
    assert ledger(run)["commerce/order/whole.parquet"] == ("landed", 2)


def test_a_file_damaged_inside_is_on_record_and_the_others_of_its_dataset_land(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    orders = folder(run, "commerce/order")
    pq.write_table(pa.table({"order_id": ["O1", "O2"]}), orders / "a.parquet")
    pq.write_table(pa.table({"order_id": [f"O{i}" for i in range(9000)]}), orders / "broken.parquet")
    content = bytearray((orders / "broken.parquet").read_bytes())
    content[40:4000] = b"?" * 3960
    (orders / "broken.parquet").write_bytes(content)
    land(run)
    told = capsys.readouterr().err
    assert "1 files are not of their format, or damaged; deliver them again, whole: commerce/order/broken" in told
    assert run.store.read(tables.bronze("commerce", "order")).count() == 2
    assert ledger(run) == {
        "commerce/order/a.parquet": ("landed", 2),
        "commerce/order/broken.parquet": ("unreadable", 0),
    }
    assert set(seen(run).values()) == {"landed", "unreadable"}


def test_a_missing_landing_folder_one_that_holds_the_lake_and_going_back_in_time_are_refused(
    run: Run, frame: Frame
) -> None:
    as_delivered(folder(run) / "a.csv", "C1,A,t")
    land(run)
    for stages in (["land"], ["resolve_identity"]):
        with pytest.raises(InputError, match="is before an earlier landing"):
            run_stages(at(run, -1), stages)
    changed = frame(tables.CHANGE, {"occurred_at": at(run, 2).as_of})
    run.store.append(tables.CHANGE, changed)
    with pytest.raises(InputError, match="is before an earlier resolution of identities") as failure:
        run_stages(at(run, 1), ["build_profiles"])
    assert failure.value.code == "C305"
    inside = replace(run, store=Store(run.spark, f"{run.conf.platform.landing}/lake"))
    with pytest.raises(InputError, match=r"C303.*lies in the landing folder"):
        land(inside)
    shutil.rmtree(run.conf.platform.landing)
    with pytest.raises(InputError) as failure:
        land(at(run, 1))
    assert failure.value.code == "C301"


def test_only_the_wanted_source_is_landed_and_no_other_file_is_settled(run: Run) -> None:
    as_delivered(folder(run) / "a.csv", "C1,A,t")
    (folder(run, "support/case") / "a.jsonl").write_text('{"case_id": "S1"}\n')
    land(replace(run, only="support"))
    assert seen(run) == {"support/case/a.jsonl": "landed"}
    land(at(run, 1))
    assert payloads(run) == [(1, "C1,A,t")]


def test_a_landing_folder_behind_a_scheme_of_hadoop_lands_the_same(run: Run) -> None:
    mounts = "fs.viewfs.mounttable.drop.link./landing"
    hadoop = run.spark._jsc.hadoopConfiguration()
    hadoop.set(mounts, f"file://{run.conf.platform.landing}")
    as_delivered(folder(run) / "a.csv", "C1,A,t")
    as_delivered(folder(run) / "_hidden.csv", "C2,A,t")
    platform = run.conf.platform.model_copy(update={"landing": "viewfs://drop/landing"})
    afar = replace(run, conf=replace(run.conf, platform=platform))
    for name, pack in (PACKED | CUT).items():
        (folder(run) / f"x{name}").write_bytes(pack(f"{HEADER}\n{name},Ada,t\n".encode()))
    land(afar)
    land(at(afar, 1))
    whole = [*PACKED, "more.csv.gz"]  # Java reads a gzip file to its end and no further
    assert sorted(payloads(run)) == [(1, "C1,A,t"), *((1, f"{name},Ada,t") for name in sorted(whole))]
    wanted = dict.fromkeys(CUT, "unreadable") | dict.fromkeys(whole, "landed")
    assert seen(run) == {
        **{f"crm/customer/x{name}": status for name, status in wanted.items()},
        **{"crm/customer/a.csv": "landed", "crm/customer/_hidden.csv": "ignored"},
    }
