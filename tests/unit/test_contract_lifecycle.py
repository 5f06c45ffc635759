"""The life of a contract: which versions hold on a day, and every mistake at its line and column."""

import re
from datetime import date, timedelta

import pytest

from c360_spark.config import load
from c360_spark.config.check.lifecycle import lifecycle
from c360_spark.config.contract.load import load_contracts, newest
from c360_spark.config.contract.upcast import Convert, Default, Rename, Split
from c360_spark.config.yaml.document import Problems
from tests.conftest import ROOT
from tests.contracts import odcs, versions

TEXT = """\
apiVersion: v3.1.0
kind: DataContract
id: crm.person
version: 2.0.0
status: active
team:
  name: crm-team
  members:
    - {username: anna, role: steward}
slaProperties:
  - {property: latency, value: 1, unit: d}
  - {property: endOfSupport, value: "2027-12-31"}
customProperties:
  - {property: reviewed, value: {by: anna, date: "2026-01-01"}}
  - {property: versionFrom, value: schema_version}
  - property: upcasts
    value:
      - {rename: {from: mail, to: email}}
      - {split: {from: name, to: [given_name, family_name], separator: " "}}
      - {default: {property: country, value: DE}}
      - {convert: {property: gender, valueMap: {w: f}}}
schema:
  - name: person
    logicalType: object
    customProperties:
      - {property: canonicalTable, value: profile_record}
    quality:
      - {type: text, description: one row a person}
      - type: custom
        name: born_first
        engine: c360
        implementation: born_on <= died_on OR address.country = 'XX'
    properties:
      - {name: schema_version, logicalType: string}
      - {name: email, logicalType: string}
      - {name: given_name, logicalType: string}
      - {name: family_name, logicalType: string}
      - {name: country, logicalType: string}
      - {name: gender, logicalType: string}
      - {name: born_on, logicalType: date}
      - {name: died_on, logicalType: date}
      - name: address
        logicalType: object
        properties:
          - {name: country, logicalType: string}
"""
OLD = odcs("1.0.0", {"mail": {}, "name": {}, "gender": {}}, status="deprecated")
HANDLE = "must be one word, as the code host knows the team or person"
ONE = "an up-cast is one of rename, default, split, convert"
# What stands in the contract, what is put in its place, and the complaint; ¦ is where that is to be found.
MISTAKES = [
    ("team:\n  name: crm-team", "¦team:\n  description: a", "an active contract needs its owner: team with a name"),
    ("team:\n  name: crm-team\n  members:", "¦team:\n  name: c t\n  members:", f"'c t' {HANDLE}"),
    ("- {username", "- {¦user_name: a, username", "unknown name 'user_name'; did you mean 'username'?"),
    ("  name: crm-team", "  ¦nam: crm-team\n  name: crm-team", "unknown name 'nam'; did you mean 'name'?"),
    ("{property: latency,", "{property: latency, ¦valu: 1,", "unknown name 'valu'; did you mean 'value'?"),
    (
        "{property: latency",
        "¦{property: latncy",
        "'slaProperties.0': unknown promise 'latncy'; did you mean 'latency'?",
    ),
    (
        "{property: endOf",
        "¦{property: EndOf",
        "'slaProperties.1': unknown promise 'EndOfSupport'; did you mean 'endOfSupport'?",
    ),
    (
        "{property: latency, value: 1",
        "¦{property: latency, value: no",
        "'slaProperties.0': latency must be a positive number, not 'False'",
    ),
    (
        "{property: latency, value: 1, unit: d",
        "¦{property: latency, value: 1, unit: w",
        "'slaProperties.0': the unit of latency must be h, d or y, not 'w'",
    ),
    (
        '- {property: endOfSupport, value: "2027-12-31"',
        "- ¦{property: endOfSupport, value: 2027-12-31",
        "'slaProperties.1': must be a date in quotes, such as '2027-12-31', not 2027-12-31",
    ),
    (
        '- {property: endOfSupport, value: "2027-12-31"',
        '- ¦{property: endOfSupport, value: "2027-02-31"',
        "'slaProperties.1': '2027-02-31' is not a date such as '2027-12-31'",
    ),
    (
        "{property: endOfSupport, value",
        "¦{property: latency, unit: h, value",
        "'slaProperties.1': latency must be a positive number, not '2027-12-31'",
    ),
    (
        "- {property: endOfSupport",
        "- ¦{property: latency, value: 2, unit: h}\n  - {property: endOfSupport",
        "'latency' is promised twice",
    ),
    ('date: "2026-01-01"', '¦dat: "2026-01-01", date: "2026-01-01"', "unknown name 'dat'; did you mean 'date'?"),
    ('date: "2026-01-01"', "¦date: soon", "'reviewed.date': 'soon' is not a date such as '2027-12-31'"),
    (
        "- {property: versionFrom",
        "- ¦{property: versionForm",
        "unknown name 'versionForm'; did you mean 'versionFrom'?",
    ),
    (
        "- {property: versionFrom, value: schema_version",
        "- ¦{property: versionFrom, value: schema_versoin",
        "unknown property 'schema_versoin'; did you mean 'schema_version'?",
    ),
    (
        "- {property: versionFrom",
        "- ¦{property: afterEndOfSupport, value: warm}\n  - {property: versionFrom",
        "'afterEndOfSupport' cannot be 'warm'; did you mean 'warn'?",
    ),
    (
        "- {property: versionFrom",
        "- ¦{property: noUpcast, value: no way}\n  - {property: versionFrom",
        "there are upcasts",
    ),
    ("{rename: {from: mail", "¦{rename: {from: mial", "unknown property 'mial' of version 1.0.0; did you mean 'mail'?"),
    (
        "{rename: {from: mail, to: email",
        "¦{rename: {from: mail, to: emial",
        "unknown property 'emial' of version 2.0.0; did you mean 'email'?",
    ),
    ("{rename:", "{¦renam:", "unknown name 'renam'; did you mean 'rename'?"),
    ("- {rename: {from: mail", "- {rename: {from: mail, ¦form: mail", "unknown name 'form'; did you mean 'from'?"),
    ("- {rename:", "- ¦{default: {property: country, value: DE}, rename:", f"'upcasts.0': {ONE}"),
    ("- {rename:", "- ¦{}\n      - {rename:", f"'upcasts.0': {ONE}"),
    (
        "- {split: {from: name, to: [given_name,",
        "- ¦{split: {from: name, to: [givenname,",
        "unknown property 'givenname' of version 2.0.0; did you mean 'given_name'?",
    ),
    ('separator: " "', '¦separator: ""', "'upcasts.1.split.separator': String should have at least 1 character"),
    (
        "- {default: {property: country",
        "- ¦{default: {property: county",
        "unknown property 'county' of version 2.0.0; did you mean 'country'?",
    ),
    ("value: DE", "¦value: NO", "'upcasts.2.default.value' must be text, but YAML reads it as False; put it in quotes"),
    ("- {convert: {property: gender", "- ¦{convert: {property: born_on", "unknown property 'born_on' of version 1.0.0"),
    ("type: custom", "¦type: sql", "'schema.0.quality.1.type' cannot be 'sql'; known: custom, text"),
    ("engine: c360", "¦engine: soda", "'schema.0.quality.1.engine' cannot be 'soda'; known: c360"),
    (
        "- type: custom",
        "- ¦type: custom",
        "a custom rule needs engine: c360 and implementation: a condition",
        "        engine: c360\n",
        "",
    ),
    ("name: born_first", "¦mustBe: 1\n        name: born_first", "unknown name 'mustBe'"),
    (
        "- type: custom\n        name: born_first",
        "- ¦type: custom\n        name: Born first",
        "a custom rule needs a name of lower-case letters, digits and _",
    ),
    (
        "implementation: born_on",
        "¦implementation: 1 / gender = 1 OR born_on",
        "a rule cannot divide: by zero it would end the run",
    ),
    ("implementation: born_on", "¦implementation: born_no", "unknown property 'born_no'; did you mean 'born_on'?"),
    ("implementation: born_on", "¦implementation: born_on + reflect('a', 'b')", "function 'reflect' is not allowed"),
    ("implementation: born_on", "¦implementation: (born_on", "'(' is not closed"),
    (
        "- {name: email, logicalType: string}",
        "- {name: email, logicalType: string, ¦quality: [{type: custom}]}",
        "rules stand at the record, not at a property",
    ),
    ("- name: address\n", "- name: address\n        ¦unique: true\n", "only a single value can be unique"),
    ("version: 2.0.0", "¦version: 2.00.0", "'version': String should match pattern "),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake[2][:40])
