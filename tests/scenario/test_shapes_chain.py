"""Orders, charges and receipts as their systems export them, from the landing folder to gold: every row is accounted
for, and money is never added across currencies.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from c360_spark import tables
from c360_spark.commands.quarantine import shown
from c360_spark.config import load
from c360_spark.pipeline.reprocess import reprocess_layers
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF, ROOT
from tests.contracts import odcs, property_
from tests.spark.test_shapes import ROWS, array
from tests.stages import build_profiles, canonicalise, land, resolve_identity

pytestmark = pytest.mark.spark
EMAIL = {"identifier": {"namespace": "email"}}
CHARGE = {
    "id": {"primaryKey": True, "canonical": "order_id"},
    "created": {"type": "timestamp", "formats": ["epoch_s"], "canonical": "ordered_at", "required": True},
    "amount": {"type": "integer", "canonical": "total_minor"},
    "currency": {"canonical": "currency"},
    "email": EMAIL,
}
RECEIPT = {
    "id": {"primaryKey": True},
    "email": EMAIL,
    "at": {"type": "timestamp", "canonical": "effective_from", "required": True, "zone": "Europe/Berlin"},
    "purposes": array(
        {"explode": True},
        name={"primaryKey": True, "primaryKeyPosition": 2, "canonical": "purpose", "required": True},
        said={"canonical": "status", "required": True, "valueMap": {"YES": "granted", "NO": "withdrawn"}},
    ),
}
USER, COOKIE = {"identifier": {"namespace": "commerce.account_id"}}, {"identifier": {"namespace": "web.cookie_id"}}
CALL = {
    "messageId": {"primaryKey": True, "required": True},
    "type": {"enum": ["track"]},
    "event": {"canonical": "event_name", "required": True},
    "timestamp": {"type": "timestamp", "canonical": "occurred_at", "required": True},
    "anonymousId": COOKIE,
    "userId": USER,
    "properties": {"type": "object", "properties": [property_("sku", {"canonical": "properties.sku"})]},
}
IDENTIFY = {
    "userId": {"primaryKey": True} | USER,
    "timestamp": {"type": "timestamp", "canonical": "updated_at", "required": True},
    "traits": {"type": "object", "properties": [property_("email", EMAIL)]},
}
ALIAS = {"messageId": {"primaryKey": True}, "userId": USER, "previousId": COOKIE}
SOURCES = """
shop:
  order: {format: csv, path: shop/order, separator: ";", encoding: cp1252}
pay:
  charge: {format: json, path: pay/charge, records: data}
cmp:
  receipt: {format: jsonl, path: cmp/receipt}
seg:
  call: {format: jsonl, path: seg, route: {field: type, to: {identify: identify, alias: alias, page: page}}}
