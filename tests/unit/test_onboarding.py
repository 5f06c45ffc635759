"""Drafts of contracts for exports as twelve kinds of systems give them. What is expected is written by hand."""

import difflib
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft201909Validator
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from c360_spark.commands.sample import sample
from c360_spark.commands.source import init, spaces
from c360_spark.config import load
from c360_spark.config.contract.load import load_contracts
from c360_spark.config.yaml.document import Problems
from c360_spark.config.yaml.round_trip import edited, flow
from c360_spark.contracts.onboarding.contract_text import contract_text, sources_entry, summary
from c360_spark.contracts.onboarding.names import known, tokens
from c360_spark.contracts.onboarding.observed import Leaf, Sample
from c360_spark.contracts.onboarding.people import Spaces
from c360_spark.contracts.onboarding.proposal import proposal
from c360_spark.contracts.onboarding.values import days, moments
from tests.conftest import ROOT
from tests.unit.test_contracts_odcs import official_schema

SAMPLES = Path(__file__).parents[1] / "samples"
MOST_EDITS = 10


class Expected(NamedTuple):
    """`identifies` is property → namespace, `columns` is column of silver → property; `lines` are those of an order."""

    file: str
    table: str
    key: list[str]
    time: str
    identifies: dict[str, str]
    columns: dict[str, str]
    lines: dict[str, str] = {}


EXPECTED = {
    "sales.contact": Expected(
        "crm.csv",
        "profile_record",
        ["Contact ID"],
        "Last Modified Date",
        {"Contact ID": "sales.contact_id", "E-Mail": "email", "Mobile Phone": "phone"},
        {"given_name": "First Name", "birth_date": "Birthdate", "postcode": "Mailing Zip/Postal Code"},
    ),
    "shop.order": Expected(
        "orders.jsonl",
        "order",
        ["order_number"],
        "created_at",
        {"customer.id": "shop.customer_id", "email": "email", "phone": "phone"},
        {"total_minor": "total_price", "currency": "currency", "country": "shipping_address.country_code"},
        {"sku": "sku", "quantity": "quantity", "unit_price_minor": "price"},
    ),
    "site.track": Expected(
        "web_sdk.jsonl",
        "event",
        ["messageId"],
        "timestamp",
        {"anonymousId": "web.cookie_id", "userId": "commerce.account_id"},
        {"event_name": "event", "properties.sku": "properties.sku"},
    ),
    "app.event": Expected(
        "mobile_sdk.jsonl",
        "event",
        ["insert_id"],
        "time",
        {"device_id": "mobile.device_id", "user_id": "commerce.account_id", "idfa": "app.idfa"},
        {"event_name": "event_type", "country": "country"},
    ),
    "desk.ticket": Expected(
        "support_desk.jsonl",
        "support_case",
        ["id"],
        "created_at",
        {"requester.email": "email", "requester.phone": "phone"},
        {"subject": "subject", "priority": "priority", "channel": "via.channel", "status": "status"},
    ),
    "mailer.activity": Expected(
        "email_platform.csv",
        "event",
        ["Activity ID"],
        "Timestamp",
        {"Email Address": "email"},
        {"event_name": "Action"},
    ),
    "ads.conversion": Expected(
        "ads_conversions.parquet",
        "event",
        ["conversion_id"],
        "conversion_time",
        {"gclid": "ads.gclid"},
        {"event_name": "conversion_name"},
    ),
    "cmp.choice": Expected(
        "consent_platform.jsonl",
        "consent",
        ["receiptId"],
        "interactionDate",
        {"identifier": "email phone"},
        {"purpose": "purpose", "status": "transactionType", "country": "countryCode"},
    ),
    "club.member": Expected(
        "loyalty.parquet",
        "profile_record",
        ["MemberNo"],
        "LastUpdated",
        {"MemberNo": "loyalty.member_no", "EmailAddress": "email"},
        {"loyalty_tier": "Tier", "loyalty_points": "PointsBalance", "created_at": "EnrolledOn"},
    ),
    "till.receipt_line": Expected(
        "pos.csv",
        "order_line",
        ["receipt_no", "line"],
        "receipt_time",
        {"loyalty_card": "loyalty.member_no"},
        {"order_id": "receipt_no", "sku": "ean", "unit_price_minor": "unit_price", "amount_minor": "line_total"},
    ),
    "hotline.call": Expected(
        "call_centre.csv",
        "support_case",
        ["CallID"],
        "StartTime",
        {"CallerNumber": "phone", "CustomerNumber": "crm.customer_id"},
        {"subject": "Reason", "status": "Outcome"},
    ),
    "cdp.profile": Expected(
        "cdp_profiles.jsonl",
        "cdp_profile",
        ["profile_id"],
        "updated_at",
        {"traits.email": "email", "traits.phone": "phone"},
        {
            "profile_id": "profile_id",
            "city": "traits.address.city",
            "birth_date": "traits.birthday",
            "postcode": "traits.address.postalCode",
        },
    ),
}
TIME = {
    "profile_record": "updated_at",
    "cdp_profile": "updated_at",
    "event": "occurred_at",
    "order": "ordered_at",
    "order_line": "ordered_at",
    "support_case": "opened_at",
    "consent": "effective_from",
}


