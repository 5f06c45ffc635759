"""Events, sessions, orders and devices after any changes are those that a full run would make."""

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.run.context import Run
from c360_spark.stages.gold.build_events import MADE, build_events
from c360_spark.store import Store
from c360_spark.tables import Write
from tests.conftest import DyingStore, Killed, contents
from tests.spark.test_attribution import ACCOUNT, COOKIE, change, day, span

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Frame = Callable[..., DataFrame]
Row = dict[str, Any]
LONG = bool(os.environ.get("C360_LONG"))
PEOPLE = ("anna", "bob", "cleo")
SETS = {"phone": (1,), "tablet": (2,), "phone, anna": (1, 5), "tablet, bob": (2, 6), "cleo": (7,), "nobody": ()}
EVENTS = [f"e{n}" for n in range(12)]
ORDERS = ("o1", "o2", "o3", "o4")


class Web:
    """A lake to which days bring events and orders, and in which identifiers change hands."""

    def __init__(self, store: Store, frame: Frame, conf: Conf, seed: int) -> None:
        self.store, self.frame, self.conf, self.chance = store, frame, conf, random.Random(seed)
        self.events: dict[str, Row] = {}
        self.orders: dict[str, Row] = {}
        self.keys: dict[str, Row] = {}
        self.seen: dict[str, datetime] = {}
        self.spans: dict[tuple[int, str], Row] = {}

    def run(self, n: int) -> Run:
        return Run(self.store.spark, self.store, self.conf, day(n), f"r{n}")

    def bring(self, n: int, events: int, orders: int, moves: int) -> None:
        """What the day is to bring, at most."""
        for name in self.chance.sample(EVENTS, events):
            self._event(n, name)
        for name in self.chance.sample(ORDERS, orders):
            self._order(n, name)
        for identifier in self.chance.sample([1, 2, 5, 6, 7], moves):
            self._move(n, identifier, self.chance.choice(PEOPLE))
        self._write()

    def _move(self, n: int, identifier: int, after: str) -> None:
        held = (key for key, row in self.spans.items() if key[0] == identifier and "valid_to_run" not in row)
        before = next(held, None)
        if before:
            said = self.spans[before]
            if said["person_id"] == after:
                return
            self.spans[before] = said | {"valid_to_run": f"r{n}", "valid_to_at": day(n)}
            told = change(n, said["person_id"], after, self.chance.choice(("merged", "moved")))
            self.store.append(tables.CHANGE, self.frame(tables.CHANGE, told))
        self.spans[identifier, f"r{n}"] = span(identifier, after, n)

    def _event(self, n: int, name: str) -> None:
        if name in self.events and self.chance.random() < 0.2:
            del self.events[name]
            return
        of_set, at = self.chance.choice(list(SETS)), day(self.chance.choice((0, n)))
        at += timedelta(minutes=self.chance.randrange(180))
        said = {"order_id": self.chance.choice(ORDERS), "campaign": self.chance.choice("ab")}
        self.events[name] = {
            **{"source": "web", "dataset": "event", "source_key": name, "occurred_at": at, "received_at": day(n)},
            **{"event_name": self.chance.choice(("page_viewed", "order_completed")), "properties": said},
            **{"identifier_set_id": of_set, "identifiers": members(of_set)},
        }
        self.seen[of_set] = max(at, self.seen.get(of_set, at))

    def _order(self, n: int, name: str) -> None:
        key: Row = {"source": "shop", "dataset": "order", "source_key": name}
        self.orders[f"{name} {n}"] = key | {"order_id": self.chance.choice(ORDERS), "received_at": day(n)}
        self.orders[f"{name} {n}"] |= {"bronze_id": f"{name} {n}"}
        self.keys[name] = key | {"person_id": self.chance.choice(PEOPLE)}

    def _write(self) -> None:
        frame, store = self.frame, self.store
        sets = [
            {"identifier_set_id": name, "members": members(name), "source": "web", "dataset": "event"}
            | {"first_seen_at": day(0), "last_seen_at": at, "record_count": self._count(name)}
            for name, at in self.seen.items()
        ]
        store.sync(tables.EVENT, frame(tables.EVENT, *self.events.values()))
        store.sync(tables.IDENTIFIER_SET, frame(tables.IDENTIFIER_SET, *sets))
        store.sync(tables.ORDER, frame(tables.ORDER, *self.orders.values()))
        store.sync(tables.PERSON_XREF, frame(tables.PERSON_XREF, *self.keys.values()))
        any_change = replace(tables.MEMBERSHIP, write=Write.SYNC)
        store.sync(any_change, frame(any_change, *self.spans.values()))
        store.ensure(tables.CHANGE)

    def _count(self, of_set: str) -> int:
        return sum(event["identifier_set_id"] == of_set for event in self.events.values())


def members(of_set: str) -> list[tuple[int, str, str, str, bool]]:
    return [(i, COOKIE if i < 5 else ACCOUNT, "EU", str(i), False) for i in SETS[of_set]]


@pytest.mark.parametrize("seed", range(40 if LONG else 1))
def test_what_is_made_of_events_after_changes_is_what_a_full_run_makes(
    spark: SparkSession,
    frame: Frame,
    conf: Conf,
    store: Store,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    seed: int,
) -> None:
    web = Web(store, frame, conf, seed)
    web.bring(1, 12, 4, 5)
    build_events(web.run(1))
    assert [name for name, rows in contents(store, MADE).items() if not rows] == ["event_reattribution"]
    for n, (events, orders, moves) in enumerate([(3, 1, 1), (0, 2, 0), (2, 0, 2)] if LONG else [(3, 1, 1)], 2):
        web.bring(n, events, orders, moves)
        dying = DyingStore(spark, store.lake)
        dying.commits_left = web.chance.randrange(1, 8)
        try:
            build_events(replace(web.run(n), store=dying))
        except Killed:
            build_events(web.run(n))

    web.bring(8, 0, 2, 0)
    capsys.readouterr()
    build_events(web.run(8))
    assert "0 events affected · order_session: " in capsys.readouterr().err
    build_events(web.run(8))
    assert "nothing is new" in capsys.readouterr().err

    for name in ("identity", "silver", "gold/person_xref"):
        shutil.copytree(tmp_path / "lake" / name, tmp_path / "full" / name)
    full = replace(web.run(9), store=Store(spark, str(tmp_path / "full")))
    build_events(full)
    assert contents(store, MADE) == contents(full.store, MADE)
