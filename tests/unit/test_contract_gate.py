"""Each kind of difference between contracts, the version it needs, and who is told."""

from dataclasses import replace
from functools import partial

import pytest
import yaml

from c360_spark import tables
from c360_spark.config.rules.survivorship import ProfileRules, Survivorship
from c360_spark.contracts.dependents import FIGURES, MADE, dependents
from c360_spark.contracts.gate.difference import KINDS, Bump, Difference, as_markdown
from c360_spark.contracts.gate.version_gate import between_trees, between_versions
from tests.conftest import ROOT
from tests.contracts import odcs, versions

# What is found, a property `x` as it was and as it is; – is no property at all.
PROPERTIES = """
property.added.optional x  | –                                          | {}
property.added.required x  | –                                          | {required: true}
property.added.required x  primary_key.changed | –                                          | {primaryKey: true}
property.removed x         | {}                                         | –
property.removed x         | {required: true}                           | –
type.widened x             | {type: integer}                            | {type: number}
type.narrowed x            | {type: number}                             | {type: integer}
type.changed x             | {type: integer}                            | {type: string}
type.changed x             | {type: string}                             | {type: boolean}
type.changed x             | {type: date}                               | {type: timestamp}
type.changed x             | {type: date, formats: [yyyy]}              | {type: string}
required.tightened x       | {}                                         | {required: true}
required.loosened x        | {required: true}                           | {}
primary_key.changed        | {required: true}                           | {primaryKey: true}
=                          | {primaryKey: true}                         | {primaryKey: true, primaryKeyPosition: 2}
primary_key.changed  required.loosened x | {primaryKey: true}                         | {}
unique.added x             | {}                                         | {unique: true}
unique.removed x           | {unique: true}                             | {}
enum.introduced x          | {}                                         | {enum: [a, b]}
enum.value.added x         | {enum: [a, b]}                             | {enum: [a, b, c]}
enum.value.removed x       | {enum: [a, b]}                             | {enum: [a]}
enum.value.removed x  enum.value.added x | {enum: [a, b]}                             | {enum: [a, c]}
enum.dropped x             | {enum: [a, b]}                             | {}
=                          | {enum: [a, b]}                             | {enum: [b, a]}
reference.added x          | {}                                         | {reference: currency}
reference.removed x        | {reference: currency}                      | {}
reference.changed x        | {reference: currency}                      | {reference: country}
reference.added x  enum.dropped x | {enum: [a]}                          | {reference: currency}
range.tightened x          | {type: integer}                            | {type: integer, min: 0}
range.tightened x          | {type: integer, min: 0}                    | {type: integer, min: 1}
range.tightened x          | {type: integer, max: 9}                    | {type: integer, max: 8}
range.loosened x           | {type: integer, min: 0}                    | {type: integer, min: -1}
range.loosened x           | {type: integer, max: 9}                    | {type: integer, max: 9.5}
range.loosened x           | {type: integer, max: 9}                    | {type: integer}
range.tightened x  range.loosened x | {type: integer, min: 0, max: 9}            | {type: integer, min: 1, max: 10}
pattern.added x            | {}                                         | {pattern: a}
pattern.removed x          | {pattern: a}                               | {}
pattern.changed x          | {pattern: a}                               | {pattern: a|b}
class.raised x             | {}                                         | {classification: indirect}
class.raised x             | {classification: indirect}                 | {classification: direct}
class.lowered x            | {classification: direct}                   | {classification: none}
=                          | {classification: none}                     | {}
canonical.added x          | {}                                         | {canonical: email}
canonical.removed x        | {canonical: email}                         | {}
canonical.changed x        | {canonical: attributes.a}                  | {canonical: attributes.b}
identifier.added x         | {}                                         | {identifier: {namespace: email}}
identifier.removed x       | {identifier: {namespace: email}}           | {}
identifier.namespace.changed x | {identifier: {namespace: email}}           | {identifier: {namespace: phone}}
identifier.verified.changed x | {identifier: {namespace: email}} | {identifier: {namespace: email, verified: true}}
identifier.verified.changed x | {identifier: {namespace: email, verified: true}} | {identifier: {namespace: email}}
normalize.changed x        | {normalize: trim}                          | {normalize: lower}
normalize.changed x        | {}                                         | {normalize: email}
normalize.changed x        | {normalize: phone}                         | {}
phone_format.added x       | {normalize: phone} | {normalize: phone, phoneFormat: national}
phone_format.changed x     | {phoneFormat: national} | {phoneFormat: international}
phone_format.changed x     | {phoneFormat: national} | {}
format.added x | {type: date, formats: [yyyy-MM-dd]} | {type: date, formats: [yyyy-MM-dd, dd.MM.yyyy]}
format.added x | {type: date} | {type: date, formats: [yyyy-MM-dd, dd.MM.yyyy]}
format.removed x           | {type: date, formats: [yyyy-MM-dd, dd.MM.yyyy]} | {type: date}
format.removed x           | {type: timestamp}                          | {type: timestamp, formats: [epoch_ms]}
format.reordered x | {type: date, formats: [dd/MM/yyyy, MM/dd/yyyy]} | {type: date, formats: [MM/dd/yyyy, dd/MM/yyyy]}
format.reordered x | {type: date, formats: [dd/MM/yyyy]} | {type: date, formats: [MM/dd/yyyy, dd/MM/yyyy]}
=                          | {type: timestamp, formats: [iso]}          | {type: timestamp}
shape.changed x | {type: array, items: {}} | {type: array, items: {}, explode: true}
shape.changed x | {type: array, entries: {}, items: {}} | {type: array, entries: {key: k}, items: {}}
scale.changed x            | {type: number}                             | {type: number, scale: 100}
amount_in.changed x        | {type: number, amountIn: minor}            | {type: number, amountIn: major}
zone.changed x             | {type: timestamp, zone: UTC}               | {type: timestamp, zone: Europe/Berlin}
time_from.changed x        | {type: timestamp}                          | {type: timestamp, timeFrom: a}
locale.changed x           | {type: number}                             | {type: number, locale: de_DE}
on_invalid.loosened x      | {type: date, onInvalid: quarantine}        | {type: date}
on_invalid.loosened x      | {canonical: country}                       | {canonical: country, onInvalid: "null"}
on_invalid.tightened x     | {onInvalid: "null"}                        | {onInvalid: quarantine}
=                          | {}                                         | {onInvalid: "null"}
value_map.added x          | {valueMap: {J: "yes"}}                     | {valueMap: {J: "yes", N: "no"}}
value_map.removed x        | {valueMap: {J: "yes", N: "no"}}            | {valueMap: {J: "yes"}}
value_map.changed x        | {valueMap: {J: "yes"}}                     | {valueMap: {J: "no"}}
value_map.changed x        | {}                                         | {valueMap: {J: "yes"}}
value_map.changed x        | {valueMap: {J: "yes"}}                     | {}
words.changed x            | {}                                         | {description: what it is}
words.changed x            | {examples: [a]}                            | {examples: [b]}
words.changed x            | {businessName: a}                          | {}
lines.added x[] | {type: array} | {lines: {sku: {canonical: sku}}}
lines.removed x[]          | {lines: {sku: {}}} | –
property.added.optional x[].n | {lines: {sku: {}}} | {lines: {sku: {}, n: {}}}
property.removed x[].n | {lines: {sku: {}, n: {}}} | {lines: {sku: {}}}
words.changed x[].n | {lines: {n: {}}} | {lines: {n: {description: d}}}
table.changed x[]          | {lines: {n: {}}} | {canonicalTable: event, lines: {n: {}}}
constant.added x[]currency | {lines: {n: {}}} | {constants: {currency: EUR}, lines: {n: {}}}
"""
# The same for subjects of several kinds: namespaceFrom, and namespaces by kind.
SUBJECTS = """
identifier.namespaces.added x  | {k: {e: email}}                       | {k: {e: email, p: phone}}
identifier.namespace.changed x | {k: {e: email, p: phone}}             | {k: {p: phone}}
identifier.namespace.changed x | {k: {e: email}}                       | {k: {e: phone}}
identifier.namespace.changed x | {k: {e: email}}                       | {j: {e: email}}
"""
# The same for the contract itself.
CONTRACTS = """
table.changed              | {}                                         | {table: event}
one_per_person.changed     | {}                                         | {onePerPerson: true}
constant.added country     | {}                                         | {constants: {country: DE}}
constant.changed country   | {constants: {country: DE}}                 | {constants: {country: AT}}
constant.changed country   | {constants: {country: DE}}                 | {}
rule.added r               | {}                                         | {rules: {r: a = b}}
rule.removed r             | {rules: {r: a = b}}                        | {}
rule.changed r             | {rules: {r: a = b}}                        | {rules: {r: a <> b}}
default_country.added      | {}                                         | {own: {defaultCountry: DE}}
default_country.changed    | {own: {defaultCountry: DE}}                | {own: {defaultCountry: AT}}
default_country.changed    | {own: {defaultCountry: DE}}                | {}
version_from.changed       | {}                                         | {own: {versionFrom: a}}
latency.shortened          | {sla: {latency: {value: 2, unit: d}}}      | {sla: {latency: {value: 1, unit: d}}}
latency.shortened          | {}                                         | {sla: {latency: {value: 1, unit: d}}}
latency.lengthened         | {sla: {latency: {value: 24, unit: h}}}     | {sla: {latency: {value: 2, unit: d}}}
=                          | {sla: {latency: {value: 24, unit: h}}}     | {sla: {latency: {value: 1, unit: day}}}
retention.shortened        | {sla: {retention: {value: 3, unit: y}}}    | {sla: {retention: {value: 2, unit: y}}}
retention.lengthened       | {sla: {retention: {value: 1, unit: y}}}    | {}
owner.changed              | {}                                         | {team: {name: b-team}}
words.changed              | {description: {purpose: a}}                | {description: {purpose: b}}
words.changed              | {tags: [a]}                                | {}
words.changed              | {}                                         | {sla: {availability: {value: 99}}}
= | {own: {reviewed: {by: a, date: "2026-01-01"}}} | {own: {reviewed: {by: b, date: "2026-02-01"}}}
=                          | {sla: {endOfSupport: "2027-01-01"}}        | {}
"""
# And for one version that changed in place: whether it may.
IN_PLACE = """
status.forward       may   | {status: active}                           | {status: deprecated}
status.forward       may   | {status: deprecated}                       | {status: retired}
status.forward       may   | {status: draft}                            | {status: active}
status.backward      may not | {status: deprecated}                       | {status: active}
status.backward      may not | {status: active}                           | {status: draft}
status.skipped       may not | {status: active}                           | {status: retired}
status.skipped       may not | {status: draft}                            | {status: deprecated}
end.set              may   | {}                                         | {sla: {endOfSupport: "2027-01-01"}}
end.later            may   | {sla: {endOfSupport: "2027-01-01"}}        | {sla: {endOfSupport: "2027-06-30"}}
end.later            may   | {sla: {endOfSupport: "2027-01-01"}}        | {}
end.earlier          may not | {sla: {endOfSupport: "2027-01-01"}}        | {sla: {endOfSupport: "2026-06-30"}}
end.treatment.changed may  | {}                                         | {own: {afterEndOfSupport: warn}}
review.changed       may | {} | {own: {reviewed: {by: anna, date: "2026-01-01"}}}
owner.changed        may   | {}                                         | {team: {name: b-team}}
words.changed        may not | {}                                         | {description: {purpose: a}}
words.changed        may not | {own: {noUpcast: a}}                       | {own: {noUpcast: b}}
rule.removed         may not | {rules: {r: a = b}}                        | {}
latency.shortened    may not | {}                                         | {sla: {latency: {value: 1, unit: d}}}
=                    may   | {status: draft, rules: {r: a = b}}         | {status: draft}
=                    may   | {status: draft}                            | {status: proposed}
"""


