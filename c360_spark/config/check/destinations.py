"""Checks destinations/*.yml against the destination kinds, audiences and consent purposes."""

from collections.abc import Iterator

from c360_spark import tables
from c360_spark.config.activation.activation import REVENUE, Destination, Mapping
from c360_spark.config.activation.destination_kinds import KINDS, Kind
from c360_spark.config.conf import Conf
from c360_spark.config.contract.money import DIGITS
from c360_spark.config.yaml.document import Document, Problem, did_you_mean
from c360_spark.tables import Pii

ATTRIBUTE = "attributes."  # prefix of an entry of the map column of gold.profile, such as attributes.gender
PROPERTY = "properties."  # prefix of an entry of the map column of silver.event
MAPS = ("attributes", REVENUE)  # map columns: a destination sends single entries, never the whole map
PROFILE = {column.name: column.pii for column in tables.PROFILE.columns if column.name not in MAPS}
REVENUES = tuple(f"{REVENUE}.{code}" for code in DIGITS)
TAKEN = ("ack", "rejected", "state")  # existing tables of the export layer, where each destination gets its outbox


def check_destinations(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    """Yields every problem of the destinations, and names shared by two audiences or two destinations."""
    yield from _twice("audiences", {stem: audience.name for stem, audience in conf.audiences.items()}, documents)
    yield from _twice("destinations", {stem: found.name for stem, found in conf.destinations.items()}, documents)
    known = PROFILE | {name: conf.metrics.pii(name) for name in conf.metrics.all}
    for stem, destination in conf.destinations.items():
        document = documents[f"destinations/{stem}.yml"]
        yield from document.unknown(("name",), destination.name, [stem], "name for this file")
        if destination.name in TAKEN:
            yield document.problem(("name",), f"export.{destination.name} is a table of its own; use another name")
        yield from document.unknown(("audience",), destination.audience, conf.audiences, "audience")
        for i, purpose in enumerate(destination.purposes):
            yield from document.unknown(("purposes", i), purpose, conf.consent.purposes, "purpose")
        yield from document.unknown(("kind",), destination.kind, KINDS, "kind")
        if destination.kind in KINDS:
            yield from _of_kind(document, destination, KINDS[destination.kind], known)
        yield from _events(conf, document, destination)


def _twice(folder: str, names: dict[str, str], documents: dict[str, Document]) -> Iterator[Problem]:
    """Reports a name that two files of the folder share, because both would write the same rows."""
    for stem, name in names.items():
        others = [other for other, theirs in names.items() if theirs == name and other != stem]
        if others:
            message = f"'{name}' is also the name in {folder}/{others[0]}.yml"
            yield documents[f"{folder}/{stem}.yml"].problem(("name",), message)


def _events(conf: Conf, document: Document, destination: Destination) -> Iterator[Problem]:
    events, name = destination.events, destination.name
    if events is None:
        return
    kind = KINDS.get(destination.kind)
    if kind and not kind.calls:
        takers = ", ".join(name for name, kind in KINDS.items() if kind.calls)
        yield document.problem(("events",), f"{destination.kind} takes no events; kinds that do: {takers}")
    for i, event in enumerate(events.names):
        yield from document.unknown(("events", "names", i), event, conf.taxonomy.events, "event")
        if event in events.names[:i]:
            yield document.problem(("events", "names", i), f"'{event}' stands here already")
    for i, entry in enumerate(events.properties):
        yield from document.unknown(("events", "properties", i), entry, _event_properties(conf), "property of an event")
    if f"{name}_events" in {other.name for other in conf.destinations.values()}:
        yield document.problem(("events",), f"export.{name}_events is the outbox of another destination; rename it")
    if destination.deliver and destination.deliver.to != "jsonl":
        yield document.problem(("deliver", "to"), "events are delivered to jsonl only")


def _event_properties(conf: Conf) -> set[str]:
    """The event properties that at least one contract of events maps."""
    contracts = [c for versions in conf.versions.values() for c in versions if c.table == tables.EVENT.name]
    given = {
        name for c in contracts for name in (*c.constants, *(field.settings.canonical or "" for field in c.fields))
    }
    return {name.removeprefix(PROPERTY) for name in given if name.startswith(PROPERTY)}


def _of_kind(document: Document, destination: Destination, kind: Kind, known: dict[str, Pii]) -> Iterator[Problem]:
    """Checks a destination against its kind; `known` maps columns of gold.profile and metrics to their PII class."""
    lacking = [purpose for purpose in kind.purposes if purpose not in destination.purposes]
    if lacking:
        yield document.problem(("purposes",), f"{destination.kind} needs the consent for {' and '.join(lacking)} too")
    if kind.match_keys and not any(set(key) <= set(destination.fields) for key in kind.match_keys.values()):
        keys = "; ".join(" and ".join(fields) for fields in kind.match_keys.values())
        yield document.problem(("fields",), f"nobody can be matched: {destination.kind} needs {keys}, one of these")
    for field, mapping in destination.fields.items():
        yield from _column(document, field, mapping, known)
        pii = Pii.INDIRECT if mapping.column.startswith(ATTRIBUTE) else known.get(mapping.column, Pii.NONE)
        if field in kind.fields:
            yield from _taken(document, destination.kind, field, mapping, known)
        elif kind.fields:
            yield from _other(document, destination.kind, kind, field, mapping, pii)
        elif pii is not Pii.NONE and mapping.hash is None:
            message = f"{_called(mapping)} is personal: say hash: sha256, or hash: none to send it readable"
            yield document.problem(("fields", field, "column"), message)


def _called(mapping: Mapping) -> str:
    profiled = mapping.column in PROFILE or mapping.column.startswith(ATTRIBUTE)
    return f"gold.profile.{mapping.column}" if profiled else f"the metric {mapping.column}"


def _column(document: Document, field: str, mapping: Mapping, columns: dict[str, Pii]) -> Iterator[Problem]:
    entry = mapping.column.removeprefix(ATTRIBUTE)
    if mapping.column in REVENUES:
        return
    if mapping.column.split(".")[0] == REVENUE:
        message = f"revenue is by currency: give {REVENUE}.EUR, or another code of ISO 4217"
        yield document.problem(("fields", field, "column"), message)
        return
    if entry == mapping.column or not entry.isidentifier():
        known = [*columns, f"{ATTRIBUTE}<name>"]
        yield from document.unknown(
            ("fields", field, "column"), mapping.column, known, "column of gold.profile or metric"
        )


def _taken(document: Document, name: str, field: str, mapping: Mapping, known: dict[str, Pii]) -> Iterator[Problem]:
    """Checks a field that the kind defines: the kind sets its format, and the column must match the field's name."""
    for setting in ("normalize", "hash"):
        if getattr(mapping, setting) is not None:
            message = f"{name} has its own rule for {field}; leave out {setting}"
            yield document.problem(("fields", field, setting), message)
    column = mapping.column
    if column not in known or column == field:
        return
    if field in PROFILE or known[column] is not Pii.NONE:
        message = f"{field} cannot be {_called(mapping)}"
        expected = field if field in PROFILE else "a column that is not personal"
        yield document.problem(("fields", field, "column"), f"{message}: give {expected}, or {ATTRIBUTE}<name>")


def _other(document: Document, name: str, kind: Kind, field: str, mapping: Mapping, pii: Pii) -> Iterator[Problem]:
    """Checks a field that the kind does not define: allowed only for kinds with `others` and impersonal columns."""
    if not kind.others:
        yield from document.unknown(("fields", field), field, kind.fields, f"field of {name}")
    elif mapping.hash or mapping.normalize:
        yield document.problem(
            ("fields", field), f"{name} sends other fields as they are; leave out normalize and hash"
        )
    elif pii is not Pii.NONE:
        message = f"{_called(mapping)} is personal, and {name} takes no field '{field}'"
        yield document.problem(("fields", field, "column"), message + did_you_mean(field, kind.fields))
