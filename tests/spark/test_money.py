"""Money: minor units by the currency of the row, as it is written, and never added across currencies."""

import re
import subprocess
import sys
from decimal import Decimal
from textwrap import dedent

import pytest
from babel.numbers import format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.destination import in_units
from c360_spark.config.activation.activation import Destination
from c360_spark.config.contract.money import DIGITS, writing
from c360_spark.export.payload import payloads
from c360_spark.gold.profile import profiles, record_figures, surviving
from c360_spark.silver.canonical import canonical
from c360_spark.silver.shape import order_lines
from c360_spark.silver.version import Reading, read
from tests.contracts import odcs, versions

ORDER = {
    "id": {"primaryKey": True, "canonical": "order_id"},
    "at": {"type": "timestamp", "canonical": "ordered_at"},
    "total": {"type": "number", "canonical": "total_minor", "amountIn": "major"},
    "currency": {"canonical": "currency"},
}


@pytest.fixture
def orders(frame, conf, tmp_path):
    """Payloads as rows of silver.order by a contract with these properties."""

    def make(properties, *payloads, **given):
        contract = odcs("1.0.0", properties, table="order", **given)
        (contract,) = versions(tmp_path, contract)["crm", "person"]
        rows = frame(tables.bronze("crm", "person"), *({"payload": each} for each in payloads))
        cells = read(rows, [Reading(contract, (contract.version,))], headers=None)
        made = canonical(cells, contract, conf.rules, conf.taxonomy, secret="a secret of tests")
        return made.orderBy("source_key")

    return make


def order(number, total, currency):
    said = f', "currency": "{currency}"' if currency else ""
    return f'{{"id": "{number}", "at": "2026-01-01", "total": "{total}"{said}}}'


@pytest.mark.spark
def test_an_amount_in_units_becomes_minor_units_of_its_own_currency(orders):
    made = orders(
        ORDER,
        *(
            order("1", "19.99", "eur"),
            order("2", "5000", "JPY"),
            order("3", "5.125", "KWD"),
            order("4", "-0.005", "EUR"),
        ),
        *(order("5", "1", "EURO"), order("6", "1", ""), order("7", "12,50", "EUR"), order("8", "5000.5", "JPY")),
        *(order("9", "12.50", "DEM"), order("A", "9" * 18, "KWD")),
    ).collect()
    assert [(row.total_minor, row.currency, row.reasons) for row in made] == [
        (1999, "EUR", []),
        (5000, "JPY", []),
        (5125, "KWD", []),
        (-1, "EUR", []),
        (None, "EURO", ["currency:total", "currency:currency"]),
        (None, None, ["currency:total"]),
        (None, "EUR", ["type:total"]),
        (5001, "JPY", []),  # rounded half up: the currency has no more digits
        (1250, "DEM", []),  # withdrawn, and in old orders
        (None, "KWD", ["type:total"]),
    ]


@pytest.mark.spark
def test_an_amount_in_minor_units_is_kept_as_it_is_and_its_currency_is_checked(orders):
    properties = ORDER | {"total": {"type": "integer", "canonical": "total_minor"}}
    made = orders(properties, order("1", "5000", "jpy"), order("2", "5000", "¥"), order("3", "5000", "")).collect()
    assert [(row.total_minor, row.currency, row.reasons) for row in made] == [
        (5000, "JPY", []),
        (5000, "¥", ["currency:currency"]),
        (5000, None, []),
    ]


@pytest.mark.spark
@pytest.mark.parametrize(
    ("locale", "currency", "read"),
    [
        (
            "en_US",
            "USD",
            {"$1,203.50": 120350, "-$17.50": -1750, "$-17.50": -1750, "($17.50)": -1750, "USD 5": 500, ".5": 50}
            | {"1,20": None, "12.345.678,90": None, "1 203.50": None, "12 pcs": "currency", "€5": "currency"}
            | {"−3": -300, "--3": None, "5.": 500, "1,234,567": 123456700, "1e3": None},
        ),
        ("de_DE", "EUR", {"1.203,50 €": 120350, "1.203": 120300, "1.20": None, "12,5-": -1250, "$5": "currency"}),
        ("fr_FR", "EUR", {"1 203,50 €": 120350, "1\u202f203,5": 120350, "1203,5": 120350, "1.203": None}),
        ("de_CH", "CHF", {"CHF 1'203.50": 120350, "1’203.50": 120350}),
        ("en_IN", "INR", {"₹1,23,456.78": 12345678}),
        ("ja_JP", "JPY", {"¥1,203": 1203, "JP¥5": "currency"}),
        ("en_CA", "CAD", {"$5.00": 500, "CA$5.00": 500, "US$5.00": "currency"}),
        ("pt_BR", "BRL", {"R$ 1.203,50": 120350}),
        ("da_DK", "DKK", {"1.203,50 kr.": 120350}),
    ],
)
def test_numbers_are_read_by_the_declared_locale_and_by_no_other(orders, locale, currency, read):
    properties = ORDER | {"total": ORDER["total"] | {"locale": locale}}
    rows = [order(f"{n:02}", text, currency) for n, text in enumerate(read)]
    made = orders(properties, *rows).collect()
    found = {text: row.total_minor if not row.reasons else row.reasons for text, row in zip(read, made, strict=True)}
    reasons = {None: ["type:total"], "currency": ["currency:total"]}
    assert found == {text: reasons.get(value, value) for text, value in read.items()}


