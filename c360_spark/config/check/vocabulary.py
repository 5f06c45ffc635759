"""Checks taxonomy.yml and reference.yml, and the event names and value lists that contracts use."""

from collections.abc import Iterator

from c360_spark.config.conf import Conf
from c360_spark.config.contract.contract import Contract, Field
from c360_spark.config.contract.vocabulary import Taxonomy, words
from c360_spark.config.yaml.document import Document, Loc, Problem, did_you_mean


def check_vocabulary(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    """Yields ambiguous event names, required properties that no contract maps, and duplicate values of lists."""
    if "taxonomy.yml" in documents:
        yield from _taxonomy(conf, documents["taxonomy.yml"])
    for name, reference in conf.references.items():
        for value in sorted({value for value in reference.values if reference.values.count(value) > 1}):
            yield documents["reference.yml"].problem((name, "values"), f"'{value}' stands here twice")


def check_words(conf: Conf, contract: Contract) -> Iterator[Problem]:
    """Yields problems of one contract: unknown reference lists and, in a current contract of events, unknown channels
    and event names.
    """
    document, lines = contract.document, contract.lines
    for field in (*contract.fields, *(lines.fields if lines else ())):
        yield from _reference(conf, document, field)
    if contract.table != "event" or conf.contracts.get((contract.source, contract.dataset)) is not contract:
        return
    place: Loc = ("schema", 0)
    channels = {channel for event in conf.taxonomy.events.values() for channel in event.channels}
    if "channel" in contract.constants:
        yield from document.unknown(place, contract.constants["channel"], channels, "channel")
    elif "channel" not in {field.settings.canonical for field in contract.fields}:
        yield document.problem(place, "nothing gives event.channel: set it in constants, or map a property to it")
    names = {words(word): word for word in conf.taxonomy.names}
    for loc, name in _events(contract):
        if words(name) not in names:
            message = f"unknown event '{name}'{did_you_mean(name, list(names.values()))}"
            yield document.problem(loc, message)


def _events(contract: Contract) -> Iterator[tuple[Loc, str]]:
    """The event names that a contract spells out: its constant, or the values of valueMap or enum."""
    if "event_name" in contract.constants:
        yield ("schema", 0), contract.constants["event_name"]
    for field in contract.fields:
        if field.settings.canonical == "event_name":
            yield from ((field.place("valueMap"), name) for name in field.settings.value_map.values())
            if not field.settings.value_map:
                yield from ((field.place("enum"), name) for name in field.settings.enum)


def _reference(conf: Conf, document: Document, field: Field) -> Iterator[Problem]:
    name, loc = field.settings.reference, field.place("reference")
    if name is None:
        return
    yield from document.unknown(loc, name, conf.references, "list")
    if field.element.logical_type not in ("string", "integer"):
        yield document.problem(loc, f"reference is for string and integer, not for {field.element.logical_type}")
    if field.settings.enum or field.settings.value_map:
        yield document.problem(loc, "enum or valueMap lists the allowed values already")


def _taxonomy(conf: Conf, document: Document) -> Iterator[Problem]:
    taxonomy, seen = conf.taxonomy, dict[str, str]()
    for name, event in taxonomy.events.items():
        where: Loc = ("events", name)
        yield from document.unknown((*where, "stage"), event.stage, taxonomy.stages, "stage")
        for loc, word in [(where, name), *(((*where, "aliases", i), alias) for i, alias in enumerate(event.aliases))]:
            if words(word) in seen:
                yield document.problem(loc, f"'{word}' is also a word for {seen[words(word)]}")
            seen.setdefault(words(word), name)
    yield from _contexts(conf, taxonomy, document)


def _contexts(conf: Conf, taxonomy: Taxonomy, document: Document) -> Iterator[Problem]:
    """Reports required properties that no contract of the channel maps: all such events would be quarantined."""
    given: dict[str, set[str]] = {}
    for contract in conf.contracts.values():
        if contract.table == "event" and "channel" in contract.constants:
            targets = [*contract.constants, *(field.settings.canonical or "" for field in contract.fields)]
            properties = {target.removeprefix("properties.") for target in targets if target.startswith("properties.")}
            given.setdefault(contract.constants["channel"], set()).update(properties)
    for name, event in taxonomy.events.items():
        for channel, needed in event.channels.items():
            for i, required in enumerate(needed):
                if channel in given and required not in given[channel]:
                    message = f"no contract of channel {channel} gives properties.{required}"
                    loc = ("events", name, "channels", channel, i)
                    yield document.problem(loc, message + did_you_mean(required, given[channel]))