@cache
def drafted(name: str) -> Any:
    """The proposal for an example, by conf/ as shipped."""
    source, dataset = name.split(".")
    return proposal(source, dataset, sample(SAMPLES / EXPECTED[name].file), shipped())


@cache
def official() -> Draft201909Validator:
    return Draft201909Validator(official_schema())


def mistakes(contract: Any) -> list[str]:
    return [error.message for error in official().iter_errors(contract)]


@cache
def shipped() -> Spaces:
    return spaces(load(ROOT / "conf", "dev"))


def filled(text: str, made: Any) -> str:
    """A draft after its newcomer: placeholders filled, active, and the proposed namespaces taken."""
    for old, new in (
        ("status: draft", "status: active"),
        ("<what the data is for, in one line>", "to try"),
        ("<owner-team>", "a-team"),
        ("<steward>", "anna"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    text = text.replace('currency: "<currency>"', "currency: EUR")

    def identify(data: CommentedMap) -> None:
        for path, each in made.made.items():
            if each.namespace:
                (top,) = data["schema"]
                for name in path:
                    top = next(p for p in top["properties"] if p["name"] == name)
                use = flow({"property": "identifier", "value": {"namespace": each.namespace.value}})
                top.setdefault("customProperties", CommentedSeq()).append(use)

    return edited(text, identify)


def edits(before: str, after: str) -> int:
    """Lines that were changed or added."""
    return sum(line.startswith("+ ") for line in difflib.ndiff(before.splitlines(), after.splitlines()))


@pytest.fixture(scope="module")
def adopted(tmp_path_factory):
    """conf/ as shipped with the twelve drafts made active, and how many lines were edited for each."""
    folder = Path(shutil.copytree(ROOT / "conf", tmp_path_factory.mktemp("adopted") / "conf"))
    rules, counts = (folder / "identity.yml").read_text(), {}
    for name in EXPECTED:
        source, dataset = name.split(".")
        init(str(SAMPLES / EXPECTED[name].file), name=name, out=str(folder), env="dev")
        before, made = rules, drafted(name)
        for each in made.made.values():
            if each.namespace:
                rules = rules.replace("namespaces:\n", f"namespaces:\n  {each.namespace.value}: {{trust: 60}}\n", 1)
        (folder / "identity.yml").write_text(rules)
        target = folder / "contracts" / source / dataset / "1.0.0.odcs.yaml"
        text = target.read_text()
        target.write_text(filled(text, made))
        counts[name] = edits(text, target.read_text()) + edits(before, rules)
    return load(folder, "dev"), counts


@pytest.mark.parametrize("name", EXPECTED)
def test_a_draft_is_valid_by_the_official_schema(name):
    contract = yaml.safe_load(contract_text(drafted(name)))
    assert mistakes(contract) == []
    assert contract["status"] == "draft"


@pytest.mark.parametrize("name", EXPECTED)
def test_a_draft_becomes_an_active_contract_of_conf_with_few_edits(name, adopted):
    conf, counts = adopted
    print(f"{name}: {counts[name]} lines edited")
    assert 4 <= counts[name] <= MOST_EDITS
    assert conf.contracts[tuple(name.split("."))].status == "active"
    assert conf.sources[tuple(name.split("."))].format == EXPECTED[name].file.rsplit(".", 1)[-1]


@pytest.mark.parametrize("name", EXPECTED)
def test_table_key_time_columns_and_identifiers_are_found(name, adopted):
    expected, contract = EXPECTED[name], adopted[0].contracts[tuple(name.split("."))]
    columns = {field.settings.canonical: field.name for field in contract.fields}
    assert contract.table == expected.table
    assert [field.name for field in contract.primary_key] == expected.key
    assert columns[TIME[contract.table]] == expected.time
    identifies = {
        field.name: use.namespace or " ".join(sorted(set(use.namespaces.values()))) for field, use in contract.uses
    }
    assert identifies == expected.identifies
    assert columns.items() >= expected.columns.items()
    lines = {field.settings.canonical: field.name for field in contract.lines.fields} if contract.lines else {}
    assert {column: name for column, name in lines.items() if column} == expected.lines


@pytest.mark.parametrize("name", EXPECTED)
def test_no_value_of_a_personal_property_is_shown(name):
    made = drafted(name)
    shown = contract_text(made) + summary(made)
    personal = {text for each in made.made.values() if each.personal for text in each.seen.texts if len(text) > 4}
    assert personal
    assert [text for text in personal if text in shown] == []


@pytest.mark.parametrize("name", EXPECTED)
def test_every_guess_says_how_sure_it_is_and_why(name):
    lines = contract_text(drafted(name)).splitlines()
    guessed = [
        line for line in lines if re.search(r"(logicalType|required|primaryKey|classification|property): ?", line)
    ]
    records = [line for line in guessed if "logicalType: object" in line and "#" not in line]
    assert len(records) <= 2  # the record itself, and a line
    assert [line for line in guessed if line not in records and not re.search(r"# [01]\.\d\d: \S", line)] == []


def test_examples_are_small():
    assert {path.name for path in SAMPLES.iterdir()} == {expected.file for expected in EXPECTED.values()}
    assert max(path.stat().st_size for path in SAMPLES.iterdir()) <= 10_240


def test_a_draft_can_be_checked_but_not_made_active_before_it_is_owned(tmp_path):
    for status, wrong in (("draft", 0), ("active", 2)):
        text = contract_text(drafted("sales.contact")).replace("status: draft", f"status: {status}")
        folder = Path(shutil.copytree(ROOT / "conf", tmp_path / status))
        target = folder / "contracts/sales/contact/1.0.0.odcs.yaml"
        target.parent.mkdir(parents=True)
        target.write_text(text)
        if not wrong:
            assert load(folder, "dev").versions["sales", "contact"][0].status == "draft"
            continue
        with pytest.raises(Exception, match="'<owner-team>' must be one word") as error:
            load(folder, "dev")
        assert "'<steward>' must be one word" in str(error.value)


def rows(**columns: list[str | None]) -> Sample:
    """A sample of texts by column."""
    length = max(map(len, columns.values()))
    made = [
        {name: Leaf(v, "string") if (v := values[i]) is not None else None for name, values in columns.items()}
        for i in range(length)
    ]
    return Sample("csv", made)


def guessed(**columns: list[str | None]) -> Any:
    return proposal("a", "thing", rows(**columns), shipped()).made


@pytest.mark.parametrize(
    ("texts", "type", "formats"),
    [
        (["12", "7", "0"], "integer", None),
        (["1.5", "2", "3"], "number", None),
        (["007", "123", "456"], "string", None),
        (["true", "false"], "boolean", None),
        (["2026-01-31", "2026-02-01"], "date", None),
        (["31.01.2026", "01.02.2026"], "date", ["dd.MM.yyyy"]),
        (["01/31/2026", "02/01/2026"], "date", ["MM/dd/yyyy"]),
        (["31/01/2026", "01/02/2026"], "date", ["dd/MM/yyyy"]),
        (["2026-01-31T10:00:00Z", "2026-01-31 10:00:00.123+01:00"], "timestamp", None),
        (["31.01.2026 10:30", "01.02.2026 09:00"], "timestamp", ["dd.MM.yyyy HH:mm"]),
        (["10/15/2025 3:05:00 PM", "1/2/2025 11:05:00 AM"], "timestamp", ["M/d/yyyy h:mm:ss a"]),
        (["15/10/2025 03:05 pm", "02/01/2025 11:05 AM"], "timestamp", ["dd/MM/yyyy h:mm a"]),
        (["10/15/25", "01/02/25"], "date", ["MM/dd/yy"]),
        (["2026-01-31T10:00:00Z", "2026-02-01T10:00", "01.02.2026 09:00"], "timestamp", ["iso", "dd.MM.yyyy HH:mm"]),
        (["2026-01-31T10:00:00Z", "tomorrow", "01.02.2026 09:00"], "string", None),
        (["1,50", "2,75"], "number", None),
        (["12", "seven", "9", "ten"], "string", None),
        ([None, None], "string", None),
    ],
)
def test_types_and_formats_follow_from_the_values(texts, type, formats):
    made = guessed(x=texts)["x",]
    assert made.type.value == type
    assert (made.settings["formats"].value if "formats" in made.settings else None) == formats


def test_days_and_months_that_cannot_be_told_apart_are_said():
    made = guessed(x=["01/02/2026", "03/04/2026"])["x",]
    assert made.settings["formats"].confidence == 0.5
    assert any("cannot be told" in note for note in made.notes)


@pytest.mark.parametrize(("digits", "format"), [(10, "epoch_s"), (13, "epoch_ms"), (16, "epoch_us"), (19, "epoch_ns")])
@pytest.mark.parametrize("name", ["ts", "created", "event_timestamp", "date_created_gmt", "sentAt"])
def test_numbers_since_1970_are_a_time_where_the_name_says_so(digits, format, name):
    values = [f"17673408{i:02d}".ljust(digits, "1") for i in range(3)]
    assert moments(values)[0][0] == format
    made = guessed(**{name: values, "session_id": values, "phone": values, "total": values})
    assert (made[name,].type.value, made[name,].settings["formats"].value) == ("timestamp", [format])
    assert [made[other,].type.value for other in ("session_id", "phone")] == ["string", "string"]
    assert made["total",].type.value in ("integer", "number")


def test_a_draft_says_when_it_takes_times_as_utc():
    zoned = ["2026-01-31T10:00Z"] * 2
    made = guessed(x=["2026-01-31T10:00:00", "2026-02-01T10:00:00Z"], y=["10/15/2025 3:05:00 PM"] * 2, z=zoned)
    assert {name: each.settings["zone"].value for (name,), each in made.items() if "zone" in each.settings} == {
        "x": "UTC",
        "y": "UTC",
    }
    assert any("taken as UTC" in note for note in made["x",].notes)
    assert made["y",].settings["formats"].value == ["MM/dd/yyyy h:mm:ss a"]


def test_numbers_for_people_are_read_by_their_locale():
    made = guessed(a=["1.203,50", "2,75"], b=["$1,203.50", "$2.75"], c=["1,203", "4,500"], d=["1.5", "2"])
    assert [made[name,].settings.get("locale") and made[name,].settings["locale"].value for name in "abcd"] == [
        "de_DE",
        None,
        "en_US",
        None,
    ]
    assert made["b",].type.value == "string"  # signs are read beside amounts only
    assert made["c",].settings["locale"].confidence == 0.5


def test_a_date_of_no_calendar_is_no_date():
    assert days(["31.02.2026", "45.01.2026"]) == []


@pytest.mark.parametrize(
    ("name", "word"),
    [("eMailAddress", "emailaddress"), ("E-Mail", "email"), ("e_mail", "email"), ("customer_email", "email"),
     ("Billing City", "city"), ("shippingPostalCode", "postalcode"), ("HTTPStatus", "httpstatus"),
     ("Straße & Nr", "strassenr"), ("Prénom", "prenom"), ("geändert am", "geandertam"), ("Ørelse", "orelse")],
)  # fmt: skip
def test_names_are_known_in_several_spellings(name, word):
    assert known([name], [word])


def test_words_of_a_name_are_told_apart():
    assert tokens(["mailingPostal Code"]) == ["mailing", "postal", "code"]


def test_names_of_people_are_personal_in_any_table_and_names_of_things_are_not():
    made = guessed(order_no=["1", "2"], **{"customer first name": ["Ada", "Bo"], "product name": ["Mug", "Cup"]})
    assert made["customer first name",].facts["classification"].value == "direct"
    assert "classification" not in made["product name",].facts


def test_properties_of_one_name_in_silver_keep_a_name_each():
    made = guessed(**{"größe": ["1", "x"], "grosse": ["2", "y"], "日付": ["3", "z"]}, id=["a", "b"])
    found = [each.settings["canonical"].value for path, each in made.items() if path != ("id",)]
    assert found == ["attributes.grosse", "attributes.grosse_2", "attributes.value"]


def test_free_text_that_holds_an_address_is_personal():
    made = guessed(remark=["call back", "write to ada@mail.example please", "done"])["remark",]
    assert made.facts["classification"].value == "direct"


def test_a_few_values_are_a_list_only_where_they_are_codes_of_nobody():
    made = guessed(
        kind=["a", "b"] * 10,
        owner=["anna", "ben"] * 10,
        city=["ulm", "bonn"] * 10,
        rare=["a"] * 18 + ["b", "c"],
        app_version=["5.1", "5.2"] * 10,
    )
    assert [path[0] for path, each in made.items() if "enum" in each.settings] == ["kind"]


def test_a_name_that_its_values_contradict_is_not_believed():
    made = guessed(email=["yes", "no", "yes"], phone=["home", "office", "none"])
    assert not [each for each in made.values() if "identifier" in each.settings]


def test_arrays_within_arrays_are_said_and_left_out():
    nested = [[Leaf("1", "integer")]]
    made = proposal("a", "thing", Sample("jsonl", [{"id": Leaf("1", "string"), "x": nested}]), shipped())
    assert "x is an array of arrays that silver does not read: it stays in bronze" in made.notes
    assert mistakes(yaml.safe_load(contract_text(made))) == []


def test_an_object_in_one_record_and_a_text_in_another_is_read_as_text():
    records = [{"x": Leaf("1", "string")}, {"x": {"y": Leaf("1", "string")}}]
    made = proposal("a", "thing", Sample("jsonl", records), shipped()).made["x",]
    assert made.type.value == "string"
    assert "mixed shapes (1 object, 1 value): read as text" in made.notes


NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8) | st.sampled_from(
    "id email phone status purpose order_id sku type on no null ~ 1 1.5 - # : {a} 'x 2026-01-01".split()
)
LEAVES = st.builds(Leaf, st.text(max_size=12), st.sampled_from(["string", "integer", "number", "boolean"]))
VALUES = st.none() | st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), min_size=1, max_size=6))
def test_whatever_the_records_are_the_draft_can_be_read_and_names_every_property(tmp_path_factory, records):
    made = proposal("a", "thing", Sample("jsonl", records), shipped())
    text = contract_text(made)
    assert text == contract_text(proposal("a", "thing", Sample("jsonl", records), shipped()))
    contract = yaml.safe_load(text)
    assert [each["name"] for each in contract["schema"][0]["properties"]] == list(
        dict.fromkeys(name for record in records for name in record)
    )
    folder = tmp_path_factory.mktemp("drafts", numbered=True)
    target = folder / "a" / "thing" / "1.0.0.odcs.yaml"
    target.parent.mkdir(parents=True)
    target.write_text(text, encoding="utf-8")
    problems = Problems()
    load_contracts(folder, problems)
    assert [str(problem) for problem in problems.found] == []
    assert sources_entry(made) == {"format": "jsonl", "path": "a/thing", "glob": "*"}


def test_values_that_do_not_fit_an_optional_property_are_unknown_and_those_of_a_required_one_are_noted() -> None:
    days: list[str | None] = ["1990-12-10"] * 40
    sample = rows(id=[str(i) for i in range(42)], born=[*days, "?", None], seen=[*days, "?", "1990-12-10"])
    made = proposal("crm", "person", sample, shipped())
    born, seen = (made.made[name,] for name in ("born", "seen"))
    assert "required" in seen.facts
    assert str(born.settings["onInvalid"]) == "0.98: 2 % of its values do not fit: they are taken as unknown"
    assert "2 % of its values do not fit, and would be quarantined" in seen.notes
    assert '{property: onInvalid, value: "null"}' in contract_text(made)
