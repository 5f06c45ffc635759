"""What gold.yml says, held against namespaces, regions, the vocabulary of events and the columns of gold.profile."""

import zoneinfo
from collections.abc import Collection, Iterator

from c360_spark import tables
from c360_spark.config.conf import Conf
from c360_spark.config.document import Document, Loc, Problem
from c360_spark.tables.model import STRING

TEXTS = frozenset(column.name for column in tables.PROFILE.columns if column.type == STRING)


def check_gold(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    """Every unknown name in gold.yml, which may be absent."""
    if "gold.yml" not in documents:
        return
    document = documents["gold.yml"]
    events, sessions, households = conf.gold.events, conf.gold.sessions, conf.gold.households
    yield from _each(document, ("events", "devices"), events.devices, conf.rules.namespaces, "namespace")
    for region, zone in sessions.time_zones.items():
        loc: Loc = ("sessions", "time_zones", region)
        yield from document.unknown(loc, region, conf.rules.region_names, "region")
        yield from document.unknown(loc, zone, zoneinfo.available_timezones(), "time zone")
    passive = sessions.passive_events
    yield from _each(document, ("sessions", "passive_events"), passive, conf.taxonomy.events, "event")
    if households is None:
        return
    places: list[Loc] = [*(("address", i) for i, _ in enumerate(households.address)), ("surname",)]
    for place, part in zip(places, households.parts, strict=True):
        yield from document.unknown(("households", *place), part.column, TEXTS, "column of gold.profile")
    shared = households.shared_identifiers
    yield from _each(document, ("households", "shared_identifiers"), shared, conf.rules.namespaces, "namespace")
    for i, name in enumerate(shared):
        space = conf.rules.namespaces.get(name)
        if space and space.crowd_limit is None:
            message = f"'{name}' has no crowd_limit in identity.yml: who shares one is one person, not a household"
            yield document.problem(("households", "shared_identifiers", i), message)


def _each(document: Document, loc: Loc, words: Collection[str], known: Collection[str], what: str) -> Iterator[Problem]:
    for i, word in enumerate(words):
        yield from document.unknown((*loc, i), word, known, what)
