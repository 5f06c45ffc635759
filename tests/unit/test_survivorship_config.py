"""profile.yml: what is left out is as the default says, and what could not work is told at its line."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c360_spark.config import load
from c360_spark.config.rules.survivorship import ORDER, ProfileRules
from c360_spark.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "conf"
EXAMPLES = re.findall(r"```yaml\n(.+?)```", (SHIPPED.parent / "docs" / "profile.md").read_text(), re.DOTALL)
PERSON = "person: {namespace: crm.customer_id, region: EU, value: C1}"
SIGNED = "author: a, reason: b, added: 2026-01-01"


@pytest.fixture
def folder(tmp_path):
    """A copy of conf/ to change."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "conf"))


def told(folder, *lines):
    """The complaints about a profile.yml of these lines, without its name."""
    (folder / "profile.yml").write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError) as error:
        load(folder, "dev")
    return error.value.cause.replace(f"{folder}/profile.yml:", "").split("\n  ")[1:]


def test_what_an_attribute_leaves_out_is_as_its_map_and_then_the_default_says():
    rules = ProfileRules.model_validate(
        {
            "default": {"order": ["recency"], "priority": ["a.b"]},
            "attributes": {
                "email": {"order": ["verified", "priority"]},
                "attributes": {"order": ["longest"]},
                "attributes.size": {"priority": ["c.d"]},
            },
        }
    )
    assert [rules.order(name) for name in ("city", "email", "attributes.x", "attributes.size")] == [
        ("recency",),
        ("verified", "priority"),
        ("longest",),
        ("longest",),
    ]
    assert [rules.priority(name) for name in ("email", "attributes.x", "attributes.size")] == [
        ("a.b",),
        ("a.b",),
        ("c.d",),
    ]
    assert (ProfileRules().order("city"), ProfileRules().priority("city")) == (ORDER, ())


@given(st.sampled_from(["city", "attributes.size"]), st.permutations(list(ORDER)))
def test_a_rule_of_its_own_is_taken_before_any_other(name, order):
    rules = ProfileRules.model_validate(
        {
            "attributes": {
                name: {"order": order},
                "attributes": {"order": ["frequency"]},
                "phone": {"order": ["longest"]},
            }
        }
    )
    assert rules.order(name) == tuple(order)


def test_a_file_of_before_is_told_where_its_priority_belongs(folder):
    assert told(folder, "default_priority: [crm.customer]") == [
        "1:1: unknown name 'default_priority'; did you mean 'default'?"
    ]


def test_names_that_nothing_bears_are_told_with_the_nearest(folder):
    found = told(
        folder,
        "default: {priority: [crm.custmer, web.event]}",
        "attributes:",
        "  emial: {order: [recency]}",
        "  attributes.custmer_id: {order: [recency]}",
        "  attributes.customer_id: {order: [recency]}",
        "  region: {order: [recency]}",
        "  attributes: {order: [recency]}",
    )
    assert [line.split("; known")[0] for line in found] == [
        "1:22: unknown dataset 'crm.custmer'; did you mean 'crm.customer'?",
        "1:35: web.event has no customer records: it becomes silver.event",
        "3:3: unknown attribute 'emial'; did you mean 'email'?",
        "4:3: unknown attribute 'attributes.custmer_id'; did you mean 'attributes.customer_id'?",
        "6:3: unknown attribute 'region'",
    ]


def test_rules_that_could_not_work_are_told(folder):
    assert told(
        folder,
        "attributes:",
        "  email: {order: [recency, longest, recency], priority: [crm.customer]}",
        "  phone: {order: [priority]}",
        "  city: {priority: [crm.customer, crm.customer]}",
    ) == [
        "2:37: 'recency' stands here already",
        "2:47: its order does not ask for priority",
        "3:11: its order asks for priority, and no datasets are listed",
        "4:35: 'crm.customer' stands here already",
    ]
    assert told(folder, "attributes: {email: {order: []}}") == ["1:22: list one criterion at least"]
    assert told(folder, "attributes: {email: {order: [newest]}}") == [
        "1:30: 'attributes.email.order.0' cannot be 'newest'; did you mean 'longest'?"
    ]


def test_overrides_that_could_not_work_are_told_and_their_values_are_not(folder):
    found = told(
        folder,
        "attributes: {street: {order: [recency]}}",
        "overrides:",
        f"  - {{{PERSON}, attribute: email, value: Anna@mail.de, {SIGNED}}}",
        f"  - {{{PERSON}, attribute: birth_date, value: '1990-02-30', {SIGNED}}}",
        f"  - {{{PERSON}, attribute: street, value: Weg 1, {SIGNED}}}",
        f"  - {{{PERSON}, attribute: citi, value: Ulm, {SIGNED}, expires: 2026-01-01}}",
        f"  - {{{PERSON}, attribute: city, value: Ulm, {SIGNED}}}",
        f"  - {{{PERSON}, attribute: city, value: Bonn, {SIGNED}}}",
        f"  - {{person: {{namespace: emial, region: UE, value: a}}, attribute: city, value: Ulm, {SIGNED}}}",
    )
    assert [line.split("; known")[0] for line in found] == [
        "3:85: email must be an address in lower case",
        "4:90: birth_date must be a date such as 1990-12-31",
        "5:5: the order of street does not ask for override",
        "6:67: unknown attribute 'citi'; did you mean 'city'?",
        "6:137: it expires before it was added",
        "8:5: the same attribute of the same person stands here already",
        "9:15: unknown namespace 'emial'; did you mean 'email'?",
        "9:33: unknown region 'UE'",
    ]
    assert not [line for line in found if "Anna" in line or "1990-02-30" in line]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_documentation_load(folder, example):
    (folder / "profile.yml").write_text(example)
    assert load(folder, "dev").profile != ProfileRules()


def test_an_override_that_nobody_signed_is_refused(folder):
    assert told(folder, f"overrides: [{{{PERSON}, attribute: city, value: Ulm}}]") == [
        f"1:13: 'overrides.0.{name}' is missing" for name in ("added", "author", "reason")
    ]
