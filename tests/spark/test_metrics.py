"""One declaration of a metric gives one number: in the report, in an audience, at a destination and in the catalog."""

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.commands.audience import explain, preview
from c360_spark.commands.metrics import totals
from c360_spark.config import Conf
from c360_spark.config.activation.activation import Audience, Destination
from c360_spark.config.rules.metrics import FACTS, MetricRules
from c360_spark.contracts.catalog.vocabulary import metrics
from c360_spark.export.payload import payloads
from c360_spark.gold.metric import LARGEST, measured, metric_rows, metric_totals, metric_values
from c360_spark.lookup import Lookup
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.gold.build_metrics import MADE, all_metrics, build_metrics
from c360_spark.stages.gold.persons_with_metrics import persons_with_metrics
from c360_spark.store import Store
from tests.conftest import AS_OF
from tests.stages import build_audiences

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
Fact = dict[str, Any]
DAY = timedelta(days=1)
GRANTED = {"purpose": "analytics", "status": "granted", "effective_from": AS_OF - DAY}


def order(person: str, number: int, days: float, cents: int | None = 100, **said: Any) -> Fact:
    """An order of a person so many days before AS_OF."""
    row = {"source": "s", "dataset": "d", "source_key": f"{person}{number}", "ordered_at": AS_OF - days * DAY}
    return {**row, "person_id": person, "currency": "EUR", "total_minor": cents, **said}


def taken(metric: dict[str, Any], facts: list[Fact], as_of: datetime) -> Any:
    """The oracle: a metric over orders, in plain Python. `keep` stands for `where`."""
    keep = metric.get("keep", lambda _: True)
    since = as_of - metric["days"] * DAY if "days" in metric else datetime.min
    found = [f for f in facts if since < f["ordered_at"] <= as_of and keep(f)]
    found = [f for f in found if metric.get("currency") in (None, f["currency"])]
    if metric["take"] == "count":
        return len(found)
    if metric["take"] == "days_since":
        return (as_of - max(f["ordered_at"] for f in found)) // DAY if found else None
    ordered = sorted(found, key=lambda f: (f["ordered_at"], f["source"], f["dataset"], f["source_key"]))
    values = [f[metric["column"]] for f in ordered if f.get(metric["column"]) is not None]
    if metric["take"] == "sum":
        return sum(values)
    if metric["take"] == "most":
        return min(values, key=lambda v: (-Counter(values)[v], v)) if values else None
    pick = {"min": min, "max": max, "first": lambda v: v[0], "latest": lambda v: v[-1]}[metric["take"]]
    return pick(values) if values else None


MONEY = {"column": "total_minor", "currency": "EUR"}
METRICS: dict[str, dict[str, Any]] = {
    "n": {"take": "count"},
    "n_3d": {"take": "count", "days": 3},
    "paid": {"take": "count", "where": "status <> 'open'", "keep": lambda f: f["status"] not in (None, "open")},
    "sum_eur": {"take": "sum", **MONEY},
    "sum_usd_3d": {"take": "sum", "column": "total_minor", "currency": "USD", "days": 3},
    "least": {"take": "min", **MONEY},
    "most_at": {"take": "max", "column": "ordered_at"},
    "first_channel": {"take": "first", "column": "channel"},
    "last_channel": {"take": "latest", "column": "channel", "days": 3},
    "usual": {"take": "most", "column": "channel"},
    "since": {"take": "days_since"},
}


def declared(metrics: dict[str, dict[str, Any]], **more: Any) -> MetricRules:
    plain = {name: {k: v for k, v in said.items() if k != "keep"} for name, said in metrics.items()}
    return MetricRules.model_validate(
        {"metrics": {name: {"meaning": name, "of": "order", **said} for name, said in plain.items()}, **more}
    )


