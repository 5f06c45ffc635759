"""Checks profile.yml against contracts and identity rules, and for contradictions within itself."""

import re
from collections.abc import Collection, Iterator
from datetime import date

from c360_spark import tables
from c360_spark.config.conf import Conf
from c360_spark.config.rules.survivorship import ATTRIBUTES, ENTRIES, ENTRY, Override, Survivorship
from c360_spark.config.yaml.document import Document, Loc, Problem

# The format of values in gold.profile that are not free text.
FORMS = {
    "birth_date": (r"\d{4}-\d\d-\d\d", "a date such as 1990-12-31"),
    "email": (r"[^@\sA-Z]+@[^@\sA-Z]+\.[^@\sA-Z.]{2,}", "an address in lower case"),
    "phone": (r"\+[1-9]\d{5,14}", "a number such as +4930123456"),
    "postcode": (r"[A-Z0-9]+", "capitals and digits only"),
    "country": (r"[A-Z]{2}", "two capitals, such as DE"),
    "loyalty_points": (r"-?\d{1,18}", "a whole number"),
}


def check_profile(conf: Conf, document: Document) -> Iterator[Problem]:
    """Yields every unknown name, and every survivorship rule or override that cannot take effect."""
    rules = conf.profile
    known = {*ATTRIBUTES, *_entries(conf)}
    yield from _rule(conf, document, ("default",), rules.default)
    for name, rule in rules.attributes.items():
        where: Loc = ("attributes", name)
        yield from document.unknown(where, name, {*known, ENTRIES}, "attribute")
        yield from _rule(conf, document, where, rule)
        if rule.priority is not None and "priority" not in rules.order(name):
            yield document.problem((*where, "priority"), "its order does not ask for priority")
        if rule.order is not None and "priority" in rule.order and not rules.priority(name):
            yield document.problem((*where, "order"), "its order asks for priority, and no datasets are listed")
    ends = [(each.person, each.attribute) for each in rules.overrides]
    for i, override in enumerate(rules.overrides):
        yield from _override(conf, document, ("overrides", i), override, known)
        if ends[i] in ends[:i]:
            yield document.problem(("overrides", i), "the same attribute of the same person stands here already")


def _entries(conf: Conf) -> Iterator[str]:
    """Entries of the map `attributes` that at least one contract of customer records fills."""
    for versions in conf.versions.values():
        for contract in versions:
            if contract.table == tables.PROFILE_RECORD.name:
                given = [*contract.constants, *(field.settings.canonical or "" for field in contract.fields)]
                yield from (name for name in given if name.startswith(ENTRY))


def _rule(conf: Conf, document: Document, loc: Loc, rule: Survivorship) -> Iterator[Problem]:
    known = {f"{s}.{d}": conf.contracts.get((s, d)) for s, d in conf.sources}
    for i, dataset in enumerate(rule.priority or ()):
        where = (*loc, "priority", i)
        yield from document.unknown(where, dataset, known, "dataset")
        contract = known.get(dataset)
        if contract and contract.table != tables.PROFILE_RECORD.name:
            yield document.problem(where, f"{dataset} has no customer records: it becomes silver.{contract.table}")
    if rule.order == ():
        yield document.problem((*loc, "order"), "list one criterion at least")
    for name in ("order", "priority"):
        words = getattr(rule, name) or ()
        for i, word in enumerate(words):
            if word in words[:i]:
                yield document.problem((*loc, name, i), f"'{word}' stands here already")


def _override(
    conf: Conf, document: Document, loc: Loc, override: Override, known: Collection[str]
) -> Iterator[Problem]:
    person, name = override.person, override.attribute
    yield from document.unknown((*loc, "person", "namespace"), person.namespace, conf.rules.namespaces, "namespace")
    yield from document.unknown((*loc, "person", "region"), person.region, conf.rules.region_names, "region")
    yield from document.unknown((*loc, "attribute"), name, known, "attribute")
    if "override" not in conf.profile.order(name):
        yield document.problem(loc, f"the order of {name} does not ask for override")
    if not _spelt(name, override.value):
        yield document.problem((*loc, "value"), f"{name} must be {FORMS[name][1]}")
    if override.expires is not None and override.expires <= override.added:
        yield document.problem((*loc, "expires"), "it expires before it was added")


def _spelt(attribute: str, value: str) -> bool:
    pattern, _ = FORMS.get(attribute, (r"\S(.*\S)?", ""))
    if not re.fullmatch(pattern, value):
        return False
    try:
        return attribute != "birth_date" or bool(date.fromisoformat(value))
    except ValueError:
        return False
