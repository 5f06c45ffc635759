"""Drafts for the shapes of public exports, a few invented rows each: what is found, what stays out, and how many lines
are edited by hand before records are accepted.
"""

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from c360_spark.commands.contracts import check
from c360_spark.commands.dry_run import outcome
from c360_spark.commands.sample import glob_of, sample
from c360_spark.commands.source import Edit, harmless, init, newest_version, spaces
from c360_spark.config import load
from c360_spark.config.contract.sources import Source
from c360_spark.config.yaml.round_trip import become, edited, flow, quoted
from c360_spark.contracts.onboarding.guess import MERGES
from c360_spark.contracts.onboarding.observed import Leaf, Sample
from c360_spark.contracts.onboarding.proposal import MERGING, Proposal, proposal
from c360_spark.errors import ConfigError
from c360_spark.landing.claim import claim
from c360_spark.landing.detected import ENDINGS, PACKED
from tests.conftest import AS_OF, ROOT
from tests.unit.test_source_command import c360_main

PLACEHOLDERS = {
    "status: draft": "status: active",
    "<what the data is for, in one line>": "to try",
    "<owner-team>": "a-team",
    "<steward>": "anna",
}


class Shape(NamedTuple):
    """`rows` yields lines of a file called `file`; `identifies` is property → namespace, `columns` column → property.

    `edits` are lines of the draft changed by hand beside the four placeholders, `words` those of taxonomy.yml.
    """

    file: str
    rows: Any
    table: str
    key: list[str]
    identifies: dict[str, str]
    columns: dict[str, str]
    edits: dict[str, str] = {}
    words: int = 0


def table(header: str, *cells: str) -> list[str]:
    """Twelve rows; {i} and {ii} in cells are a number and the same with two digits."""
    given = "Mara Jonas Lene".split()
    rows = (",".join(cells).format(i=i, ii=f"{i:02d}", name=given[i % 3]) for i in range(1, 13))
    return [header, *rows]


def objects(make: Any) -> list[str]:
    return [json.dumps(make(i)) for i in range(1, 13)]


def stripe(i: int) -> dict[str, Any]:
    address = {"city": "Graz", "country": "AT", "line1": f"Ringweg {i}", "postal_code": "8010", "state": None}
    details = {"address": address, "email": f"p{i}@mailbox.at", "name": f"Mara {i}", "phone": None}
    return {"id": f"ch_{i:04d}", "object": "charge", "amount": 1999 + i, "billing_details": details,
            "created": 1760000000 + i, "currency": ("eur", "jpy", "kwd")[i % 3], "customer": f"cus_{i:03d}",
            "status": "succeeded"}  # fmt: skip


def ga4(i: int) -> dict[str, Any]:
    return {"event_date": "20251015", "event_timestamp": f"17605188{i:02d}123456", "event_name": "page_view",
            "event_params": [{"key": "ga_session_id", "value": {"int_value": "1760518800"}}],
            "user_id": None if i % 3 else f"U{i:05d}", "user_pseudo_id": f"12000000{i:02d}.1760518800",
            "geo": {"country": "Germany"}, "items": []}  # fmt: skip


def woo(i: int) -> dict[str, Any]:
    billing = {"first_name": "Mara", "email": f"p{i}@web.de", "phone": f"0151 770000{i:02d}", "country": "DE"}
    line = {"id": 300 + i, "name": "Mug", "quantity": 2, "total": "20.50", "sku": "MUG-1", "price": 10.25}
    return {"id": 700 + i, "parent_id": 0, "number": str(700 + i), "order_key": f"wc_{i}", "status": "processing",
            "currency": "EUR", "date_created": f"2025-10-26T02:{i:02d}:00",
            "date_created_gmt": f"2025-10-26T00:{i:02d}:00", "total": "20.50",
            "customer_id": 20 + i, "billing": billing, "line_items": [line]}  # fmt: skip