def test_every_way_to_take_a_metric_is_what_plain_python_makes_of_it(spark: SparkSession, frame: Frame) -> None:
    dice, facts = random.Random(7), []
    for person in range(60):
        for number in range(dice.randint(1, 6)):
            days = dice.choice([-1, -1e-6 / 86_400, 0, 1, 1.5, 3 - 1e-6 / 86_400, 3, 3.2, 40])
            said = {"status": dice.choice([None, "open", "paid"]), "channel": dice.choice([None, "web", "app", "shop"])}
            said["currency"] = dice.choice(["EUR", "USD", None])
            facts.append(order(f"p{person}", number, days, dice.choice([None, 0, 1, 2**53 + 1]), **said))
    rules, fact = declared(METRICS).metrics, FACTS["order"]
    people = [fact.pop("person_id") for fact in facts]
    keys = spark.createDataFrame(
        [(f["source_key"], p) for f, p in zip(facts, people, strict=True)], "k string, person_id string"
    )
    orders = frame(tables.ORDER, *facts)
    rows = orders.join(keys.withColumnRenamed("k", "source_key"), "source_key")
    for as_of in (AS_OF, AS_OF - 2 * DAY):
        found = {row.person_id: row.asDict() for row in measured(rows, fact, rules, as_of=as_of).collect()}
        for person in set(people):
            theirs = [f for f, p in zip(facts, people, strict=True) if p == person]
            expected = {name: taken(metric, theirs, as_of) for name, metric in METRICS.items()}
            if not any(f["ordered_at"] <= as_of for f in theirs):
                assert person not in found
            else:
                assert {name: found[person][name] for name in METRICS} == expected


def test_a_sum_beyond_a_long_stays_at_its_end_and_never_turns_negative(frame: Frame) -> None:
    rules = declared({"sum_eur": METRICS["sum_eur"]}).metrics
    rows = frame(
        tables.ORDER, *({k: v for k, v in order("p", n, 1, LARGEST).items() if k != "person_id"} for n in range(2))
    )
    found = measured(rows.selectExpr("*", "'p' AS person_id"), FACTS["order"], rules, as_of=AS_OF).head()
    assert found is not None
    assert found.sum_eur == LARGEST


RULES = declared(
    {
        "orders_3d": {"take": "count", "days": 3, "where": "status <> 'cancelled'"},
        "revenue_eur_cents": {"take": "sum", **MONEY, "where": "status <> 'cancelled'"},
        "usual_channel": {"take": "most", "column": "channel"},
        "recency_days": {"take": "days_since"},
    },
    derived={
        "twice": {"meaning": "m", "expression": "basket * 2"},
        "basket": {"meaning": "m", "expression": "revenue_eur_cents / orders_3d"},
    },
    lifecycle={
        "buyer": {"meaning": "m", "when": "orders_3d > 0"},
        "quiet": {"meaning": "m", "when": "recency_days >= 3"},
    },
)
ORDERS = [
    order("a", 1, 1, 1000, status="paid", channel="web"),
    order("a", 2, 2, 501, status="paid", channel="app"),
    order("a", 3, -1, 9999, status="paid"),  # tomorrow
    order("b", 1, 1, 700, status="cancelled"),
    order("b", 2, 1, 50, status="paid", currency="USD", channel="web"),
    order("c", 1, 3, 300, status="paid"),  # on the edge, which is outside
]


@pytest.fixture
def run(store: Store, spark: SparkSession, frame: Frame, conf: Conf) -> Run:
    """A lake of four persons and ORDERS; d has none."""
    store.append(tables.PROFILE, frame(tables.PROFILE, *({"person_id": p, "region": "EU"} for p in "abcd")))
    store.append(tables.CONSENT_STATE, frame(tables.CONSENT_STATE, *({"person_id": p, **GRANTED} for p in "abcd")))
    rows = [{k: v for k, v in one.items() if k != "person_id"} for one in ORDERS]
    store.append(tables.ORDER, frame(tables.ORDER, *rows))
    keys = [{k: one[k] for k in ("source", "dataset", "source_key", "person_id")} for one in ORDERS]
    store.append(tables.PERSON_XREF, frame(tables.PERSON_XREF, *keys))
    buyers = Audience(name="buyers", description="d", owner="o", purpose="analytics", where="orders_3d > 0")
    conf = replace(conf, metrics=RULES, audiences={"buyers": buyers})
    return Run(spark, store, conf, AS_OF, run_id_of(AS_OF))