def cases(text):
    return [tuple(part.strip() for part in line.rsplit(" | ", 2)) for line in text.strip().splitlines()]


def expected(said):
    return [] if said == "=" else sorted(part.strip() for part in said.split("  ") if part.strip())


def found(differences):
    return sorted(f"{each.kind} {each.where}".strip() for each in differences)


NEXT = {Bump.PATCH: "1.4.8", Bump.MINOR: "1.5.0", Bump.MAJOR: "2.0.0"}
OTHERS = {"a": {}, "b": {}, "k": {}, "j": {}}


def pair(kind, old, new):
    """A contract before and after, as a function of the version."""
    given = [None if text == "–" else yaml.safe_load(text) for text in (old, new)]
    if kind == "subject":
        uses = [dict(zip(("namespaceFrom", "namespaces"), *each.items(), strict=True)) for each in given]
        kind, given = "property", [{"identifier": use} for use in uses]
    if kind == "property":
        return [partial(odcs, properties=OTHERS | ({} if each is None else {"x": each})) for each in given]
    return [partial(odcs, properties=OTHERS, **each) for each in given]


BETWEEN = [("property", *case) for case in cases(PROPERTIES)]
BETWEEN += [("subject", *case) for case in cases(SUBJECTS)]
BETWEEN += [("contract", *case) for case in cases(CONTRACTS)]


