"""People as files of many systems write them, from file to gold: who is one person, and who is not.

All files of tests/cases/ that are about people are datasets of one lake; nobody of one case is in another.
"""

import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from c360_spark import tables
from c360_spark.config import load
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.cases import CASES
from tests.conftest import ROOT
from tests.contracts import odcs, property_
from tests.stages import build_profiles, canonicalise, land, resolve_identity

pytestmark = [pytest.mark.spark, pytest.mark.slow]
EMAIL = {"canonical": "email", "normalize": "email", "identifier": {"namespace": "email"}}
UPDATED = {"type": "timestamp", "canonical": "updated_at", "required": True}
SALESFORCE = {
    "Id": {"primaryKey": True, "required": True},
    "AccountId": {"canonical": "attributes.account_id"},
    "LastName": {"canonical": "family_name"},
    "FirstName": {"canonical": "given_name"},
    "Email": EMAIL,
    "MailingCountry": {"canonical": "country"},
    "LastModifiedDate": UPDATED,
}
HUBSPOT = {
    "Record ID": {"primaryKey": True, "required": True},
    "First Name": {"canonical": "given_name"},
    "Last Name": {"canonical": "family_name"},
    "Email": EMAIL,
    "Country/Region": {"canonical": "country"},
    "Create Date": {"type": "timestamp", "formats": ["yyyy-MM-dd HH:mm"], "canonical": "created_at"},
}
LEGACY = {
    "customer_id": {"primaryKey": True, "required": True, "identifier": {"namespace": "legacy.customer_id"}},
    "given_name": {"canonical": "given_name"},
    "family_name": {"canonical": "family_name"},
    "email": EMAIL,
    "birth_date": {"type": "date", "canonical": "birth_date"},
    "postcode": {"canonical": "postcode", "normalize": "postcode"},
    "country": {"canonical": "country"},
    "updated_at": UPDATED,
}
CHARGE = {
    "id": {"primaryKey": True, "canonical": "order_id"},
    "created": {"type": "timestamp", "formats": ["epoch_s"], "canonical": "ordered_at", "required": True},
    "amount": {"type": "integer", "canonical": "total_minor"},
    "currency": {"canonical": "currency"},
    "billing_details": {
        "logicalType": "object",
        "properties": [
            property_("email", {"identifier": {"namespace": "email"}}),
            {
                "name": "address",
                "logicalType": "object",
                "properties": [property_("country", {"canonical": "country"})],
            },
        ],
    },
}
CONTRACTS = {
    "salesforce.contact": (SALESFORCE, "profile_record"),
    "hubspot.contact": (HUBSPOT, "profile_record"),
    "legacy.customer": (LEGACY, "profile_record"),
    "pay.charge": (CHARGE, "order"),
}
SOURCES = """
salesforce:
  contact: {format: csv, path: salesforce/contact}
hubspot:
  contact: {format: csv, path: hubspot/contact}
legacy:
  customer: {format: csv, path: legacy/customer}
pay:
  charge: {format: jsonl, path: pay/charge}
erp:
  customer: {format: csv, path: erp/customer, delivery: full}
"""
# Both shipped datasets are daily extracts; here each case has a file of its own of them, which says nothing of others.
PARTIAL = ("customer: {format: csv, path: crm/customer", "member: {format: csv, path: loyalty/member")
FIRST = {
    "crm/customer": "letters turkish_i mexico country_word guest_checkout placeholder_birthday postcode_zero "
    "invisible_email".split(),
    "loyalty/member": "letters turkish_i mexico placeholder_birthday invisible_email".split(),
}
FILES = {
    **{f"crm/customer/{case}.csv": f"{case}/crm.csv" for case in FIRST["crm/customer"]},
    **{f"loyalty/member/{case}.csv": f"{case}/loyalty.csv" for case in FIRST["loyalty/member"]},
    "hubspot/contact/a.csv": "hubspot/hubspot-crm-exports-all-contacts.csv",
    "legacy/customer/a.csv": "postcode_zero/legacy.csv",
    "salesforce/contact/a.csv": "account_key/a.csv",
    "pay/charge/c.jsonl": "mixed_currency/c.jsonl",
    "erp/customer/2025-10-31.csv": "full_delivery/2025-10-31.csv",
}
NEXT_DAY = {
    "salesforce/contact/b.csv": "account_key/b.csv",
    "erp/customer/2025-11-01.csv": "full_delivery/2025-11-01.csv",
}


