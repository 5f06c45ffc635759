"""Checks references between the files of conf/: every name that is used must be declared."""

from collections.abc import Collection, Iterator

from c360_spark import tables
from c360_spark.config.check.contract import (
    check_money,
    check_on_invalid,
    check_one_per_person,
    check_shapes,
    check_times,
)
from c360_spark.config.check.deliver import check_deliver
from c360_spark.config.check.destinations import check_destinations
from c360_spark.config.check.gold import check_gold
from c360_spark.config.check.lifecycle import lifecycle
from c360_spark.config.check.metrics import check_metrics
from c360_spark.config.check.profile import check_profile
from c360_spark.config.check.vocabulary import check_vocabulary, check_words
from c360_spark.config.conf import Conf
from c360_spark.config.contract.contract import Contract, Field, phone_fields
from c360_spark.config.rules.expression import complaints
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.pattern import complaint as pattern_complaint
from c360_spark.config.rules.probabilistic import columns
from c360_spark.config.rules.probabilistic import complaints as model_complaints
from c360_spark.config.yaml.document import Document, Loc, Problem
from c360_spark.tables import Table
from c360_spark.tables.model import STRING_MAP

TABLES = {table.name: table for table in tables.CANONICAL}
MADE_BY_SILVER = frozenset(c.name for c in tables.PROVENANCE) - {"country", "updated_at"} | {"line_no"}


