"""Orders, charges and receipts as their systems export them, from the landing folder to gold: every row is accounted
for, and money is never added across currencies.
"""

import json
import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from c360_spark import tables
from c360_spark.config import load
from c360_spark.stages.build_profiles import build_profiles
from c360_spark.stages.canonicalise import canonicalise
from c360_spark.stages.land import land
from c360_spark.stages.quarantine import shown
from c360_spark.stages.reprocess import reprocess_layers
from c360_spark.stages.resolve_identity import resolve_identity
from c360_spark.stages.run import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF, ROOT
from tests.contracts import odcs, property_
from tests.test_shapes import ROWS, array

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
SOURCES = """
shop:
  order: {format: csv, path: shop/order, separator: ";", encoding: cp1252}
pay:
  charge: {format: json, path: pay/charge, records: data}
cmp:
  receipt: {format: jsonl, path: cmp/receipt}
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
    ):
        path = conf / "contracts" / name
        path.mkdir(parents=True)
        sla = {"latency": {"value": 1, "unit": "d"}, "retention": {"value": 1, "unit": "y"}}
        said = odcs("1.0.0", properties, table=table, sla=sla) | {"id": name.replace("/", ".")}
        (path / "1.0.0.odcs.yaml").write_text(json.dumps(said))
    with (conf / "sources.yml").open("a") as file:
        file.write(SOURCES)
    for name, content in (
        ("shop/order/a.csv", ORDERS.replace("\n", "\r\n").encode("cp1252")),
        ("pay/charge/a.json", json.dumps(CHARGES, indent=1).encode()),
        ("cmp/receipt/a.jsonl", "\n".join(map(json.dumps, RECEIPTS)).encode()),
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
    assert {(r.source, r.rows_in, r.accepted, r.quarantined) for r in rows} == {
        ("shop", 3, 3, 0),
        ("pay", 3, 3, 0),
        ("cmp", 5, 3, 2),  # four purposes, and a receipt that has none
    }
    remarks = run.store.read(tables.REMARK).collect()
    assert [(r.source, r.property, r.code, r.records) for r in remarks] == [("cmp", "at", "overlap", 2)]


def test_revenue_is_by_currency_in_minor_units(run: Run) -> None:
    (profile,) = run.store.read(tables.PROFILE).collect()
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
    rejected = run.store.read(tables.QUARANTINE).orderBy("bronze_id").collect()
    assert sorted(reason for r in rejected for reason in r.reasons) == [
        "missing:purposes",
        "missing:purposes.name",
        "missing:purposes.said",
        "type:purposes.said",
    ]
    (item,) = [r.bronze_id for r in rejected if r.bronze_id.endswith("-2")]
    config = str(Path(run.conf.platform.landing).parent / "conf")
    record = shown(item, config=config, env="dev", lake=run.store.lake, values=True)
    assert '"PERHAPS"' in record["payload"]


def test_made_again_from_bronze_silver_is_the_same(run: Run) -> None:
    kept = (tables.ORDER, tables.ORDER_LINE, tables.CONSENT, tables.QUARANTINE, tables.IDENTIFIER_SET)
    before = {table.name: sorted(map(str, run.store.read(table).collect())) for table in kept}
    reprocess_layers(run, [("shop", "order"), ("pay", "charge"), ("cmp", "receipt")], "silver")
    assert {table.name: sorted(map(str, run.store.read(table).collect())) for table in kept} == before
