"""Checks gold.yml against namespaces, regions, the event taxonomy and the columns of gold.profile."""

from collections.abc import Collection, Iterator

from c360_spark import tables
from c360_spark.config.conf import Conf
from c360_spark.config.contract.odcs import TIME_ZONES
from c360_spark.config.rules.survivorship import ENTRY
from c360_spark.config.yaml.document import Document, Loc, Problem
from c360_spark.tables.model import STRING

TEXTS = frozenset(column.name for column in tables.PROFILE.columns if column.type == STRING)


def check_gold(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    """Yields every unknown name in gold.yml, which may be absent."""
    if "gold.yml" not in documents:
        return
    document = documents["gold.yml"]
    events, sessions = conf.gold.events, conf.gold.sessions
    yield from _each(document, ("events", "devices"), events.devices, conf.rules.namespaces, "namespace")
    for region, zone in sessions.time_zones.items():
        loc: Loc = ("sessions", "time_zones", region)
        yield from document.unknown(loc, region, conf.rules.region_names, "region")
        yield from document.unknown(loc, zone, TIME_ZONES, "time zone")
    passive = sessions.passive_events
    yield from _each(document, ("sessions", "passive_events"), passive, conf.taxonomy.events, "event")
    yield from _households(conf, document)
    yield from _accounts(conf, documents)


def _households(conf: Conf, document: Document) -> Iterator[Problem]:
    households = conf.gold.households
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


def _accounts(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    document, accounts = documents["gold.yml"], conf.gold.accounts
    if accounts is None:
        return
    if accounts.named_by:
        given = {
            field.settings.canonical.removeprefix(ENTRY)
            for contract in conf.contracts.values()
            if contract.table == tables.PROFILE_RECORD.name
            for field in contract.fields
            if field.settings.canonical and field.settings.canonical.startswith(ENTRY)
        }
        yield from document.unknown(("accounts", "named_by"), accounts.named_by, given, "attribute of customer records")
    if accounts.keys_of:
        sources = {source for (source, _), contract in conf.contracts.items() if contract.table == tables.ACCOUNT.name}
        yield from document.unknown(("accounts", "keys_of"), accounts.keys_of, sources, "source of companies")
    if accounts.domains is None:
        return
    for part in ("free_mail", "suffixes"):
        name = getattr(accounts.domains, part)
        if name is not None:
            yield from document.unknown(("accounts", "domains", part), name, conf.references, "list")
    yield from _suffixes(conf, documents)


def _suffixes(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    """Reports suffixes that do not have exactly two parts, because they would never match."""
    domains = conf.gold.accounts.domains if conf.gold.accounts else None
    listed = conf.references.get(domains.suffixes) if domains and domains.suffixes else None
    for i, value in enumerate(listed.values if listed else ()):
        if domains and value.count(".") != 1:
            message = f"'{value}' is no ending of two parts, such as co.uk, which gold.yml takes it for"
            yield documents["reference.yml"].problem((str(domains.suffixes), "values", i), message)


def _each(document: Document, loc: Loc, words: Collection[str], known: Collection[str], what: str) -> Iterator[Problem]:
    for i, word in enumerate(words):
        yield from document.unknown((*loc, i), word, known, what)