@pytest.mark.parametrize(("kind", "said", "old", "new"), BETWEEN)
def test_a_difference_is_found_and_needs_its_part_of_the_version(tmp_path, kind, said, old, new):
    before, after = pair(kind, old, new)
    for bump, version in NEXT.items():
        both = versions(tmp_path / version, before("1.4.7"), after(version))
        (compared,) = between_versions(both)
        assert found(compared.differences) == expected(said)
        assert compared.given == bump
        wrong = [problem for problem in compared.problems if "needed" in problem]
        assert wrong == (
            [f"{NEXT[compared.needed]} or above is needed, for the change is {compared.needed.word}"]
            if bump < max(KINDS[each.split()[0]][0] for each in [*expected(said), "owner.changed"])
            else []
        )


@pytest.mark.parametrize(("said", "old", "new"), cases(IN_PLACE))
def test_a_version_changes_in_place_only_in_its_life_and_its_people(tmp_path, said, old, new):
    before, after = pair("contract", old, new)
    trees = [versions(tmp_path / name, make("1.4.7")) for name, make in (("old", before), ("new", after))]
    (compared,) = between_trees(*trees)
    kinds, allowed = said.removesuffix(" not").removesuffix("may"), not said.endswith("not")
    assert sorted({each.kind for each in compared.differences}) == expected(kinds.strip())
    assert (compared.problems == ()) == allowed


