"""Households after changes are those that a full run would make; they come and go with the rules."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.run.context import Run
from c360_spark.stages.gold.build_households import MADE, build_households
from c360_spark.store import Store
from c360_spark.tables import Write
from tests.conftest import DyingStore, Killed, contents
from tests.spark.test_attribution import ACCOUNT, HOUSEHOLDS, day, span

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Frame = Callable[..., DataFrame]
Row = dict[str, Any]
LONG = bool(os.environ.get("C360_LONG"))


def living(street: str | None, surname: str, records: int = 1) -> Row:
    return {"street": street, "family_name": surname, "postcode": "10115", "country": "DE", "record_count": records}


FIRST: dict[str, Row | None] = {
    "ada": living("Ring 1", "Weiß"),
    "ben": living("ring 1", "Weiss"),
    "cleo": living("Allee 2", "Huber"),
    "dan": living("Allee 2", "Huber"),
    "eva": living("Allee 2", "Huber"),
    "fay": living(None, "Weiss"),
    "gus": living("Gasse 3", "Lang"),
    "hal": living("Turm 4", "Lang"),
    "kim": living("Schloss 5", "Graf"),
    "lou": living("Schloss 5", "Graf"),
}
SECOND = {
    "ben": None,
    "dan": living("Allee 2", "Huber", records=0),
    "eva": living("Gasse 3", "Huber"),
    "gus": living("Gasse 3", "Huber"),
    "ivy": living("Allee 2", "Huber"),
}
IDS = {person: 100 + i for i, person in enumerate([*FIRST, "ivy"])}


def drawn(seed: int) -> Iterator[tuple[dict[str, Row | None], dict[int, list[str]], dict[int, str]]]:
    """What days bring: who lives where, who uses an account, and whose an identifier is."""
    chance, people = random.Random(seed), sorted(IDS)
    for _ in range(4):
        lives: dict[str, Row | None] = {}
        for person in chance.sample(people, chance.randrange(4)):
            at = living(chance.choice(("Ring 1", "Allee 2", None)), chance.choice(("Weiß", "Huber")))
            lives[person] = chance.choice((None, at, at, at, at | {"record_count": 0}))
        users = {chance.randrange(90, 93): chance.sample(people, chance.randrange(5))} if chance.random() < 0.7 else {}
        owners = {IDS[chance.choice(people)]: chance.choice(people)} if chance.random() < 0.3 else {}
        yield lives, users, owners


class Lake:
    """A lake to which days come."""

    def __init__(self, store: Store, frame: Frame, conf: Conf) -> None:
        self.store, self.frame = store, frame
        self.conf = replace(conf, gold=conf.gold.model_copy(update={"households": HOUSEHOLDS}))
        self.people: dict[str, Row | None] = {}
        self.users: dict[int, list[str]] = {}
        self.owners: dict[int, str] = {}

    def run(self, n: int) -> Run:
        return Run(self.store.spark, self.store, self.conf, day(n), f"r{n}")

    def bring(self, people: dict[str, Row | None], users: dict[int, list[str]], owners: dict[int, str]) -> None:
        self.people, self.users, self.owners = self.people | people, self.users | users, self.owners | owners
        profiles = [{"person_id": name, "region": "EU", **row} for name, row in self.people.items() if row]
        used = {"left_namespace": ACCOUNT, "right_namespace": "crm.customer_id", "rule": "r", "rule_set": "s"}
        used |= {"kind": "shared_record", "status": "evicted", "reason": f"crowded:{ACCOUNT}"}
        links = [used | {"left_id": n, "right_id": IDS[name]} for n, names in self.users.items() for name in names]
        held = [span(identifier, person, 0) for identifier, person in self.owners.items()]
        for table, rows, pending in (
            (tables.PROFILE, profiles, people),
            (tables.LINK, links, users),
            (tables.MEMBERSHIP, held, owners),
        ):
            if pending:
                self.store.sync(replace(table, write=Write.SYNC), self.frame(table, *rows))

    def homes(self) -> list[list[str]]:
        homes: dict[str, list[str]] = {}
        for row in self.store.read(tables.HOUSEHOLD_MEMBER).orderBy("person_id").collect():
            homes.setdefault(row.household_id, []).append(row.person_id)
        return sorted(homes.values())

    def versions(self) -> list[int]:
        return [self.store.version(table) for table in MADE]


@pytest.mark.parametrize("seed", range(30 if LONG else 1))
def test_households_after_changes_are_those_a_full_run_makes_and_none_are_left_without_rules(
    spark: SparkSession,
    frame: Frame,
    conf: Conf,
    store: Store,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    seed: int,
) -> None:
    lake = Lake(store, frame, conf)
    lake.bring(FIRST, {90: ["ada", "fay"]}, {identifier: person for person, identifier in IDS.items()})
    build_households(lake.run(1))
    assert lake.homes() == [["ada", "ben", "fay"], ["cleo", "dan", "eva"], ["kim", "lou"]]

    lake.bring(SECOND, {90: ["ada", "fay", "hal"]}, {})
    dying = DyingStore(spark, store.lake)
    dying.commits_left = 1  # the keys are written, and nothing else
    with pytest.raises(Killed):
        build_households(replace(lake.run(2), store=dying))
    capsys.readouterr()
    build_households(lake.run(2))
    assert f"{len(SECOND)} persons affected" in capsys.readouterr().err
    assert lake.homes() == [["ada", "fay", "hal"], ["cleo", "ivy"], ["eva", "gus"], ["kim", "lou"]]

    for n, pending in enumerate(drawn(seed) if LONG else (), 3):
        lake.bring(*pending)
        build_households(lake.run(n))
    for name in ("identity", "gold/profile"):
        shutil.copytree(tmp_path / "lake" / name, tmp_path / "full" / name)
    full = replace(lake.run(9), store=Store(spark, str(tmp_path / "full")))
    build_households(full)
    assert contents(store, MADE) == contents(full.store, MADE)

    versions = lake.versions()
    capsys.readouterr()
    build_households(lake.run(9))
    assert "nothing is new" in capsys.readouterr().err
    assert lake.versions() == versions
    lake.conf = replace(conf, gold=conf.gold.model_copy(update={"households": None}))
    build_households(lake.run(9))
    assert contents(store, MADE) == {table.name: [] for table in MADE}
