"""The catalog's tables of the shared vocabulary: event taxonomy and reference lists."""

from collections.abc import Iterator

from c360_spark.config import Conf
from c360_spark.contracts.catalog.parts import NONE, codes
from c360_spark.markup import Markup, element, joined, table


def words(conf: Conf) -> Markup:
    """The tables of events and of value lists."""
    return joined(
        [
            element("h2", "Events", id="events"),
            table(("event", "what", "stage", "owner", "sent by, with", "also called"), _events(conf)),
            element("h2", "Lists of values", id="lists"),
            table(("list", "what", "owner", "values"), _lists(conf)),
        ]
    )


def _events(conf: Conf) -> Iterator[tuple[None, list[str]]]:
    for name, event in sorted(conf.taxonomy.events.items()):
        channels = [
            element("p", channel, *([": ", codes(needed)] if needed else []))
            for channel, needed in sorted(event.channels.items())
        ]
        aliases = codes(event.aliases) if event.aliases else NONE
        yield None, [name, event.description, event.stage, event.owner, joined(channels), aliases]


def _lists(conf: Conf) -> Iterator[tuple[None, list[str]]]:
    for name, reference in sorted(conf.references.items()):
        yield None, [name, reference.description, reference.owner, codes(reference.values)]