def conf_letter(run: Run) -> Destination:
    fields = {"orders": {"column": "orders_3d"}}
    letter = run.conf.destinations["newsletter"].model_dump(by_alias=True)
    return Destination.model_validate({**letter, "fields": fields})


def later(run: Run, days: float, **changed: Any) -> Run:
    moment = run.as_of + days * DAY
    return replace(run, as_of=moment, run_id=run_id_of(moment), conf=replace(run.conf, **changed))


def values(run: Run) -> dict[tuple[str, str], Any]:
    rows = run.store.read(tables.METRIC).collect()
    return {(r.person_id, r.metric): next(v for v in (r.number, r.text, r.moment) if v is not None) for r in rows}


def moves(run: Run) -> set[tuple[str, int, str | None, str | None]]:
    rows = run.store.read(tables.LIFECYCLE_TRANSITION).collect()
    return {(r.person_id, (r.transitioned_at - AS_OF).days, r.from_state, r.to_state) for r in rows}


def test_one_number_is_the_same_in_the_report_in_an_audience_in_the_catalog_and_at_a_destination(run: Run) -> None:
    build_metrics(run)
    assert values(run) == {
        ("a", "orders_3d"): 2,
        ("a", "revenue_eur_cents"): 1501,
        ("a", "usual_channel"): "app",
        ("a", "recency_days"): 1,
        ("a", "basket"): 750,
        ("a", "twice"): 1500,
        ("a", "lifecycle"): "buyer",
        ("b", "orders_3d"): 1,
        ("b", "usual_channel"): "web",
        ("b", "recency_days"): 1,
        ("b", "basket"): 0,
        ("b", "twice"): 0,
        ("b", "lifecycle"): "buyer",
        ("c", "revenue_eur_cents"): 300,
        ("c", "recency_days"): 3,
        ("c", "lifecycle"): "quiet",
    }
    summed = {(r.metric, r.text): r for r in run.store.read(tables.METRIC_TOTAL).collect()}
    total = summed["orders_3d", ""]
    assert (total.region, total.person_count, total.total, total.smallest, total.greatest) == ("EU", 4, 3, 0, 2)
    assert (summed["lifecycle", "buyer"].person_count, summed["lifecycle", "quiet"].person_count) == (2, 1)
    seen = persons_with_metrics(run, {"orders_3d", "revenue_eur_cents", "usual_channel"}).collect()
    assert {r.person_id: (r.orders_3d, r.revenue_eur_cents, r.usual_channel) for r in seen} == {
        "a": (2, 1501, "app"),
        "b": (1, 0, "web"),
        "c": (0, 300, None),
        "d": (0, 0, None),
    }
    assert "2 qualify" in preview(run, "buyers", where="lifecycle = 'buyer' AND orders_3d BETWEEN 1 AND 2")
    assert "2 qualify" in preview(run, "buyers", where="orders_3d = 0")
    assert "holds                           qualifies: orders_3d > 0" in explain(run, "buyers", "a")
    told = totals(Lookup(run.store.lake), RULES)
    assert told["orders_3d"] == "3 over 4 persons, from 0 to 2, 0.8 on average"
    assert told["lifecycle"] == "buyer 2, quiet 1"
    page = metrics(run.conf, told)
    assert '<td data-label="now">3 over 4 persons, from 0 to 2, 0.8 on average</td>' in page
    assert "audience buyers" in page
    letter = conf_letter(run)
    sent = payloads(persons_with_metrics(run, {"orders_3d"}), letter).collect()
    assert {r.person_id: r.payload["orders"] for r in sent} == {"a": "2", "b": "1", "c": "0", "d": "0"}
    versions = [run.store.version(table) for table in MADE]
    build_metrics(run)
    assert [run.store.version(table) for table in MADE] == versions


