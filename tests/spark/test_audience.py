"""People enter an audience and leave it for a cause, and the causes add up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.commands.audience import explain, preview
from c360_spark.config import Conf
from c360_spark.config.activation.activation import Audience
from c360_spark.config.rules.expression import conjuncts
from c360_spark.errors import ConfigError, InputError, IntegrityError
from c360_spark.gold.audience import judged, moves, stays
from c360_spark.pipeline.chain import run_stages
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF, DyingStore, Killed, utc
from tests.stages import build_audiences

Frame = Callable[..., DataFrame]
BUYERS = Audience(name="buyers", description="d", owner="o", purpose="analytics", where="order_count > 0")
SINCE = utc("2026-01-01")
GRANTED = {"purpose": "analytics", "status": "granted", "effective_from": utc("2025-01-01")}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a = 1 AND b = 2", ["a = 1", "b = 2"]),
        ("a BETWEEN 1 AND 2 and (b OR c) AND NOT d", ["a BETWEEN 1 AND 2", "(b OR c)", "NOT d"]),
        ("a AND b OR c", ["a AND b OR c"]),
        ("CASE WHEN a AND b THEN c END AND x = ' AND '", ["CASE WHEN a AND b THEN c END", "x = ' AND '"]),
        ("", []),
    ],
)
def test_a_condition_falls_into_the_parts_that_must_all_hold(text: str, parts: list[str]) -> None:
    assert conjuncts(text) == parts


def told(
    frame: Frame, audience: Audience, people: dict[str, dict[str, Any]], **given: Any
) -> dict[str, tuple[str, str]]:
    """What happens to each person, as (enters | leaves, cause). A person is told by its order_count, its consent
    (granted unless it says another status, or when), since when it is in, when it left, and identity changes.
    """
    profiles, consents, members, changes = [], [], [], []
    for person, said in people.items():
        if "orders" in said:
            profiles.append({"person_id": person, "order_count": said["orders"]})
        consents.append({"person_id": person, **GRANTED, **said.get("consent", {})})
        if "inside" in said:
            members.append({"person_id": person, "entered_at": said["inside"], "entered_cause": "data"})
        if "left" in said:
            left = {"entered_at": utc("2025-01-01"), "exited_at": said["left"]}
            members.append({"person_id": person, **left, "entered_cause": "data", "exited_cause": "data"})
        for kind, cause in said.get("changes", {}).items():
            changes.append({"from_person_id": person, "kind": kind, "cause": cause, "occurred_at": AS_OF})
    rows = [{"audience": audience.name, **member} for member in members]
    old = given.pop("old", None)
    profile, consent = frame(tables.PROFILE, *profiles), frame(tables.CONSENT_STATE, *consents)
    found = stays(
        frame(tables.AUDIENCE_MEMBER, *rows),
        judged(profile, consent, [audience], as_of=AS_OF, before={audience.name: old} if old else None),
        moves(frame(tables.CHANGE, *changes), since={audience.name: SINCE}),
        [audience],
        as_of=AS_OF,
        since={audience.name: SINCE},
        **given,
    ).collect()
    return {r.person_id: ("leaves", r.exited_cause) if r.exited_at else ("enters", r.entered_cause) for r in found}


@pytest.mark.spark
def test_every_way_in_and_out_has_its_cause(frame: Frame) -> None:
    inside = {"inside": utc("2025-12-01")}
    people = {
        "stays in": {"orders": 1, **inside},
        "stays out": {"orders": 0},
        "no consent": {"orders": 1, "consent": {"status": "denied"}},
        "bought": {"orders": 1},
        "agreed": {"orders": 1, "consent": {"effective_from": utc("2026-01-01T12:00:00")}},
        "grew": {"orders": 1, "changes": {"merged": "data"}},
        "stopped buying": {"orders": 0, **inside},
        "took it back": {"orders": 1, "consent": {"status": "withdrawn"}, **inside},
        "shrank": {"orders": 0, "changes": {"split": "manual"}, **inside},
        "merged away": {"changes": {"merged": "data", "moved": "data"}, **inside},
        "erased": {"changes": {"retired": "erasure"}, **inside},
        "gone": {**inside},
    }
    assert told(frame, BUYERS, people) == {
        "bought": ("enters", "data"),
        "agreed": ("enters", "consent"),
        "grew": ("enters", "merge"),
        "stopped buying": ("leaves", "data"),
        "took it back": ("leaves", "consent"),
        "shrank": ("leaves", "split"),
        "merged away": ("leaves", "merge"),
        "erased": ("leaves", "erasure"),
        "gone": ("leaves", "retired"),
    }


@pytest.mark.spark
def test_a_changed_definition_is_the_cause_only_for_those_it_makes_a_difference_for(frame: Frame) -> None:
    people = {
        "by the rule": {"orders": 1},
        "by data": {"orders": 5},
        "out by the rule": {"orders": 9, "inside": utc("2025-12-01")},
        "out by data": {"orders": 0, "inside": utc("2025-12-01")},
    }
    old = BUYERS.model_copy(update={"where": "order_count > 4"})
    new = BUYERS.model_copy(update={"where": "order_count BETWEEN 1 AND 8"})
    assert told(frame, new, people, old=old) == {
        "by the rule": ("enters", "rule"),
        "by data": ("enters", "data"),
        "out by the rule": ("leaves", "rule"),
        "out by data": ("leaves", "data"),
    }


@pytest.mark.spark
def test_stays_have_a_shortest_and_a_longest_time_and_a_way_out_of_their_own(frame: Frame) -> None:
    rules = {"exit": "order_count < 2", "min_stay_days": 5, "max_stay_days": 30, "cooldown_days": 10}
    audience = BUYERS.model_copy(update={"where": "order_count > 4", **rules})
    days = {n: AS_OF - timedelta(days=n) for n in (0, 4, 5, 9, 10, 29, 30)}
    people = {
        "between, inside": {"orders": 3, "inside": days[9]},
        "between, outside": {"orders": 3},
        "low and new": {"orders": 1, "inside": days[4]},
        "low": {"orders": 1, "inside": days[5]},
        "low, new, no consent": {"orders": 1, "inside": days[4], "consent": {"status": "denied"}},
        "long": {"orders": 9, "inside": days[29]},
        "too long": {"orders": 9, "inside": days[30]},
        "back too soon": {"orders": 9, "left": days[9]},
        "back": {"orders": 9, "left": days[10]},
    }
    assert told(frame, audience, people) == {
        "low": ("leaves", "data"),
        "low, new, no consent": ("leaves", "consent"),
        "too long": ("leaves", "expired"),
        "back": ("enters", "data"),
    }
    never = audience.model_copy(update={"requalify": False})
    assert told(frame, never, {"back": people["back"]}) == {}
    at_once = BUYERS.model_copy(update={"max_stay_days": 1})
    assert told(frame, at_once, {"left just now": {"orders": 9, "left": days[0]}}) == {}


@pytest.fixture
def run(spark: SparkSession, conf: Conf, frame: Frame, tmp_path: Path) -> Run:
    """A lake of three persons who may be written to: a with no order, b with one, c with two."""
    store = Store(spark, str(tmp_path / "lake"))
    people = [{"person_id": p, "order_count": n} for n, p in enumerate("abc")]
    store.append(tables.PROFILE, frame(tables.PROFILE, *people))
    store.append(tables.CONSENT_STATE, frame(tables.CONSENT_STATE, *({"person_id": p, **GRANTED} for p in "abc")))
    return Run(spark, store, replace(conf, audiences={"buyers": BUYERS}), AS_OF, run_id_of(AS_OF))


def later(run: Run, days: float, **changed: Any) -> Run:
    moment = AS_OF + timedelta(days=days)
    audience = run.conf.audiences["buyers"].model_copy(update=changed)
    conf = replace(run.conf, audiences={"buyers": audience})
    return replace(run, as_of=moment, run_id=run_id_of(moment), conf=conf)


def sizes(run: Run) -> list[tuple[datetime, int, int, dict[str, int]]]:
    rows = run.store.read(tables.AUDIENCE_SIZE).orderBy("evaluated_at").collect()
    return [(row.evaluated_at, row.size_before, row.size_after, row.causes) for row in rows]


@pytest.mark.spark
def test_sizes_are_on_record_and_the_same_run_again_changes_nothing(run: Run, frame: Frame) -> None:
    build_audiences(run)
    stricter = later(run, 1, where="order_count > 1")
    build_audiences(stricter)
    expected = [(AS_OF, 0, 2, {"data": 2}), (stricter.as_of, 2, 1, {"rule": -1})]
    assert sizes(run) == expected
    versions = [run.store.version(tables.AUDIENCE_MEMBER), run.store.version(tables.AUDIENCE_SIZE)]
    build_audiences(stricter)
    assert sizes(run) == expected
    assert run.store.version(tables.AUDIENCE_MEMBER) == versions[0]
    build_audiences(later(stricter, 1.2, every_hours=6))
    assert len(sizes(run)) == 2
    run.store.merge(tables.AUDIENCE_MEMBER, frame(tables.AUDIENCE_MEMBER, {"audience": "buyers", "person_id": "x"}))
    with pytest.raises(IntegrityError, match="audience buyers does not add up"):
        build_audiences(later(stricter, 2))


@pytest.mark.spark
def test_a_run_killed_before_the_size_is_accounted_for_by_the_next_one_at_a_later_time(run: Run) -> None:
    build_audiences(run)
    before = run.store.version(tables.AUDIENCE_MEMBER)
    killed, last = later(run, 1, where="order_count > 1"), later(run, 2, where="order_count >= 0")
    dying = DyingStore(run.spark, run.store.lake)
    dying.commits_left = 2  # that everything is looked at, and the members
    with pytest.raises(Killed):
        build_audiences(replace(killed, store=dying))
    assert (len(sizes(run)), run.store.version(tables.AUDIENCE_MEMBER)) == (1, before + 1)
    build_audiences(last)
    # a by the rule; b out by the rule that died, and in again, which by the rule on record is no change of rule
    assert sizes(run)[1] == (last.as_of, 2, 3, {"rule": 0, "data": 1})


@pytest.mark.spark
def test_who_is_touched_moves_and_time_alone_moves_whom_it_may(
    run: Run, frame: Frame, capsys: pytest.CaptureFixture[str]
) -> None:
    build_audiences(run)
    tomorrow = later(run, 1)
    # b takes consent back, a orders, c is gone; d comes without consent
    orders = ({"person_id": p, "order_count": n} for p, n in (("a", 1), ("b", 1), ("d", 5)))
    run.store.sync(tables.PROFILE, frame(tables.PROFILE, *orders))
    granted = ({"person_id": p, **GRANTED} for p in "ac")
    run.store.sync(tables.CONSENT_STATE, frame(tables.CONSENT_STATE, *granted))
    build_audiences(tomorrow)
    assert "buyers: 4 persons affected" in capsys.readouterr().err
    members = run.store.read(tables.AUDIENCE_MEMBER).collect()
    assert {(row.person_id, row.entered_cause, row.exited_cause) for row in members} == {
        ("a", "data", None),
        ("b", "data", "consent"),
        ("c", "data", "retired"),
    }
    for day, affected in ((2, 2), (3, 0)):  # b and c have left: once more they are looked at
        build_audiences(later(run, day))
        assert f"buyers: {affected} persons affected" in capsys.readouterr().err
    build_audiences(later(run, 4, max_stay_days=1))
    build_audiences(later(run, 5, max_stay_days=1))
    assert "persons affected" not in capsys.readouterr().err
    assert sizes(run)[1:] == [
        (tomorrow.as_of, 2, 1, {"data": 1, "consent": -1, "retired": -1}),
        *((later(run, day).as_of, 1, 1, {}) for day in (2, 3)),
        (later(run, 4).as_of, 1, 0, {"expired": -1}),
        (later(run, 5).as_of, 0, 1, {"data": 1}),
    ]


@pytest.mark.spark
def test_audiences_evaluated_in_one_pass_are_as_if_each_were_alone(run: Run, frame: Frame, tmp_path: Path) -> None:
    """One that only changes move, one that time moves, one with another definition later, one nobody may be in."""
    later_on = {"other": {"where": "order_count >= 0"}}
    audiences = {
        "buyers": BUYERS,
        "timed": BUYERS.model_copy(update={"name": "timed", "max_stay_days": 1, "requalify": False}),
        "other": BUYERS.model_copy(update={"name": "other", "where": "order_count > 1", "cooldown_days": 0}),
        "nobody": BUYERS.model_copy(update={"name": "nobody", "purpose": "ad_user_data"}),
    }
    profiles = [{"a": 1, "b": 1, "c": 2}, {"a": 1, "c": 0, "d": 3}, {"a": 0, "b": 2, "c": 2, "d": 3}]
    states = {}
    for name, chosen in {"all": list(audiences), **{name: [name] for name in audiences}}.items():
        store = Store(run.spark, str(tmp_path / name))
        store.append(tables.CONSENT_STATE, frame(tables.CONSENT_STATE, *({"person_id": p, **GRANTED} for p in "abcd")))
        for day, orders in enumerate(profiles):
            moment = AS_OF + timedelta(days=day)
            store.sync(
                tables.PROFILE, frame(tables.PROFILE, *({"person_id": p, "order_count": n} for p, n in orders.items()))
            )
            merged = {
                "change_id": f"{day}",
                "from_person_id": "c",
                "kind": "moved",
                "cause": "data",
                "occurred_at": moment,
            }
            store.append(tables.CHANGE, frame(tables.CHANGE, merged))
            now = {n: audiences[n].model_copy(update=later_on.get(n, {}) if day == 2 else {}) for n in chosen}
            conf = replace(run.conf, audiences=now)
            build_audiences(replace(run, store=store, conf=conf, as_of=moment, run_id=run_id_of(moment)))
        read = [store.read(table).collect() for table in (tables.AUDIENCE_MEMBER, tables.AUDIENCE_SIZE)]
        states[name] = {repr(row) for rows in read for row in rows}
    together = states.pop("all")
    assert together == set().union(*states.values())
    assert len(together) > 4 * len(profiles)
    assert {cause for cause in ("rule", "move", "expired", "data") if any(f"'{cause}'" in row for row in together)} == {
        "rule",
        "move",
        "expired",
        "data",
    }


@pytest.mark.spark
def test_who_left_and_qualifies_again_at_once_enters_at_the_next_look(run: Run, frame: Frame) -> None:
    build_audiences(run)
    tomorrow = later(run, 1)
    for count in (0, 1):  # the day is run again, after its data was mended
        run.store.merge(tables.PROFILE, frame(tables.PROFILE, {"person_id": "b", "order_count": count}))
        build_audiences(tomorrow)
    build_audiences(later(run, 2))
    assert [size[1:] for size in sizes(run)[1:]] == [(2, 1, {"data": -1}), (1, 2, {"data": 1})]


@pytest.mark.spark
def test_a_preview_tells_what_would_be_and_writes_nothing_and_a_person_is_explained(run: Run) -> None:
    build_audiences(run)
    next_day = later(run, 1)
    before = run.store.version(tables.AUDIENCE_MEMBER)
    said = preview(next_day, "buyers", where="order_count >= 0 AND email IS NULL").splitlines()
    assert [line.strip() for line in said[1:]] == ["3 qualify, 3 of them granted analytics", "1 would enter: rule", "a"]
    assert run.store.version(tables.AUDIENCE_MEMBER) == before
    text = explain(next_day, "buyers", "b")
    assert "holds                           qualifies: order_count > 0" in text
    assert "analytics: granted since 2025-01-01 00:00:00" in text
    assert "in from 2026-01-02 00:00:00 (data) until today" in text
    assert "does not hold                   qualifies: order_count > 0" in explain(next_day, "buyers", "a")
    with pytest.raises(InputError, match="no person 'z'"):
        explain(next_day, "buyers", "z")
    with pytest.raises(InputError, match="no audience 'buyer'") as error:
        preview(next_day, "buyer")
    assert "buyers" in error.value.hint
    with pytest.raises(InputError, match="function 'reflect' is not allowed"):
        preview(next_day, "buyers", where="reflect('a')")
    with pytest.raises(InputError, match="is no condition"):
        preview(next_day, "buyers", where="order_count + 1")
    mistaken = later(run, 1, where="order_count + 1")
    with pytest.raises(ConfigError, match=r"audiences/buyers\.yml: 'order_count \+ 1' is no condition") as problem:
        run_stages(mistaken, ["canonicalise", "build_audiences"])
    assert problem.value.code == "C201"
    assert not run.store.exists(tables.RUN), "nothing was begun"
    with pytest.raises(InputError, match="'AND' is out of place"):
        preview(next_day, "buyers", where="order_count >= AND")
