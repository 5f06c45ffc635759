"""A move by data that should have been here when the audience was last looked at has a cause of its own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.commands.audience import preview
from c360_spark.config import Conf
from c360_spark.config.activation.activation import Audience
from c360_spark.config.rules.metrics import Derived, Metric, MetricRules
from c360_spark.gold.late_data import arrived
from c360_spark.run.context import Run, run_id_of
from c360_spark.silver.identifiers import SEEN_AT
from c360_spark.store import Store
from c360_spark.tables import Table
from tests.conftest import AS_OF, utc
from tests.stages import build_audiences

Frame = Callable[..., DataFrame]
LATENCY = timedelta(days=1)  # of every dataset in conf/ that the tests name
NEXT_LOOK = AS_OF + timedelta(days=7)
SAID = {"purpose": "analytics", "status": "granted", "effective_from": utc("2025-01-01")}
OF_ORDERS, OF_CASES = {"source": "commerce", "dataset": "order"}, {"source": "support", "dataset": "case"}


def test_what_a_condition_reads_says_which_records_it_is_made_of() -> None:
    orders = Metric(meaning="m", of="order", take="count")
    sessions = Metric(meaning="m", of="session", take="count")
    rules = MetricRules(
        metrics={"orders": orders, "sessions": sessions},
        derived={"busy": Derived(meaning="m", expression="sessions > 3 AND loyalty_tier = 'gold'", type="text")},
    )
    assert rules.records("orders > 0", None) == {"order"}
    assert rules.records("case_count > 0", "busy") == {"support_case", "event", "profile_record"}
    assert rules.records("region = 'eu' AND last_event_at > as_of", "revenue_minor['EUR'] > 0") == {"event", "order"}
    assert rules.records("region = 'eu'") == set()


def arrivals(table: Table, rows: DataFrame, **promises: timedelta) -> dict[str, bool]:
    named = {name.replace("_", "."): latency for name, latency in promises.items()}
    found = arrived(rows, SEEN_AT[table.name], named, since=AS_OF, versioned=True).collect()
    return {row.identifier_set_id: row.overdue for row in found}


@pytest.mark.spark
def test_a_record_is_overdue_when_its_promise_ended_before_the_look_and_it_came_after(frame: Frame) -> None:
    hour, came = timedelta(hours=1), {**OF_ORDERS, "received_at": NEXT_LOOK}
    end = AS_OF - LATENCY
    orders = frame(
        tables.ORDER,
        {**came, "identifier_set_id": "just overdue", "ordered_at": end},
        {**came, "identifier_set_id": "in time", "ordered_at": end + hour},
        {**came, "identifier_set_id": "after the look", "ordered_at": AS_OF + hour},
        # A run gives each file it lands a microsecond of its own.
        {**OF_ORDERS, "identifier_set_id": "here", "ordered_at": end, "received_at": AS_OF + timedelta(microseconds=9)},
        {**came, **OF_CASES, "identifier_set_id": "without a promise", "ordered_at": end},
        *(
            {**came, "source_key": "k", "identifier_set_id": "known", "ordered_at": end, "received_at": at}
            for at in (AS_OF - hour, NEXT_LOOK)
        ),
    )
    told = {"just overdue": True, "in time": False, "after the look": False, "without a promise": False, "known": False}
    assert arrivals(tables.ORDER, orders, commerce_order=LATENCY) == told
    assert set(arrivals(tables.ORDER, orders).values()) == {False}
    ages = timedelta(days=366 * 100_000)
    assert set(arrivals(tables.ORDER, orders, commerce_order=ages).values()) == {False}


@pytest.mark.spark
def test_a_new_version_of_a_known_record_is_as_old_as_its_source_says(frame: Frame) -> None:
    def versions(key: str, updated_at: datetime | None) -> list[dict[str, Any]]:
        record = {"source": "crm", "dataset": "customer", "source_key": key, "identifier_set_id": key}
        old = {**record, "created_at": utc("2025-01-01"), "received_at": AS_OF}
        return [old, {**old, "updated_at": updated_at, "received_at": NEXT_LOOK}]

    rows = [*versions("overdue", AS_OF - LATENCY), *versions("new", AS_OF), *versions("does not say", None)]
    told = arrivals(tables.PROFILE_RECORD, frame(tables.PROFILE_RECORD, *rows), crm_customer=LATENCY)
    assert told == {"overdue": True, "new": False, "does not say": False}


@pytest.fixture
def run(spark: SparkSession, conf: Conf, frame: Frame, tmp_path: Path) -> Run:
    """Persons a to f, each with an identifier and its set, who ordered nothing; of them d and e have no case."""
    store = Store(spark, str(tmp_path / "lake"))
    people = [{"person_id": p, "order_count": 0, "case_count": 0} for p in "abcdef"]
    store.append(tables.PROFILE, frame(tables.PROFILE, *people))
    store.append(tables.CONSENT_STATE, frame(tables.CONSENT_STATE, *({"person_id": p, **SAID} for p in "abcdef")))
    placed = ({"identifier_id": i, "person_id": p, "valid_to_run": None} for i, p in enumerate("abcdef"))
    store.append(tables.MEMBERSHIP, frame(tables.MEMBERSHIP, *placed))
    member = {"namespace": "customer_id", "region": "eu", "value": "v", "verified": True}
    sets = ({"identifier_set_id": p, "members": [{"identifier_id": i, **member}]} for i, p in enumerate("abcdef"))
    store.append(tables.IDENTIFIER_SET, frame(tables.IDENTIFIER_SET, *sets))
    audiences = {name: Audience(name=name, **_said(where)) for name, where in CONDITIONS.items()}
    return Run(spark, store, replace(conf, audiences=audiences), AS_OF, run_id_of(AS_OF))


CONDITIONS = {"buyers": "order_count > 0", "content": "case_count = 0 AND region IS NOT NULL"}


def _said(where: str) -> dict[str, str]:
    return {"description": "d", "owner": "o", "purpose": "analytics", "where": where}


@pytest.mark.spark
def test_who_moves_by_nothing_but_overdue_data_is_told_so_and_the_causes_add_up(run: Run, frame: Frame) -> None:
    build_audiences(run)
    store, then = run.store, replace(run, as_of=NEXT_LOOK, run_id=run_id_of(NEXT_LOOK))
    late, fresh = AS_OF - timedelta(days=5), AS_OF + timedelta(days=5)
    ordered = [("a", late), ("b", fresh), ("c", late), ("c", fresh), ("d", late)]
    come = {"received_at": NEXT_LOOK}
    orders = ({**OF_ORDERS, **come, "identifier_set_id": p, "ordered_at": at} for p, at in ordered)
    cases = ({**OF_CASES, **come, "identifier_set_id": p, "opened_at": at} for p, at in (("d", fresh), ("e", late)))
    store.append(tables.ORDER, frame(tables.ORDER, *orders))
    store.append(tables.SUPPORT_CASE, frame(tables.SUPPORT_CASE, *cases))
    now = ({"person_id": p, "order_count": int(p in "abcd"), "case_count": int(p in "de")} for p in "abcdef")
    store.sync(tables.PROFILE, frame(tables.PROFILE, *now))
    foreseen = preview(then, "buyers")
    assert "2 would enter: data" in foreseen
    assert "2 would enter: late_data" in foreseen
    for _ in range(2):  # the same run again tells the same
        build_audiences(then)
        members = store.read(tables.AUDIENCE_MEMBER).where("entered_at > '2026-01-02' OR exited_at IS NOT NULL")
        found = {(r.audience, r.person_id): r.exited_cause or r.entered_cause for r in members.collect()}
        assert found == {
            ("buyers", "a"): "late_data",
            ("buyers", "b"): "data",
            ("buyers", "c"): "data",  # some of it was in time
            ("buyers", "d"): "late_data",  # the case is nothing to it
            ("content", "d"): "data",
            ("content", "e"): "late_data",
        }
        sizes = store.read(tables.AUDIENCE_SIZE).where("evaluated_at > '2026-01-02'").collect()
        assert {(r.audience, r.size_before, r.size_after): r.causes for r in sizes} == {
            ("buyers", 0, 4): {"data": 2, "late_data": 2},
            ("content", 6, 4): {"data": -1, "late_data": -1},
        }
