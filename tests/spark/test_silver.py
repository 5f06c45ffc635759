"""A contract is all it takes: text in, canonical rows or reasons out."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.silver.canonical import canonical
from c360_spark.silver.identifiers import with_identifiers
from c360_spark.silver.parse import parsed
from c360_spark.silver.shape import order_lines
from c360_spark.silver.spelled import with_normal, with_phones, with_spelled
from c360_spark.silver.typed import typed
from c360_spark.silver.version import Reading, read
from tests.contracts import odcs, property_, versions

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
Silver = Callable[..., DataFrame]


@pytest.fixture
def silver(frame: Frame, conf: Conf) -> Silver:
    """`silver("crm", "customer", payload, …, header=…)`: the canonical rows of payloads."""

    def make(source: str, dataset: str, *payloads: str, header: str | None = None) -> DataFrame:
        table, contract = tables.bronze(source, dataset), conf.contracts[source, dataset]
        given = [{"payload": p, "header": header, "source": source, "dataset": dataset} for p in payloads]
        rows = read(
            frame(table, *given), [Reading(contract, (contract.version,))], headers=[header] if header else None
        )
        return canonical(rows, contract, conf.rules, conf.taxonomy, secret="a secret of tests")

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
    assert rows[0].reasons == ["pattern:customer_id", "pattern:country", "missing:updated_at"]
    assert rows[0].invalid == ["type:birth_date"]
    assert [row.reasons for row in rows[1:]] == [["malformed"], ["malformed"]]


def test_a_json_event_keeps_its_nested_properties_and_a_cut_one_is_malformed(silver: Silver) -> None:
    whole = (
        '{"event_id":"e1","event":"product_viewed","occurred_at":"2026-01-01T10:00:00Z","cookie_id":"C-1",'
        '"country":"US","properties":{"sku":"S1","other":1}}'
    )
    wrong = (whole[:60], whole[:-1], "[]", "null", "", "5", f"[{whole}]", whole + "}", whole + " x")
    lost_breaks = (whole * 2, f"{whole} {whole}", f"{whole},{whole}")
    rows = silver("web", "event", whole, *wrong, *lost_breaks).collect()
    assert rows[0].reasons == []
    assert (rows[0].event_name, rows[0].channel, rows[0].properties) == ("product_viewed", "web", {"sku": "S1"})
    assert [row.reasons for row in rows[1:]] == [["malformed"]] * 12


def test_times_dates_and_mapped_values_are_read_as_the_contract_says(silver: Silver) -> None:
    app = silver("mobile", "event", '{"event_id":"e","event":"app_opened","ts":1767261600123,"device_id":"d"}').head()
    assert app.occurred_at == datetime(2026, 1, 1, 10, 0, 0, 123000)
    mail = [
        silver(
            "email",
            "engagement",
            f'{{"event_id":"e","type":"{t}","email":"a@b.de","at":"2026-01-01","campaign_id":"c"}}',
        ).head()
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
        text % ("4", "email", "nobody"),
        text % ("5", "phone", "a@b.com"),
    )
    unusable = [key for key, row in by_key(rows).items() if "unusable:subject_value" in row.remarks]
    assert sorted(unusable) == ["4", "5"]
    found = {key: [(m.namespace, m.value) for m in row.identifiers] for key, row in by_key(rows).items()}
    assert found == {"1": [("email", "a@b.com")], "2": [("phone", "+14155552671")], "3": [], "4": [], "5": []}


def test_the_hash_of_a_record_ignores_how_it_is_spelt_and_sees_what_it_says_and_of_when(silver: Silver) -> None:
    header = "customer_id,phone,country,updated_at"
    lines = ["C1,030 123456,DE,2026-01-01", "C1,+49 30 123456,DE,2026-01-01", "C1,030 999999,DE,2026-01-01"]
    lines.append("C1,030 123456,DE,2026-01-02")  # said once more: a record that comes late may be from between
    hashes = [row.record_hash for row in silver("crm", "customer", *lines, header=header).collect()]
    assert hashes[0] == hashes[1]
    assert len({*hashes}) == 3


def test_lines_of_an_order_become_rows_with_their_amount(silver: Silver) -> None:
    text = (
        '{"order_id":"o1","ordered_at":"2026-01-01T10:00:00Z","total_cents":%s,"country":"DE","lines":'
        '[{"line_no":1,"sku":"A","quantity":2,"unit_price_cents":150},{"line_no":2,"sku":"B","quantity":%s}]}'
    )
    orders = silver("commerce", "order", text % (300, 1), text % (-1, '"many"'))
    assert [row.reasons for row in orders.collect()] == [[], ["range:total_cents", "type:lines.quantity"]]
    lines = order_lines(orders.where(F.size("reasons") == 0)).orderBy("line_no").collect()
    assert [(row.line_no, row.sku, row.quantity, row.amount_minor) for row in lines] == [
        (1, "A", 2, 300),
        (2, "B", 1, None),
    ]


def test_quotes_two_headers_and_odd_values_are_read_as_written(frame: Frame, conf: Conf) -> None:
    first = "customer_id,given_name,phone,email,country,updated_at,loyalty_number"
    second = "\ufeffupdated_at, country,customer_id"
    lines = [
        (first, 'C1,"O ""Bo"", B",0301234567,a@x.de,de,2026-01-01T10:00:00+02:00,l7'),
        (second, "2026-01-01,BR,C2"),
        (first, 'C3,"a\\",not a phone,not an e-mail,US,2026-01-01 10:00:00, '),
        (first, ',"x, y",,,,2026-01-01,'),
        (first, "C5,x,,,US,10:30,"),  # a time without a day would be of the day it is read
        (first, "C6,x,,,US,yesterday,"),
    ]
    rows = frame(tables.bronze("crm", "customer"), *({"payload": p, "header": h} for h, p in lines))
    contract = conf.contracts["crm", "customer"]
    cells = read(rows, [Reading(contract, (contract.version,))], headers=[first, second])
    found = (
        canonical(cells, contract, conf.rules, conf.taxonomy, secret="a secret of tests").orderBy("bronze_id").collect()
    )
    told = [
        (row.source_key, row.given_name, row.region, row.reasons, sorted(m.value for m in row.identifiers))
        for row in found
    ]
    assert told == [
        ("C1", 'O "Bo", B', "EU", [], ["+49301234567", "C1", "L7", "a@x.de"]),
        ("C2", None, "OTHER", [], ["C2"]),
        ("C3", "a\\", "US", [], ["C3"]),
        ("bronze_id3", "x, y", "OTHER", ["missing:customer_id"], []),
        ("C5", "x", "US", ["type:updated_at"], ["C5"]),
        ("C6", "x", "US", ["type:updated_at"], ["C6"]),
    ]
    keyed = {row.source_key: row for row in found}
    assert keyed["bronze_id3"].identifier_set_id is None
    assert keyed["C5"].identifier_set_id != keyed["C6"].identifier_set_id
    assert keyed["C1"].updated_at == datetime(2026, 1, 1, 8)


def test_an_order_of_odd_lines_is_read_or_rejected_but_never_wrong(silver: Silver) -> None:
    text = '{"order_id":"%s","ordered_at":"2026-01-01","total_cents":1,"status":" Shipped "%s}'
    huge = ',"lines":[{"line_no":1,"sku":"A","quantity":999999999999999999,"unit_price_cents":999999999999999999}]'
    orders = silver(
        "commerce",
        "order",
        text % ("1 huge", huge),
        text % ("2 without lines", ""),
        text % ("3 no lines", ',"lines":[]'),
        text % ("4 empty line", ',"lines":[null]'),
        text % ("5 one object", ',"lines":{}'),
        f"[{text % ('6', '')}]",
    ).orderBy("bronze_id")
    assert [row.reasons for row in orders.collect()] == [
        [],
        [],
        [],
        ["missing:lines.line_no", "missing:lines.sku", "missing:lines.quantity"],
        ["malformed"],
        ["malformed"],
    ]
    lines = order_lines(orders.where(F.size("reasons") == 0)).collect()
    assert [(row.order_id, row.amount_minor) for row in lines] == [("1 huge", None)]
    assert {row.status for row in orders.where(F.size("reasons") == 0).collect()} == {"shipped"}


def test_an_identifier_a_record_names_twice_is_one_member(frame: Frame, conf: Conf) -> None:
    contract = conf.contracts["support", "case"]
    mail = next(field for field in contract.fields if field.name == "email")
    twice = replace(contract, fields=(*contract.fields, replace(mail, path=("subject",))))
    table, subjects = tables.bronze("support", "case"), ("a@X.de", "b@x.de")
    texts = (f'{{"case_id":"1","email":"A@x.de","subject":"{subject}"}}' for subject in subjects)
    rows = parsed(frame(table, *({"payload": text} for text in texts)), twice, headers=None)
    spelled = with_spelled(rows.selectExpr("*", "'DE' AS country", "'EU' AS region"), twice)
    placed = with_normal(with_phones(spelled, twice, conf.rules), twice, conf.rules)
    found = with_identifiers(placed, twice, conf.rules, secret="a secret of tests").collect()
    assert [len(row.identifiers) for row in found] == [1, 2]


def test_text_becomes_its_type_and_unit_exactly_or_nothing(spark: SparkSession, conf: Conf) -> None:
    fields = {field.name: field for field in conf.contracts["commerce", "order"].fields}
    whole, at = fields["total_cents"], fields["ordered_at"]
    cents = {"settings": whole.settings.model_copy(update={"scale": 100, "canonical": None})}
    number = whole.element.model_copy(update={"logical_type": "number"})
    flag = replace(whole, element=whole.element.model_copy(update={"logical_type": "boolean"}))
    big = "9" * 18
    cases = {
        "integer": (
            whole,
            {"12": 12, "-1": -1, "+7": 7, big: int(big), big + "9": None}
            | {"1.0": 1, "1.5": None, "1.23456789E8": 123_456_789, "1e18": None, "NaN": None, "Infinity": None},
        ),
        "integer to cents": (replace(whole, **cents), {"12": 1200, "-3": -300, big: None}),
        "number to cents": (
            replace(whole, element=number, **cents),
            {"1.005": 101, "-1.005": -101, "0.29": 29, "19.99": 1999, ".5": 50, "1e2": 10000, "1e30": None}
            | {"1e999": None, "1,5": None, "NaN": None, "-": None},
        ),
        "boolean": (flag, {"TRUE": True, "1": True, "Yes": True, "no": False, "0": False, "y": None}),
        "iso": (
            at,
            {
                "2026-01-01T10:00:00.5-01:30": datetime(2026, 1, 1, 11, 30, 0, 500000),
                "2026-1-2": datetime(2026, 1, 2),
                "2026-02-30": None,
                "10:30": None,
                "T10:30": None,
                "2026": None,
                "176726": None,
                "now": None,
                "2026-01-01T25:00:00Z": None,
            },
        ),
    }
    moment = datetime(2026, 1, 1, 10, 0, 0, 123456)
    for form, digits in {"epoch_s": 0, "epoch_ms": 3, "epoch_us": 6, "epoch_ns": 9}.items():
        settings = at.settings.model_copy(update={"formats": [form]})
        number_of = str(1_767_261_600_123_456_789 // 10 ** (9 - digits))
        expected = moment.replace(microsecond=moment.microsecond // 10 ** max(0, 6 - digits) * 10 ** max(0, 6 - digits))
        cases[form] = (replace(at, settings=settings), {number_of: expected, "9" * 19: None, "1.5": None, "soon": None})
    rows = [(name, raw) for name, (_, values) in cases.items() for raw in values]
    frame = spark.createDataFrame(rows, "name string, raw string")
    columns = [F.when(F.col("name") == n, typed(f, F.col("raw"))).alias(n) for n, (f, _) in cases.items()]
    wanted = {(name, raw): value for name, (_, values) in cases.items() for raw, value in values.items()}
    for ansi in ("false", "true"):
        spark.conf.set("spark.sql.ansi.enabled", ansi)
        try:
            found = frame.select("name", "raw", *columns).collect()
        finally:
            spark.conf.set("spark.sql.ansi.enabled", "false")
        assert {(row["name"], row.raw): row[row["name"]] for row in found} == wanted


def test_values_outside_a_list_and_rules_that_do_not_hold_are_reasons_and_what_is_absent_is_none(
    frame: Frame, conf: Conf, tmp_path: Path
) -> None:
    strict = {"onInvalid": "quarantine"}
    given: dict[str, Any] = {"id": {"primaryKey": True}, "tier": {"enum": ["gold", "silver"]} | strict}
    given |= {
        "low": {"type": "integer"},
        "high": {"type": "integer"} | strict,
        "at": {"logicalType": "object", "properties": [property_("n", {})]},
    }
    rules = {"ordered": "low <= high", "placed": "at.n <> 'x' OR tier = 'gold'"}
    ((contract,),) = versions(tmp_path, odcs("1.0.0", given, rules=rules)).values()
    payloads = {
        '{"id":"1","tier":"gold","low":"9","high":"10","at":{"n":"x"}}': [],
        '{"id":"2","tier":"Gold","low":"10","high":"9","at":{"n":"x"}}': ["enum:tier", "rule:ordered", "rule:placed"],
        '{"id":"3","low":"10","high":"?"}': ["type:high"],
        '{"id":"4"}': [],
    }
    rows = frame(tables.bronze("crm", "person"), *({"payload": payload} for payload in payloads))
    cells = read(rows, [Reading(contract, (contract.version,))], headers=None)
    found = canonical(cells, contract, conf.rules, conf.taxonomy, secret="a secret of tests")
    assert [row.reasons for row in found.orderBy("source_key").collect()] == list(payloads.values())


def test_a_value_that_does_not_fit_is_taken_as_unknown_where_the_contract_says_so(
    frame: Frame, conf: Conf, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"id": {"primaryKey": True}, "born": {"type": "date", "canonical": "birth_date"}}
    given |= {"tier": {"enum": ["gold"], "canonical": "loyalty_tier", "onInvalid": None}}
    given |= {"low": {"type": "integer", "min": 1, "max": 9, "canonical": "loyalty_points"}}
    given |= {"high": {"type": "integer", "onInvalid": "quarantine"}, "note": {"canonical": "city"}}
    ((contract,),) = versions(tmp_path, odcs("1.0.0", given, rules={"ordered": "low <= high"})).values()
    # The values of birth date, tier and points; reasons; what is taken as unknown.
    payloads = {
        '{"id":"1","born":"1990-12-10","tier":"gold","low":"5","high":"6","note":"x"}': (
            (date(1990, 12, 10), "gold", 5), [], []
        ),
        '{"id":"2","born":"1990-13-10","tier":"golden","low":"0","high":"0"}': (
            (None, None, None), [], ["enum:tier", "range:low", "type:born"]
        ),
        '{"id":"3","born":"?","low":"10","high":"x"}': (
            (None, None, None), ["type:high"], ["range:low", "type:born"]
        ),
        '{"id":"4","low":"9","high":"8"}': ((None, None, 9), ["rule:ordered"], []),
        '{"id":"5"}': ((None, None, None), [], []),
        '{"id':  ((None, None, None), ["malformed"], []),
    }  # fmt: skip
    rows = frame(tables.bronze("crm", "person"), *({"payload": payload} for payload in payloads))
    cells = read(rows, [Reading(contract, (contract.version,))], headers=None)
    found = canonical(cells, contract, conf.rules, conf.taxonomy, secret="a secret of tests")
    told = [
        ((row.birth_date, row.loyalty_tier, row.loyalty_points), row.reasons, sorted(row.invalid or []))
        for row in sorted(found.collect(), key=lambda row: row.source_key or "9")
    ]
    assert told == list(payloads.values())
    remarks = {row.source_key: sorted(row.remarks) for row in found.collect()}
    assert remarks["2"] == ["invalid:born", "invalid:low", "invalid:tier"]


def test_a_value_that_does_not_fit_is_quarantined_where_a_missing_one_means_something(conf: Conf) -> None:
    customer, consent = conf.contracts["crm", "customer"], conf.contracts["consent", "statement"]
    nulled = {field.name for field in customer.fields if field.is_nulled}
    assert {"birth_date", "created_at", "email"} <= nulled
    assert not nulled & {"customer_id", "updated_at", "country"}
    assert not [field.name for field in consent.fields if field.is_nulled]
