"""One small graph through its life: merged, split by a decision, joined across regions, erased, explained."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.keys import INNER, OUTER, identifier_id, with_key
from c360_spark.commands.explain import explain, explanation
from c360_spark.config import Conf
from c360_spark.config.platform import Components
from c360_spark.config.rules.identity import Bridge, Named, Pair
from c360_spark.errors import InputError, IntegrityError
from c360_spark.identity.evidence import set_evidence
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.identity.rule_approval import approve
from c360_spark.store import Store
from tests.conftest import ROOT, DyingStore, Killed
from tests.stages import resolve_identity

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Frame = Callable[..., DataFrame]
START = datetime(2026, 1, 1)
C1, C2, A = "crm.customer_id:C1", "crm.customer_id:C2", "commerce.account_id:A1"
MAIL_EU, MAIL_US = "email:a@x.de@EU", "email:a@x.de@US"
SIGNED: dict[str, Any] = {"author": "Ada", "added": date(2026, 1, 1)}


def sets(frame: Frame, secret: str, *groups: list[str]) -> DataFrame:
    """Identifier sets of `namespace:value[@region]`. The customers alone were recorded first. Nothing depends on a
    set's place, or one that goes would change all behind it.
    """
    rows: list[dict[str, Any]] = []
    for group in groups:
        parts = [(*name.split(":", 1), "EU") for name in group]
        found = [(n, v.rsplit("@", 1) if v.count("@") > 1 else (v, region)) for n, v, region in parts]
        members = [(0, n, region, v, False) for n, (v, region) in found]
        at = {f"{which}_seen_at": START for which in ("first", "last")}
        at["first_recorded_at"] = START + timedelta(hours={C1: 0, C2: 1}.get(" ".join(group), 2))
        of_set = {"identifier_set_id": " ".join(group), "sample_bronze_id": "b", "record_count": 1}
        rows.append(of_set | {"members": members} | at)
    made = frame(tables.IDENTIFIER_SET, *rows).withColumns({"source": F.lit("crm"), "dataset": F.lit("customer")})
    return (
        with_key(made, secret)
        .withColumn(
            "members",
            F.transform(
                "members",
                lambda m: m.withField("identifier_id", identifier_id(m.namespace, m.region, m.value)),
            ),
        )
        .drop(INNER, OUTER)
    )


class Life:
    """A lake, day by day."""

    def __init__(self, spark: SparkSession, frame: Frame, conf: Conf, lake: Path, *, small: int = 100_000) -> None:
        platform = conf.platform.model_copy(update={"components": Components(small_change_rows=small)})
        self.spark, self.frame, self.lake, self.day = spark, frame, str(lake), 0
        self.conf = replace(conf, platform=platform)

    def live(self, *groups: list[str], killed_after: int = 0, **update: Any) -> Run:
        """The next day: these sets are all there are, resolved by the rules with `update`. With `killed_after`, a run
        that dies after so many commits comes first.
        """
        self.day += 1
        rules = self.conf.rules.model_copy(update=update)
        as_of = START + timedelta(days=self.day)
        run = Run(self.spark, Store(self.spark, self.lake), replace(self.conf, rules=rules), as_of, run_id_of(as_of))
        secret = self.conf.platform.identity_key.secret()
        run.store.sync(tables.IDENTIFIER_SET, sets(self.frame, secret, *groups))
        if self.day > 1:
            approve(run, rules, approved_by="a test", figures=None)
        if killed_after:
            dying = DyingStore(self.spark, self.lake)
            dying.commits_left = killed_after
            with pytest.raises(Killed):
                resolve_identity(replace(run, store=dying))
        resolve_identity(run)
        now = datetime.now(UTC).replace(tzinfo=None)
        ledger = {"run_id": run.run_id, "stage": "resolve_identity", "as_of": as_of, "started_at": now}
        ledger |= {"status": "done", "seconds": 0.0}
        run.store.append(tables.RUN, self.frame(tables.RUN, ledger))
        return run

    def person(self, subject: str, day: int | None = None) -> Any:
        as_of = START + timedelta(days=day) if day else None
        return explanation(self.lake, subject, to=None, as_of=as_of, values=False)["person"]


def told(run: Run) -> set[tuple[str, str]]:
    rows = run.store.read(tables.CHANGE).where(F.col("run_id") == run.run_id).collect()
    return {(row.kind, row.cause) for row in rows}


def test_a_graph_through_its_life(spark: SparkSession, frame: Frame, conf: Conf, tmp_path: Path) -> None:
    life = Life(spark, frame, conf, tmp_path / "lake")
    apart = ([C1], [C2], [C1, A], [MAIL_EU], [MAIL_US])
    together = (*apart, [C2, A])
    assert told(life.live(*apart)) == {("created", "data")}
    one, two = life.person(C1), life.person(C2)
    assert one != two
    survivor = one  # was recorded first
    assert told(life.live(*together)) == {("merged", "data")}
    assert life.person(C1) == life.person(C2) == survivor

    never = Pair(left=_named(C1), right=_named(C2), reason="twins", **SIGNED)
    again = Pair(left=_named(C1 + " "), right=_named(C2), reason="twins", **SIGNED | {"added": date(2025, 1, 1)})
    split = life.live(*together, never_links=(never, again))
    assert told(split) == {("split", "manual")}
    assert (life.person(C1), life.person(C2)) == (one, two)
    answer = explanation(life.lake, C1, to=C2, as_of=None, values=False)
    assert [step["reason"] for step in answer["path"] if step["status"] == "evicted"] == ["limit:never"]
    before = Store(life.spark, life.lake).version(tables.LINK)
    idle = life.live(*together, never_links=(never, again))
    assert idle.store.version(tables.LINK) == before  # nothing changed, nothing written
    figures = idle.store.read(tables.HEALTH).where(F.col("run_id").isin(idle.run_id, split.run_id)).collect()
    assert {(row.metric, row.value) for row in figures} >= {("persons", 4.0), ("id_stability", 1.0)}
    assert {row.run_id for row in figures} == {split.run_id}  # figures of the last change hold

    bridge = Bridge(
        namespaces=("email",), regions=("EU", "US"), legal_basis="consent", expires=date(2026, 1, 7), **SIGNED
    )
    bridged = {"never_links": (never,), "bridges": {"group": bridge}}
    assert told(life.live(*together, **bridged)) == {("merged", "rule")}
    assert told(life.live(*together, **bridged)) == {("split", "expiry")}
    assert told(life.live(*apart[:-1], [C2, A], **bridged)) == {("retired", "erasure")}

    assert [life.person(C2, day) for day in (1, 2, 3)] == [two, survivor, two]
    days = [START + timedelta(days=day) for day in range(4)]
    then = [[explanation(life.lake, c, to=None, as_of=day, values=False) for c in (C1, C2)] for day in days]
    assert [[len(answer["links"]) for answer in both] for both in then[:3]] == [[0, 0], [1, 0], [2, 2]]
    assert sum(len(answer["links"]) for answer in then[3]) == 1
    assert [{link["reason"] for link in both[0]["evicted"]} for both in then[2:]] == [set(), {"never", "limit:never"}]
    _check_forms(life.lake, one)


def _named(name: str) -> Named:
    namespace, value = name.split(":")
    return Named(namespace=namespace, region="EU", value=value)


def _check_forms(lake: str, person: str) -> None:
    given: dict[str, Any] = {"config": str(ROOT / "conf"), "env": "dev", "lake": lake, "to": None, "as_of": None}
    text = explain(person, form="text", values=False, **given)
    assert "A1" not in text
    assert "A1" in explain(person, form="text", values=True, **given)
    assert json.loads(explain(person, form="json", values=False, **given))["person"] == person
    page = explain(person, form="html", values=False, **given)
    assert person in page
    assert "{{" not in page
    assert "//" not in page.replace("http://www.w3.org/2000/svg", "")  # nothing comes from elsewhere
    for unknown in ("email:nobody@x.de", "p" + "0" * 24):
        with pytest.raises(InputError, match="no "):
            explanation(lake, unknown, to=None, as_of=None, values=False)
        with pytest.raises(InputError, match="no "):
            explanation(lake, person, to=unknown, as_of=None, values=False)


@pytest.mark.parametrize("small", [100_000, 0], ids=["python", "spark"])
@pytest.mark.parametrize("commits", range(1, 8) if os.environ.get("C360_LONG") else [4])
def test_a_change_killed_after_any_commit_is_repaired_and_told_once(
    spark: SparkSession, frame: Frame, conf: Conf, tmp_path: Path, commits: int, small: int
) -> None:
    lives = [Life(spark, frame, conf, tmp_path / name, small=small) for name in ("killed", "whole")]
    for life in lives:
        life.live([C1], [C2], [C1, A])
    runs = [life.live([C1], [C2, A], killed_after=n) for life, n in zip(lives, (commits, 0), strict=True)]
    for table in (t for t in tables.ALL if t.layer == "identity"):
        one, other = ({repr(row) for row in run.store.read(table).collect()} for run in runs)
        assert one == other, table.full_name


def test_a_small_change_that_reaches_many_rows_is_left_to_spark(
    spark: SparkSession, frame: Frame, conf: Conf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kiosk = [A, *(f"web.cookie_id:k{i}" for i in range(6))]
    runs = []
    for small in (100_000, 5):  # the change has two rows of evidence, and reaches seven more
        life = Life(spark, frame, conf, tmp_path / f"{small}", small=small)
        life.live([C1], kiosk)
        capsys.readouterr()
        runs.append(life.live([C1], kiosk, [C1, A]))
        progress = capsys.readouterr().err
        assert "2 identifiers affected" in progress
        assert ("without Spark" in progress, "local engine" in progress) == (small > 5, small == 5)
    for table in (t for t in tables.ALL if t.layer == "identity"):
        one, other = ({repr(row) for row in run.store.read(table).collect()} for run in runs)
        assert one == other, table.full_name


def test_a_small_change_on_a_day_when_many_links_expire_is_not_lost(
    spark: SparkSession, frame: Frame, conf: Conf, tmp_path: Path
) -> None:
    cookie = conf.rules.namespaces["web.cookie_id"].model_copy(update={"expires_after_days": 1})
    rules = {"namespaces": conf.rules.namespaces | {"web.cookie_id": cookie}}
    visits, other = [[A, f"web.cookie_id:k{i}"] for i in range(6)], "commerce.account_id:A2"
    life = Life(spark, frame, conf, tmp_path / "lake", small=5)  # the change has two rows, twelve ends expire
    life.live([C1], [other], *visits, **rules)
    assert life.person(A) == life.person("web.cookie_id:k1")
    life.live([C1], [C1, other], *visits, **rules)
    assert life.person(A) != life.person("web.cookie_id:k1")
    assert life.person(other) == life.person(C1)


@pytest.mark.parametrize("small", [100_000, 0], ids=["python", "spark"])
def test_two_identifiers_on_one_id_are_refused_and_persons_stay(
    spark: SparkSession, frame: Frame, conf: Conf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    life = Life(spark, frame, conf, tmp_path / "lake", small=small)
    before = life.live([C1, A]).store.read(tables.MEMBERSHIP).collect()

    whole = identifier_id

    def short(*parts: Any) -> Any:
        return whole(*parts, bits=1)

    monkeypatch.setattr("tests.spark.test_resolve_identity.identifier_id", short)
    with pytest.raises(IntegrityError, match="one identifier_id"):
        life.live([C1, A], *([f"crm.customer_id:C{i}"] for i in range(2, 9)))
    assert Store(spark, life.lake).read(tables.MEMBERSHIP).collect() == before


def test_an_identifier_that_is_crowded_no_more_reaches_those_that_nothing_else_touched(
    spark: SparkSession, frame: Frame, conf: Conf, tmp_path: Path
) -> None:
    life, mail = Life(spark, frame, conf, tmp_path / "lake"), "email:a@x.de"
    life.live([C1], [C2, A], [C1, mail], [C2, mail])
    assert life.person(mail) is None
    life.live([C1], [C2, A], [C2, mail])
    assert life.person(mail) == life.person(C2) == life.person(A) != life.person(C1)


def test_an_identifier_that_a_record_carries_verified_and_not_is_one_row_of_evidence(frame: Frame, conf: Conf) -> None:
    members = [(1, "email", "EU", "a@x.de", verified) for verified in (False, True)]
    row = {"identifier_set_id": "s", "members": members, "record_count": 1}
    rows = set_evidence(frame(tables.IDENTIFIER_SET, row), conf.rules)
    assert [(found.hub_id, found.member_id, found.evidence_count) for found in rows.collect()] == [(1, 1, 1)]