@pytest.mark.spark
def test_a_line_has_the_currency_of_its_order_unless_it_names_another(orders):
    line = {
        "sku": {"canonical": "sku"},
        "price": {"type": "number", "canonical": "unit_price_minor", "amountIn": "major"},
    }
    line |= {"n": {"type": "integer", "canonical": "quantity"}, "in": {"canonical": "currency"}}
    lines = '"lines": [{"sku": "a", "price": 2, "n": 3}, {"sku": "b", "price": 0.5, "n": 2, "in": "KWD"}]'
    made = orders(ORDER | {"lines": {"lines": line}}, order("1", "7", "jpy")[:-1] + f", {lines}}}")
    found = [(row.sku, row.currency, row.unit_price_minor, row.amount_minor) for row in order_lines(made).collect()]
    assert found == [("a", "JPY", 2, 6), ("b", "KWD", 500, 1000)]


@pytest.mark.spark
def test_orders_of_several_currencies_are_never_added(frame):
    paid = {"record": "order", "person_id": "p", "ordered_at": None, "status": None}
    said = [("EUR", 1999), ("JPY", 5000), ("EUR", 1), (None, 7), ("KWD", None), ("USD", 2**62), ("USD", 2**62)]
    shape = "record string, person_id string, status string, ordered_at timestamp, currency string, total_minor long"
    spark = frame(tables.PERSON).sparkSession
    rows = [(*(paid[n] for n in ("record", "person_id", "status", "ordered_at")), *each) for each in said]
    records = spark.createDataFrame(rows, shape).withColumn("is_deleted", F.lit(False))
    people = frame(tables.PERSON, {"person_id": "p", "status": "active"}, {"person_id": "q", "status": "active"})
    events = spark.createDataFrame([], "person_id string, event_count long, last_event_at timestamp")
    found = profiles(people, surviving(frame(tables.PROFILE_ATTRIBUTE)), record_figures(records), events)
    made = {row.person_id: (row.revenue_minor, row.order_count, row.unpriced_order_count) for row in found.collect()}
    assert made == {"p": ({"EUR": 2000, "JPY": 5000, "USD": 2**63 - 1}, 7, 2), "q": ({}, 0, 0)}


@pytest.mark.spark
def test_a_destination_is_sent_units_of_the_currency_and_one_currency_a_field(frame):
    fields = {
        "euros": {"column": "revenue_minor.EUR"},
        "yen": {"column": "revenue_minor.JPY"},
        "dinars": {"column": "revenue_minor.KWD"},
        "points": {"column": "loyalty_points"},
        "basket": {"column": "case_count"},
    }
    given = {"name": "d", "kind": "generic", "description": "d", "owner": "o", "audience": "a", "purposes": ["p"]}
    destination = Destination.model_validate(given | {"fields": fields})
    people = frame(tables.PROFILE, {"revenue_minor": {"EUR": 1999, "JPY": 5000}, "loyalty_points": 7, "case_count": -5})
    (row,) = payloads(people, destination, currencies={"case_count": "KWD"}).collect()
    assert row.payload == {"euros": "19.99", "yen": "5000", "points": "7", "basket": "-0.005"}


@pytest.mark.spark
def test_units_and_minor_units_are_one_amount_in_every_currency(spark):
    rows = spark.range(1).select(*(in_units(F.lit(1_234_567), code).alias(code) for code in DIGITS)).head()
    assert {code: Decimal(rows[code]).scaleb(digits) for code, digits in DIGITS.items()} == dict.fromkeys(
        DIGITS, 1_234_567
    )


def test_digits_are_those_of_iso_4217():
    assert {code: DIGITS.get(code) for code in "EUR JPY KWD CLF ISK UGX BHD XXX XAU DEM".split()} == {
        "EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4, "ISK": 0, "UGX": 0, "BHD": 3, "XXX": None, "XAU": None, "DEM": 2
    }  # fmt: skip


def test_numbers_are_read_by_locale_also_where_names_of_countries_were_looked_up_before():
    code = """
        from c360_spark.columns.country import country_of
        from babel.numbers import format_decimal
        print(country_of("Deutschland"), format_decimal(1203.5, locale="de_DE"), format_decimal(1203.5, locale="en_IN"))
    """
    told = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=True)
    assert told.stdout == "DE 1.203,5 1,203.5\n"


@settings(deadline=None)
@given(
    st.integers(0, 10**10),  # babel groups greater numbers of de_CH only once
    st.sampled_from(["en_US", "de_DE", "fr_FR", "de_CH", "en_IN", "pl_PL", "pt_BR"]),
)
def test_what_a_locale_writes_it_reads(cents, locale):
    text = format_decimal(Decimal(cents).scaleb(-2), locale=locale)
    written = writing(locale)
    assert re.fullmatch(written.number, text)
    plain = "".join(c for c in text if c not in written.groups).replace(written.point, ".")
    assert Decimal(plain) == Decimal(cents) / 100
