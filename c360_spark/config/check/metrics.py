"""Checks metrics.yml against the columns of fact tables and gold.profile, and metrics against one another."""

from collections.abc import Iterator

from c360_spark.config.conf import Conf
from c360_spark.config.contract.money import DIGITS
from c360_spark.config.rules.expression import FUNCTIONS, KEYWORDS, complaints, used
from c360_spark.config.rules.metrics import FACTS, KINDS, LIFECYCLE, PROFILE, Fact, Metric, MetricRules
from c360_spark.config.yaml.document import Document, Loc, Problem
from c360_spark.tables import Pii
from c360_spark.tables.model import LONG, STRING, TIMESTAMP

ALONE = ("count", "days_since")  # take no column
AMOUNT = "_minor"


def check_metrics(conf: Conf, documents: dict[str, Document]) -> Iterator[Problem]:
    """Yields every problem of metrics.yml, which may be absent."""
    if "metrics.yml" not in documents:
        return
    document, rules = documents["metrics.yml"], conf.metrics
    for part in ("metrics", "derived"):
        for name in getattr(rules, part):
            yield from _name(document, (part, name), rules)
    for name, metric in rules.metrics.items():
        yield from _metric(document, ("metrics", name), metric)
    for name, derived in rules.derived.items():
        yield from _expression(document, ("derived", name, "expression"), derived.expression, rules)
        if derived.currency and derived.kind != "number":
            yield document.problem(("derived", name, "currency"), f"a {derived.kind} is no amount; leave out currency")
    for part in ("metrics", "derived"):
        for name, each in getattr(rules, part).items():
            if each.currency:
                yield from document.unknown((part, name, "currency"), each.currency, DIGITS, "currency")
    for name, state in rules.lifecycle.items():
        yield from _expression(document, (LIFECYCLE, name, "when"), state.when, rules)
    ordered = rules.ordered()
    circle = [name for name in rules.expressions if name not in ordered]
    if circle:
        loc = (LIFECYCLE,) if circle == [LIFECYCLE] else ("derived", circle[0], "expression")
        yield document.problem(loc, f"metrics are made of one another: {', '.join(circle)}")


def _name(document: Document, loc: Loc, rules: MetricRules) -> Iterator[Problem]:
    name = str(loc[-1])
    if name in PROFILE:
        yield document.problem(loc, f"'{name}' is a column of gold.profile; use another name")
    elif name in (*KEYWORDS, *FUNCTIONS, "as_of") or (name == LIFECYCLE and rules.lifecycle):
        yield document.problem(loc, f"'{name}' has a meaning of its own; use another name")
    elif loc[0] == "derived" and name in rules.metrics:
        yield document.problem(loc, f"'{name}' is a metric already")


def _metric(document: Document, loc: Loc, metric: Metric) -> Iterator[Problem]:
    if metric.of not in FACTS:
        yield from document.unknown((*loc, "of"), metric.of, FACTS, "kind of fact")
        return
    fact = FACTS[metric.of]
    if metric.where is not None:
        for complaint in complaints(metric.where, fact.names):
            yield document.problem((*loc, "where"), complaint)
    if metric.take in ALONE:
        for setting in ("column", "currency"):
            if getattr(metric, setting) is not None:
                yield document.problem((*loc, setting), f"{metric.take} takes no {setting}")
    elif metric.column is None:
        yield document.problem((*loc, "take"), f"{metric.take} of what? give a column of {fact.table.full_name}")
    elif metric.column not in fact.columns:
        what = f"column of {fact.table.full_name}"
        yield from document.unknown((*loc, "column"), metric.column, _fitting(fact, metric.take), what)
    else:
        yield from _column(document, loc, metric, fact, metric.column)


def _column(document: Document, loc: Loc, metric: Metric, fact: Fact, name: str) -> Iterator[Problem]:
    fitting = _fitting(fact, metric.take)
    if name not in fitting:
        yield document.problem((*loc, "column"), f"{metric.take} cannot take {name}: give {', '.join(fitting)}")
    amount = name.endswith(AMOUNT)
    if amount and metric.currency is None:
        message = f"{name} is in the currency of each {metric.of}: say currency, such as EUR; only those are taken"
        yield document.problem((*loc, "column"), message)
    if metric.currency is not None and not amount:
        yield document.problem((*loc, "currency"), f"{name} is no amount; leave out currency")


def _fitting(fact: Fact, take: str) -> list[str]:
    """The columns that suit an aggregate: numbers for `sum`, texts for `most`, numbers and times for `min` and `max`,
    any metric type for the others. Columns of PII class `direct` never do.
    """
    types = {"sum": (LONG,), "most": (STRING,), "min": (LONG, TIMESTAMP), "max": (LONG, TIMESTAMP)}
    wanted = types.get(take, tuple(KINDS))
    return [c.name for c in fact.columns.values() if c.type in wanted and c.pii is not Pii.DIRECT]


def _expression(document: Document, loc: Loc, text: str, rules: MetricRules) -> Iterator[Problem]:
    for complaint in complaints(text, rules.columns):
        yield document.problem(loc, complaint)
    for name in sorted(used(text, PROFILE)):
        if PROFILE[name].pii is Pii.DIRECT:
            yield document.problem(loc, f"{name} names a person by itself, and no metric may show it")
