"""Records that share an identifier: linked while they agree, kept apart while they contradict each other."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.keys import INNER, OUTER, identifier_id, with_key
from c360_spark.config import Conf
from c360_spark.config.platform import Components
from c360_spark.config.rules.identity import Contradictions
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.identity.rule_approval import approve
from c360_spark.store import Store
from c360_spark.tables.model import STRING
from tests.conftest import DyingStore, Killed
from tests.stages import resolve_identity

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
START = datetime(2026, 1, 1)
ADA, ALAN = ("Ada", "Byron", date(1990, 12, 10)), ("Alan", "Turing", date(1962, 6, 23))
NOBODY = (None, None, None)
Record = tuple[str, tuple[Any, Any, Any]]  # identifiers, and who it says the person is


class Lake:
    """A lake of records, each of which carries some identifiers."""

    def __init__(self, spark: SparkSession, frame: Frame, conf: Conf, path: Path, *, small: int = 100_000) -> None:
        self.spark, self.frame, self.path, self.day = spark, frame, str(path), 0
        platform = conf.platform.model_copy(update={"components": Components(small_change_rows=small)})
        block = Contradictions(namespaces=("phone", "loyalty.member_no"))
        spaces = dict(conf.rules.namespaces)
        spaces["phone"] = spaces["phone"].model_copy(update={"crowd_limit": 2})
        spaces["crm.customer_id"] = spaces["crm.customer_id"].model_copy(update={"max_per_person": None})
        rules = conf.rules.model_copy(update={"contradictions": block, "namespaces": spaces})
        self.conf = replace(conf, platform=platform, rules=rules)

    def resolve(self, *records: Record, killed_after: int = 0, **update: Any) -> "Lake":
        """The next day: these records are all there are. With `killed_after`, a run that dies after so many commits
        comes first.
        """
        self.day += 1
        as_of, rules = START + timedelta(days=self.day), self.conf.rules.model_copy(update=update)
        store = Store(self.spark, self.path)
        run = Run(self.spark, store, replace(self.conf, rules=rules), as_of, run_id_of(as_of))
        for table, rows in self._silver(records).items():
            store.sync(table, rows)
        if self.day > 1:
            approve(run, rules, approved_by="a test", figures=None)
        if killed_after:
            dying = DyingStore(self.spark, self.path)
            dying.commits_left = killed_after
            with pytest.raises(Killed):
                resolve_identity(replace(run, store=dying))
        resolve_identity(run)
        return self

    def _silver(self, records: tuple[Record, ...]) -> dict[tables.Table, DataFrame]:
        keys = {c.name: "x" for c in tables.PROFILE_RECORD.columns if c.type == STRING and not c.nullable}
        rows, sets = [], {}
        for named, (given, family, born) in records:
            members = [(0, space, "EU", value, False) for space, _, value in (n.partition(":") for n in named.split())]
            who = {"given_name": given, "family_name": family, "birth_date": born, "region": "EU", "country": "DE"}
            rows.append(keys | who | {"bronze_id": f"record {named}", "identifiers": members, "received_at": START})
            of_set = {"source": "crm", "dataset": "customer", "region": "EU", "sample_bronze_id": "b"}
            times = dict.fromkeys(("first_seen_at", "last_seen_at", "first_recorded_at"), START)
            sets[named] = of_set | times | {"identifier_set_id": named, "record_count": 1, "members": members}
        return {
            tables.IDENTIFIER_SET: self._with_ids(self.frame(tables.IDENTIFIER_SET, *sets.values()), "members"),
            tables.PROFILE_RECORD: self._with_ids(self.frame(tables.PROFILE_RECORD, *rows), "identifiers"),
        }

    def _with_ids(self, rows: DataFrame, column: str) -> DataFrame:
        made = F.transform(
            column, lambda m: m.withField("identifier_id", identifier_id(m.namespace, m.region, m.value))
        )
        return with_key(rows, self.conf.platform.identity_key.secret()).withColumn(column, made).drop(INNER, OUTER)

    def read(self, table: tables.Table) -> DataFrame:
        return Store(self.spark, self.path).read(table)

    def persons(self) -> set[str]:
        """The identifiers of each person, as text."""
        held = self.read(tables.MEMBERSHIP).where("valid_to_run IS NULL").join(self.values(), "identifier_id")
        named = F.concat_ws(":", "namespace", "value")
        rows = held.groupBy("person_id").agg(F.array_join(F.array_sort(F.collect_set(named)), " ").alias("n"))
        return {row.n.replace("crm.customer_id:", "").replace("phone:+49", "").replace("loyalty.member_no:", "")
                for row in rows.collect()}  # fmt: skip

    def values(self) -> DataFrame:
        members = self.read(tables.IDENTIFIER_SET).select(F.explode("members").alias("m")).select("m.*")
        return members.select("identifier_id", "namespace", "value").distinct()

    def reasons(self) -> dict[str, str]:
        """Why links of an identifier are taken out, by its value."""
        taken = self.read(tables.LINK).where("reason IS NOT NULL")
        ends = taken.select("reason", F.explode(F.array("left_id", "right_id")).alias("identifier_id"))
        rows = ends.join(self.values(), "identifier_id").where("endswith(reason, concat(':', namespace))")
        return {row.value: row.reason for row in rows.collect()}

    def statuses(self) -> dict[str, str]:
        rows = self.read(tables.IDENTIFIER).join(self.values().select("identifier_id", "value"), "identifier_id")
        return {row.value: row.status for row in rows.collect()}


def customer(name: str, said: tuple[Any, Any, Any], phone: int) -> Record:
    return f"crm.customer_id:{name} phone:+49{phone}", said


ODD = (*ADA[:2], date(1950, 1, 20))
BORROWED = "loyalty.member_no:L phone:+496{0} email:{0}@x.de"
# Each story has a phone of its own, so that all of them can live in one lake. By day.
STORIES: dict[str, list[list[Record]]] = {
    "four": [[customer("A1", ADA, 1), customer("A2", ADA, 1), customer("B1", ALAN, 1), customer("B2", ALAN, 1)]] * 3,
    "unsaid": [
        [customer("C1", ADA, 2), customer("C2", NOBODY, 2)],
        [customer("C1", ADA, 2), customer("C2", NOBODY, 2), customer("C3", ALAN, 2)],
        [customer("C1", ADA, 2), customer("C2", NOBODY, 2)],
    ],
    "crowd": [
        [customer(f"D{i}", ADA, 3) for i in range(4)],
        [customer(f"D{i}", ADA, 3) for i in range(4)] + [customer(f"D{i}", NOBODY, 3) for i in (4, 5)],
        [],
    ],
    "borrowed": [[(BORROWED.format(1), ADA), (BORROWED.format(2), ALAN)]] * 3,
    "corrected": [[customer("E1", ADA, 5), customer("E2", said, 5)] for said in (ODD, ADA, ALAN)],
}


@dataclass(frozen=True)
class Day:
    """Persons, reasons of links, and statuses of phones, at the end of a day."""

    persons: set[str]
    reasons: dict[str, str]
    statuses: dict[str, str]

    def of(self, story: str) -> set[str]:
        """Persons whose identifiers begin with this letter."""
        return {person for person in self.persons if person.startswith(story)}


@pytest.fixture(scope="module")
def days(spark: SparkSession, frame: Frame, conf: Conf, tmp_path_factory: pytest.TempPathFactory) -> list[Day]:
    lake = Lake(spark, frame, conf, tmp_path_factory.mktemp("stories") / "lake")
    found = []
    for day in range(3):
        lake.resolve(*(record for story in STORIES.values() for record in story[day]))
        found.append(Day(lake.persons(), lake.reasons(), lake.statuses()))
    return found


def test_persons_who_contradict_each_other_are_not_linked_by_a_phone_and_those_who_agree_are(days: list[Day]) -> None:
    for day in days:
        assert day.of("A") | day.of("B") == {"A1 A2", "B1 B2"}
        assert (day.statuses["+491"], day.reasons["+491"]) == ("divided", "contradiction:phone")


def test_a_record_without_name_or_birth_date_joins_only_where_there_is_one_group(days: list[Day]) -> None:
    together, apart, again = (day.of("C") for day in days)
    assert together == again == {"C1 C2 2"}  # the link comes back
    assert apart == {"C1", "C2", "C3"}


def test_records_of_one_person_do_not_crowd_a_phone(days: list[Day]) -> None:
    one, crowded, _ = days  # crowd_limit: 2
    assert one.of("D") == {"D0 D1 D2 D3 3"}
    assert crowded.of("D") == {"D0 D1 D2 D3", "D4", "D5"}
    assert crowded.reasons["+493"] == "crowded:phone"


def test_a_shared_identifier_that_is_the_strongest_of_its_records_leaves_the_rest_of_each_record_together(
    days: list[Day],
) -> None:
    for day in days:
        assert day.of("email") == {"email:1@x.de 61", "email:2@x.de 62"}
        assert day.reasons["L"] == "contradiction:loyalty.member_no"


def test_a_corrected_birth_date_brings_two_records_together_and_another_takes_them_apart(days: list[Day]) -> None:
    odd, corrected, another = (day.of("E") for day in days)
    assert odd == {"E1 E2 5"}  # one name, two birth dates: neither agreement nor contradiction
    assert corrected == {"E1 E2 5"}
    assert another == {"E1", "E2"}


def test_without_the_block_nothing_is_described(spark: SparkSession, frame: Frame, conf: Conf, tmp_path: Path) -> None:
    lake = Lake(spark, frame, conf, tmp_path / "lake")
    records = [customer(name, said, 1) for name, said in (("A", ADA), ("B", ALAN))]
    lake.resolve(*records)
    lake.resolve(*records, contradictions=None)
    assert not lake.reasons()
    assert lake.read(tables.DESCRIPTION).isEmpty()


@pytest.mark.parametrize(
    ("small", "commits"), product((100_000, 0), range(1, 9)) if os.environ.get("C360_LONG") else [(100_000, 2), (0, 5)]
)
def test_a_change_of_descriptions_killed_after_any_commit_is_repaired(
    spark: SparkSession, frame: Frame, conf: Conf, tmp_path: Path, small: int, commits: int
) -> None:
    # A2 is the only bridge between A1 and A3, whose birth dates differ from each other by more than agreement allows.
    one, two, three = (("Ada", "Byron", date(1990, 12, day)) for day in (10, 11, 21))
    lakes = [Lake(spark, frame, conf, tmp_path / name, small=small) for name in ("killed", "whole")]
    before = [customer("A1", one, 1), customer("A2", two, 1), customer("A3", three, 1), customer("B", ALAN, 1)]
    after = [before[0], customer("A2", ALAN, 1), *before[2:]]
    for lake, killed_after in zip(lakes, (commits, 0), strict=True):
        assert lake.resolve(*before).persons() == {"A1 A2 A3", "B"}
        assert lake.resolve(*after, killed_after=killed_after).persons() == {"A1", "A3", "A2 B"}
    for table in (t for t in tables.ALL if t.layer == "identity"):
        first, second = ({repr(row) for row in lake.read(table).collect()} for lake in lakes)
        assert first == second, table.full_name