def conf_in(folder: Path) -> Path:
    """conf/ as shipped, with the datasets of the cases."""
    conf = Path(shutil.copytree(ROOT / "conf", folder / "conf"))
    for name, (properties, table) in CONTRACTS.items():
        path = conf / "contracts" / Path(*name.split("."))
        path.mkdir(parents=True)
        sla = {"latency": {"value": 1, "unit": "d"}, "retention": {"value": 1, "unit": "y"}}
        (path / "1.0.0.odcs.yaml").write_text(
            json.dumps(odcs("1.0.0", properties, table=table, sla=sla) | {"id": name})
        )
    shipped = (conf / "contracts/crm/customer/1.0.0.odcs.yaml").read_text()
    target = conf / "contracts/erp/customer/1.0.0.odcs.yaml"
    target.parent.mkdir(parents=True)
    target.write_text(shipped.replace("id: crm.customer\n", "id: erp.customer\n"))
    text = (conf / "sources.yml").read_text()
    lines = [line.replace(", delivery: full", "") if any(each in line for each in PARTIAL) else line
             for line in text.splitlines()]  # fmt: skip
    (conf / "sources.yml").write_text("\n".join(lines) + SOURCES)
    rules = (conf / "identity.yml").read_text()
    trusted = "namespaces:\n  crm.customer_id:"
    assert trusted in rules
    own = trusted.replace("\n", "\n  legacy.customer_id: {trust: 60}\n")
    (conf / "identity.yml").write_text(rules.replace(trusted, own))
    return conf


def deliver(folder: Path, files: dict[str, str]) -> None:
    for target, case in files.items():
        path = folder / "landing" / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CASES / case, path)


