"""What is still to be sent, in which order; and the law that after it a destination holds what it should."""

from datetime import timedelta
from itertools import pairwise, product
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from c360_spark import tables
from c360_spark.config.activation.activation import Destination
from c360_spark.export.outbox import export_changes
from c360_spark.export.pending import in_order, parked, pending
from tests.conftest import AS_OF, Frame

pytestmark = pytest.mark.spark
OUTBOX = tables.outbox("ads")
GIVEN = {"kind": "generic", "description": "d", "owner": "o", "audience": "a", "purposes": ["p"]}
ADS = Destination.model_validate(GIVEN | {"name": "ads", "fields": {"city": {"column": "city"}}})
NEXT_DAY = AS_OF + timedelta(days=1)


def change(person: str, sequence: int, operation: str = "add", **given: Any) -> dict[str, Any]:
    key = {"idempotency_key": f"{person}{sequence}"}
    return key | {"person_id": person, "sequence": sequence, "operation": operation, "created_at": AS_OF} | given


def ack(key: str, status: str, **given: Any) -> dict[str, Any]:
    return {"destination": "ads", "idempotency_key": key, "status": status} | given


def keys(frame: DataFrame) -> list[str]:
    return [row.idempotency_key for row in frame.collect()]


def test_changes_are_sent_day_by_day_each_person_in_order_and_removals_first(frame: Frame) -> None:
    outbox = frame(
        OUTBOX,
        change("a", 10, created_at=NEXT_DAY),
        change("a", 9),
        change("a", 8),  # the same day was run twice
        change("b", 1),
        change("c", 4, "remove"),
        change("d", 2, created_at=AS_OF),  # as if time had gone back
        change("d", 1, created_at=NEXT_DAY),
    )
    answers = [ack("b1", "delivered", destination="other"), ack("x1", "rejected")]
    waiting = pending(outbox, frame(tables.ACK, *answers), ADS)
    assert keys(in_order(waiting)) == ["c4", "a8", "b1", "a9", "a10", "d1", "d2"]
    waves = [(row.idempotency_key, row.due, row.wave, row.tried) for row in in_order(waiting).collect()]
    assert waves[-2:] == [("d1", NEXT_DAY, 1, 0), ("d2", NEXT_DAY, 2, 0)]


def test_answers_take_rows_away_and_move_nothing_else(frame: Frame) -> None:
    outbox = frame(OUTBOX, *(change(person, n) for person in "abc" for n in (1, 2)))
    before = in_order(pending(outbox, frame(tables.ACK), ADS)).collect()
    answers = [ack("a1", "delivered"), ack("b1", "rejected"), ack("c1", "parked", attempts=7)]
    after = in_order(pending(outbox, frame(tables.ACK, *answers), ADS)).collect()
    assert [(row.idempotency_key, row.wave) for row in after] == [(r.idempotency_key, r.wave) for r in before[2:]]
    assert [row.tried for row in after] == [7, 0, 0, 0]


def test_what_was_never_tried_is_parked_once(frame: Frame) -> None:
    outbox = frame(OUTBOX, *(change(person, 1) for person in "abc"))
    acks = frame(tables.ACK, ack("a1", "parked", attempts=5, reason="x"), ack("b1", "parked", destination="other"))
    found = parked(pending(outbox, acks, ADS), acks, ADS, reason="unreachable", as_of=NEXT_DAY, run_id="r")
    rows = found.select(*tables.ACK.column_names).collect()
    told = ("parked", 0, "unreachable", NEXT_DAY, "r")
    assert {tuple(row) for row in rows} == {("ads", "b1", *told), ("ads", "c1", *told)}


class Receivers:
    """Receivers as simple as can be, one a person: each holds a text, and refuses `bad`."""

    def __init__(self, spark: SparkSession, frame: Frame) -> None:
        self.spark, self.frame = spark, frame
        self.outbox: list[Row] = []
        self.acks: dict[str, dict[str, Any]] = {}
        self.holds: dict[str, str] = {}
        self.met: list[tuple[str, str, str | None, str]] = []

    def export(self, wanted: dict[str, str | None], run_id: str, *, retry: bool = False) -> list[Row]:
        rows = [(p, {"is": text}, text) for p, text in wanted.items() if text]
        frame = self.spark.createDataFrame(rows, "person_id string, payload map<string,string>, payload_hash string")
        exits = self.spark.createDataFrame([], "person_id string, exited_cause string")
        given: dict[str, Any] = {"as_of": AS_OF, "run_id": run_id, "retry_rejected": retry}
        changes = export_changes(frame, self._outbox(), self._acks(), exits, ADS, **given)
        made = changes.select(*OUTBOX.column_names).collect()
        self.outbox += made
        return made

    def deliver(self, up: set[str], *, refuses: str = "bad") -> None:
        for row in in_order(pending(self._outbox(), self._acks(), ADS)).collect():
            person, text = row.person_id, row.payload["is"]
            if person not in up:
                continue
            refused = row.operation != "remove" and text == refuses
            self.met.append((person, row.operation, self.holds.get(person), text))
            if row.operation == "remove":
                self.holds.pop(person, None)
            elif not refused:
                self.holds[person] = text
            self.acks[row.idempotency_key] = ack(row.idempotency_key, "rejected" if refused else "delivered")

    def _outbox(self) -> DataFrame:
        return self.spark.createDataFrame(self.outbox, OUTBOX.schema)

    def _acks(self) -> DataFrame:
        return self.frame(tables.ACK, *self.acks.values())


def test_whatever_happens_a_destination_holds_what_it_should_or_what_it_last_took(
    spark: SparkSession, frame: Frame
) -> None:
    """Every course of four days for one person: always there, or every other day."""
    days, there = range(4), [(1, 1, 1, 1), (0, 1, 0, 1)]
    courses = list(product(product((None, "one", "two", "bad"), repeat=len(days)), there))
    persons = {f"{number:04}": course for number, course in enumerate(courses)}
    always = {p for p, (_, up) in persons.items() if all(up)}
    to = Receivers(spark, frame)
    for day in days:
        wanted = {p: texts[day] for p, (texts, _) in persons.items()}
        to.export(wanted, f"{day}")
        up, before = {p for p, (_, up) in persons.items() if up[day]}, dict(to.holds)
        to.deliver(up)
        fine = {p for p in up if wanted[p] != "bad"}
        assert {p: to.holds[p] for p in fine if p in to.holds} == {p: wanted[p] for p in fine if wanted[p]}
        kept = {p for p in always if wanted[p] == "bad"}
        assert {p: to.holds.get(p) for p in kept} == {p: before.get(p) for p in kept}
    assert to.export(wanted, "again") == []
    # Every change that met a destination which is always there made sense to it.
    met = [(operation, held, text) for person, operation, held, text in to.met if person in always]
    assert {(operation, held is None) for operation, held, _ in met} == {
        ("add", True),
        ("update", False),
        ("remove", False),
    }
    assert not [text for operation, held, text in met if operation == "update" and held == text]
    told = sorted((row.person_id, row.sequence, row.payload["is"]) for row in to.outbox if row.person_id in always)
    assert not [text for (p, _, text), (q, _, after) in pairwise(told) if p == q and text == after == "bad"]

    to.export(wanted, "retry", retry=True)
    to.deliver(set(persons), refuses="nothing")
    assert to.holds == {p: text for p, text in wanted.items() if text}
    assert {row.cause for row in to.outbox} == {"entered", "changed", "unknown", "retried"}
