"""A contract is all it takes: text in, canonical rows or reasons out."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.silver.canonical import canonical
from c360_spark.silver.line import order_lines
from c360_spark.silver.parse import parsed

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
Silver = Callable[..., DataFrame]


@pytest.fixture
def silver(frame: Frame, conf: Conf) -> Silver:
    """`silver("crm", "customer", payload, …, header=…)`: the canonical rows of payloads."""

    def make(source: str, dataset: str, *payloads: str, header: str | None = None) -> DataFrame:
        table, contract = tables.bronze(source, dataset), conf.contracts[source, dataset]
        given = [{"payload": p, "header": header, "source": source, "dataset": dataset} for p in payloads]
        rows = parsed(frame(table, *given), contract, headers=[header] if header else None)
        return canonical(rows, contract, conf.rules, secret="a secret of tests")

    return make


def by_key(frame: DataFrame) -> dict[str, Row]:
    return {row.source_key: row for row in frame.collect()}


def test_a_csv_row_is_read_by_the_header_of_its_own_file(silver: Silver) -> None:
    header = "email,customer_id,extra,phone,country,updated_at,given_name"
    rows = silver("crm", "customer", ' Ann@X.com ,C1,?,030 123456,de,2026-01-01T10:00:00Z," Zoë, A. "', header=header)
    row = rows.head()
    assert row.reasons == []
    assert (row.source_key, row.email, row.phone, row.given_name) == ("C1", "ann@x.com", "+4930123456", "Zoë, A.")
    assert (row.country, row.region, row.updated_at) == ("DE", "EU", datetime(2026, 1, 1, 10))
    members = [(m.namespace, m.region, m.value, m.verified) for m in row.identifiers]
    assert sorted(members) == [
        ("crm.customer_id", "EU", "C1", True),
        ("email", "EU", "ann@x.com", False),
        ("phone", "EU", "+4930123456", False),
    ]
    assert [m.identifier_id for m in row.identifiers] == sorted(m.identifier_id for m in row.identifiers)


def test_a_bad_record_carries_all_its_reasons(silver: Silver) -> None:
    header = "customer_id,birth_date,country,updated_at"
    rows = silver("crm", "customer", "X1,1990-02-31,deu,", "C2,too,many,cells,here", "C3,few", header=header).collect()
    assert rows[0].reasons == ["pattern:customer_id", "type:birth_date", "pattern:country", "missing:updated_at"]
    assert [row.reasons for row in rows[1:]] == [["malformed"], ["malformed"]]


def test_a_json_event_keeps_its_nested_properties_and_a_cut_one_is_malformed(silver: Silver) -> None:
    whole = (
        '{"event_id":"e1","event":"product_viewed","occurred_at":"2026-01-01T10:00:00Z","cookie_id":"C-1",'
        '"country":"US","properties":{"sku":"S1","other":1}}'
    )
    rows = silver("web", "event", whole, whole[:60], "[]", "null", "").collect()
    assert rows[0].reasons == []
    assert (rows[0].event_name, rows[0].channel, rows[0].properties) == ("product_viewed", "web", {"sku": "S1"})
    assert [row.reasons for row in rows[1:]] == [["malformed"]] * 4


def test_times_dates_and_mapped_values_are_read_as_the_contract_says(silver: Silver) -> None:
    app = silver("mobile", "event", '{"event_id":"e","event":"app_opened","ts":1767261600123,"device_id":"d"}').head()
    assert app.occurred_at == datetime(2026, 1, 1, 10, 0, 0, 123000)
    mail = [
        silver("email", "engagement", f'{{"event_id":"e","type":"{t}","email":"a@b.de","at":"2026-01-01"}}').head()
        for t in ("open", "opened")
    ]
    assert (mail[0].event_name, mail[0].reasons, mail[1].reasons) == ("email_opened", [], ["type:type"])
    members = silver(
        "loyalty",
        "member",
        "L1,31.12.1980,2026-01-01",
        "L2,12/31/1980,2026-01-01",
        header="member_no,birth_date,updated_at",
    )
    assert {row.birth_date for row in members.collect()} == {date(1980, 12, 31)}


def test_a_consent_statement_is_about_the_kind_of_identifier_it_names(silver: Silver) -> None:
    text = (
        '{"statement_id":"%s","subject_type":"%s","subject_value":"%s","purpose":"analytics","status":"granted",'
        '"country":"US","effective_from":"2026-01-01T00:00:00Z"}'
    )
    rows = silver(
        "consent",
        "statement",
        text % ("1", "email", "A@b.com"),
        text % ("2", "phone", "(415) 555-2671"),
        text % ("3", "fax", "1"),
    )
    found = {key: [(m.namespace, m.value) for m in row.identifiers] for key, row in by_key(rows).items()}
    assert found == {"1": [("email", "a@b.com")], "2": [("phone", "+14155552671")], "3": []}


def test_the_hash_of_a_record_ignores_when_it_was_written_and_sees_what_it_says(silver: Silver) -> None:
    header = "customer_id,phone,country,updated_at"
    lines = ["C1,030 123456,DE,2026-01-01", "C1,+49 30 123456,DE,2026-01-02", "C1,030 999999,DE,2026-01-01"]
    hashes = [row.record_hash for row in silver("crm", "customer", *lines, header=header).collect()]
    assert hashes[0] == hashes[1] != hashes[2]


def test_lines_of_an_order_become_rows_with_their_amount(silver: Silver) -> None:
    text = (
        '{"order_id":"o1","ordered_at":"2026-01-01T10:00:00Z","total_cents":%s,"country":"DE","lines":'
        '[{"line_no":1,"sku":"A","quantity":2,"unit_price_cents":150},{"line_no":2,"sku":"B","quantity":%s}]}'
    )
    orders = silver("commerce", "order", text % (300, 1), text % (-1, '"many"'))
    assert [row.reasons for row in orders.collect()] == [[], ["range:total_cents", "type:lines.quantity"]]
    lines = order_lines(orders.where(F.size("reasons") == 0)).orderBy("line_no").collect()
    assert [(row.line_no, row.sku, row.quantity, row.amount_cents) for row in lines] == [
        (1, "A", 2, 300),
        (2, "B", 1, None),
    ]
