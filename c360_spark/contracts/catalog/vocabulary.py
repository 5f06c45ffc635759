"""The catalog's tables of the shared vocabulary: metrics, event taxonomy and reference lists."""

from collections.abc import Iterator, Mapping

from c360_spark.config import Conf
from c360_spark.config.rules.metrics import LIFECYCLE
from c360_spark.contracts.catalog.parts import NONE, codes, listed
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


COLUMNS = ("metric", "what", "definition", "unit", "used by")


def metrics(conf: Conf, totals: Mapping[str, str] | None = None) -> Markup:
    """The metrics and lifecycle tables. `totals` gives the current total of each metric as text; if it is None, that
    column is left out.
    """
    if not conf.metrics.all:
        return Markup()
    columns = COLUMNS if totals is None else (*COLUMNS, "now")
    return joined(
        [element("h2", "Metrics", id="metrics"), table(columns, _rows(conf, totals)), _states(conf)],
    )


def users(conf: Conf, name: str) -> list[str]:
    """The users of a metric: other metrics, audiences, and destinations with the field that carries it."""
    made = conf.metrics.expressions.items()
    readers = [f"metric {other}" for other, each in made if name in conf.metrics.reading(each.expression)]
    for audience in conf.audiences.values():
        if name in conf.metrics.reading(audience.where, audience.exit):
            readers.append(f"audience {audience.name}")
    for destination in conf.destinations.values():
        sent = [field for field, mapping in sorted(destination.fields.items()) if mapping.column == name]
        readers += [f"destination {destination.name}: {field}" for field in sent]
    return readers


def _rows(conf: Conf, totals: Mapping[str, str] | None) -> Iterator[tuple[None, list[str]]]:
    for name, metric in conf.metrics.all.items():
        told = [
            name,
            metric.meaning,
            element("code", metric.definition),
            metric.unit or NONE,
            listed(users(conf, name)),
        ]
        yield None, told if totals is None else [*told, totals.get(name, NONE)]


def _states(conf: Conf) -> Markup:
    if not conf.metrics.lifecycle:
        return Markup()
    rows = [
        (None, [name, state.meaning, element("code", state.when)]) for name, state in conf.metrics.lifecycle.items()
    ]
    return joined([element("h2", "Lifecycle", id=LIFECYCLE), table(("state", "what", "when"), rows)])
