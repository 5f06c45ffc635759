"""Incremental = full: random histories, resolved batch by batch, against one run over all that is left in the end.

Many histories share a run, each with identifiers of its own. C360_HISTORIES=5000 tries more runs than CI does.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.keys import INNER, OUTER, identifier_id, with_key
from c360_spark.config import Conf
from c360_spark.config.platform import Components
from c360_spark.config.rules.identity import Bridge, Contradictions, Named, Pair, RuleSet
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.identity.rule_approval import approve
from c360_spark.store import Store
from c360_spark.tables import Table
from c360_spark.tables.model import STRING
from tests.stages import resolve_identity
from tests.unit.test_group_join import model

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
HISTORIES = int(os.environ.get("C360_HISTORIES", 200))
PER_RUN = 200
START = datetime(2026, 1, 1)
# Customers share e-mails often enough that some are crowded, and free again when a set goes.
SPACES = [
    *["crm.customer_id"] * 3,
    *["email"] * 3,
    "commerce.account_id",
    "commerce.account_id",
    "phone",
    "web.cookie_id",
]
NAMES = [("Ada", "Byron"), ("Adda", "Byron"), ("Alan", "Turing")]
BORN = [date(1990, 5, 1), date(1990, 5, 1), date(1962, 11, 23), None]


class History:
    """A few identifiers, and what becomes of the sets and records that carry them."""

    def __init__(self, number: int, seed: int) -> None:
        self.prefix, self.random = f"h{number}", Random(seed)
        self.sets: dict[str, dict[str, Any]] = {}
        self.records: dict[str, dict[str, Any]] = {}

    def batch(self, day: datetime) -> None:
        """Much at first and little later: what a change does not touch but reaches is where mistakes hide."""
        if day == START:
            happenings, count = [self._add, self._add, self._record], 12
        else:
            happenings, count = (
                [self._add, self._record, self._change, self._rename, self._drop, self._drop],
                self.random.randint(0, 2),
            )
        for _ in range(count):
            self.random.choice(happenings)(day)

    def _member(self) -> tuple[str, str, str]:
        space, region = self.random.choice(SPACES), self.random.choice(["EU", "EU", "US"])
        value = f"{self.prefix}-{self.random.randint(0, 2 if space == 'email' else 5)}"
        if space == "email":
            value = self.random.choice([f"{value}@x.de", f"{value}@x.de", f"test@{self.prefix}.de"])
        return space, region, value

    def _add(self, day: datetime) -> None:
        members = sorted({self._member() for _ in range(self.random.choice([1, 2, 2, 3]))})
        late = day - timedelta(days=self.random.choice([0, 0, 25, 60]))
        self._seen(members, day, late)

    def _seen(self, members: list[tuple[str, str, str]], day: datetime, at: datetime) -> None:
        new = {"members": members, "record_count": 0, "first_seen_at": at, "last_seen_at": at, "first_recorded_at": day}
        found = self.sets.setdefault(f"{self.prefix} {members}", new)
        found["record_count"] += 1
        found["first_seen_at"] = min(found["first_seen_at"], at)
        found["last_seen_at"] = max(found["last_seen_at"], at)

    def _record(self, day: datetime) -> None:
        given, family = self.random.choice(NAMES)
        own = ("crm.customer_id", "EU", f"{self.prefix}-{self.random.randint(0, 3)}")
        phone = ("phone", "EU", f"{self.prefix}-{self.random.randint(0, 1)}")
        account = ("commerce.account_id", "EU", f"{self.prefix}-{self.random.randint(0, 1)}")
        members = sorted(self.random.choice([[own], [own, phone], [own, phone], [phone], [phone, account]]))
        postcode, born = self.random.choice(["10115", None]), self.random.choice(BORN)
        row = {"given_name": given, "family_name": f"{family} {self.prefix}", "postcode": postcode, "birth_date": born}
        # Some records are versions of one another: the model compares the current one alone.
        row |= {"received_at": day, "identifiers": members, "source_key": f"{self.prefix} {len(self.records) % 7}"}
        self.records[f"{self.prefix} r{len(self.records)} {day}"] = row
        self._seen(members, day, day)

    def _rename(self, _: datetime) -> None:
        """A record is read anew, by another contract: nothing but its attributes changes."""
        if self.records:
            row = self.records[self.random.choice(sorted(self.records))]
            row["given_name"], row["birth_date"] = self.random.choice(NAMES)[0], self.random.choice(BORN)

    def _change(self, day: datetime) -> None:
        if self.sets:
            found = self.sets[self.random.choice(sorted(self.sets))]
            found["last_seen_at"] = self.random.choice([day, found["first_seen_at"]])
            found["first_recorded_at"] = min(
                found["first_recorded_at"], START + timedelta(days=self.random.randint(0, 30))
            )

    def _drop(self, _: datetime) -> None:
        held = self.random.choice([self.sets, self.sets, self.records])
        if held:
            del held[self.random.choice(sorted(held))]


def rules_of(conf: Conf, *, loose: bool) -> RuleSet:
    """Every kind of rule in one set; `loose` is another such set."""
    named = {
        "crm.customer_id": {"max_per_person": 3 if loose else 2, "unique": loose},
        "email": {"crowd_limit": 2 if loose else 1, "expires_after_days": 40},
        "phone": {"crowd_limit": 2, "max_per_person": 1},
        "web.cookie_id": {"crowd_limit": 3 if loose else 1},
    }
    spaces = {n: space.model_copy(update=named.get(n, {})) for n, space in conf.rules.namespaces.items()}
    manual: dict[str, Any] = {"author": "a test", "reason": "a test", "added": date(2026, 1, 1)}

    def pairs(left: str, right: str, expires: date | None) -> tuple[Pair, ...]:
        ends = [{"namespace": "crm.customer_id", "region": "EU"}] * 2
        return tuple(
            Pair(left=Named(**ends[0], value=f"h{i}-{left}"), right=Named(**ends[1], value=f"h{i}-{right}"),
                 expires=expires, **manual)
            for i in range(0, PER_RUN, 3)
        )  # fmt: skip

    bridge = Bridge(
        namespaces=("email", "phone"),
        regions=("EU", "US"),
        legal_basis="consent",
        expires=date(2026, 2, 10),
        author="a test",
        added=date(2026, 1, 1),
    )
    return conf.rules.model_copy(
        update={
            "namespaces": spaces,
            "component_limit": 8 if loose else 6,
            "contradictions": Contradictions(namespaces=("phone",) if loose else ("phone", "commerce.account_id")),
            "probabilistic": model(0.1 if loose else 0.9),
            "bridges": {"groups": bridge},
            "never_links": pairs("0", "1", None if loose else date(2026, 1, 25)),
            "force_links": pairs("2", "3", date(2026, 2, 10) if loose else None),
        }
    )


def frames(frame: Frame, histories: list[History], secret: str) -> dict[Table, DataFrame]:
    """What silver would hold now."""
    of_set = {"source": "crm", "dataset": "customer", "region": "EU", "sample_bronze_id": "b"}
    sets = [
        of_set | {"identifier_set_id": key} | row | {"members": [(0, *member, False) for member in row["members"]]}
        for history in histories
        for key, row in history.sets.items()
    ]
    # Nothing may depend on a row's place, or a row that goes would change all behind it.
    keys = {c.name: "x" for c in tables.PROFILE_RECORD.columns if c.type == STRING and not c.nullable}
    of_record = keys | {"region": "EU", "country": "DE"}
    records = [
        of_record | {"bronze_id": key} | row | {"identifiers": [(0, *member, True) for member in row["identifiers"]]}
        for history in histories
        for key, row in history.records.items()
    ]

    def with_ids(rows: DataFrame, column: str) -> DataFrame:
        def named(m: Column) -> Column:
            return m.withField("identifier_id", identifier_id(m.namespace, m.region, m.value))

        return with_key(rows, secret).withColumn(column, F.transform(column, named)).drop(INNER, OUTER)

    return {
        tables.IDENTIFIER_SET: with_ids(frame(tables.IDENTIFIER_SET, *sets), "members"),
        tables.PROFILE_RECORD: with_ids(frame(tables.PROFILE_RECORD, *records), "identifiers"),
    }


def state(run: Run) -> dict[str, set[str]]:
    """Everything identity has to say, but for history."""
    read = run.store.read
    names = ("identifier_id", "component_id", "person_id")
    held = read(tables.MEMBERSHIP).where("valid_to_run IS NULL").select(*names)
    kept = [read(tables.EVIDENCE), read(tables.LINK), read(tables.IDENTIFIER), held]
    kept += [read(tables.PERSON).where("status = 'active'"), read(tables.DESCRIPTION), read(tables.REVIEW)]
    told = ("evidence", "link", "identifier", "membership", "person", "description", "review")
    return {name: {repr(row) for row in rows.collect()} for name, rows in zip(told, kept, strict=True)}


def test_batch_by_batch_gives_what_one_run_gives(
    spark: SparkSession, frame: Frame, conf: Conf, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A run takes long: the seed says all, so nothing is gained by shrinking it.
    @settings(max_examples=max(HISTORIES // PER_RUN, 1), deadline=None, derandomize=True, phases=[Phase.generate])
    @given(seed=st.integers(0, 2**32))
    def holds(seed: int) -> None:
        compare(spark, frame, conf, tmp_path_factory.mktemp("histories"), seed)

    holds()


def everything(run: Run) -> dict[str, set[str]]:
    """Everything identity has to say, with what happened on the way."""
    tables_ = (tables.EVIDENCE, tables.LINK, tables.IDENTIFIER, tables.MEMBERSHIP, tables.PERSON, tables.CHANGE)
    also = (tables.DESCRIPTION, tables.HEALTH)
    return {table.name: {repr(row) for row in run.store.read(table).collect()} for table in (*tables_, *also)}


def compare(spark: SparkSession, frame: Frame, conf: Conf, folder: Path, seed: int) -> None:
    """PER_RUN histories, batch by batch and at once, each in Python and by Spark."""
    histories = [History(i, seed + i) for i in range(PER_RUN)]
    secret = conf.platform.identity_key.secret()
    # Only a run with the rule set of the run before is incremental: the second, the third and the last.
    rule_sets = [rules_of(conf, loose=loose) for loose in (False, False, False, True, True)]
    for number, rules in enumerate(rule_sets):
        day = START + timedelta(days=12 * number)
        for history in histories:
            history.batch(day)
        silver = frames(frame, histories, secret)
        steps = [run_on(spark, conf, folder / name, rules, day, small=name == "python") for name in ("python", "spark")]
        for step in steps:
            for table, rows in silver.items():
                step.store.sync(table, rows)
            if number:
                approve(step, rules, approved_by="a test", figures=None)
            resolve_identity(step)
        where = f"after batch {number} of seed {seed}"
        for (name, found), wanted in zip(everything(steps[0]).items(), everything(steps[1]).values(), strict=True):
            assert found == wanted, f"{name} by Python and by Spark {where}"
        if number in (2, 4):
            once = run_on(spark, conf, folder / f"once {number}", rules, day, small=False)
            for table, rows in silver.items():
                once.store.append(table, rows.repartition(3))
            resolve_identity(once)
            wanted, found = state(once), state(steps[0])
            for name, rows_ in wanted.items():
                assert found[name] == rows_, f"{name} {where}"
            assert len(wanted["person"]) > PER_RUN
            guesses = once.store.read(tables.LINK).where("kind = 'probabilistic'")
            reasons = {row.reason for row in guesses.select("reason").distinct().collect()}
            assert reasons >= {None, "limit:known" if rules.unique_namespaces else "limit:mean"}


def run_on(spark: SparkSession, conf: Conf, lake: Path, rules: RuleSet, as_of: datetime, *, small: bool) -> Run:
    """A run that resolves changes in Python (`small`), or all of them by Spark."""
    components = conf.platform.components if small else Components(small_change_rows=0)
    platform = conf.platform.model_copy(update={"components": components})
    return Run(spark, Store(spark, str(lake)), replace(conf, rules=rules, platform=platform), as_of, run_id_of(as_of))