def zendesk(i: int) -> dict[str, Any]:
    return {"id": 35000 + i, "url": f"https://x.example/{i}.json", "name": f"Person {i}", "email": f"p{i}@kunde.de",
            "created_at": "2025-07-20T22:55:29Z", "updated_at": "2025-10-05T10:38:52Z", "phone": f"+49151234567{i:02d}",
            "organization_id": 57542, "external_id": f"C{i}"}  # fmt: skip


def calls(i: int) -> dict[str, Any]:
    kind = ("page", "track", "identify")[i % 3]
    traits = {"traits": {"email": f"p{i}@web.de"}} if kind == "identify" else {}
    at = f"2025-10-{i:02d}T08:00:00.123Z"
    return {"anonymousId": f"5{i}", "messageId": f"m-{i}", "timestamp": at, "type": kind, "userId": f"u{i}", **traits}


SHAPES = {
    "salesforce.contact": Shape(
        "Contact.csv",
        table(
            "Id,AccountId,LastName,FirstName,MailingCountry,MobilePhone,Email,Birthdate,CreatedDate,LastModifiedDate",
            "0035g00000AbC{ii}AAQ", "0015g00000XyZ{ii}AAA", "Keller", "{name}", "Germany", "+491512345{ii}00",
            "p{i}@a.de", "1980-02-{ii}", "2025-09-10T08:10:00.000Z", "2025-10-10T08:15:30.000Z",
        ),
        "profile_record",
        ["Id"],
        {"MobilePhone": "phone", "Email": "email"},
        {"country": "MailingCountry", "updated_at": "LastModifiedDate", "created_at": "CreatedDate"},
    ),
    "hubspot.contact": Shape(
        "hubspot-crm-exports-all-contacts.CSV",
        table(
            "Record ID,First Name,Last Name,Email,Mobile Phone Number,Contact owner email,Create Date,Country/Region,"
            "Postal Code,Date of birth",
            "512345678{ii}", "{name}", "Keller", "p{i}@a.de", "+491512345{ii}00", "rep@us.example", "2025-09-10 14:33",
            "Germany", "04100", "{ii}/15/1985",
        ),
        "profile_record",
        ["Record ID"],
        {"Mobile Phone Number": "phone", "Email": "email"},
        {"country": "Country/Region", "created_at": "Create Date", "birth_date": "Date of birth"},
    ),
    "mailchimp.member": Shape(
        "subscribed_members_export.csv",
        table(
            "Email Address,First Name,Last Name,OPTIN_TIME,CONFIRM_TIME,CC,LAST_CHANGED,LEID,EUID",
            "p{i}@posteo.de", "{name}", "Keller", "", "2024-03-30 02:30:00", "DE", "2025-10-{ii} 06:58:12",
            "48{i}", "a1b2{i}",
        ),
        "profile_record",
        ["EUID"],
        {"Email Address": "email"},
        {"country": "CC", "updated_at": "LAST_CHANGED"},
    ),
    "zendesk.user": Shape(
        "users.ndjson",
        objects(zendesk),
        "profile_record",
        ["id"],
        {"email": "email", "phone": "phone"},
        {"updated_at": "updated_at", "created_at": "created_at"},
    ),
    "excel.kunde": Shape(
        "kunden.txt",
        table(
            "Kundennummer,Vorname,Nachname,E-Mail,Geburtsdatum,PLZ,Ort,Land,Geändert am",
            "00000{ii}", "{name}", "Müller", "p{i}@gmx.de", "{ii}.01.1980", "04100", "Köln", "DE", "{ii}.10.2025 14:30",
        ),
        "profile_record",
        ["Kundennummer"],
        {"E-Mail": "email"},
        {"country": "Land", "updated_at": "Geändert am", "birth_date": "Geburtsdatum"},
    ),
    "stripe.charge": Shape(
        "charges.jsonl",
        objects(stripe),
        "order",
        ["id"],
        {"billing_details.email": "email"},
        {"ordered_at": "created", "total_minor": "amount", "country": "billing_details.address.country"},
    ),
    "woo.order": Shape(
        "orders.jsonl.gz",
        objects(woo),
        "order",
        ["number"],
        {"billing.email": "email", "billing.phone": "phone"},
        {"ordered_at": "date_created_gmt", "currency": "currency", "country": "billing.country"},
    ),
    "ga4.event": Shape(
        "events_20251015.json",
        objects(ga4),
        "event",
        ["user_pseudo_id", "event_timestamp", "event_name"],
        {"user_id": "commerce.account_id", "user_pseudo_id": "web.cookie_id"},
        {"occurred_at": "event_timestamp", "event_name": "event_name", "country": "geo.country"},
    ),
    "ga4.flat_event": Shape(
        "ga4_flat.csv",
        table(
            "event_date,event_timestamp,event_name,user_pseudo_id,ga_session_id,page_location,country",
            "20251015", "17605188{ii}123456", "page_view", "12000000{ii}.1760518800", "17605188{ii}",
            "https://shop.example/", "Germany",
        ),
        "event",
        ["user_pseudo_id", "event_timestamp", "event_name"],
        {"user_pseudo_id": "web.cookie_id"},
        {"occurred_at": "event_timestamp", "event_name": "event_name"},
    ),
    "ads.conversion": Shape(
        "conversions.CSV.zst",
        table(
            "Google Click ID,Conversion Name,Conversion Time,Conversion Value,Conversion Currency",
            "Cj0KCQjw{ii}abcXYZ", "Lead closed", "10/{ii}/2025 3:10:00 PM", "5{i}", "EUR",
        ),
        "event",
        ["Google Click ID", "Conversion Time", "Conversion Name"],
        {},
        {"occurred_at": "Conversion Time", "event_name": "Conversion Name"},
        words=2,
    ),
    "segment.call": Shape(
        "calls.jsonl",
        objects(calls),
        "event",
        ["messageId"],
        {"anonymousId": "web.cookie_id", "userId": "commerce.account_id", "traits.email": "email"},
        {"occurred_at": "timestamp", "event_name": "type"},
        words=6,
    ),
}  # fmt: skip
PACKERS = {".gz": gzip.compress, ".zst": lambda data: pa.Codec("zstd").compress(data, asbytes=True)}


