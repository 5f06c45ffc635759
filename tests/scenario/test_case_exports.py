"""Exports as their systems write them, from file to gold: nothing is prepared, and the contracts are drafts of which a
few lines were edited. What is expected is read in the files, not in what comes out.
"""

import shutil
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession

from c360_spark import tables
from c360_spark.config import load
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.cases import CASES, EXPORTS, adopt
from tests.conftest import AS_OF, ROOT
from tests.stages import build_profiles, canonicalise, land, resolve_identity

pytestmark = [pytest.mark.spark, pytest.mark.slow]
SILVER = (tables.PROFILE_RECORD, tables.EVENT, tables.ORDER, tables.ORDER_LINE, tables.CONSENT)
TWELVE = range(12)


@pytest.fixture(scope="module")
def store(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A lake that has taken in all of them."""
    folder = tmp_path_factory.mktemp("exports")
    conf = Path(shutil.copytree(ROOT / "conf", folder / "conf"))
    adopt(conf)
    for name, export in EXPORTS.items():
        target = folder / "landing" / Path(*name.split("."))
        target.mkdir(parents=True)
        shutil.copy(CASES / export.file, target)
    loaded = load(conf, "dev", lake=str(folder / "lake"), landing=str(folder / "landing"))
    store = Store(spark, str(folder / "lake"))
    for stage in (land, canonicalise, resolve_identity, build_profiles):
        stage(Run(spark, store, loaded, AS_OF, run_id_of(AS_OF)))
    return store


@pytest.fixture(scope="module")
def silver(store: Store) -> dict[str, list[Row]]:
    """Rows by dataset, in the order of the file."""
    found: dict[str, list[Row]] = {}
    for table in SILVER:
        of = " line" if table is tables.ORDER_LINE else ""
        for row in store.read(table).orderBy("source", "dataset", "position").collect():
            found.setdefault(f"{row.source}.{row.dataset}{of}", []).append(row)
    return found


def values(row: Row, namespace: str) -> list[str]:
    """The identifiers of a kind that a record brings."""
    return sorted(member.value for member in row.identifiers if member.namespace == namespace)


def utc(*parts: int) -> datetime:
    return datetime(*parts)  # as Spark gives it back: naive, in UTC


def test_every_row_of_every_file_is_accepted(store: Store) -> None:
    rows = store.read(tables.ACCOUNTING).collect()
    counted = {f"{row.source}.{row.dataset}": (row.rows_in, row.accepted, row.quarantined) for row in rows}
    twelve = dict.fromkeys(EXPORTS, (12, 12, 0))
    assert counted == twelve | {"shopify.order": (24, 24, 0), "onetrust.receipt": (24, 24, 0)}


def test_rows_of_shopify_are_12_orders_with_24_lines_totals_and_phones(silver: dict[str, list[Row]]) -> None:
    orders, lines = silver["shopify.order"], silver["shopify.order line"]
    totals = [1050, 2300, 3750, 1350, 2900, 4650, 1650, 3500, 5550, 1950, 4100, 6450]
    assert [row.order_id for row in orders] == [f"#{n}" for n in range(1001, 1013)]
    assert [row.total_minor for row in orders] == totals
    assert {(row.currency, row.status, row.country) for row in orders} == {("EUR", "paid", "DE")}
    assert [values(row, "phone") for row in orders] == [[f"+4934155501{n:02}"] for n in TWELVE]
    assert values(orders[0], "email") == ["mara.keller@mailbox.de"]
    assert orders[0].ordered_at == utc(2025, 10, 10, 8, 38, 7)
    assert orders[1].ordered_at == utc(2025, 11, 11, 21, 15)
    assert Counter(row.order_id for row in lines) == {f"#{1001 + n}": n % 3 + 1 for n in TWELVE}
    third = sorted(
        (row.line_no, row.sku, row.quantity, row.unit_price_minor) for row in lines if row.order_id == "#1003"
    )
    assert third == [(1, "SKU-001", 1, 1250), (2, "SKU-002", 1, 1250), (3, "SKU-003", 1, 1250)]


def test_charges_of_stripe_are_in_minor_units_of_their_currency(silver: dict[str, list[Row]]) -> None:
    orders = silver["stripe.charge"]
    amounts = [("EUR", 1999), ("JPY", 5000), ("USD", 2500), ("KWD", 5000)]
    assert [(row.currency, row.total_minor) for row in orders] == amounts * 3
    first = datetime.fromtimestamp(1760000000, UTC).replace(tzinfo=None)
    assert [row.ordered_at for row in orders] == [first + timedelta(days=n) for n in TWELVE]
    assert {row.country for row in orders} == {"AT"}
    assert values(orders[1], "email") == ["jonas@mailbox.at"]


def test_revenue_is_by_currency(store: Store) -> None:
    """Three charges of each currency; what Shopify and WooCommerce have is in euros."""
    revenue: Counter[str] = Counter()
    for row in store.read(tables.PROFILE).where("size(revenue_minor) > 0").collect():
        revenue.update(row.revenue_minor)
    shopify = 1050 + 2300 + 3750 + 1350 + 2900 + 4650 + 1650 + 3500 + 5550 + 1950 + 4100 + 6450
    woo = sum(range(2050, 3250, 100))
    assert revenue == {"EUR": 3 * 1999 + shopify + woo, "JPY": 15000, "USD": 7500, "KWD": 15000}


@pytest.mark.parametrize("name", ["ga4.event", "ga4.flat_event"])
def test_events_of_ga4_have_their_time_cookie_and_session(silver: dict[str, list[Row]], name: str) -> None:
    events = silver[name]
    first = utc(2025, 10, 15, 9, 0, 0, 123456)
    assert [row.occurred_at for row in events] == [first + timedelta(seconds=n) for n in TWELVE]
    names = ["page_viewed", "product_viewed", "cart_updated", "order_completed"]
    assert [row.event_name for row in events] == names * 3
    assert [values(row, "web.cookie_id") for row in events] == [[f"{1200000000 + n}.{1760518800 + n}"] for n in TWELVE]
    assert [row.properties["ga_session_id"] for row in events] == [str(1760518800 + n) for n in TWELVE]
    assert {(row.channel, row.country, row.properties["page_url"]) for row in events} == {
        ("web", "DE", "https://shop.de/p")
    }


def test_users_of_ga4_are_told(silver: dict[str, list[Row]]) -> None:
    assert [values(row, "commerce.account_id") for row in silver["ga4.event"]] == [
        [f"U{n:05}"] if n % 3 == 0 else [] for n in TWELVE
    ]


def test_contacts_of_salesforce_keep_streets_of_two_lines_and_are_told_by_their_id(
    silver: dict[str, list[Row]],
) -> None:
    contacts = silver["salesforce.contact"]
    assert [row.source_key for row in contacts] == [
        f"0035g00000AbC{n:02}aAAQ" if n % 2 == 0 else f"0035g00000AbC{n:02}AAAY" for n in TWELVE
    ]
    assert [row.street for row in contacts] == [
        f"Hauptstr. {n}\nHinterhaus" if n % 4 == 0 else f"Hauptstr. {n}" for n in TWELVE
    ]
    assert [values(row, "phone") for row in contacts] == [[f"+491512345{n:04}", f"+492214455{n:03}"] for n in TWELVE]
    first = contacts[0]
    assert (first.city, first.country, first.birth_date) == ("Köln", "DE", date(1980, 2, 29))
    assert (first.created_at, first.updated_at) == (utc(2025, 9, 10, 8, 10), utc(2025, 10, 10, 8, 15, 30))


def test_conversions_are_read_below_the_line_that_names_their_zone(silver: dict[str, list[Row]]) -> None:
    events = silver["ads.conversion"]
    assert [row.occurred_at for row in events] == [utc(2025, 10, 10 + n, 13, 10 + n) for n in TWELVE]  # 3 PM in Berlin
    assert {row.event_name for row in events} == {"lead_closed"}
    assert [row.properties["conversion_value"] for row in events] == [str(50 + n) for n in TWELVE]


def test_subscribers_of_mailchimp_have_phone_country_and_time_of_change(silver: dict[str, list[Row]]) -> None:
    members = silver["mailchimp.member"]
    assert [row.source_key for row in members] == [f"a1b2c3d{n:03x}" for n in TWELVE]
    assert [row.phone for row in members] == [f"+49341555{n:04}" for n in TWELVE]
    assert {row.country for row in members} == {"DE"}
    assert [row.updated_at for row in members] == [utc(2025, 10, 10 + n, 6, 58, 12) for n in TWELVE]
    assert members[0].email == "mara.keller@posteo.de"


def test_orders_of_woocommerce_are_placed_at_their_time_in_utc(silver: dict[str, list[Row]]) -> None:
    orders, lines = silver["woo.order"], silver["woo.order line"]
    clocks = [(0, 30), (0, 31), (0, 32), (1, 33), (1, 34), (1, 35), *((2, m) for m in range(30, 36))]
    assert [row.ordered_at for row in orders] == [utc(2025, 10, 26, *clock) for clock in clocks]
    assert [row.total_minor for row in orders] == list(range(2050, 3250, 100))
    assert [(row.order_id, row.sku, row.quantity, row.unit_price_minor, row.amount_minor) for row in lines] == [
        (str(727 + n), "MUG-1", 2, 1025 + 50 * n, 2050 + 100 * n) for n in TWELVE
    ]
    assert [values(row, "phone") for row in orders] == [[f"+49151770000{n:02}"] for n in TWELVE]


def test_items_of_square_have_their_price_and_their_time_by_the_till(silver: dict[str, list[Row]]) -> None:
    lines = silver["square.item line"]
    clocks = [*((10 + n, 5, n) for n in range(10)), (10, 5, 0), (11, 5, 1)]
    eastern = timedelta(hours=4)  # in October
    assert [row.ordered_at for row in lines] == [utc(2025, 10, 10 + n, *clocks[n]) + eastern for n in TWELVE]
    amounts = [1250, 1350, 1450, 120350, 1650, -1750, 1850, 1950, 2050, 2150, 2250, 2350]
    assert [row.amount_minor for row in lines] == amounts
    assert [row.quantity for row in lines] == [1, 1, 1, 1, 1, -1, 1, 1, 1, 1, 1, 1]
    assert {row.currency for row in lines} == {"USD"}
    assert [row.order_id for row in lines] == [f"TX{n // 2:05}ABC" for n in TWELVE]


def test_receipts_of_onetrust_are_one_consent_for_each_purpose(silver: dict[str, list[Row]], store: Store) -> None:
    said = [(row.purpose, row.status) for row in silver["onetrust.receipt"]]
    marketing = ["withdrawn" if n % 3 == 0 else "granted" for n in TWELVE]
    assert said == [each for m in marketing for each in (("marketing_email", m), ("analytics", "denied"))]
    assert silver["onetrust.receipt"][0].effective_from == utc(2025, 10, 10, 16, 35, 26, 277000)
    state = Counter((row.purpose, row.status) for row in store.read(tables.CONSENT_STATE).collect())
    assert state == {
        ("marketing_email", "withdrawn"): 4,
        ("marketing_email", "granted"): 8,
        ("analytics", "denied"): 12,
    }


@pytest.mark.parametrize("name", ["excel.kunde", "excel.kunde_utf16", "excel.kunde_komma"])
def test_a_german_spreadsheet_is_read_however_it_was_saved(silver: dict[str, list[Row]], name: str) -> None:
    customers = silver[name]
    assert [row.source_key for row in customers] == [f"{n:07}" for n in TWELVE]
    assert {row.city for row in customers} == {"Köln"}
    assert [row.postcode for row in customers] == [f"{4100 + n:05}" for n in TWELVE]
    assert Counter(row.family_name for row in customers)["Müller"] == 6
    assert [row.phone for row in customers] == [f"+49341555{n:04}" for n in TWELVE]
    assert [float(row.attributes["umsatz"]) for row in customers] == [1200 + n + (50 + n % 10) / 100 for n in TWELVE]
    assert customers[0].birth_date == date(1980, 1, 10)
    assert [row.updated_at for row in customers] == [utc(2025, 10, 10 + n, 12, 30 + n % 6) for n in TWELVE]  # Berlin


def test_contacts_of_hubspot_have_their_id_their_time_and_their_mobile_phone(silver: dict[str, list[Row]]) -> None:
    contacts = silver["hubspot.contact"]
    assert [row.source_key for row in contacts] == [str(51234567890 + 997 * n) for n in TWELVE]
    assert [row.created_at for row in contacts] == [utc(2025, 9, 10 + n, 14, 33) for n in TWELVE]
    assert [values(row, "phone") for row in contacts] == [
        [f"+4915123456{n:03}", f"+493415550{100 + n}"] for n in TWELVE
    ]
    assert {row.country for row in contacts} == {"DE"}
    assert contacts[0].birth_date == date(1985, 1, 10)


def test_users_of_zendesk_have_their_address_and_phone(silver: dict[str, list[Row]]) -> None:
    users = silver["zendesk.user"]
    assert [(row.source_key, row.email, row.phone) for row in users] == [
        (str(35436 + n), f"p{n}@kunde.de", f"+49151234567{n:02}") for n in TWELVE
    ]
    assert {row.updated_at for row in users} == {utc(2025, 10, 5, 10, 38, 52)}


def test_the_same_contact_of_two_systems_is_one_person(store: Store) -> None:
    """mara.keller@firma-0.de and three others are in both; Germany is a word there and here."""
    rows = store.read(tables.PERSON_XREF).where("source IN ('salesforce', 'hubspot')").collect()
    systems: dict[str, set[str]] = {}
    for row in rows:
        systems.setdefault(row.person_id, set()).add(row.source)
    assert sum(len(each) == 2 for each in systems.values()) == 4
