"""Guesses: who may be compared, what comes of a scored pair, and what waits until a person has decided it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.commands.explain import explanation
from c360_spark.commands.review import as_text, decide, queue
from c360_spark.config import Conf, load
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.probabilistic import Probabilistic
from c360_spark.errors import ConfigError, InputError
from c360_spark.identity.pair import comparable, pair_rows, review_rows, statements_of
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.identity.rule_approval import approve
from c360_spark.store import Store
from tests.conftest import ROOT
from tests.ids import id_of
from tests.stages import resolve_identity

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
START = datetime(2026, 1, 1)


def level(m: float, u: float) -> dict[str, float]:
    return {"m": m, "u": u}


NAMES = {
    "exact": level(0.8, 0.01),
    "similar_0.92": level(0.14, 0.01),
    "similar_0.8": level(0.03, 0.02),
    "other": level(0.03, 0.96),
}
DATES = {
    "exact": level(0.9, 0.001),
    "edits_1": level(0.06, 0.01),
    "edits_2": level(0.02, 0.03),
    "other": level(0.02, 0.959),
}
MODEL = Probabilistic.model_validate(
    {
        "regions": {"EU": None, "US": "analytics"},
        "comparisons": {
            "given_name": {"kind": "name"},
            "family_name": {"kind": "name"},
            "birth_date": {"kind": "date"},
        },
        "blocking": {"birth": [{"column": "birth_date", "normalize": "digits"}], "name": [{"column": "family_name"}]},
        "review_at": 0.5,
        "attach_at": 0.95,
        "model": {
            "version": "1.0.0",
            "prior": 0.001,
            "comparisons": {"given_name": NAMES, "family_name": NAMES, "birth_date": DATES},
        },
    }
)


@pytest.fixture
def rules(conf: Conf) -> RuleSet:
    return conf.rules.model_copy(update={"probabilistic": MODEL})


@pytest.fixture
def strict(rules: RuleSet) -> RuleSet:
    """Rules by which the model never joins two customers."""
    customer = rules.namespaces["crm.customer_id"].model_copy(update={"unique": True})
    return rules.model_copy(update={"namespaces": rules.namespaces | {"crm.customer_id": customer}})


def member(number: int, namespace: str = "crm.customer_id", region: str = "EU") -> tuple[object, ...]:
    return (number, namespace, region, f"v{number}", True)


def test_records_are_compared_where_the_region_allows_by_their_strongest_identifier(
    frame: Frame, rules: RuleSet
) -> None:
    rows = frame(
        tables.PROFILE_RECORD,
        {
            "bronze_id": "eu",
            "region": "EU",
            "identifiers": [member(1, "email"), member(2), (3, "phone", "EU", "", True)],
        },
        {"bronze_id": "us", "region": "US", "identifiers": [member(4, "email", "US")]},
        {"bronze_id": "nobody", "region": "EU", "identifiers": []},
        {"bronze_id": "elsewhere", "region": "OTHER", "identifiers": [member(5)]},
    )
    found = {row.bronze_id: row for row in comparable(rows, rules).collect()}
    assert {name: (row.member.identifier_id, row.purpose) for name, row in found.items()} == {
        "eu": (2, None),
        "us": (4, "analytics"),
    }


def test_a_statement_about_any_identifier_of_a_record_is_one_about_the_record(frame: Frame) -> None:
    records = frame(
        tables.PROFILE_RECORD,
        {"bronze_id": "a", "identifiers": [member(1), member(2)]},
        {"bronze_id": "b", "identifiers": [member(3)]},
    )
    said = {"purpose": "analytics", "status": "granted", "identifier_set_id": "s"}
    statements = frame(
        tables.CONSENT, {"identifiers": [member(1), member(2)]} | said, {"identifiers": [member(9)]} | said
    )
    assert [row.bronze_id for row in statements_of(records, statements).collect()] == ["a"]


def test_of_a_pair_both_strongest_identifiers_are_told_unless_they_are_one(
    spark: SparkSession, frame: Frame, rules: RuleSet
) -> None:
    rows = frame(
        tables.PROFILE_RECORD,
        {"bronze_id": "a", "region": "EU", "identifiers": [member(1)], "updated_at": START},
        {"bronze_id": "b", "region": "EU", "identifiers": [member(2)], "updated_at": START + timedelta(days=1)},
        {"bronze_id": "c", "region": "EU", "identifiers": [member(1)]},
    )
    scored = spark.createDataFrame(
        [("a", "b", 0.9), ("a", "c", 0.9)], "left_id string, right_id string, probability double"
    )
    (row,) = pair_rows(scored, comparable(rows, rules), model="1.0.0").collect()
    assert [m.identifier_id for m in row.members] == [1, 2]
    assert (row.left_bronze_id, row.right_bronze_id, row.model) == ("a", "b", "1.0.0")
    assert row.last_seen_at - row.first_seen_at == timedelta(days=1)


def test_a_pair_waits_for_a_decision_until_there_is_one_that_holds(frame: Frame) -> None:
    guess = {"left_id": 1, "right_id": 2, "kind": "probabilistic", "status": "review", "reason": "uncertain"}
    decided = {"left_id": 1, "right_id": 2, "kind": "never", "reason": "never", "rule": "never"}
    pairs = frame(
        tables.PAIR,
        {"pair_id": "p", "members": [member(2), member(1)], "left_bronze_id": "b", "right_bronze_id": "a"},
        {"pair_id": "q", "members": [member(1), member(2)], "probability": 0.5},
    )
    membership = frame(tables.MEMBERSHIP, {"identifier_id": 1, "person_id": "p1"})
    (row,) = review_rows(frame(tables.LINK, guess), pairs, membership).collect()
    told = (row.left_value, row.left_bronze_id, row.left_person_id, row.right_value, row.right_bronze_id)
    assert told == ("v1", "a", "p1", "v2", "b")
    assert row.right_person_id is None
    assert review_rows(frame(tables.LINK, guess, decided), pairs, membership).count() == 0
    both = frame(tables.MEMBERSHIP, *({"identifier_id": i, "person_id": "p1"} for i in (1, 2)))
    assert review_rows(frame(tables.LINK, guess), pairs, both).count() == 0  # they are one person already
    over = frame(tables.LINK, guess, decided | {"reason": "expired:never"})
    assert review_rows(over, pairs, membership).count() == 1


ADA = ("crm.customer_id:C1", "Ada", "Byron", "1990-05-01")
ADDA = ("commerce.account_id:A1", "Adda", "Byron", "1990-05-01")  # attaches
ADAM = ("web.cookie_id:k1", "Adam", "Byron", "1990-05-11")  # perhaps
TWIN = ("crm.customer_id:C2", "Ada", "Byron", "1990-05-01")  # as like, and known too
ALAN = ("commerce.account_id:A2", "Alan", "Byron", "1992-11-30")  # of the household


class Guesses:
    """A lake of customers and strangers, who share nothing but what they are called and when they were born."""

    def __init__(self, spark: SparkSession, frame: Frame, conf: Conf, lake: Path) -> None:
        self.spark, self.frame, self.conf, self.lake, self.day = spark, frame, conf, str(lake), 0
        secret = conf.platform.identity_key.secret()
        names = [person[0].split(":") for person in (ADA, ADDA, ADAM, TWIN, ALAN)]
        self.ids = {f"{space}:{value}": id_of(secret, space, "EU", value) for space, value in names}

    def resolve(self, rules: RuleSet, *people: tuple[str, str, str, str], approved: bool = True) -> dict[str, str]:
        """The next day: these are all the records there are. Whose each identifier is then."""
        self.day += 1
        as_of = START + timedelta(days=self.day)
        run = Run(self.spark, Store(self.spark, self.lake), replace(self.conf, rules=rules), as_of, run_id_of(as_of))
        records, sets = zip(*map(self._rows, people), strict=True)
        run.store.sync(tables.PROFILE_RECORD, self.frame(tables.PROFILE_RECORD, *records))
        run.store.sync(tables.IDENTIFIER_SET, self.frame(tables.IDENTIFIER_SET, *sets))
        if self.day > 1 and approved:
            approve(run, rules, approved_by="a test", figures=None)
        resolve_identity(run)
        run.store.append(tables.RUN, self.frame(tables.RUN, {"run_id": run.run_id, "stage": "resolve_identity"}))
        held = run.store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL").collect()
        names = {number: name for name, number in self.ids.items()}
        return {names[row.identifier_id]: row.person_id for row in held}

    def compared(self) -> list[Any]:
        return Store(self.spark, self.lake).read(tables.COMPARED).collect()

    def _rows(self, person: tuple[str, str, str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
        who, given, family, born = person
        namespace, value = who.split(":")
        times = dict.fromkeys(("first_seen_at", "last_seen_at", "first_recorded_at"), START)
        common = {"source": "s", "dataset": "d", "region": "EU"}
        names = {"given_name": given, "family_name": family, "birth_date": date.fromisoformat(born)}
        members = [(self.ids[who], namespace, "EU", value, True)]
        record = common | names | {"bronze_id": who, "source_key": who, "identifiers": members, "received_at": START}
        same = {"sample_bronze_id": "b", "record_count": 1}
        return record, common | times | same | {"identifier_set_id": who, "members": members}


@pytest.mark.slow
def test_customers_are_joined_while_all_their_records_agree(
    spark: SparkSession, frame: Frame, conf: Conf, rules: RuleSet, tmp_path: Path
) -> None:
    lake = Guesses(spark, frame, conf, tmp_path / "lake")
    together = lake.resolve(rules, ADA, ADDA, ADAM, TWIN, ALAN)
    assert together[ADA[0]] == together[TWIN[0]] == together[ADDA[0]]
    assert len(set(together.values())) == 3
    unlike = ("crm.customer_id:C2", "Tim", "Kowalski", "1962-11-23")
    apart = lake.resolve(rules, ADA, ADDA, ADAM, unlike, ALAN)
    assert apart[ADA[0]] == apart[ADDA[0]] != apart[unlike[0]]
    assert not {row.identifier_id for row in lake.compared()} - set(lake.ids.values())
    assert len(lake.compared()) == 5
    lake.resolve(conf.rules, ADA, ADDA)
    assert not lake.compared()  # nothing is kept of what no model compares


@pytest.mark.slow
def test_a_guess_attaches_strangers_never_joins_the_known_and_is_decided_by_people(
    spark: SparkSession, frame: Frame, conf: Conf, strict: RuleSet, tmp_path: Path
) -> None:
    rules = strict
    lake, people = Guesses(spark, frame, conf, tmp_path / "lake"), (ADA, ADDA, ADAM, TWIN, ALAN)
    apart = lake.resolve(conf.rules, *people)
    assert len(set(apart.values())) == len(people)
    with pytest.raises(ConfigError, match="not the one released last"):
        lake.resolve(rules, *people, approved=False)
    assert not Store(spark, lake.lake).exists(tables.PAIR)  # refused before anything is written
    found = lake.resolve(rules, *people)
    assert found[ADDA[0]] in (found[ADA[0]], found[TWIN[0]])
    assert len(set(found.values())) == 4
    assert set(found.values()) < set(apart.values())  # nobody got an id that nobody had
    assert {who for who in found if found[who] == apart[who]} >= {ADAM[0], ALAN[0]}

    folder = tmp_path / "conf"
    shutil.copytree(ROOT / "conf", folder)
    with_model = (ROOT / "conf" / "identity.yml").read_text(encoding="utf-8") + _block()
    with_model = with_model.replace("max_per_person: 3}", "max_per_person: 3, unique: true}")
    (folder / "identity.yml").write_text(with_model, encoding="utf-8")
    given: dict[str, Any] = {"config": str(folder), "env": "dev", "lake": lake.lake}
    waiting = {frozenset((row["left_value"], row["right_value"])): row for row in queue(**given)}
    assert waiting[frozenset(("C1", "C2"))]["reason"] == "limit:known"
    assert all(row["reason"] == "uncertain" for pair, row in waiting.items() if "k1" in pair)
    assert "C1" not in as_text(queue(**given), values=False)
    links = explanation(lake.lake, ADDA[0], to=None, as_of=None, values=False)["links"]
    assert {(link["kind"], ADDA[0] in link["records"]) for link in links} == {("probabilistic", True)}

    def say(pair: set[str], verdict: str) -> None:
        review_id = waiting[frozenset(pair)]["review_id"]
        decide(review_id, verdict, author="Ada", reason="asked her", on="2026-01-02", **given)

    say({"C1", "C2"}, "reject")
    say({"C1", "k1"}, "accept")
    with pytest.raises(ConfigError, match="the same pair"):
        say({"C1", "k1"}, "accept")
    with pytest.raises(InputError, match="no pair"):
        decide("nothing", "accept", author="Ada", reason="?", on=None, **given)
    decided = load(folder, "dev", rules=folder / "identity.next.yml").rules
    after = lake.resolve(decided, *people)
    assert after[ADAM[0]] == after[ADA[0]] != after[TWIN[0]]
    left = {frozenset((row["left_value"], row["right_value"])) for row in queue(**given)}
    assert not left & {frozenset(("C1", "C2")), frozenset(("C1", "k1"))}
    assert len(set(lake.resolve(conf.rules, ADA, ADDA).values())) == 2  # without a model nothing is guessed


def _block() -> str:
    return yaml.safe_dump({"probabilistic": MODEL.model_dump(mode="json", exclude_none=True)}, sort_keys=False)
