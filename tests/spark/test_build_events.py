"""A late login moves what a cookie did before, once."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.run.context import Run
from c360_spark.stages.gold.build_events import MADE, build_events
from c360_spark.store import Store
from tests.conftest import DyingStore, Killed
from tests.spark.test_attribution import ACCOUNT, COOKIE, change, day, span

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Frame = Callable[..., DataFrame]
MORNING = day(0) + timedelta(hours=10)


def happened(frame: Frame, run: Run, *events: tuple[str, str, datetime]) -> None:
    """Events of silver by name, identifier set and time, received by the run."""
    rows = [
        {"source": "web", "dataset": "event", "source_key": name, "identifier_set_id": of_set, "occurred_at": at}
        | {"received_at": run.as_of, "event_name": "page_viewed", "region": "EU"}
        for name, of_set, at in events
    ]
    run.store.append(tables.EVENT, frame(tables.EVENT, *rows))


def owned(run: Run) -> dict[str, tuple[str, str]]:
    return {row.source_key: (row.person_id_then, row.person_id) for row in run.store.read(tables.GOLD_EVENT).collect()}


def stays(run: Run) -> set[tuple[str, int]]:
    return {(row.person_id, row.event_count) for row in run.store.read(tables.SESSION).collect()}


@pytest.mark.parametrize("commits", range(1, 5) if os.environ.get("C360_LONG") else [2])
def test_a_late_login_moves_earlier_anonymous_events_once(
    spark: SparkSession, frame: Frame, conf: Conf, store: Store, commits: int
) -> None:
    first, second = (Run(spark, store, conf, day(n), f"r{n}") for n in (1, 2))
    members: dict[str, Any] = {"cookie": [(1, COOKIE, "EU", "x", False)], "account": [(2, ACCOUNT, "EU", "a", False)]}
    sets = [{"identifier_set_id": name, "members": found} for name, found in members.items()]
    store.append(tables.IDENTIFIER_SET, frame(tables.IDENTIFIER_SET, *sets))
    store.append(tables.MEMBERSHIP, frame(tables.MEMBERSHIP, span(1, "stranger", 1), span(2, "anna", 1)))
    views = [("long ago", MORNING - timedelta(days=40)), ("one", MORNING), ("two", MORNING + timedelta(minutes=20))]
    happened(frame, first, *((name, "cookie", at) for name, at in views))
    build_events(first)
    assert owned(first) == dict.fromkeys(("long ago", "one", "two"), ("stranger", "stranger"))
    assert stays(first) == {("stranger", 1), ("stranger", 2)}

    store.append(tables.CHANGE, frame(tables.CHANGE, change(2, "stranger", "anna", "merged")))
    store.merge(tables.MEMBERSHIP, frame(tables.MEMBERSHIP, span(1, "stranger", 1, 2), span(1, "anna", 2)))
    happened(frame, second, ("on another device", "account", MORNING + timedelta(minutes=40)))
    dying = DyingStore(spark, store.lake)
    dying.commits_left = commits
    with pytest.raises(Killed):
        build_events(replace(second, store=dying))
    build_events(second)
    assert owned(second) == {
        "long ago": ("stranger", "stranger"),
        "one": ("stranger", "anna"),
        "two": ("stranger", "anna"),
        "on another device": ("anna", "anna"),
    }
    assert stays(second) == {("stranger", 1), ("anna", 3)}
    moves = store.read(tables.EVENT_REATTRIBUTION).collect()
    told = {(r.source_key, r.from_person_id, r.to_person_id, r.run_id, r.kind, r.cause) for r in moves}
    assert told == {(name, "stranger", "anna", "r2", "merged", "data") for name in ("one", "two")}

    versions = [store.version(table) for table in MADE]
    build_events(second)
    assert [store.version(table) for table in MADE] == versions
    always = conf.gold.events.model_copy(update={"reattribute_days": None})
    lenient = replace(second, conf=replace(conf, gold=conf.gold.model_copy(update={"events": always})))
    build_events(lenient)
    assert owned(lenient)["long ago"] == ("stranger", "anna")