"""
ORDERS = """Name;Email;Total;Currency;Created at;Lineitem sku;Lineitem quantity;Lineitem price
1;ada@x.de;10,50;EUR;2026-01-01;"Caf\u00e9
gro\u00df";1;10,50
2;ada@x.de;5.000;JPY;2026-01-01;A;1;2.500
2;;;;;B;1;2.500
"""
CHARGES = {"object": "list", "data": [
    {"id": "c1", "created": 1760000000, "amount": 1999, "currency": "eur", "email": "ada@x.de"},
    {"id": "c2", "created": 1760000001, "amount": 5000, "currency": "kwd", "email": "ada@x.de"},
    {"id": "c3", "created": 1760000002, "amount": 7, "currency": None, "email": "ada@x.de"},
]}  # fmt: skip
CALLS = [
    {"type": "track", "messageId": "m1", "event": "product_view", "timestamp": "2025-10-01T08:00:00Z",
     "anonymousId": "c-1", "properties": {"sku": "A"}},
    {"type": "identify", "timestamp": "2025-10-02T08:00:00Z", "userId": "u1", "traits": {"email": "bo@x.de"}},
    {"type": "identify", "timestamp": "soon", "userId": "u2", "traits": {"email": "cy@x.de"}},
    {"type": "alias", "messageId": "m4", "previousId": "c-1", "userId": "u1"},
    {"type": "page", "messageId": "m5"},  # its dataset has no contract
    {"type": None},
    ["track"],
]  # fmt: skip
RECEIPTS = [
    {"id": "r1", "email": "ada@x.de", "at": "2025-10-26T02:30:00", "purposes": [
        {"name": "analytics", "said": "YES"}, {"name": "email_marketing", "said": "NO"}]},
    {"id": "r2", "email": "ada@x.de", "at": "2025-10-27T02:30:00", "purposes": [
        {"name": "analytics", "said": "NO"}, {"name": "email_marketing", "said": "PERHAPS"}]},
    {"id": "r3", "email": "ada@x.de", "at": "2025-10-27T02:30:00", "purposes": []},
]  # fmt: skip


@pytest.fixture(scope="module")
def run(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A lake that has taken in all of it."""
    folder = tmp_path_factory.mktemp("shapes")
    conf = Path(shutil.copytree(ROOT / "conf", folder / "conf"))
    price = ROWS["lines"]["items"]["properties"][2]
    german = {"type": "number", "canonical": "unit_price_minor", "amountIn": "major", "locale": "de_DE"}
    items = {"items": {"logicalType": "object", "properties": [
        *ROWS["lines"]["items"]["properties"][:2], property_(price["name"], german)]}}  # fmt: skip
    orders = ROWS | {"Total": ROWS["Total"] | {"locale": "de_DE"}, "lines": ROWS["lines"] | items}
    for name, properties, table in (
        ("shop/order", orders, "order"),
        ("pay/charge", CHARGE, "order"),
        ("cmp/receipt", RECEIPT, "consent"),
        ("seg/call", CALL, "event"),
        ("seg/identify", IDENTIFY, "profile_record"),
        ("seg/alias", ALIAS, "profile_record"),
    ):
        path = conf / "contracts" / name
        path.mkdir(parents=True)
        sla = {"latency": {"value": 1, "unit": "d"}, "retention": {"value": 1, "unit": "y"}}
        given = {"constants": {"channel": "web"}} if table == "event" else {}
        said = odcs("1.0.0", properties, table=table, sla=sla, **given) | {"id": name.replace("/", ".")}
        (path / "1.0.0.odcs.yaml").write_text(json.dumps(said))
    with (conf / "sources.yml").open("a") as file:
        file.write(SOURCES)
    for name, content in (
        ("shop/order/a.csv", ORDERS.replace("\n", "\r\n").encode("cp1252")),
        ("pay/charge/a.json", json.dumps(CHARGES, indent=1).encode()),
        ("cmp/receipt/a.jsonl", "\n".join(map(json.dumps, RECEIPTS)).encode()),
        ("seg/a.jsonl", "\n".join(map(json.dumps, CALLS)).encode()),
    ):
        (folder / "landing" / name).parent.mkdir(parents=True)
        (folder / "landing" / name).write_bytes(content)
    loaded = load(conf, "dev", lake=str(folder / "lake"), landing=str(folder / "landing"))
    run = Run(spark, Store(spark, str(folder / "lake")), loaded, AS_OF, run_id_of(AS_OF))
    for stage in (land, canonicalise, resolve_identity, build_profiles):
        stage(run)
    return run


def test_every_delivered_row_is_accounted_for(run: Run) -> None:
    rows = run.store.read(tables.ACCOUNTING).collect()
    assert {(f"{r.source}.{r.dataset}", r.rows_in, r.accepted, r.quarantined) for r in rows} == {
        ("shop.order", 3, 3, 0),
        ("pay.charge", 3, 3, 0),
        ("cmp.receipt", 5, 3, 2),  # four purposes, and a receipt that has none
        ("seg.call", 4, 1, 3),
        ("seg.identify", 2, 1, 1),
        ("seg.alias", 1, 1, 0),
    }
    remarks = run.store.read(tables.REMARK).collect()
    told = [(r.source, r.property, r.code, r.records) for r in remarks if r.code != "other_region"]
    assert told == [("cmp", "at", "overlap", 2)]