@pytest.fixture
def conf_folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "conf", tmp_path / "conf"))


def written(folder: Path, name: str) -> Path:
    shape = SHAPES[name]
    path = folder / shape.file
    path.write_bytes(PACKERS.get(path.suffix, bytes)("\n".join([*shape.rows, ""]).encode()))
    return path


def adopt(folder: Path, name: str) -> int:
    """Make the draft of a shape active as a person would; the lines that were edited."""
    source, dataset = name.split(".")
    target = folder / "contracts" / source / dataset / "1.0.0.odcs.yaml"
    text = target.read_text(encoding="utf-8")
    for old, new in (PLACEHOLDERS | SHAPES[name].edits).items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    target.write_text(text, encoding="utf-8")
    words = folder / "taxonomy.yml"
    taxonomy = words.read_text(encoding="utf-8")
    placeholders = len(re.findall('"?<what happened>"?|"?<owner-team>"?', taxonomy))
    words.write_text(taxonomy.replace("<what happened>", "x").replace("<owner-team>", "a-team"), encoding="utf-8")
    assert placeholders == SHAPES[name].words
    return len(PLACEHOLDERS) + len(SHAPES[name].edits)


@pytest.mark.parametrize("name", SHAPES)
def test_keys_times_countries_and_identifiers_of_known_exports_are_found(conf_folder: Path, name: str) -> None:
    shape, names = SHAPES[name], tuple(name.split("."))
    path = written(conf_folder.parent, name)
    init(str(path), name=name, out=str(conf_folder), env="dev")
    before = load(conf_folder, "dev")
    assert before.draft_problems == ()
    assert names not in before.sources
    assert adopt(conf_folder, name) <= 6
    conf = load(conf_folder, "dev")
    contract = conf.contracts[names]
    columns = {field.settings.canonical: field.name for field in contract.fields}
    assert contract.table == shape.table
    assert [field.name for field in contract.primary_key] == shape.key
    assert {field.name: use.namespace for field, use in contract.uses} == shape.identifies
    assert columns.items() >= shape.columns.items()
    assert claim(f"{names[0]}/{names[1]}/{shape.file}", conf.sources).dataset == names


