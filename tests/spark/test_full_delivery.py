"""Files of a full delivery, from landing to audiences and outboxes."""

from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from c360_spark import tables
from c360_spark.columns.record import current
from c360_spark.config import load
from c360_spark.errors import InputError
from c360_spark.gold.field import fields
from c360_spark.pipeline.chain import run_stages
from c360_spark.pipeline.reprocess import reprocess
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import ROOT

pytestmark = pytest.mark.spark
HEADER = (
    "customer_id,given_name,family_name,email,phone,birth_date,street,city,postcode,country,loyalty_number,"
    "created_at,updated_at"
)
SILVER = ["land", "canonicalise"]
GOLD = ["resolve_identity", "build_profiles", "build_events", "build_metrics", "build_audiences", "export"]


class Crm:
    """A lake with one source: customers, delivered whole."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        self.store = Store(spark, str(folder / "lake"))

    def deliver(
        self, name: str, *customers: str, changed: str = "2025-12-01", header: str = HEADER, email: str = "@firma.de"
    ) -> None:
        path = self.folder / "landing" / "crm" / "customer" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            f"{c},Ada,{c},{email and c + email},,,,,,DE,,2025-01-02T10:00:00Z,{changed}T10:00:00Z" for c in customers
        ]
        path.write_text("\n".join([header, *rows]) + "\n")

    def run(self, day: int, stages: list[str], accept: tuple[str, ...] = ()) -> None:
        conf = load(ROOT / "conf", "dev", lake=self.store.lake, landing=str(self.folder / "landing"))
        as_of = datetime(2026, 1, day)
        run_stages(Run(self.spark, self.store, conf, as_of, run_id_of(as_of), accept=accept), stages)

    def known(self) -> set[str]:
        return {row.source_key for row in current(self.store.read(tables.PROFILE_RECORD)).collect()}

    def names(self, table: tables.Table, where: str = "true") -> set[str]:
        return {row.family_name for row in self.store.read(table).where(where).collect()}


@pytest.fixture
def crm(spark: SparkSession, tmp_path: Path) -> Crm:
    return Crm(spark, tmp_path)


@pytest.mark.slow
def test_a_customer_that_a_full_delivery_lacks_leaves_gold_and_comes_back(crm: Crm) -> None:
    crm.deliver("1", "C1", "C2", "C3")
    crm.run(1, SILVER + GOLD)
    assert crm.names(tables.PROFILE) == {"C1", "C2", "C3"}
    crm.deliver("2", "C1", "C2", changed="2025-12-02")
    crm.run(2, SILVER + GOLD)
    assert crm.names(tables.PROFILE) == {"C1", "C2"}
    assert {row.source_key for row in crm.store.read(tables.PERSON_XREF).collect()} == {"C1", "C2"}
    counted = crm.store.read(tables.ACCOUNTING).where("deleted > 0").collect()
    assert [(row.rows_in, row.accepted, row.deleted) for row in counted] == [(2, 2, 1)]
    left = crm.store.read(tables.AUDIENCE_MEMBER).where("exited_at IS NOT NULL")
    assert {row.exited_cause for row in left.collect()} <= {"data"}
    crm.deliver("3", "C1", "C2", "C3", changed="2025-12-02")
    crm.run(3, SILVER + GOLD)
    assert crm.names(tables.PROFILE) == {"C1", "C2", "C3"}


def test_a_cut_file_is_held_until_it_is_accepted_or_delivered_whole(
    crm: Crm, capsys: pytest.CaptureFixture[str]
) -> None:
    everybody = [f"C{n}" for n in range(10)]
    crm.deliver("1", *everybody)
    crm.run(1, SILVER)
    crm.deliver("2", *everybody[:3], changed="2025-12-02")
    crm.run(2, SILVER)
    assert "crm/customer/2.csv (lacks 7 of the 10 records of the delivery before it, 70%" in capsys.readouterr().err
    assert crm.known() == {*everybody}
    crm.run(3, SILVER)
    assert "told before and still so: 1 held" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"no file 'crm/customer/9\.csv' waits"):
        crm.run(3, SILVER, accept=("crm/customer/9.csv",))
    crm.run(3, SILVER, accept=("crm/customer/2.csv",))
    assert crm.known() == {*everybody[:3]}


def test_an_older_extract_that_lands_later_is_told_and_deletes_nothing(
    crm: Crm, capsys: pytest.CaptureFixture[str]
) -> None:
    crm.deliver("b", "C1", "C2", "C3", changed="2025-12-05")
    crm.run(1, SILVER)
    crm.deliver("a", "C1", "C2", changed="2025-12-01")
    crm.run(2, SILVER)
    assert "crm.customer: 1 full deliveries are older than what is known" in capsys.readouterr().err
    assert crm.known() == {"C1", "C2", "C3"}
    changed = current(crm.store.read(tables.PROFILE_RECORD)).select("updated_at").distinct().collect()
    assert [row.updated_at for row in changed] == [datetime(2025, 12, 5, 10)]


def test_a_reprocessed_dataset_has_the_same_deletions(crm: Crm) -> None:
    crm.deliver("1", "C1", "C2", "C3")
    crm.run(1, SILVER)
    crm.deliver("2", "C1", changed="2025-12-02")
    crm.run(2, SILVER)
    before = sorted(map(str, crm.store.read(tables.PROFILE_RECORD).collect()))
    assert sum(row.is_deleted for row in crm.store.read(tables.PROFILE_RECORD).collect()) == 2
    conf = load(ROOT / "conf", "dev", lake=crm.store.lake, landing=str(crm.folder / "landing"))
    as_of = datetime(2026, 1, 3)
    reprocess(Run(crm.spark, crm.store, conf, as_of, run_id_of(as_of)), [("crm", "customer")])
    assert sorted(map(str, crm.store.read(tables.PROFILE_RECORD).collect())) == before


def test_a_property_that_a_delivery_does_not_have_is_told_and_keeps_what_was_known(
    crm: Crm, capsys: pytest.CaptureFixture[str]
) -> None:
    crm.deliver("1", "C1", "C2")
    crm.run(1, SILVER)
    text = HEADER.replace("email", "Email").replace("loyalty_number", "shoe_size")
    crm.deliver("2", "C1", "C2", changed="2025-12-02", header=text)
    crm.run(2, SILVER)
    told = capsys.readouterr().err
    assert "crm.customer: no property 'email' in 1 deliveries; what was known of it stays" in told
    assert "crm.customer: no contract names the property 'shoe_size'; it stays in bronze" in told
    said = fields(crm.store.read(tables.PROFILE_RECORD)).where("attribute = 'email'").collect()
    assert {(row.source_key, row.attribute_value) for row in said} == {("C1", "c1@firma.de"), ("C2", "c2@firma.de")}
    assert {row.changed_at for row in said} == {datetime(2025, 12, 1, 10)}
    noted = crm.store.read(tables.DELIVERY_PROPERTY).select("property", "status", "column_name").collect()
    assert ("email", "missing", "email") in {tuple(row) for row in noted}
    assert ("shoe_size", "unknown", None) in {tuple(row) for row in noted}
    crm.deliver("3", "C1", "C2", changed="2025-12-03", email="")  # the column is back, and says that there is none
    crm.run(3, SILVER)
    assert fields(crm.store.read(tables.PROFILE_RECORD)).where("attribute = 'email'").isEmpty()