def test_windows_slide_states_change_and_a_new_definition_is_the_rule(run: Run) -> None:
    build_metrics(run)
    build_audiences(run)
    first = {("a", 0, None, "buyer"), ("b", 0, None, "buyer"), ("c", 0, None, "quiet")}
    assert moves(run) == first

    next_day = later(run, 2)
    run.store.sync(tables.PROFILE, run.store.read(tables.PROFILE).where("person_id <> 'c'"))  # merged away
    build_metrics(next_day)
    assert values(next_day)["a", "orders_3d"] == 1  # tomorrow's order came, both of the past went by
    assert ("b", "orders_3d") not in values(next_day)
    second = first | {("b", 2, "buyer", "quiet"), ("c", 2, "quiet", None)}
    assert moves(run) == second
    build_audiences(next_day)

    said = RULES.model_dump(by_alias=True)
    said["metrics"]["orders_3d"]["days"] = 9
    rules = MetricRules.model_validate(said)
    changed = later(next_day, 0.5, metrics=rules)
    build_metrics(changed)
    build_audiences(changed)
    stays = run.store.read(tables.AUDIENCE_MEMBER).collect()
    told = {(r.person_id, r.entered_cause, r.exited_cause) for r in stays}
    assert told == {("a", "data", None), ("b", "data", "data"), ("b", "rule", None)}


@pytest.mark.parametrize("seed", range(5) if os.environ.get("C360_LONG") else [1])
def test_metrics_of_touched_persons_are_those_of_everybody(
    run: Run, frame: Frame, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    dice, facts = random.Random(seed), [*ORDERS, order("d", 1, 2.9), order("b", 3, -0.1)]
    for hours, there in ((0, "abcd"), (5, "abd"), (48, "abcd")):
        run = later(run, hours / 24)
        chosen = dice.randrange(len(ORDERS))  # an order is another's, and costs something else
        facts[chosen] = {**facts[chosen], "person_id": dice.choice("abc"), "total_minor": dice.randrange(999)}
        _bring(run, frame, facts, there)
        build_metrics(run)
        assert ("persons affected" in capsys.readouterr().err) == (hours == 5)  # recency is in whole days
        everybody, _ = run.store.stage("everybody", all_metrics(run))
        rows = metric_values(everybody, RULES)
        for table, made in ((tables.METRIC, metric_rows(rows, RULES)), (tables.METRIC_TOTAL, metric_totals(rows))):
            names = table.column_names
            assert set(run.store.read(table).select(*names).collect()) == set(made.select(*names).collect())
        states = {row.person_id: row.lifecycle for row in everybody.collect()}
        ordered = sorted(run.store.read(tables.LIFECYCLE_TRANSITION).collect(), key=lambda row: row.transitioned_at)
        last = {row.person_id: row.to_state for row in ordered}
        assert {p: state for p, state in last.items() if state} == {p: state for p, state in states.items() if state}


def _bring(run: Run, frame: Frame, facts: list[Fact], there: str) -> None:
    orders = [{k: v for k, v in one.items() if k != "person_id"} for one in facts]
    run.store.sync(tables.ORDER, frame(tables.ORDER, *orders))
    keys = [{k: one[k] for k in ("source", "dataset", "source_key", "person_id")} for one in facts]
    run.store.sync(tables.PERSON_XREF, frame(tables.PERSON_XREF, *keys))
    run.store.sync(tables.PROFILE, frame(tables.PROFILE, *({"person_id": p, "region": "EU"} for p in there)))