def test_an_event_that_lacks_what_the_vocabulary_wants_of_it_is_told_before_it_is_quarantined(
    conf_folder: Path,
) -> None:
    told = init(str(written(conf_folder.parent, "ga4.event")), name="ga4.event", out=str(conf_folder), env="dev")
    said = "page_viewed from web must bring properties.page_url: map it, or its records are quarantined"
    assert f"! {said}" in told
    assert f"# NOTE {said}" in (conf_folder / "contracts/ga4/event/1.0.0.odcs.yaml").read_text()


@pytest.mark.spark
@pytest.mark.slow
def test_records_of_each_shape_are_accepted_once_its_draft_is_active(conf_folder: Path, spark: Any) -> None:
    """Six shapes, one of each kind of time, key and packing."""
    for name in (
        "hubspot.contact",
        "mailchimp.member",
        "stripe.charge",
        "woo.order",
        "ga4.flat_event",
        "ads.conversion",
    ):
        path = written(conf_folder.parent, name)
        init(str(path), name=name, out=str(conf_folder), env="dev")
        adopt(conf_folder, name)
        conf = load(conf_folder, "dev")
        names = newest_version(conf, name)
        found = outcome(spark, str(path), conf.sources[names], conf=conf, names=names, as_of=AS_OF)
        assert found.verdicts == {"accepted": 12}, (name, found.rejected)
        filled = found.filled[SHAPES[name].table]
        assert {column: filled[column] for column in SHAPES[name].columns if column in filled} == {
            column: 12 for column in SHAPES[name].columns if column in filled
        }


@pytest.mark.parametrize("name", SHAPES)
def test_no_guess_by_which_people_can_be_merged_is_surer_than_the_limit(tmp_path: Path, name: str) -> None:
    source, dataset = name.split(".")
    made = proposal(source, dataset, sample(written(tmp_path, name)), spaces(load(ROOT / "conf", "dev")))
    assert max(_merging(made), default=0) <= MERGES


def _merging(made: Proposal) -> Iterator[float]:
    for each in made.made.values():
        yield from (each.settings[name].confidence for name in ("identifier",) if name in each.settings)
        yield from (each.facts[name].confidence for name in ("primaryKey",) if name in each.facts)
        if "canonical" in each.settings and each.settings["canonical"].value in MERGING:
            yield each.settings["canonical"].confidence
        if each.namespace:
            yield each.namespace.confidence


NAMES = "id Id Email email phone Owner.Email AccountId account_id user_id customer_id Contact ID".split()
TEXTS = ["ada@x.de", "bo@x.de", "+4915112345678", "1", "2", "ACME", "C0000001", "", "2026-01-01"]
CELLS = st.sampled_from(TEXTS).map(lambda text: Leaf(text, "string"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), CELLS, min_size=1), min_size=1))
def test_whatever_a_sample_holds_no_merging_guess_is_surer_than_the_limit(records: list[dict[str, Leaf]]) -> None:
    made = proposal("a", "contact", Sample("jsonl", records), spaces(SHIPPED))
    assert max(_merging(made), default=0) <= MERGES
    of_accounts = [each for path, each in made.made.items() if "ccount" in path[-1]]
    used = {each.settings["identifier"].value["namespace"] for each in of_accounts if "identifier" in each.settings}
    assert used <= {"email", "phone"}  # which the values tell, whatever the name


SHIPPED = load(ROOT / "conf", "dev")


