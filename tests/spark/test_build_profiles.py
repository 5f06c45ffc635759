"""Profiles of whom a change touches are those that a full run would make, whatever happened in between."""

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
from c360_spark.stages.gold.build_profiles import MADE, build_profiles
from c360_spark.store import Store
from tests.conftest import DyingStore, Killed, contents

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Frame = Callable[..., DataFrame]
Row = dict[str, Any]
SPACES = ("crm.customer_id", "email", "web.cookie_id", "commerce.account_id")
SETS = {f"s{n}": [n, (n + 1) % 6] for n in range(6)}  # each names two of six identifiers
PEOPLE = ("anna", "bert", "carl")


def day(n: int) -> datetime:
    return datetime(2026, 1, 1) + timedelta(days=n)


def member(n: int) -> tuple[Any, ...]:
    return (n, SPACES[n % len(SPACES)], "EU", f"v{n}", False)


def days(seed: int) -> list[Row]:
    """What three days bring: whose each identifier is, new records by set, and who is retired."""
    chance = random.Random(seed)
    kinds = ("profile", "profile", "order", "case", "consent", "event")

    def record() -> tuple[str, str, int, str]:
        # of a kind, of a set, with a key: a second record of one key is another version of it
        return chance.choice(kinds), chance.choice(sorted(SETS)), chance.randrange(3), chance.choice("xy")

    return [
        {
            "owners": {chance.randrange(6): chance.choice((*PEOPLE, None)) for _ in range(size)},
            "records": [record() for _ in range(size)],
            "retired": chance.choice((*PEOPLE, None)),
        }
        for size in (10, 3, 3)
    ]


class Lake:
    """A lake to which days come."""

    def __init__(self, store: Store, frame: Frame, conf: Conf) -> None:
        self.store, self.frame, self.conf = store, frame, conf
        self.held: dict[int, str | None] = {}
        self.counts: dict[str, int] = {}
        for table in (*tables.VERSIONED, tables.CONSENT, tables.IDENTIFIER_SET, tables.PERSON, tables.MEMBERSHIP):
            store.ensure(table)

    def run(self, n: int) -> Run:
        return Run(self.store.spark, self.store, self.conf, day(n), f"r{n}")

    def bring(self, n: int, pending: Row) -> None:
        self._own(n, pending["owners"])
        persons = [
            {"person_id": name, "status": "retired" if name == pending["retired"] else "active", "region": "EU"}
            for name in PEOPLE
        ]
        self.store.sync(tables.PERSON, self.frame(tables.PERSON, *persons))
        for kind, made in self._records(n, pending["records"]).items():
            table = {"profile": tables.PROFILE_RECORD, "order": tables.ORDER, "case": tables.SUPPORT_CASE}.get(kind)
            self.store.append(table or tables.CONSENT, self.frame(table or tables.CONSENT, *made))
        sets = [
            {"identifier_set_id": name, "members": [member(m) for m in SETS[name]], "record_count": count}
            | {"source": "web", "dataset": "event", "last_seen_at": day(count)}
            for name, count in self.counts.items()
        ]
        self.store.sync(tables.IDENTIFIER_SET, self.frame(tables.IDENTIFIER_SET, *sets))

    def _own(self, n: int, owners: dict[int, str | None]) -> None:
        changed = {m: person for m, person in owners.items() if self.held.get(m) != person}
        before = self.store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL").collect()
        ended = [r.asDict() | {"valid_to_run": f"r{n}"} for r in before if r.identifier_id in changed]
        begun = [
            {"identifier_id": m, "person_id": person, "valid_from_run": f"r{n}", "valid_to_run": None}
            for m, person in changed.items()
            if person
        ]
        self.held |= changed
        if ended or begun:
            self.store.merge(tables.MEMBERSHIP, self.frame(tables.MEMBERSHIP, *ended, *begun))

    def _records(self, n: int, records: list[tuple[str, str, int, str]]) -> dict[str, list[Row]]:
        made: dict[str, list[Row]] = {}
        for i, (kind, of_set, key, value) in enumerate(records):
            self.counts[of_set] = self.counts.get(of_set, 0) + 1
            common = {"identifier_set_id": of_set, "received_at": day(n), "source_key": f"{key}"}
            common |= {"source": "crm", "dataset": kind, "bronze_id": f"{kind}{n}.{i}"}
            own: Row = {
                "profile": {"city": value, "attributes": {value: "1"}, "updated_at": day(n - 1)},
                "order": {"total_minor": len(value) * 7 + key, "status": "paid", "ordered_at": day(n)},
                "case": {},
                "consent": {"purpose": value, "status": "granted", "effective_from": day(n + key)},
            }.get(kind, {})
            if kind != "event":
                made.setdefault(kind, []).append(common | own)
        return made


@pytest.mark.parametrize("seed", range(30 if os.environ.get("C360_LONG") else 1))
def test_profiles_of_whom_a_change_touches_are_those_a_full_run_makes(
    spark: SparkSession, frame: Frame, conf: Conf, store: Store, tmp_path: Path, seed: int
) -> None:
    lake, brought = Lake(store, frame, conf), days(seed)
    for n, pending in enumerate(brought, 1):
        lake.bring(n, pending)
        build_profiles(lake.run(n))
    for layer in ("silver", "identity"):
        shutil.copytree(tmp_path / "lake" / layer, tmp_path / "full" / layer)
    full = replace(lake.run(len(brought)), store=Store(spark, str(tmp_path / "full")))
    build_profiles(full)
    assert contents(lake.store, MADE) == contents(full.store, MADE)


def test_a_killed_run_is_repaired_though_its_records_went_from_one_person_to_another(
    spark: SparkSession, frame: Frame, conf: Conf, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(store, frame, conf)
    mine: Row = {"owners": {0: "anna", 1: "anna", 2: "bert", 3: "bert", 4: "carl", 5: "carl"}, "retired": None}
    lake.bring(1, mine | {"records": [("profile", "s0", 0, "x"), ("order", "s2", 1, "y"), ("consent", "s4", 2, "x")]})
    build_profiles(lake.run(1))
    lake.bring(2, {"owners": {}, "retired": None, "records": [("profile", "s2", 0, "y")]})
    dying = DyingStore(spark, store.lake)
    dying.commits_left = 3
    with pytest.raises(Killed):
        build_profiles(replace(lake.run(2), store=dying))
    capsys.readouterr()
    build_profiles(lake.run(2))
    assert "2 persons affected" in capsys.readouterr().err
    cities = {row.person_id: (row.city, row.record_count) for row in store.read(tables.PROFILE).collect()}
    assert cities == {"anna": (None, 0), "bert": ("y", 1), "carl": (None, 0)}
    versions = [store.version(table) for table in MADE]
    build_profiles(lake.run(2))
    assert "nothing is new" in capsys.readouterr().err
    build_profiles(lake.run(3))  # on day 3 a consent of day 1 begins
    assert "1 persons affected" in capsys.readouterr().err
    assert [store.version(table) for table in MADE][:3] == versions[:3]
    assert [(row.person_id, row.purpose) for row in store.read(tables.CONSENT_STATE).collect()] == [("carl", "x")]

    # Reprocessing takes the record out, and its set with it; identity has not changed.
    for table in (tables.PROFILE_RECORD, tables.IDENTIFIER_SET):
        store.sync(table, store.read(table).where("identifier_set_id <> 's2'"))
    build_profiles(lake.run(3))
    cities = {row.person_id: (row.city, row.record_count) for row in store.read(tables.PROFILE).collect()}
    assert cities == {"anna": ("x", 1), "bert": (None, 0), "carl": (None, 0)}