def test_a_mistake_is_told_at_its_place(tmp_path, mistake):
    old, new, complaint, *more = mistake
    text = TEXT.replace(*more, 1) if more else TEXT
    assert old in text
    text = text.replace(old, new, 1)
    before = text[: text.index("¦")]
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    told = complaints(tmp_path, text.replace("¦", "", 1))
    assert len(told) == 1
    assert told[0].startswith(f"{place}: {complaint}")


def complaints(folder, text):
    """What is said about version 2.0.0, beside a deprecated 1.0.0."""
    versions(folder, OLD)
    path = folder / "crm/person/2.0.0.odcs.yaml"
    path.write_text(text)
    problems = Problems()
    for all_of in load_contracts(folder, problems).values():
        problems.found += [problem for contract in all_of for problem in lifecycle(contract, all_of)]
    return [str(problem).replace(f"{path}:", "") for problem in problems.found]


def test_a_contract_without_mistakes_says_all_of_its_life(tmp_path):
    assert complaints(tmp_path, TEXT) == []
    _, contract = load_contracts(tmp_path, Problems())["crm", "person"]
    assert (contract.owner, contract.steward, contract.end_of_support) == ("crm-team", "anna", date(2027, 12, 31))
    assert (contract.promise("latency"), contract.promise("retention")) == (timedelta(days=1), None)
    assert (contract.settings.version_from, contract.settings.reviewed.date) == ("schema_version", date(2026, 1, 1))
    assert [(rule.name, rule.implementation.split()[0]) for rule in contract.rules] == [("born_first", "born_on")]
    assert contract.upcasts == (
        Rename(source="mail", target="email"),
        Split(source="name", targets=("given_name", "family_name"), separator=" "),
        Default(target="country", value="DE"),
        Convert(target="gender", value_map={"w": "f"}),
    )