def check(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    """Yields every problem between files of `conf`, at its place in `documents` (by path relative to conf/)."""
    yield from _sources(conf, documents["sources.yml"])
    for versions in conf.versions.values():
        for contract in versions:
            yield from lifecycle(contract, versions)
            if contract.status != "retired":  # names that it refers to may no longer exist
                yield from _contract(conf, contract)
                yield from check_words(conf, contract)
    yield from check_vocabulary(conf, documents)
    yield from _rules(conf, documents["identity.yml"])
    yield from check_profile(conf, documents["profile.yml"])
    yield from check_gold(conf, documents)
    yield from check_metrics(conf, documents)
    yield from _activation(conf, documents)
    yield from _schedule(conf, documents["schedule.yml"])


def _sources(conf: Conf, document: Document) -> Iterator[Problem]:
    drafts = {name for name, all_of in conf.versions.items() if not all(each.released for each in all_of)}
    drafts |= {(problem.path.parts[-3], problem.path.parts[-2]) for problem in conf.draft_problems}
    for source, dataset in conf.sources:
        if (source, dataset) not in {*conf.contracts, *drafts, *conf.routed}:
            message = f"no active contract in contracts/{source}/{dataset}/"
            yield document.problem((source, dataset), message)
        if (source, dataset) in conf.contracts and conf.landed_as(source, dataset) not in conf.contracts:
            message = f"records of {source}.{dataset} are landed with this dataset, which needs an active contract"
            yield document.problem((source, conf.routed[source, dataset].dataset, "route"), message)
    for (source, dataset), arrival in conf.sources.items():
        for other in arrival.routed:
            if (source, other) not in conf.routed:
                message = f"{source}.{other} has files of its own, so no records of others can be routed to it"
                yield document.problem((source, dataset, "route"), message)
        contract = conf.contracts.get((source, dataset))
        if contract and arrival.delivery == "full":
            loc = (source, dataset, "delivery")
            if contract.table not in {table.name for table in tables.VERSIONED}:
                yield document.problem(loc, f"{contract.table} keeps what once was said: its deliveries cannot be full")
            elif not contract.primary_key:
                yield document.problem(loc, "a full delivery needs a primaryKey: else no record is known again")


def waiting_routes(conf: Conf, document: Document) -> Iterator[Problem]:
    """Routes to datasets without a contract. They are harmless: the records stay with the dataset that lands them."""
    for (source, dataset), way in conf.routed.items():
        if (source, dataset) not in conf.versions:
            message = f"no contract of {source}.{dataset} yet: its records stay with {source}.{way.dataset}"
            yield document.problem((source, way.dataset, "route"), message)


def _contract(conf: Conf, contract: Contract) -> Iterator[Problem]:
    document, loc = contract.document, ("schema", 0)
    name = contract.source, contract.dataset
    if name in conf.contracts and name not in conf.sources:
        yield document.problem((), f"sources.yml has no {contract.source}: {contract.dataset}: entry")
    yield from _canonical(document, loc, contract.table, contract.constants, contract.fields, nested=False)
    yield from _identifiers(conf, contract)
    yield from _limits(document, contract.fields)
    yield from _unique(document, contract)
    yield from check_money(contract)
    yield from check_times(contract)
    yield from check_one_per_person(contract, conf.rules)
    yield from check_on_invalid(contract)
    yield from check_shapes(contract, conf.sources.get(name))
    if contract.lines:
        lines = contract.lines
        yield from _canonical(document, lines.loc, lines.table, lines.constants, lines.fields, nested=True)
        yield from _limits(document, lines.fields)
        for field in lines.fields:
            if field.settings.identifier:
                yield document.problem(field.place("identifier"), "a line identifies nobody, its record does")
            if field.element.unique:
                yield document.problem((*field.loc, "unique"), "a value of a line cannot be unique")


def _unique(document: Document, contract: Contract) -> Iterator[Problem]:
    """Checks `unique`: at most one property may be unique besides a primary key of one property."""
    given = [field for field in contract.fields if field.element.unique and contract.primary_key != (field,)]
    for field in given:
        loc = (*field.loc, "unique")
        if field.element.primary_key:
            yield document.problem(loc, "a part of a primaryKey cannot be unique by itself")
        elif not field.settings.canonical:
            yield document.problem(loc, "unique would not be checked: it is by the property's canonical column")
    for field in given[1:]:
        yield document.problem((*field.loc, "unique"), f"{given[0].name} is unique already: one property can be")


def _identifiers(conf: Conf, contract: Contract) -> Iterator[Problem]:
    document, names = contract.document, {field.name for field in contract.fields}
    for field, use in contract.uses:
        loc = field.place("identifier")
        spaces = [use.namespace] if use.namespace else list(use.namespaces.values())
        if not spaces or not (use.namespace or use.namespace_from):
            yield document.problem(loc, "identifier needs a namespace, or namespaceFrom with namespaces")
        if use.namespace_from:
            yield from document.unknown(loc, use.namespace_from, names, "property")
        for space in spaces:
            yield from document.unknown(loc, space, conf.rules.namespaces, "namespace")
    for field in contract.fields:
        if field.settings.phone_format and field not in phone_fields(contract, conf.rules):
            yield document.problem(field.place("phoneFormat"), "phoneFormat is for phone numbers, which this is not")


def _limits(document: Document, fields: tuple[Field, ...]) -> Iterator[Problem]:
    for field in fields:
        limits, kind = field.element.logical_type_options, field.element.logical_type
        loc = (*field.loc, "logicalTypeOptions")
        if limits.pattern and (refused := pattern_complaint(limits.pattern)):
            yield document.problem((*loc, "pattern"), refused)
        limited = limits.minimum is not None or limits.maximum is not None
        if limited and kind not in ("integer", "number"):
            yield document.problem(loc, f"minimum and maximum are for numbers, not for {kind}")
        if limits.minimum is not None and limits.maximum is not None and limits.minimum > limits.maximum:
            yield document.problem(loc, f"no number is at least {limits.minimum:g} and at most {limits.maximum:g}")
        yield from _values(document, field)


def _values(document: Document, field: Field) -> Iterator[Problem]:
    values, kind, loc = field.settings.enum, field.element.logical_type, field.place("enum")
    if values and kind not in ("string", "integer"):
        yield document.problem(loc, f"enum is for string and integer, not for {kind}")
    if values and field.settings.value_map:
        yield document.problem(loc, "valueMap lists the allowed values already")
    for value in {value for value in values if values.count(value) > 1}:
        yield document.problem(loc, f"enum lists '{value}' twice")


def _canonical(
    document: Document, loc: Loc, name: str, constants: dict[str, str], fields: tuple[Field, ...], *, nested: bool
) -> Iterator[Problem]:
    table = TABLES.get(name)
    if table is None:
        yield from document.unknown(loc, name, TABLES, "canonicalTable")
        return
    targets = [(f.place("canonical"), f.settings.canonical) for f in fields if f.settings.canonical]
    targets += [(loc, constant) for constant in constants]
    for i, (where, target) in enumerate(targets):
        yield from _column(document, where, target, table)
        if target in [other for _, other in targets[:i]]:
            yield document.problem(where, f"{table.full_name}.{target} is given twice")
    given = {target for _, target in targets}
    for column in table.columns:
        if not column.nullable and column.name not in given | MADE_BY_SILVER and not nested:
            yield document.problem(loc, f"no property gives {table.full_name}.{column.name}")


def _column(document: Document, loc: Loc, target: str, table: Table) -> Iterator[Problem]:
    """Checks a target column; `attributes.income` is one entry of the map column `attributes`."""
    first, _, entry = target.partition(".")
    maps = {c.name for c in table.columns if c.type == STRING_MAP}
    if not (first in maps and entry):
        names = [c.name for c in table.columns if c.name not in MADE_BY_SILVER]
        known = [f"{name}.<name>" if name in maps else name for name in names]
        yield from document.unknown(loc, target, known, f"column of {table.full_name}")


def _rules(conf: Conf, document: Document) -> Iterator[Problem]:
    rules = conf.rules
    countries = [(name, country) for name, found in rules.regions.items() for country in found]
    for i, (name, country) in enumerate(countries):
        if country in [other for _, other in countries[:i]]:
            yield document.problem(("regions", name), f"country '{country}' is in a region already")
    yield from _patterns(document, ("blocked_patterns",), rules.blocked_patterns)
    for name, space in rules.namespaces.items():
        yield from _patterns(document, ("namespaces", name, "blocked_patterns"), space.blocked_patterns)
    yield from _decisions(rules, document)
    for name, match_key in rules.match_keys.items():
        where: Loc = ("match_keys", name)
        yield from document.unknown((*where, "namespace"), match_key.namespace, rules.namespaces, "namespace")
        for i, part in enumerate(match_key.parts):
            yield from _column(document, (*where, "parts", i), part.column, tables.PROFILE_RECORD)
            yield from _patterns(document, (*where, "parts", i, "blocked_patterns"), part.blocked_patterns)
    yield from _contradictions(rules, document)
    yield from _probabilistic(conf, document)


def _contradictions(rules: RuleSet, document: Document) -> Iterator[Problem]:
    block = rules.contradictions
    if block is None:
        return
    for i, name in enumerate(block.namespaces):
        where: Loc = ("contradictions", "namespaces", i)
        yield from document.unknown(where, name, rules.namespaces, "namespace")
        if name in rules.namespaces and rules.namespaces[name].expires_after_days:
            yield document.problem(where, f"links of '{name}' expire, so who agrees on it would depend on the day")
        if name in rules.derived:
            yield document.problem(where, f"'{name}' is the namespace of a match key: its parts decide who agrees")
    for part_name, part in block.parts.items():
        yield from _column(document, ("contradictions", part_name), part.column, tables.PROFILE_RECORD)
        yield from _patterns(document, ("contradictions", part_name, "blocked_patterns"), part.blocked_patterns)


def _probabilistic(conf: Conf, document: Document) -> Iterator[Problem]:
    block = conf.rules.probabilistic
    if block is None:
        return
    for region, purpose in block.regions.items():
        where: Loc = ("probabilistic", "regions", region)
        yield from document.unknown(where, region, conf.rules.region_names, "region")
        if purpose is not None:
            yield from document.unknown(where, purpose, conf.consent.purposes, "purpose")
    for loc, column in columns(block):
        yield from _column(document, ("probabilistic", *loc), column, tables.PROFILE_RECORD)
    for loc, message in model_complaints(block):
        yield document.problem(("probabilistic", *loc), message)


def _patterns(document: Document, loc: Loc, patterns: Collection[str]) -> Iterator[Problem]:
    for i, pattern in enumerate(patterns):
        if refused := pattern_complaint(pattern):
            yield document.problem((*loc, i), refused)


def _decisions(rules: RuleSet, document: Document) -> Iterator[Problem]:
    """Checks bridges, force-links and never-links for unknown names, duplicates and contradictions."""
    for name, bridge in rules.bridges.items():
        for i, space in enumerate(bridge.namespaces):
            yield from document.unknown(("bridges", name, "namespaces", i), space, rules.namespaces, "namespace")
        for i, region in enumerate(bridge.regions):
            yield from document.unknown(("bridges", name, "regions", i), region, rules.region_names, "region")
    forced = {frozenset((pair.left, pair.right)) for pair in rules.force_links}
    for kind, pairs in (("force_links", rules.force_links), ("never_links", rules.never_links)):
        ends = [frozenset((pair.left, pair.right)) for pair in pairs]
        for i, pair in enumerate(pairs):
            for side, end in (("left", pair.left), ("right", pair.right)):
                yield from document.unknown((kind, i, side, "namespace"), end.namespace, rules.namespaces, "namespace")
                yield from document.unknown((kind, i, side, "region"), end.region, rules.region_names, "region")
            if pair.left == pair.right:
                yield document.problem((kind, i), "both ends are the same identifier")
            elif ends[i] in ends[:i]:
                yield document.problem((kind, i), "the same pair stands here already")
            elif kind == "never_links" and ends[i] in forced:
                yield document.problem((kind, i), "the same pair is in force_links")


def _activation(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    for name, audience in conf.audiences.items():
        document = documents[f"audiences/{name}.yml"]
        yield from document.unknown(("name",), audience.name, [name], "name for this file")
        yield from document.unknown(("purpose",), audience.purpose, conf.consent.purposes, "purpose")
        for part in ("where", "exit"):
            for complaint in complaints(getattr(audience, part) or "true", conf.metrics.columns):
                yield document.problem((part,), complaint)
        if audience.max_stay_days and audience.min_stay_days > audience.max_stay_days:
            yield document.problem(("min_stay_days",), "no stay lasts that long: max_stay_days is less")
        if audience.sla_hours and audience.sla_hours < audience.every_hours:
            yield document.problem(("sla_hours",), "it is older than that at every look: every_hours is more")
        if audience.cooldown_days and not audience.requalify:
            yield document.problem(("cooldown_days",), "nobody comes back at all: requalify is false")
    yield from check_destinations(conf, documents)
    yield from check_deliver(conf, documents)


def _schedule(conf: Conf, document: Document) -> Iterator[Problem]:
    tasks = conf.schedule.root
    unknown = [(n, i, other) for n, t in tasks.items() for i, other in enumerate(t.depends_on) if other not in tasks]
    for name, i, other in unknown:
        yield from document.unknown((name, "depends_on", i), other, tasks, "task")
    waiting = [name for name in tasks if name not in conf.schedule.ordered()]
    if waiting and not unknown:
        yield document.problem((waiting[0], "depends_on"), f"tasks wait for one another: {', '.join(waiting)}")