@pytest.fixture(scope="module")
def store(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A lake after two days."""
    folder = tmp_path_factory.mktemp("people")
    conf = load(conf_in(folder), "dev", lake=str(folder / "lake"), landing=str(folder / "landing"))
    store = Store(spark, str(folder / "lake"))
    silver, gold = (land, canonicalise), (resolve_identity, build_profiles)
    for day, files, stages in ((1, FILES, silver), (2, NEXT_DAY, silver + gold)):
        deliver(folder, files)
        as_of = datetime(2025, 11, day, 12)
        for stage in stages:
            stage(Run(spark, store, conf, as_of, run_id_of(as_of)))
    return store


@pytest.fixture(scope="module")
def people(store: Store) -> set[frozenset[str]]:
    """The keys of the records of each person."""
    found: dict[str, set[str]] = {}
    for row in store.read(tables.PERSON_XREF).collect():
        found.setdefault(row.person_id, set()).add(row.source_key)
    return {frozenset(keys) for keys in found.values()}


def test_every_delivered_row_is_accepted(store: Store) -> None:
    rows = store.read(tables.ACCOUNTING).collect()
    counted: dict[str, list[int]] = {}
    for row in rows:
        now = counted.setdefault(f"{row.source}.{row.dataset}", [0, 0, 0, 0])
        now[:] = [a + b for a, b in zip(now, (row.rows_in, row.accepted, row.duplicate, row.quarantined), strict=True)]
    assert counted == {
        "crm.customer": [15, 15, 0, 0],
        "loyalty.member": [11, 11, 0, 0],
        "hubspot.contact": [12, 12, 0, 0],
        "legacy.customer": [1, 1, 0, 0],
        "salesforce.contact": [5, 3, 2, 0],  # two of them came again as they were
        "pay.charge": [3, 3, 0, 0],
        "erp.customer": [5, 5, 0, 0],
    }


ONE_PERSON = {
    "Vietnamese letters, composed and not": ("C2001", "L2001"),
    "an umlaut, composed and not": ("C2002", "L2002"),
    "Romanian letters and plain ones": ("C2003", "L2003"),
    "a soft g and a plain one": ("C2004", "L2004"),
    "Polish letters and plain ones": ("C2007", "L2007"),
    "a dotless i in small letters and in capitals": ("C2005", "L2005"),
    "a dotted capital I in an address": ("C2006", "L2006"),
    "a Mexican mobile number with and without the 1 of before 2019": ("C2040", "L2040"),
    "a country as a code and as a word": ("C2090", "51234567890"),
    "a postcode that lost its zero": ("C2060", "9003.0"),
    "an invisible character behind an address": ("C2095", "L2095"),
    "an address with mailto before it": ("C2096", "L2096"),
}


@pytest.mark.parametrize("case", ONE_PERSON)
def test_one_person_however_written(people: set[frozenset[str]], case: str) -> None:
    assert frozenset(ONE_PERSON[case]) in people


TWO_PEOPLE = {
    "a placeholder as birth date": ("C2070", "L2070"),
    "customers of the CRM who share an address": ("C2020", "C2021"),
    "contacts of one account": ("0035g00000AAA01AAA", "0035g00000AAA03AAA"),
    "contacts of two accounts": ("0035g00000AAA01AAA", "0035g00000AAA02AAA"),
}


@pytest.mark.parametrize("case", TWO_PEOPLE)
def test_two_people_however_alike(people: set[frozenset[str]], case: str) -> None:
    assert {frozenset([key]) for key in TWO_PEOPLE[case]} <= people


def test_an_address_that_links_nobody_says_why(store: Store) -> None:
    crowded = store.read(tables.IDENTIFIER).where("status = 'crowded'").collect()
    assert [row.namespace for row in crowded] == ["email"]  # guest@kunde.de
    links = store.read(tables.LINK).where("status = 'evicted'").collect()
    assert {(row.kind, row.reason.partition(":")[0]) for row in links} == {("shared_record", "crowded")}
    assert len(links) == 2


def test_values_are_kept_in_the_one_spelling_they_are_compared_in(store: Store) -> None:
    profiles = {row.given_name: row for row in store.read(tables.PROFILE).collect() if row.given_name}
    assert profiles["Luz"].phone == "+525512345678"
    assert profiles["Zoe"].email == "zoe@firma.de"
    assert profiles["Tom"].email == "tom@firma.de"
    assert profiles["Ute"].postcode == "04329"
    assert profiles["Ali"].email == "ali.inan@firma.com.tr"


def test_who_is_missing_from_a_full_delivery_goes_and_what_it_does_not_say_stays(store: Store) -> None:
    """The second delivery lacks C3, and calls the column Email: it says nothing of email."""
    xref = store.read(tables.PERSON_XREF).where("source = 'erp'").collect()
    assert {row.source_key for row in xref} == {"C1", "C2"}
    names = "'Eins', 'Zwei', 'Drei'"
    profiles = store.read(tables.PROFILE).where(f"family_name IN ({names})").collect()
    assert {(row.family_name, row.email) for row in profiles} == {("Eins", "ada@firma.de"), ("Zwei", "bo@firma.de")}
    (noted,) = store.read(tables.DELIVERY_PROPERTY).where("source = 'erp' AND status = 'missing'").collect()
    assert noted.property == "email"


def test_revenue_is_never_added_across_currencies(store: Store) -> None:
    (profile,) = store.read(tables.PROFILE).where("order_count > 0").collect()
    assert profile.revenue_minor == {"EUR": 1999, "JPY": 5000, "KWD": 5000}
    assert (profile.order_count, profile.unpriced_order_count) == (3, 0)
