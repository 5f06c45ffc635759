"""What one file of conf/ says about another: every name that is used must be declared somewhere."""

import re
from collections.abc import Collection, Iterator

from c360_spark import tables
from c360_spark.config.conf import Conf
from c360_spark.config.contract import Contract, Field
from c360_spark.config.document import Document, Loc, Problem, did_you_mean
from c360_spark.config.expression import complaints
from c360_spark.tables import Table
from c360_spark.tables.model import STRING_MAP

PROFILE_ATTRIBUTES = frozenset(tables.PROFILE.column_names) & frozenset(tables.PROFILE_RECORD.column_names)
TABLES = {table.name: table for table in tables.CANONICAL}
MADE_BY_SILVER = frozenset(c.name for c in tables.PROVENANCE) - {"country"} | {"line_no"}


def check(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    """Every unknown name in `conf`, at its place in `documents` (by path relative to conf/)."""
    yield from _sources(conf, documents["sources.yml"])
    for contract in conf.contracts.values():
        yield from _contract(conf, contract)
    yield from _rules(conf, documents["identity.yml"])
    yield from _profile(conf, documents["profile.yml"])
    yield from _activation(conf, documents)
    yield from _schedule(conf, documents["schedule.yml"])


def _unknown(document: Document, loc: Loc, word: str, known: Collection[str], what: str) -> Iterator[Problem]:
    if word not in known:
        yield document.problem(loc, f"unknown {what} '{word}'{did_you_mean(word, known)}")


def _sources(conf: Conf, document: Document) -> Iterator[Problem]:
    for source, dataset in conf.sources:
        if (source, dataset) not in conf.contracts:
            message = f"no active contract in contracts/{source}/{dataset}/"
            yield document.problem((source, dataset), message)


def _contract(conf: Conf, contract: Contract) -> Iterator[Problem]:
    document, loc = contract.document, ("schema", 0)
    if (contract.source, contract.dataset) not in conf.sources:
        yield document.problem((), f"sources.yml has no {contract.source}: {contract.dataset}: entry")
    yield from _canonical(document, loc, contract.table, contract.constants, contract.fields, nested=False)
    if contract.lines:
        lines = contract.lines
        yield from _canonical(document, loc, lines.table, lines.constants, lines.fields, nested=True)
    names = {field.name for field in contract.fields}
    for field, use in contract.uses:
        spaces = [use.namespace] if use.namespace else list(use.namespaces.values())
        if use.namespace_from:
            yield from _unknown(document, field.loc, use.namespace_from, names, "property")
        elif not use.namespace:
            yield document.problem(field.loc, "identifier needs a namespace, or namespaceFrom with namespaces")
        for space in spaces:
            yield from _unknown(document, field.loc, space, conf.rules.namespaces, "namespace")
    for field in contract.fields:
        pattern = field.element.logical_type_options.pattern
        yield from _patterns(document, field.loc, [pattern] if pattern else [])


def _canonical(
    document: Document, loc: Loc, name: str, constants: dict[str, str], fields: tuple[Field, ...], *, nested: bool
) -> Iterator[Problem]:
    table = TABLES.get(name)
    if table is None:
        yield from _unknown(document, loc, name, TABLES, "canonicalTable")
        return
    targets = [(f.loc, f.settings.canonical) for f in fields if f.settings.canonical] + [(loc, c) for c in constants]
    for where, target in targets:
        yield from _unknown(document, where, _column(table, target), _writable(table), f"column of {table.full_name}")
    given = {target for _, target in targets}
    for column in table.columns:
        if not column.nullable and column.name not in given | MADE_BY_SILVER and not nested:
            yield document.problem(loc, f"no property gives {table.full_name}.{column.name}")


def _column(table: Table, target: str) -> str:
    """`attributes.income` goes into the map column `attributes`."""
    first = target.split(".")[0]
    maps = {c.name for c in table.columns if c.type == STRING_MAP}
    return first if first in maps else target


def _writable(table: Table) -> list[str]:
    return [c.name for c in table.columns if c.name not in MADE_BY_SILVER]


def _rules(conf: Conf, document: Document) -> Iterator[Problem]:
    rules = conf.rules
    yield from _patterns(document, ("blocked_patterns",), rules.blocked_patterns)
    for name, space in rules.namespaces.items():
        yield from _patterns(document, ("namespaces", name), space.blocked_patterns)
    for name, match_key in rules.match_keys.items():
        where: Loc = ("match_keys", name)
        yield from _unknown(document, (*where, "namespace"), match_key.namespace, rules.namespaces, "namespace")
        for i, part in enumerate(match_key.parts):
            known = [*_writable(tables.PROFILE_RECORD)]
            column = _column(tables.PROFILE_RECORD, part.column)
            yield from _unknown(document, (*where, "parts", i), column, known, "column")


def _patterns(document: Document, loc: Loc, patterns: Collection[str]) -> Iterator[Problem]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            yield document.problem(loc, f"not a regular expression: {pattern!r}: {error}")


def _profile(conf: Conf, document: Document) -> Iterator[Problem]:
    known = {f"{s}.{d}" for s, d in conf.sources}
    for i, name in enumerate(conf.profile.default_priority):
        yield from _unknown(document, ("default_priority", i), name, known, "dataset")
    for attribute, rule in conf.profile.attributes.items():
        yield from _unknown(document, ("attributes", attribute), attribute, PROFILE_ATTRIBUTES, "attribute")
        for i, name in enumerate(rule.priority):
            yield from _unknown(document, ("attributes", attribute, "priority", i), name, known, "dataset")


def _activation(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    columns = [*tables.PROFILE.column_names, "as_of"]
    for name, audience in conf.audiences.items():
        document = documents[f"audiences/{name}.yml"]
        yield from _unknown(document, ("name",), audience.name, [name], "name for this file")
        yield from _unknown(document, ("purpose",), audience.purpose, conf.consent.purposes, "purpose")
        for complaint in complaints(audience.where, columns):
            yield document.problem(("where",), complaint)
    for name, destination in conf.destinations.items():
        document = documents[f"destinations/{name}.yml"]
        yield from _unknown(document, ("name",), destination.name, [name], "name for this file")
        yield from _unknown(document, ("audience",), destination.audience, conf.audiences, "audience")
        for field, mapping in destination.fields.items():
            where = ("fields", field, "column")
            yield from _unknown(document, where, mapping.column, tables.PROFILE.column_names, "column of gold.profile")


def _schedule(conf: Conf, document: Document) -> Iterator[Problem]:
    tasks = conf.schedule.root
    for name, task in tasks.items():
        for i, other in enumerate(task.depends_on):
            yield from _unknown(document, (name, "depends_on", i), other, tasks, "task")
    try:
        conf.schedule.ordered()
    except ValueError as error:
        yield document.problem((), str(error))