def contacts(**columns: str) -> Proposal:
    rows = [
        {"id": Leaf(f"K{i}", "string"), "name": Leaf("x", "string")}
        | {name: Leaf(text.format(i=i), "string") for name, text in columns.items()}
        for i in range(12)
    ]
    return proposal("sales", "contact", Sample("csv", rows), spaces(SHIPPED))


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("AccountId", "A{i}", "the id of an account or a company"),
        ("company_id", "A{i}", "the id of an account or a company"),
        ("Contact owner email", "rep{i}@us.example", "by the word owner"),
        ("agentEmail", "rep{i}@us.example", "by the word agent"),
        ("store_phone", "+49301234560{i}", "by the word store"),
        ("user_id", "the same", "of its values stand in more than one record"),
    ],
)
def test_what_several_people_can_share_is_no_identifier_and_the_draft_says_why(name: str, text: str, why: str) -> None:
    made = contacts(**{name: text}).made[name,]
    assert "identifier" not in made.settings
    assert any(why in note for note in made.notes), made.notes


@pytest.mark.parametrize("key", ["id", "Id", "ID", "Record ID", "contact_id", "ContactID"])
@pytest.mark.parametrize("first", [True, False])
def test_a_record_is_told_by_its_own_id_and_not_by_one_of_what_it_belongs_to(key: str, first: bool) -> None:
    own, others = {key: "K{i}"}, {"AccountId": "A{i}", "customer_id": "C{i}", "userId": "U{i}", "OwnerId": "O{i}"}
    columns = own | others if first else others | own
    rows = [{name: Leaf(text.format(i=i), "string") for name, text in columns.items()} for i in range(12)]
    made = proposal("sales", "contact", Sample("csv", rows), spaces(SHIPPED))
    assert [each.seen.name for each in made.keys] == [key]


STEMS = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="/"), min_size=1, max_size=12)
NAMED = st.sampled_from([f"{ending}{packed}" for ending in ENDINGS for packed in ("", *PACKED)])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEMS, NAMED, st.lists(st.booleans(), min_size=14, max_size=14))
def test_a_drafted_glob_matches_its_own_sample_whatever_it_is_called(stem: str, ending: str, big: list[bool]) -> None:
    name = stem + "".join(c.upper() if up else c for c, up in zip(ending, big, strict=False))
    arrival = Source(format="csv", path="a/thing", glob=glob_of(Path(name)))
    assert claim(f"a/thing/{name}", {("a", "thing"): arrival}).dataset == ("a", "thing")


