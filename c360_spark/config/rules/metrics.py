"""metrics.yml: metrics of a person, each defined once for reports, audiences, destinations and the catalog."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from c360_spark import tables
from c360_spark.config.rules.expression import used
from c360_spark.config.yaml.model import Model
from c360_spark.tables import Pii, Table
from c360_spark.tables.model import LONG, STRING, TIMESTAMP

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Kind = Literal["number", "text", "moment"]  # a column of gold.metric
KINDS: dict[object, Kind] = {LONG: "number", STRING: "text", TIMESTAMP: "moment"}
LIFECYCLE = "lifecycle"
SPOKEN = {"meaning", "unit"}  # not part of the fingerprint: another wording does not change the metric
RECORD = ("source", "dataset", "source_key")
PROFILE = {column.name: column for column in tables.PROFILE.columns}
# Columns of gold.profile that do not come from customer records, with the silver table whose records they aggregate.
COUNTED = {
    **dict.fromkeys(("order_count", "revenue_minor", "unpriced_order_count", "last_order_at"), tables.ORDER),
    **dict.fromkeys(("event_count", "last_event_at"), tables.EVENT),
    "case_count": tables.SUPPORT_CASE,
}
WORDS = {
    "count": "number of {facts}",
    "sum": "sum of {column} over {facts}",
    "min": "smallest {column} of {facts}",
    "max": "greatest {column} of {facts}",
    "first": "{column} of the earliest {fact} that has one",
    "latest": "{column} of the latest {fact} that has one",
    "most": "most frequent {column} of {facts}",
    "days_since": "whole days since the latest {fact}",
}


@dataclass(frozen=True)
class Fact:
    """A fact table of persons. `at` is its time column and `key` breaks ties between equal times; `names` are the
    columns that a condition may read; `records` is the silver table that the facts are built from.
    """

    table: Table
    records: Table
    plural: str
    at: str
    key: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def columns(self) -> dict[str, tables.Column]:
        return {column.name: column for column in self.table.columns if column.name in self.names}


OF_RECORD = ("source", "dataset", "region")
ORDER = ("ordered_at", "status", "channel", "currency", "total_minor", "attributes", "country", *OF_RECORD)
CASE = ("opened_at", "channel", "subject", "priority", "status", "country", *OF_RECORD)
EVENT = ("occurred_at", "event_name", "channel", "campaign", *OF_RECORD)
SESSION = ("started_at", "ended_at", "event_count", "device_count", "channels", "campaign", "entry_event")
SUBSCRIPTION = ("started_at", "ends_at", "is_active", "status", "product", "monthly_minor", "currency", *RECORD[:2])
FACTS = {
    "order": Fact(tables.ORDER, tables.ORDER, "orders", "ordered_at", RECORD, ORDER),
    "case": Fact(tables.SUPPORT_CASE, tables.SUPPORT_CASE, "cases", "opened_at", RECORD, CASE),
    "event": Fact(tables.GOLD_EVENT, tables.EVENT, "events", "occurred_at", RECORD, EVENT),
    "session": Fact(tables.SESSION, tables.EVENT, "sessions", "started_at", ("session_id",), SESSION),
    "subscription": Fact(
        tables.GOLD_SUBSCRIPTION, tables.SUBSCRIPTION, "subscriptions", "started_at", RECORD, SUBSCRIPTION
    ),
}


class Metric(Model):
    """An aggregate over the facts of one kind that meet the condition `where` and are at most `days` days old.

    `take` is the aggregate function, described in WORDS. All functions but `count` and `days_since` need a `column`,
    and a column of amounts also needs a `currency`. Without facts, a count and a sum are 0, all others null.
    """

    meaning: str
    of: str
    take: Literal["count", "sum", "min", "max", "first", "latest", "most", "days_since"]
    column: str | None = None
    where: str | None = None
    currency: str | None = None
    days: PositiveInt | None = None
    unit: str | None = None

    @property
    def has_zero(self) -> bool:
        """Whether the metric is 0, not null, for a person without facts."""
        return self.take in ("count", "sum")

    @property
    def kind(self) -> Kind:
        return KINDS[FACTS[self.of].columns[self.column].type] if self.column else "number"

    @property
    def reads(self) -> set[str]:
        """The columns of the fact table that the metric depends on."""
        fact = FACTS[self.of]
        given = {fact.at, *([self.column] if self.column else []), *(["currency"] if self.currency else [])}
        return given | used(self.where or "", fact.names)

    @property
    def definition(self) -> str:
        """The definition as text."""
        told = WORDS[self.take].format(column=self.column, fact=self.of, facts=FACTS[self.of].plural)
        told += f" in {self.currency}" if self.currency else ""
        told += f" where {self.where}" if self.where else ""
        return told + (f", over the last {self.days} days" if self.days else "")


class Derived(Model):
    """A metric computed by an expression over columns of gold.profile, `as_of` and other metrics. With a `currency` it
    is an amount in minor units of that currency.
    """

    meaning: str
    expression: str
    kind: Kind = Field("number", alias="type")
    unit: str | None = None
    currency: str | None = None

    @property
    def has_zero(self) -> bool:
        return False

    @property
    def definition(self) -> str:
        return self.expression


class State(Model):
    """One state of the lifecycle. A person is in the first state whose condition holds."""

    meaning: str
    when: str


class MetricRules(Model):
    """The whole of metrics.yml. A non-empty `lifecycle` defines the metric `lifecycle`."""

    metrics: dict[Name, Metric] = {}
    derived: dict[Name, Derived] = {}
    lifecycle: dict[Name, State] = {}

    @cached_property
    def expressions(self) -> dict[str, Derived]:
        """The derived metrics, with the lifecycle last."""
        if not self.lifecycle:
            return self.derived
        cases = " ".join(f"WHEN {state.when} THEN '{name}'" for name, state in self.lifecycle.items())
        meaning = "the state of the lifecycle: the first whose condition holds"
        return {**self.derived, LIFECYCLE: Derived(meaning=meaning, expression=f"CASE {cases} END", type="text")}

    @cached_property
    def all(self) -> Mapping[str, Metric | Derived]:
        """Every metric by name."""
        return {**self.metrics, **self.expressions}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names that a condition about a person may read."""
        return *PROFILE, *self.all, "as_of"

    @property
    def currencies(self) -> dict[str, str]:
        """The currency of each metric that is an amount of money, in minor units."""
        return {name: metric.currency for name, metric in self.all.items() if metric.currency}

    def of(self, kind: str) -> dict[str, Metric]:
        """The metrics over one kind of fact."""
        return {name: metric for name, metric in self.metrics.items() if metric.of == kind}

    def moves_everybody(self, span: timedelta) -> bool:
        """Whether a time span alone can change the metrics of any person: with `days_since`, from one day on, or with
        an expression that reads `as_of`.
        """
        daily = any(metric.take == "days_since" for metric in self.metrics.values())
        timed = any(used(derived.expression, ("as_of",)) for derived in self.expressions.values())
        return (daily and span >= timedelta(days=1)) or (timed and span > timedelta(0))

    def ordered(self) -> list[str]:
        """Derived metrics in topological order; leaves out metrics of a cycle and metrics that depend on one."""
        done: list[str] = []
        while ready := [n for n in self.expressions if n not in done and self._needs(n) <= set(done)]:
            done += ready
        return done

    def reading(self, *texts: str | None) -> set[str]:
        """The metrics that the expressions read directly."""
        return {name for text in texts if text for name in used(text, self.all)}

    def behind(self, names: Collection[str]) -> set[str]:
        """These metrics and, transitively, all metrics that they read."""
        found = set(names)
        while more := {n for name in found & self.expressions.keys() for n in self._read(name)} - found:
            found |= more
        return found

    def made_of(self, profile: Collection[str], columns: Collection[str]) -> list[str]:
        """Metrics that depend on any of these columns of gold.profile or any of these `<layer>.<table>.<column>`."""

        def direct(metric: Metric | Derived) -> bool:
            if isinstance(metric, Derived):
                return bool(used(metric.expression, profile))
            return any(f"{FACTS[metric.of].table.full_name}.{column}" in columns for column in metric.reads)

        found = {name for name, metric in self.all.items() if direct(metric)}
        return [name for name in self.all if self.behind([name]) & found]

    def records(self, *texts: str | None) -> set[str]:
        """Names of the silver tables that the expressions are built from, through metrics and gold.profile."""
        metrics = self.behind(self.reading(*texts))
        said = [
            *(text for text in texts if text),
            *(self.expressions[n].expression for n in metrics if n in self.expressions),
        ]
        columns = {column for text in said for column in used(text, PROFILE)} - {"person_id", "region"}
        found = {FACTS[self.metrics[name].of].records.name for name in metrics if name in self.metrics}
        return found | {COUNTED.get(column, tables.PROFILE_RECORD).name for column in columns}

    def pii(self, name: str) -> Pii:
        """The PII class of a metric: the strictest class among the columns it is computed from."""
        classes = {column.pii for each in self.behind([name]) for column in self._columns(each)}
        return next((pii for pii in (Pii.DIRECT, Pii.INDIRECT) if pii in classes), Pii.NONE)

    def fingerprint(self, *texts: str | None) -> str | None:
        """A hash that changes with the definition of any metric behind these expressions; None if they read none."""
        behind = self.behind(self.reading(*texts))
        said = "".join(f"{name} {self.all[name].model_dump_json(exclude=SPOKEN)}\n" for name in sorted(behind))
        return hashlib.sha256(said.encode()).hexdigest()[:16] if said else None

    def _read(self, name: str) -> set[str]:
        return used(self.expressions[name].expression, self.all)

    def _needs(self, name: str) -> set[str]:
        return self._read(name) & self.expressions.keys()

    def _columns(self, name: str) -> Iterator[tables.Column]:
        metric = self.all[name]
        if isinstance(metric, Derived):
            yield from (PROFILE[column] for column in used(metric.expression, PROFILE))
        elif metric.of in FACTS and metric.column in FACTS[metric.of].columns:
            yield FACTS[metric.of].columns[metric.column]