def test_every_kind_of_difference_has_a_case():
    said = [kind.split()[0] for _, words, *_ in BETWEEN for kind in expected(words)]
    said += [words.split()[0] for words, *_ in cases(IN_PLACE)]
    by_name = {"property.renamed", "upcasts.changed"}  # they need up-casts: below
    assert set(said) - {"="} | by_name == set(KINDS)
    assert len(BETWEEN) + len(cases(IN_PLACE)) >= 110


def test_the_table_of_differences_in_the_documentation_is_that_of_the_code():
    assert as_markdown() in (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")


RENAME = {"upcasts": [{"rename": {"from": "x", "to": "y"}}]}


def gate(tmp_path, *contracts):
    return list(between_versions(versions(tmp_path, *contracts)))


def test_a_rename_is_one_difference_and_what_else_changed_stands_at_the_new_name(tmp_path):
    old, new = (
        odcs("1.0.0", {"x": {"required": True}}),
        odcs("2.0.0", {"y": {"required": True, "unique": True}}, own=RENAME),
    )
    (compared,) = gate(tmp_path, old, new)
    assert compared.differences == (Difference("property.renamed", "x", "x", "y"), Difference("unique.added", "y"))
    assert compared.problems == ()


@pytest.mark.parametrize(
    ("own", "lacking"),
    [
        ({}, "y, z"),
        ({"upcasts": [{"rename": {"from": "x", "to": "y"}}]}, "z"),
        ({"upcasts": [{"split": {"from": "x", "to": ["y", "z"], "separator": " "}}]}, None),
        ({"upcasts": [{"rename": {"from": "x", "to": "y"}}, {"default": {"property": "z", "value": "0"}}]}, None),
        ({"upcasts": [{"rename": {"from": "o", "to": "y"}}, {"default": {"property": "z", "value": "0"}}]}, "y"),
        ({"upcasts": [{"convert": {"property": "x", "valueMap": {"a": "b"}}}]}, "y, z"),
        ({"noUpcast": "the old system is gone, and nobody knows z"}, None),
    ],
    ids="nothing rename split rename_default optional_source convert reason".split(),
)
def test_a_major_version_needs_a_way_from_the_one_before_or_a_reason(tmp_path, own, lacking):
    old = odcs("1.0.0", {"x": {"required": True}, "o": {}})
    new = odcs("2.0.0", {"y": {"required": True}, "z": {"required": True}}, own=own)
    (compared,) = gate(tmp_path, old, new)
    problems = [problem.split(" to a record")[0] for problem in compared.problems]
    assert problems == ([f"no up-cast gives {lacking}"] if lacking else [])


def test_the_way_leads_from_the_newest_version_of_the_previous_major_and_each_version_brings_it(tmp_path):
    first = odcs("1.0.0", {"x": {"required": True}})
    second = odcs("2.0.0", {"y": {"required": True}}, own=RENAME)
    without = odcs("2.1.0", {"y": {"required": True}})
    compared = gate(tmp_path, first, second, without)
    assert [found(each.differences) for each in compared] == [["property.renamed x"], ["upcasts.changed"]]
    assert compared[1].problems[0].startswith("no up-cast gives y to a record of 1.0.0")


def test_lines_need_a_reason_for_up_casts_do_not_reach_into_them(tmp_path):
    old = odcs("1.0.0", {"l": {"lines": {"n": {}}}})
    new = {"l": {"lines": {"n": {}, "sku": {"required": True}}}}
    (compared,) = gate(tmp_path / "a", old, odcs("2.0.0", new))
    assert compared.problems[0].startswith("no up-cast gives l[].sku to a record of 1.0.0")
    assert gate(tmp_path / "b", old, odcs("2.0.0", new, own={"noUpcast": "lines had no article"}))[0].problems == ()


def test_a_version_is_held_against_the_newest_released_one_before_it_in_order_of_numbers(tmp_path):
    given = [
        ("1.9.0", "deprecated"),
        ("1.10.0", "active"),
        ("1.11.0", "draft"),
        ("2.0.0", "active"),
        ("1.10.1", "active"),
    ]
    compared = gate(tmp_path, *(odcs(version, {"x": {}}, status=status) for version, status in given))
    assert [(each.old.version, each.new.version) for each in compared] == [
        ("1.9.0", "1.10.0"),
        ("1.10.0", "1.10.1"),
        ("1.10.1", "1.11.0"),
        ("1.10.1", "2.0.0"),
    ]


def test_a_released_version_that_is_gone_is_told_and_a_draft_may_go(tmp_path):
    old = versions(
        tmp_path / "old", odcs("1.0.0", {"x": {}}, status="retired"), odcs("2.0.0", {"x": {}}, status="draft")
    )
    (gone,) = between_trees(old, {})
    assert (gone.old.version, gone.new, gone.in_place) == ("1.0.0", None, True)
    assert gone.problems == ("it was released and is gone: bring the file back, and retire it instead",)


def test_who_relies_on_a_property_is_told_from_silver_outwards(conf):
    crm = conf.contracts["crm", "customer"]
    assert dependents(conf, Difference("property.removed", "email"), crm) == [
        "silver.profile_record.email",
        "survivorship of email (default)",
        "gold.profile_attribute",
        "gold.profile.email",
        "gold.account_member",
        "audience recent_buyers",
        "destination newsletter: email",
        "destination newsletter: email_sha256",
        "silver.profile_record.identifiers",
        "namespace email",
    ]
    assert dependents(conf, Difference("format.added", "birth_date"), crm) == [
        "silver.profile_record.birth_date",
        "match key name_birth_postcode",
        "survivorship of birth_date (default)",
        "gold.profile_attribute",
        "gold.profile.birth_date",
    ]
    assert dependents(conf, Difference("property.removed", "street"), crm)[-1] == "gold.household"
    assert dependents(conf, Difference("property.removed", "occurred_at"), conf.contracts["web", "event"]) == [
        "silver.event.occurred_at",
        "gold.profile.last_event_at",
        "gold.event.occurred_at",
        "gold.session.started_at",
        "gold.session.ended_at",
        "metric sessions_30d",
        "metric session_recency_days",
        "metric first_touch_campaign",
        "metric last_touch_campaign",
        "metric days_since_activity",
        "metric churn_risk",
        "metric lifecycle",
    ]
    assert dependents(conf, Difference("primary_key.changed"), crm) == [
        "silver.profile_record.source_key",
        "gold.person_xref",
        "gold.profile_attribute",
    ]


def test_survivorship_is_told_by_the_rule_it_has_and_the_clock_it_goes_by(conf):
    loyalty, crm = conf.contracts["loyalty", "member"], conf.contracts["crm", "customer"]
    assert dependents(conf, Difference("property.removed", "tier"), loyalty) == [
        "silver.profile_record.loyalty_tier",
        "survivorship of loyalty_tier",
        "gold.profile_attribute",
        "gold.profile.loyalty_tier",
    ]
    told = dependents(conf, Difference("property.removed", "customer_id"), crm)
    assert "survivorship of attributes.customer_id (default)" in told
    for name in ("attributes", "attributes.customer_id"):
        rules = ProfileRules(attributes={name: Survivorship(order=("longest",))})
        told = dependents(replace(conf, profile=rules), Difference("property.removed", "customer_id"), crm)
        assert "survivorship of attributes.customer_id" in told
    assert dependents(conf, Difference("property.removed", "updated_at"), crm) == [
        "silver.profile_record.updated_at",
        "gold.profile_attribute",
    ]


def test_figures_of_orders_lines_rules_consent_and_constants_have_dependents_too(conf):
    order, consent = conf.contracts["commerce", "order"], conf.contracts["consent", "statement"]
    of_status = dependents(conf, Difference("rule.added", "r", "", "status <> 'x'"), order)
    assert of_status[:4] == [
        "silver.order.status",
        "gold.profile.last_order_at",
        "gold.profile.order_count",
        "gold.profile.revenue_minor",
    ]
    assert dependents(conf, Difference("property.removed", "lines[].sku"), order) == ["silver.order_line.sku"]
    assert "silver.order_line.quantity" in dependents(conf, Difference("lines.removed", "lines[]"), order)
    assert dependents(conf, Difference("words.changed"), order) == []
    purpose = next(field.name for field in consent.fields if field.settings.canonical == "purpose")
    assert dependents(conf, Difference("type.changed", purpose), consent) == [
        "silver.consent.purpose",
        "gold.consent_state",
        "audience recent_buyers",
        "destination newsletter",
    ]
    assert "region of identifiers" in dependents(conf, Difference("constant.added", "country"), consent)


def test_each_column_of_the_profile_is_known_to_survive_to_be_a_figure_or_a_count():
    known = {*FIGURES, *tables.PROFILE_RECORD.column_names, "person_id"}
    counts = {"record_count", "event_count", "case_count"}  # of rows: no property moves them
    assert set(tables.PROFILE.column_names) == (known & set(tables.PROFILE.column_names)) | counts
    silver = {f"{table.name}.{column}" for table in tables.CANONICAL for column in table.column_names}
    assert set().union(*FIGURES.values()) <= silver


def test_what_is_made_of_companies_and_subscriptions_is_known(conf):
    silver = {f"{table.name}.{column}" for table in tables.CANONICAL for column in table.column_names}
    gold = {f"{table.full_name}.{column}" for table in tables.ALL for column in table.column_names}
    assert {".".join(name.split(".")[:2]) for name in MADE} <= silver
    assert set().union(*MADE.values()) <= gold | {table.full_name for table in tables.ALL}
    company, contact = conf.contracts["crm", "account"], conf.contracts["crm", "contact"]
    assert dependents(conf, Difference("primary_key.changed"), company) == [
        "silver.account.source_key",
        "gold.account_xref",
    ]
    assert dependents(conf, Difference("property.removed", "website"), company) == [
        "silver.account.domain",
        "gold.account.domain",
        "gold.account_member",
    ]
    assert "gold.account_member" in dependents(conf, Difference("property.removed", "account_id"), contact)
