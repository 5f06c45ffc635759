"""Destinations are checked when conf/ is loaded: every mistake at its place, all of them at once. No JVM."""

import re
import shutil

import pytest
import yaml

from c360_spark.columns import destination as columns
from c360_spark.config import load
from c360_spark.config.activation import destination_kinds as kinds
from c360_spark.config.activation.destination_kinds import KINDS
from c360_spark.errors import ConfigError
from tests.conftest import ROOT

DOC = (ROOT / "docs" / "destinations.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n# (destinations/\w+\.yml)\n(.+?)```", DOC, re.DOTALL)
ADS = "purposes: [ad_user_data, ad_personalization]"


@pytest.fixture
def folder(tmp_path):
    """conf/ without contracts and sources, and what relies on them: they say nothing about destinations."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=shutil.ignore_patterns("contracts", "gold.yml"))
    (tmp_path / "conf" / "sources.yml").write_text("{}\n")
    (tmp_path / "conf" / "profile.yml").write_text("{}\n")
    return tmp_path / "conf"


def told(folder):
    with pytest.raises(ConfigError) as error:
        load(folder, "dev")
    return error.value.cause.replace(f"{folder}/", "").split("\n  ")[1:]


def write(folder, name, kind, fields, *, purposes=ADS, says=None):
    """A destination whose fields begin in line 8."""
    head = (
        f"name: {says or name}\nkind: {kind}\ndescription: d\nowner: o\naudience: recent_buyers\n{purposes}\nfields:\n"
    )
    (folder / "destinations" / f"{name}.yml").write_text(head + "".join(f"  {field}\n" for field in fields))


def test_every_example_of_the_documentation_loads_and_there_is_one_of_each_kind(folder):
    for path, text in EXAMPLES:
        (folder / path).write_text(text)
    found = load(folder, "dev").destinations
    assert {destination.kind for destination in found.values()} == set(KINDS)
    assert len(found) == len(EXAMPLES) + 1


def test_the_documentation_has_every_field_of_every_kind_with_its_rule():
    rows = [line for line in DOC.splitlines() if line.startswith("| ") and line.count("|") == 5]
    wanted = [
        f"| {name} | {field} | {kinds.RULES[rule.rule]} | {'yes' if rule.hashed else ''} |"
        for name, kind in KINDS.items()
        for field, rule in kind.fields.items()
    ]
    assert [row for row in rows if row.split(" | ")[0][2:] in KINDS and row in wanted] == wanted
    for name, kind in KINDS.items():
        keys = "; ".join(" + ".join(fields) for fields in kind.match_keys.values()) or "none: everybody is sent"
        assert f"| {name} | {keys} | {', '.join(kind.purposes)} | {kind.source} |" in rows


def test_every_rule_has_a_meaning_and_a_function():
    used = {rule.rule for kind in KINDS.values() for rule in kind.fields.values()} | {"as_is", "lower", "digits"}
    assert used == set(kinds.RULES) == set(columns.RULES)


def test_match_keys_are_made_of_fields_the_kind_takes():
    for kind in KINDS.values():
        assert all(set(fields) <= set(kind.fields) for fields in kind.match_keys.values())


def test_a_mistake_in_each_destination_is_told_at_its_place(folder):
    write(folder, "a", "googel_customer_match", ["email: {column: email}"])
    write(folder, "b", "google_customer_match", ["emial: {column: email}", "phone: {column: phone}"])
    write(folder, "c", "snap", ["email: {column: email, hash: sha256, normalize: none}"])
    write(folder, "d", "meta_custom_audience", ["email: {column: phone}", "external_id: {column: email}"])
    write(folder, "e", "tiktok", ["external_id: {column: person_id}"], purposes="purposes: [ad_user_data, adds]")
    write(folder, "f", "csv", ["phone: {column: phone}", "street_name: {column: street}"])
    write(
        folder, "g", "generic", ["mail: {column: email}", "more: {column: attributes.size}", "n: {column: attributes}"]
    )
    write(folder, "h", "crm_jdbc", ["email: {column: email}", "orders: {column: order_count, hash: sha256}"])
    write(folder, "rejected", "generic", ["city: {column: county, hash: none}"])
    personal = "is personal: say hash: sha256, or hash: none to send it readable"
    assert told(folder) == [
        "destinations/a.yml:2:1: unknown kind 'googel_customer_match'; did you mean 'google_customer_match'?",
        "destinations/b.yml:8:3: unknown field of google_customer_match 'emial'; did you mean 'email'?",
        "destinations/c.yml:8:26: snap has its own rule for email; leave out hash",
        "destinations/c.yml:8:40: snap has its own rule for email; leave out normalize",
        "destinations/d.yml:8:11: email cannot be gold.profile.phone: give email, or attributes.<name>",
        "destinations/d.yml:9:17: external_id cannot be gold.profile.email: "
        "give a column that is not personal, or attributes.<name>",
        "destinations/e.yml:6:1: tiktok needs the consent for ad_personalization too",
        "destinations/e.yml:6:26: unknown purpose 'adds'; known: "
        "ad_personalization, ad_user_data, analytics, marketing_email, personalisation",
        "destinations/e.yml:7:1: nobody can be matched: tiktok needs email; phone; mobile_ad_id, one of these",
        "destinations/f.yml:9:17: gold.profile.street is personal, and csv takes no field 'street_name'"
        "; did you mean 'street'?",
        f"destinations/g.yml:8:10: gold.profile.email {personal}",
        f"destinations/g.yml:9:10: gold.profile.attributes.size {personal}",
        "destinations/g.yml:10:7: unknown column of gold.profile or metric 'attributes'; "
        "did you mean 'attributes.<name>'?",
        "destinations/h.yml:9:3: crm_jdbc sends other fields as they are; leave out normalize and hash",
        "destinations/rejected.yml:1:1: export.rejected is a table of its own; use another name",
        "destinations/rejected.yml:8:10: unknown column of gold.profile or metric 'county'; did you mean 'country'?",
    ]


def test_events_that_cannot_be_sent_are_told(folder):
    events = "events: {names: [order_completed, order_complete, order_completed], properties: [sku]}"
    for name, kind in (("a", "snap"), ("b", "cdp"), ("b_events", "cdp")):
        write(folder, name, kind, ["email: {column: email}"])
    for name in "ab":
        path = folder / "destinations" / f"{name}.yml"
        path.write_text(f"{path.read_text()}{events}\n")
    delivered = "deliver: {to: postgres, dsn_env: CRM_DSN, table: cdp}\n"
    (folder / "destinations" / "b.yml").write_text((folder / "destinations" / "b.yml").read_text() + delivered)
    unlike = [
        "9:35: unknown event 'order_complete'; did you mean 'order_completed'?",
        "9:51: 'order_completed' stands here already",
        "9:82: unknown property of an event 'sku'",
    ]
    assert told(folder) == [
        "destinations/a.yml:9:1: snap takes no events; kinds that do: cdp",
        *(f"destinations/a.yml:{problem}" for problem in unlike),
        "destinations/b.yml:9:1: export.b_events is the outbox of another destination; rename it",
        *(f"destinations/b.yml:{problem}" for problem in unlike),
        "destinations/b.yml:10:11: events are delivered to jsonl only",
    ]


def test_what_is_left_out_or_no_name_is_told_too(folder):
    write(folder, "a", "generic", ["city: {column: country}"], purposes="purposes: []")
    write(folder, "b", "generic", ["=x: {column: country}"], purposes="# none")
    (folder / "destinations" / "c.yml").write_text("name: c\n")
    lines = told(folder)
    assert lines[:3] == [
        "destinations/a.yml:6:1: 'purposes': Tuple should have at least 1 item after validation, not 0",
        "destinations/b.yml:1:1: 'purposes' is missing",
        "destinations/b.yml:8:3: 'fields.=x.[key]': String should match pattern '^[A-Za-z][A-Za-z0-9_]*$'",
    ]
    missing = ("kind", "description", "owner", "audience", "purposes", "fields")
    assert sorted(lines[3:]) == sorted(f"destinations/c.yml:1:1: '{name}' is missing" for name in missing)


def test_two_files_with_one_name_are_refused(folder):
    write(folder, "again", "generic", ["country: {column: country}"], says="newsletter")
    audience = yaml.safe_load((folder / "audiences" / "recent_buyers.yml").read_text())
    (folder / "audiences" / "z.yml").write_text(yaml.safe_dump(audience, sort_keys=False))
    assert told(folder) == [
        "audiences/recent_buyers.yml:1:1: 'recent_buyers' is also the name in audiences/z.yml",
        "audiences/z.yml:1:1: 'recent_buyers' is also the name in audiences/recent_buyers.yml",
        "audiences/z.yml:1:1: unknown name for this file 'recent_buyers'; known: z",
        "destinations/again.yml:1:1: 'newsletter' is also the name in destinations/newsletter.yml",
        "destinations/again.yml:1:1: unknown name for this file 'newsletter'; known: again",
        "destinations/newsletter.yml:1:1: 'newsletter' is also the name in destinations/again.yml",
    ]