def test_upcasts_need_a_version_to_lift_from(tmp_path):
    (tmp_path / "crm/person").mkdir(parents=True)
    (tmp_path / "crm/person/2.0.0.odcs.yaml").write_text(TEXT)
    ((contract,),) = load_contracts(tmp_path, Problems()).values()
    (problem,) = lifecycle(contract, (contract,))
    assert (problem.line, problem.message) == (16, "no released version before 2.0.0 to lift from")


STATES = [
    ("1.0.0", "retired", {}),
    ("1.1.0", "deprecated", {"sla": {"endOfSupport": "2026-06-30"}}),
    ("1.2.0", "deprecated", {"sla": {"endOfSupport": "2026-06-30"}, "own": {"afterEndOfSupport": "warn"}}),
    ("1.10.0", "active", {}),
    ("2.0.0", "active", {}),
    ("2.1.0", "draft", {}),
    ("3.0.0", "deprecated", {}),
]


@pytest.fixture
def several(tmp_path):
    return versions(tmp_path, *(odcs(version, {"x": {}}, status=status, **given) for version, status, given in STATES))


@pytest.mark.parametrize(
    ("day", "held"),
    [("2026-06-30", "3.0.0 2.0.0 1.10.0 1.2.0 1.1.0"), ("2026-07-01", "3.0.0 2.0.0 1.10.0 1.2.0")],
)
def test_active_and_deprecated_versions_are_accepted_up_to_their_end_or_longer_with_a_warning(conf, several, day, held):
    accepted = replace_versions(conf, several).accepted("crm", "person", as_of=date.fromisoformat(day))
    assert [contract.version for contract in accepted] == held.split()


def replace_versions(conf, several):
    return type(conf)(**{**vars(conf), "versions": several, "contracts": newest(several)})


def test_the_newest_active_version_leads_and_a_deprecated_one_where_none_is_active(several):
    assert newest(several)["crm", "person"].version == "2.0.0"
    left = {name: tuple(c for c in all_of if c.status != "active") for name, all_of in several.items()}
    assert newest(left)["crm", "person"].version == "3.0.0"
    assert newest({("crm", "person"): several["crm", "person"][:1]}) == {}


def test_every_shipped_contract_is_accepted(conf):
    assert all(conf.accepted(*name, as_of=date(2026, 1, 2)) == (contract,) for name, contract in conf.contracts.items())
    assert load(ROOT / "conf", "prod").versions.keys() == conf.contracts.keys()


@pytest.mark.parametrize("name", ["..secret", "Crm", "a b", "crm-eu", "1st"])
def test_a_folder_with_another_kind_of_name_is_told(tmp_path, name):
    versions(tmp_path / "ok", odcs("1.0.0", {"x": {}}))
    (tmp_path / "ok/crm").rename(tmp_path / "ok" / name)
    problems = Problems()
    load_contracts(tmp_path / "ok", problems)
    assert [problem.message for problem in problems.found] == [
        f"folder '{name}' must be lower-case letters, digits and _"
    ]


@pytest.mark.parametrize("link", ["crm", "crm/person", "crm/person/1.0.0.odcs.yaml"])
def test_a_link_to_contracts_elsewhere_is_told_and_not_followed(tmp_path, link):
    versions(tmp_path / "elsewhere", odcs("1.0.0", {"x": {}}))
    (tmp_path / "contracts" / link).parent.mkdir(parents=True)
    (tmp_path / "contracts" / link).symlink_to(tmp_path / "elsewhere" / link)
    problems = Problems()
    assert load_contracts(tmp_path / "contracts", problems) == {}
    assert [problem.message for problem in problems.found] == [f"a link that leads out of {tmp_path / 'contracts'}"]


def test_every_own_setting_of_a_contract_is_in_its_documentation():
    text = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    for name in ("afterEndOfSupport", "reviewed", "versionFrom", "upcasts", "noUpcast", "enum", "endOfSupport"):
        assert re.search(rf"`{name}`", text), name