def test_revenue_is_by_currency_in_minor_units(run: Run) -> None:
    (profile,) = run.store.read(tables.PROFILE).where("order_count > 0").collect()
    assert profile.revenue_minor == {"EUR": 1050 + 1999, "JPY": 5000, "KWD": 5000}
    assert (profile.order_count, profile.unpriced_order_count) == (5, 1)


def test_lines_keep_what_was_quoted_and_the_currency_of_their_order(run: Run) -> None:
    lines = run.store.read(tables.ORDER_LINE).orderBy("order_id", "line_no").collect()
    assert [(r.order_id, r.sku, r.amount_minor, r.currency) for r in lines] == [
        ("1", "Caf\u00e9\r\ngro\u00df", 1050, "EUR"),
        ("2", "A", 2500, "JPY"),
        ("2", "B", 2500, "JPY"),
    ]


def test_a_wrong_purpose_costs_no_other_and_is_shown_as_delivered(run: Run) -> None:
    state = {(r.purpose, r.status) for r in run.store.read(tables.CONSENT_STATE).collect()}
    assert state == {("analytics", "withdrawn"), ("email_marketing", "withdrawn")}
    rejected = run.store.read(tables.QUARANTINE).where("source = 'cmp'").orderBy("bronze_id").collect()
    assert sorted(reason for r in rejected for reason in r.reasons) == [
        "missing:purposes",
        "missing:purposes.name",
        "missing:purposes.said",
        "type:purposes.said",
    ]
    (item,) = [r.bronze_id for r in rejected if r.bronze_id.endswith("-2")]
    assert '"PERHAPS"' in shown_record(run, item)["payload"]


def shown_record(run: Run, bronze_id: str) -> dict[str, Any]:
    config = str(Path(run.conf.platform.landing).parent / "conf")
    return shown(bronze_id, config=config, env="dev", lake=run.store.lake, values=True)


def test_calls_of_one_stream_are_events_and_people_by_their_type(run: Run) -> None:
    (event,) = run.store.read(tables.EVENT).collect()
    assert (event.source, event.dataset, event.event_name, event.properties) == (
        "seg", "call", "product_viewed", {"sku": "A"}
    )  # fmt: skip
    people = run.store.read(tables.PERSON_XREF).where("source = 'seg'").collect()
    assert sorted(r.dataset for r in people) == ["alias", "identify"]
    assert len({r.person_id for r in people}) == 1  # who was c-1 is u1, and so bo@x.de


def test_calls_that_no_dataset_takes_are_judged_by_the_contract_that_lands_them(run: Run) -> None:
    rejected = run.store.read(tables.QUARANTINE).where("source = 'seg'").collect()
    reasons = sorted((r.dataset, reason) for r in rejected for reason in r.reasons)
    assert [each for each in reasons if not each[1].startswith("missing")] == [
        ("call", "enum:type"),
        ("call", "malformed"),
        ("identify", "type:timestamp"),
    ]
    (item,) = [r.bronze_id for r in rejected if r.dataset == "identify"]
    record = shown_record(run, item)
    assert '"cy@x.de"' in record["payload"]
    assert record["file_path"].endswith("seg/a.jsonl")


def test_made_again_from_bronze_silver_is_the_same(run: Run) -> None:
    silver = (tables.ORDER, tables.ORDER_LINE, tables.CONSENT, tables.EVENT, tables.PROFILE_RECORD)
    kept = (*silver, tables.QUARANTINE, tables.IDENTIFIER_SET)
    before = {table.name: sorted(map(str, run.store.read(table).collect())) for table in kept}
    names = [("shop", "order"), ("pay", "charge"), ("cmp", "receipt"), ("seg", "call"), ("seg", "identify")]
    reprocess_layers(run, names, "silver")
    assert {table.name: sorted(map(str, run.store.read(table).collect())) for table in kept} == before