UNFIT = {
    "no time": "id,event\n" + "".join(f"{i},clicked\n" for i in range(12)),
    "no time that can be read": "id,event,time\n" + "".join(f"{i},clicked,10h{i}\n" for i in range(12)),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_draft_that_lacks_something_stops_no_other_command(
    monkeypatch: Any, capsys: Any, conf_folder: Path, name: str
) -> None:
    path = conf_folder.parent / "click.csv"
    path.write_text(UNFIT[name])
    told = init(str(path), name="site.click_event", out=str(conf_folder), env="dev")
    conf = load(conf_folder, "dev")
    assert conf.contracts.keys() == SHIPPED.contracts.keys()
    assert "still to be mended in the draft: contracts/site/click_event/1.0.0.odcs.yaml:" in told
    ended, out, _ = c360_main(monkeypatch, capsys, "check", "--config", conf_folder)
    assert ended == 0
    assert "left out until this is mended" in out
    with pytest.raises(ConfigError, match=r"the draft of site\.click_event"):
        newest_version(conf, "site.click_event")


@pytest.mark.parametrize(
    "text",
    [
        "status: draft\nnot: [yaml",
        "status: draft\n",
        "status: 'draft' # ours\nkind: Nothing\n",
        "kind: x\nstatus: draft",
    ],
)
def test_a_draft_however_broken_stops_nothing_and_an_active_contract_does(conf_folder: Path, text: str) -> None:
    target = conf_folder / "contracts/site/click/1.0.0.odcs.yaml"
    target.parent.mkdir(parents=True)
    target.write_text(text)
    with (conf_folder / "sources.yml").open("a") as file:
        file.write("site:\n  click: {format: csv, path: site/click}\n")
    conf = load(conf_folder, "dev")
    assert {problem.path for problem in conf.draft_problems} == {target}
    assert ("site", "click") in conf.drafted.keys() - conf.sources.keys()
    reason = claim("site/click/a.csv", conf.sources, drafted=conf.drafted).reason
    assert reason == "the contract of site.click is a draft"
    check(str(ROOT / "conf"), "dev", against=str(conf_folder))
    target.write_text(text.replace("draft", "active").replace("proposed", "active"))
    with pytest.raises(ConfigError):
        load(conf_folder, "dev")


def test_what_would_make_conf_invalid_is_kept_out_of_it_and_the_rest_is_not(conf_folder: Path) -> None:
    fine = Edit(conf_folder / "sources.yml", (conf_folder / "sources.yml").read_text() + "# x\n", "wrote sources.yml")
    harm = Edit(conf_folder / "taxonomy.yml", "events: {clicked: 1}\n", "wrote taxonomy.yml")
    kept, said = harmless(conf_folder, "dev", [fine, harm, fine])
    assert kept == [fine, fine]
    assert [each.splitlines()[0] for each in said] == [
        "wrote sources.yml",
        f"kept out, as conf/ would not be valid with it: {harm.path}",
        "wrote sources.yml",
    ]
    assert re.search(r"^  taxonomy\.yml:1:", said[1], re.MULTILINE)  # and not the copy it was tried on


KEPT = "sources.yml taxonomy.yml identity.yml profile.yml metrics.yml gold.yml".split()


@pytest.mark.parametrize("file", KEPT)
def test_a_file_that_people_keep_is_as_it_was_but_for_the_edit(file: str) -> None:
    text = (ROOT / "conf" / file).read_text(encoding="utf-8")
    assert edited(text, lambda _: None) == text
    added = edited(text, lambda data: data.__setitem__("z", flow({"no": ["yes", 1, "12:30", "3010", None]})))
    assert added == f'{text}z: {{"no": ["yes", 1, "12:30", "3010", null]}}\n'


def test_an_edit_of_what_holds_only_comments_keeps_them() -> None:
    assert edited("# ours\n", lambda data: data.__setitem__("a", 1)) == "# ours\na: 1\n"
    assert edited("", lambda data: data.__setitem__("a", 1)) == "a: 1\n"


def test_a_mapping_becomes_another_one_and_keeps_what_is_said_of_what_stays() -> None:
    text = "# head\na: 1 # one\nb: {x: 1, y: [1, 2]} # two\nc:\n  # inner\n  d: 1\n  e: 2\n"
    wanted = {"b": {"x": 1, "y": [1, 3]}, "c": {"d": 1}, "f": "new"}
    made = edited(text, lambda data: become(data, wanted))
    assert "# two" in made
    assert "# inner" in made
    assert _plain(made) == wanted


@settings(deadline=None)
@given(st.text(max_size=20))
def test_a_text_is_written_so_that_readers_of_both_versions_of_yaml_read_it_as_that_text(text: str) -> None:
    clean = "".join(c for c in text if c.isprintable())
    made = edited("", lambda data: data.__setitem__("a", flow({"v": [clean], "k": {clean: 1}})))
    assert _plain(made) == {"a": {"v": [clean], "k": {clean: 1}}}


@pytest.mark.parametrize("text", "no Yes on 12:30 1_000 0o7 1e5 ~ null = << 2026-01-01 0x1F".split())
def test_words_that_only_one_version_of_yaml_takes_for_text_are_quoted(text: str) -> None:
    assert type(quoted(text)) is not str


def _plain(text: str) -> Any:
    one, other = yaml.safe_load(text), YAML(typ="safe", pure=True).load(text)
    assert one == other
    return one
