"""The catalog page of a dataset: each version with its promises, properties and lineage, and the change log."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from c360_spark.config import Conf, Contract, Field
from c360_spark.config.contract.lifecycle import DURATIONS, END, Quality, Sla
from c360_spark.config.contract.odcs import IdentifierUse
from c360_spark.config.contract.upcast import Convert, Default, Rename, Step
from c360_spark.contracts.catalog.parts import NONE, badge, codes, dependent_link, facts, link, listed, pii, table_page
from c360_spark.contracts.dependents import dependents
from c360_spark.contracts.gate.difference import KINDS
from c360_spark.contracts.gate.version_gate import Comparison
from c360_spark.contracts.lineage import Use, uses
from c360_spark.markup import Markup, element, joined, table
from c360_spark.tables import Table

PROPERTIES = ("property", "type and limits", "PII", "meaning in silver", "relied on by")
CHANGES = ("version part", "difference", "at", "before", "after", "relied on by")


def dataset(
    conf: Conf, versions: Sequence[Contract], compared: Sequence[Comparison], known: dict[str, Table]
) -> Markup:
    """The page of a dataset: the newest version expanded, older versions folded, then the change log, newest first."""
    newest, *older = reversed(versions)
    body = [
        element("h1", newest.name),
        element("p", newest.odcs.name or "", class_="lead"),
        facts(_words(newest)),
        *_version(conf, newest, known),
    ]
    for contract in older:
        summary = element("summary", f"{contract.version} ", badge(contract.status))
        body.append(element("details", summary, facts(_words(contract)), *_version(conf, contract, known, folded=True)))
    body.append(element("h2", "Changes between versions", id="changes"))
    body += [_change(conf, each, known) for each in reversed(compared)]
    if not compared:
        body.append(element("p", "There is no version to compare with yet.", class_="soft"))
    return joined(body)


def _words(contract: Contract) -> Iterator[tuple[str, str]]:
    """The `description` of the standard: purpose, usage, limitations."""
    yield from ((name, value) for name, value in contract.odcs.description.items() if isinstance(value, str))


def _version(conf: Conf, contract: Contract, known: dict[str, Table], *, folded: bool = False) -> Iterator[Markup]:
    title = f"Version {contract.version} "
    yield element("h2", title, badge(contract.status), id=f"v{contract.version}")
    yield facts(_facts(contract, known))
    if contract.odcs.schema_[0].quality:
        yield element("h3", "Rules of a record")
        yield listed([_rule(rule) for rule in contract.odcs.schema_[0].quality])
    if contract.upcasts:
        yield element("h3", "How records of the version before are lifted")
        yield element("ol", *(element("li", _step(step)) for step in contract.upcasts))
    yield element("h3", "Properties")
    prefix = f"v{contract.version}-" if folded else ""
    yield table(PROPERTIES, [_property(prefix, use, contract, known) for use in uses(conf, contract)])


def _facts(contract: Contract, known: dict[str, Table]) -> Iterator[tuple[str, str | None]]:
    yield "owner", contract.owner
    yield "steward", contract.steward
    yield "domain", contract.odcs.domain
    yield from ((sla.name, promise(sla)) for sla in contract.odcs.sla_properties if sla.name != END)
    if contract.end_of_support:
        treatment = "taken with a warning" if contract.settings.after_end_of_support == "warn" else "quarantined"
        yield "end of support", f"{contract.end_of_support}; later records are {treatment}"
    if contract.settings.reviewed:
        yield "reviewed", f"{contract.settings.reviewed.date} by {contract.settings.reviewed.by}"
    yield "version of a record", contract.settings.version_from
    yield "no up-cast", contract.settings.no_upcast
    made = [contract.table, *([contract.lines.table] if contract.lines else [])]
    yield "becomes", joined((link(f"silver.{name}", table_page(known[f"silver.{name}"])) for name in made), ", ")


def promise(sla: Sla) -> str:
    """A service level as text, in the longest unit that gives a whole number."""
    if sla.name not in DURATIONS:
        return " ".join(str(part) for part in (sla.value, sla.unit) if part is not None)
    return duration(sla.duration)


def duration(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    number, unit = (hours / 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{number:,g} {unit}{'' if number == 1 else 's'}" if number < 1e5 else f"{number:,.0f} {unit}s"


def _rule(rule: Quality) -> Markup:
    said = [element("b", rule.name)] if rule.name else []
    said += [element("code", rule.implementation)] if rule.implementation else []
    said += [element("span", rule.description)] if rule.description else []
    return joined(said, " ")


def _step(step: Step) -> str:
    if isinstance(step, Rename):
        return f"{step.source} is renamed to {step.target}"
    if isinstance(step, Default):
        return f"{step.target} is “{step.value}” where the record has none"
    if isinstance(step, Convert):
        return f"values of {step.target} become others: {_map(step.value_map)}"
    return f"{step.source} is split at “{step.separator}” into {', '.join(step.targets)}"


def _map(given: dict[str, str]) -> str:
    return ", ".join(f"{old} → {new}" for old, new in given.items())


def _property(prefix: str, use: Use, contract: Contract, known: dict[str, Table]) -> tuple[str, list[str]]:
    canonical = use.field.settings.canonical if use.field else None
    itself = f"silver.{use.table}.{canonical}"  # shown in the column before, so left out here
    relied = listed([dependent_link(name, known) for name in use.dependents if name != itself])
    if use.field is None:
        within, _, column = use.name.rpartition("[].")
        constants = contract.lines.constants if within and contract.lines else contract.constants
        meaning = f"{use.table}.{column}"
        return prefix + use.name, [element("b", use.name), f"constant: {constants[column]}", NONE, meaning, relied]
    element_ = use.field.element
    name = [element("b", use.name)]
    name += [badge("key")] if element_.primary_key else []
    name += [badge("required")] if element_.required and not element_.primary_key else []
    words = [element("p", word) for word in (element_.business_name, element_.description) if word]
    words += [element("p", _rule(rule)) for rule in element_.quality]
    limits = joined([element_.logical_type, *_limits(use.field)])
    meaning = _meaning(use, known) or NONE
    return prefix + use.name, [
        joined([joined(name, " "), *words]),
        limits,
        pii(element_.classification),
        meaning,
        relied,
    ]


def _limits(field: Field) -> Iterator[Markup]:
    """The limits of a value, and how its text is parsed."""
    options, settings = field.element.logical_type_options, field.settings
    low, high = options.minimum, options.maximum
    if low is not None or high is not None:
        least, most = (None if bound is None else f"{bound:,.15g}" for bound in (low, high))
        told = f"{least} to {most}" if least and most else f"at least {least}" if least else f"at most {most}"
        yield element("p", told)
    if options.pattern:
        yield element("p", "pattern ", element("code", options.pattern))
    if field.element.unique:
        yield element("p", "unique")
    if settings.reference:
        yield element("p", "in the list ", element("code", settings.reference), " of reference.yml")
    if settings.enum:
        yield element("p", "one of ", codes(settings.enum))
    if settings.value_map:
        yield element("p", "one of ", element("code", _map(settings.value_map)))
    if settings.formats:
        yield element("p", "read as ", codes(settings.formats))
    if settings.scale != 1:
        yield element("p", f"times {settings.scale}")
    if settings.amount_in:
        yield element("p", f"an amount in {settings.amount_in} units of the currency")
    if settings.time_from:
        yield element("p", f"its time of day is in {settings.time_from}")
    if settings.zone or settings.zone_from:
        zone = f"the zone in {settings.zone_from}" if settings.zone_from else str(settings.zone)
        yield element("p", f"times without a zone are of {zone}")
    if settings.locale:
        yield element("p", f"written as in {settings.locale}")


def _meaning(use: Use, known: dict[str, Table]) -> Markup:
    """The silver column with its meaning from the table registry, the normaliser, and the identifier's namespace."""
    settings, meaning = use.field.settings if use.field else None, list[Markup]()
    if settings and settings.canonical:
        column = settings.canonical.split(".")[0]
        declared = next(each for each in known[f"silver.{use.table}"].columns if each.name == column)
        where = dependent_link(f"silver.{use.table}.{settings.canonical}", known)
        meaning.append(element("p", where, " ", pii(declared.pii) if declared.pii != "none" else "", class_="target"))
        meaning.append(element("p", declared.meaning))
    if settings and settings.normalize:
        meaning.append(element("p", "normaliser ", element("code", settings.normalize)))
    if settings and settings.identifier:
        meaning.append(element("p", *_identifier(settings.identifier)))
    return joined(meaning)


def _identifier(use: IdentifierUse) -> Iterator[str]:
    yield "identifier in "
    if use.namespace:
        yield element("code", use.namespace)
    if use.namespace_from:
        yield f"what {use.namespace_from} tells: "
        yield element("code", _map(use.namespaces))
    yield ", verified" if use.verified else ""


def _change(conf: Conf, each: Comparison, known: dict[str, Table]) -> Markup:
    contracts = [each.old, *([each.new] if each.new else [])]
    rows = [
        (
            None,
            [
                badge(difference.bump.word),
                joined([element("code", difference.kind), element("p", KINDS[difference.kind][1])]),
                difference.where or NONE,
                difference.before or NONE,
                difference.after or NONE,
                listed([dependent_link(name, known) for name in dependents(conf, difference, *contracts)]),
            ],
        )
        for difference in each.differences
    ]
    title = f"{each.old.version} → {each.new.version if each.new else 'gone'} "
    verdict = f"a {each.given.word} version; the changes need {each.needed.word}"
    problems = [element("p", problem, class_="wrong") for problem in each.problems]
    head = element("h3", title, element("small", verdict))
    return element("section", head, *problems, table(CHANGES, rows) if rows else "")
