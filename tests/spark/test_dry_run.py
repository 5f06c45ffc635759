"""A dry run says what silver would make of a sample, for drafts and for contracts in use."""

import shutil
from pathlib import Path

import pytest

from c360_spark.commands.dry_run import outcome, told
from c360_spark.commands.sample import arrival_of
from c360_spark.commands.source import init
from c360_spark.config import load
from tests.conftest import AS_OF, ROOT

pytestmark = pytest.mark.spark
SAMPLES = ROOT / "tests" / "samples"


@pytest.fixture(scope="module")
def drafts(tmp_path_factory):
    """conf/ as shipped with three drafts, unread."""
    folder = Path(shutil.copytree(ROOT / "conf", tmp_path_factory.mktemp("drafts") / "conf"))
    for name, file in (
        ("sales.contact", "crm.csv"),
        ("shop.order", "orders.jsonl"),
        ("club.member", "loyalty.parquet"),
    ):
        init(str(SAMPLES / file), name=name, out=str(folder), env="dev")
    return load(folder, "dev")


def tried(spark, conf, name, path):
    return outcome(spark, str(path), arrival_of(Path(path)), conf=conf, names=tuple(name.split(".")), as_of=AS_OF)


def test_a_draft_of_a_csv_takes_all_records_of_its_own_sample(spark, drafts):
    found = tried(spark, drafts, "sales.contact", SAMPLES / "crm.csv")
    assert (found.verdicts, found.rejected) == ({"accepted": 40}, {})
    # Four numbers have no country code and no length that their country knows: no namespace takes them.
    assert found.linked == {"email": (35, 35), "phone": (36, 36)}
    assert found.remarks == {"Mobile Phone": {"unusable": 4}}
    (line,) = [line.split() for line in told(found) if "Mobile Phone" in line and "40" in line.split()[2:3]]
    assert line == ["Mobile", "Phone", "40", "40", "36", "unusable", "4"]
    assert (found.present["Mobile Phone"], found.filled["profile_record"]["phone"]) == (40, 36)
    assert found.filled["profile_record"]["birth_date"] == 40
    assert found.filled["profile_record"]["email"] == 35
    assert found.filled["profile_record"]["attributes.lead_source"] == 40


def test_a_draft_of_orders_fills_lines_and_cents(spark, drafts):
    found = tried(spark, drafts, "shop.order", SAMPLES / "orders.jsonl")
    assert found.verdicts == {"accepted": 16}
    assert found.filled["order"]["total_minor"] == 16
    lines = found.filled["order_line"]
    assert lines["rows"] == lines["sku"] == lines["unit_price_minor"] == lines["amount_minor"] > 16


def test_a_draft_of_parquet_links_its_member_numbers(spark, drafts):
    found = tried(spark, drafts, "club.member", SAMPLES / "loyalty.parquet")
    assert found.verdicts == {"accepted": 24}
    assert found.linked == {"email": (24, 24), "loyalty.member_no": (24, 24)}


def test_what_is_wrong_is_counted_by_property_and_reason_and_no_value_is_shown(spark, drafts, tmp_path):
    lines = (SAMPLES / "crm.csv").read_text(encoding="utf-8").splitlines()
    lines[3] = lines[3].replace("Clara", "Secret").replace(lines[3].split(",")[6], "1.1.60")
    lines[4] = lines[4].replace(lines[4].split(",")[0], "")
    lines += [lines[1], "cut,off"]
    path = tmp_path / "crm.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = tried(spark, drafts, "sales.contact", path)
    assert found.verdicts == {"accepted": 38, "quarantined": 3, "duplicate": 1}
    assert found.rejected == {"Birthdate": {"type": 1}, "Contact ID": {"missing": 1}, "record": {"malformed": 1}}
    text = "\n".join(told(found))
    assert "Secret" not in text
    assert "sales.contact 1.0.0 (draft) on 42 records → silver.profile_record: " in text
    assert "38 accepted, 1 duplicate, 3 quarantined" in text


def test_a_contract_in_use_is_tried_as_silver_reads_it(spark, conf, tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"event_id": "1", "event": "account_logged_in", "occurred_at": "2026-01-01T10:00:00Z", "cookie_id": "A", '
        '"user_id": "7"}\n'
        '{"event_id": "2", "event": "account_logged_in", "occurred_at": "soon", "cookie_id": "A"}\n'
    )
    found = tried(spark, conf, "web.event", path)
    assert found.verdicts == {"accepted": 1, "quarantined": 1}
    assert found.rejected == {"occurred_at": {"type": 1}}
    assert found.linked == {"web.cookie_id": (1, 1), "commerce.account_id": (1, 1)}
