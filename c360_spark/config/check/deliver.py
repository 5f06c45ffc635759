"""Checks `deliver` of destinations/*.yml against the kind, the platform, the schedule and other destinations."""

from collections.abc import Iterator

from c360_spark.config.activation.activation import NEEDS, OWN_COLUMNS, Deliver, Destination
from c360_spark.config.activation.destination_kinds import KINDS
from c360_spark.config.conf import Conf
from c360_spark.config.platform import is_remote
from c360_spark.config.yaml.document import Document, Problem


def check_deliver(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    """Yields every problem of the `deliver` blocks."""
    targets: dict[tuple[str | None, str | None], str] = {}
    for stem, destination in conf.destinations.items():
        settings, document = destination.deliver, documents[f"destinations/{stem}.yml"]
        if settings is None:
            continue
        yield from _settings(settings, document)
        yield from _form(destination, settings, document)
        if settings.to != "postgres":
            yield from _root(conf.platform.outgoing, document)
        elif settings.dsn_env and settings.table:
            other = targets.setdefault((settings.dsn_env, settings.table), stem)
            if other != stem:
                message = f"destinations/{other}.yml delivers to this table too; give each its own"
                yield document.problem(("deliver", "table"), message)
        if "deliver" not in {task.job for task in conf.schedule.root.values()}:
            message = "schedule.yml has no task with job: deliver, so nothing would be sent; add one after export"
            yield document.problem(("deliver",), message)


def _settings(settings: Deliver, document: Document) -> Iterator[Problem]:
    needed = NEEDS[settings.to]
    for name in dict.fromkeys(name for names in NEEDS.values() for name in names):
        given = getattr(settings, name) is not None
        if name in needed and not given:
            yield document.problem(("deliver",), f"'deliver.{name}' is missing: {settings.to} needs it")
        if given and name not in needed:
            yield document.problem(("deliver", name), f"{name} is not for {settings.to}; leave it out")


def _form(destination: Destination, settings: Deliver, document: Document) -> Iterator[Problem]:
    for field in destination.fields:
        if field in OWN_COLUMNS[settings.to]:
            message = f"delivery fills the column {field} of {settings.to} itself; use another name"
            yield document.problem(("fields", field), message)
    kind = KINDS.get(destination.kind)
    if kind and kind.for_people and settings.to != "csv":
        message = f"{destination.kind} is escaped for spreadsheets; deliver it to csv, or use another kind"
        yield document.problem(("deliver", "to"), message)
    elif kind and not kind.for_people and settings.to == "csv":
        message = f"a spreadsheet would compute what {destination.kind} sends; use kind: csv, or deliver to jsonl"
        yield document.problem(("deliver", "to"), message)


def _root(outgoing: str | None, document: Document) -> Iterator[Problem]:
    if outgoing is None:
        message = "platform.yml has no outgoing: the root of the folders that files are delivered to"
        yield document.problem(("deliver", "to"), message)
    elif is_remote(outgoing):
        message = f"outgoing is {outgoing}, but files are delivered to a folder of the machine or a mounted one"
        yield document.problem(("deliver", "to"), message)
