"""The catalog's table of metrics: definition, users and current total of each."""

from collections.abc import Iterator, Mapping

from c360_spark.config import Conf
from c360_spark.config.rules.metrics import LIFECYCLE
from c360_spark.contracts.catalog.parts import NONE, listed
from c360_spark.markup import Markup, element, joined, table

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
    found = [f"metric {other}" for other, each in made if name in conf.metrics.reading(each.expression)]
    for audience in conf.audiences.values():
        if name in conf.metrics.reading(audience.where, audience.exit):
            found.append(f"audience {audience.name}")
    for destination in conf.destinations.values():
        sent = [field for field, mapping in sorted(destination.fields.items()) if mapping.column == name]
        found += [f"destination {destination.name}: {field}" for field in sent]
    return found


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
