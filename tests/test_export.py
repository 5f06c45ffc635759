"""What a destination is sent: every difference once, in order, and nothing else."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation import Destination
from c360_spark.export.change import export_changes
from c360_spark.export.payload import payloads
from tests.conftest import AS_OF

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
OUTBOX = tables.outbox("ads")


def destination(name: str = "ads") -> Destination:
    fields = {
        "orders": {"column": "order_count"},
        "mail": {"column": "email", "normalize": "trim_lower", "hash": "sha256"},
        "call": {"column": "phone", "normalize": "digits"},
        "city": {"column": "city"},
    }
    return Destination.model_validate(
        {"name": name, "description": "d", "owner": "o", "audience": "a", "fields": fields}
    )


def test_a_payload_holds_the_mapped_fields_normalised_hashed_and_without_nulls(frame: Frame) -> None:
    people = [
        {"person_id": "a", "email": " A@X.de ", "phone": "+49 30 1", "city": " Bonn ", "order_count": 2},
        {"person_id": "b", "email": "a@x.de", "order_count": 2},
        {"person_id": "c", "email": " ", "phone": "none", "order_count": 0},
    ]
    made = payloads(frame(tables.PROFILE, *people), destination())
    rows = made.withColumn("names", F.map_keys("payload")).orderBy("person_id").collect()
    mail = hashlib.sha256(b"a@x.de").hexdigest()
    assert [row.payload for row in rows] == [
        {"call": "49301", "city": " Bonn ", "mail": mail, "orders": "2"},
        {"mail": mail, "orders": "2"},
        {"orders": "0"},
    ]
    assert [row.names for row in rows] == [sorted(row.payload) for row in rows]
    assert len({row.payload_hash for row in rows}) == 3


def test_a_payload_hash_sees_what_is_sent_and_nothing_else(frame: Frame) -> None:
    people = [
        {"person_id": "a", "email": "A@x.de", "street": "not sent"},
        {"person_id": "b", "email": "a@x.de"},
        {"person_id": "c", "phone": "1"},
        {"person_id": "d", "city": "1"},
    ]
    rows = payloads(frame(tables.PROFILE, *people), destination()).orderBy("person_id").collect()
    a, b, c, d = (row.payload_hash for row in rows)
    assert a == b
    assert len({a, c, d}) == 3


@pytest.fixture
def told(frame: Frame) -> Callable[..., list[Row]]:
    """`told(sent, wanted, exits)`: the changes for members `{person: city}` after rows of the outbox."""

    def make(sent: list[dict[str, Any]], wanted: dict[str, str], exits: dict[str, str], name: str = "ads") -> list[Row]:
        people = frame(tables.PROFILE, *({"person_id": p, "city": city} for p, city in wanted.items()))
        left = frame(tables.AUDIENCE_MEMBER, *({"person_id": p, "exited_cause": why} for p, why in exits.items()))
        changes = export_changes(
            payloads(people, destination(name)),
            frame(OUTBOX, *sent),
            left.select("person_id", "exited_cause"),
            destination(name),
            as_of=AS_OF,
            run_id="r",
        )
        return changes.select(*OUTBOX.column_names).orderBy("person_id").collect()

    return make


def test_the_newest_change_by_sequence_is_what_the_receiver_has(frame: Frame, told: Callable[..., list[Row]]) -> None:
    now = payloads(frame(tables.PROFILE, {"person_id": "x", "city": "now"}), destination()).head()

    def sent(person: str, sequence: int, operation: str, city: str) -> dict[str, Any]:
        hash = now.payload_hash if city == "now" else city
        payload = {"city": city, "orders": "0"}
        return {"person_id": person, "sequence": sequence, "operation": operation, "payload": payload} | {
            "payload_hash": hash
        }

    outbox = [
        # Written in any order; sequence 10 is after 9.
        sent("back again", 10, "remove", "now"),
        sent("back again", 9, "add", "now"),
        sent("changed back", 2, "update", "old"),
        sent("changed back", 1, "add", "now"),
        sent("gone", 1, "add", "first"),
        sent("gone", 2, "update", "last"),
        sent("gone before", 1, "add", "now"),
        sent("gone before", 2, "remove", "now"),
        sent("same", 1, "add", "now"),
        sent("vanished", 1, "add", "now"),
    ]
    members = dict.fromkeys(("back again", "changed back", "new", "same"), "now")
    rows = told(outbox, members, {"gone": "consent", "gone before": "disqualified", "same": "disqualified"})
    assert [(r.person_id, r.operation, r.sequence, r.cause, r.payload["city"]) for r in rows] == [
        ("back again", "add", 11, "entered", "now"),
        ("changed back", "update", 3, "changed", "now"),
        ("gone", "remove", 3, "consent", "last"),
        ("new", "add", 1, "entered", "now"),
        ("vanished", "remove", 2, "unknown", "now"),
    ]
    assert {(row.run_id, row.created_at) for row in rows} == {("r", AS_OF)}


def test_a_key_is_the_change_of_one_destination_and_the_same_when_computed_again(
    told: Callable[..., list[Row]],
) -> None:
    members = {"p": "x", "q": "x"}
    once, again, other = told([], members, {}), told([], members, {}), told([], members, {}, "mail")
    keys = [[row.idempotency_key for row in rows] for rows in (once, again, other)]
    assert keys[0] == keys[1]
    assert len({*keys[0], *keys[2]}) == 4
