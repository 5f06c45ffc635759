"""What a destination is sent: every difference once, in order, and nothing else."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation.activation import Destination
from c360_spark.export.outbox import export_changes
from c360_spark.export.payload import consented, coverage, left_out, payloads
from c360_spark.export.rejection import exits, rejections
from tests.conftest import AS_OF, utc

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
OUTBOX = tables.outbox("ads")
PURPOSES = ["ad_user_data", "ad_personalization"]


FIELDS: dict[str, Any] = {
    "orders": {"column": "order_count"},
    "mail": {"column": "email", "normalize": "trim_lower", "hash": "sha256"},
    "call": {"column": "phone", "normalize": "digits"},
    "city": {"column": "city"},
}


def destination(name: str = "ads", kind: str = "generic", **fields: Any) -> Destination:
    """`fields` are columns or mappings; without any they are FIELDS."""
    mappings = {n: {"column": m} if isinstance(m, str) else m for n, m in fields.items()} or FIELDS
    given = {"name": name, "kind": kind, "description": "d", "owner": "o", "audience": "a", "fields": mappings}
    return Destination.model_validate(given | {"purposes": PURPOSES})


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
            frame(tables.ACK),
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


GOOGLE = {"email": "email", "phone": "phone", "country": "country"}
GOOGLE |= {"given_name": "given_name", "family_name": "family_name", "postcode": "postcode"}


def sha256(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def test_one_bad_field_costs_one_row_or_only_the_field(frame: Frame) -> None:
    people = [
        {"person_id": "all", "email": "A.b@gmail.com", "phone": "+4930123456", "given_name": "Ann", "country": "DE"},
        {"person_id": "bad phone", "email": "a@x.de", "phone": "030 123456", "country": "Germany"},
        {"person_id": "by address", "given_name": "Ann", "family_name": "Lee", "country": "DE", "postcode": "10115"},
        {"person_id": "nobody", "given_name": "Ann", "email": "null", "phone": sha256(""), "country": "DE"},
        {"person_id": "nothing"},
    ]
    rows = payloads(frame(tables.PROFILE, *people), destination("g", "google_customer_match", **GOOGLE)).collect()
    assert {row.person_id: (row.match_keys, row.reasons, row.left_out) for row in rows} == {
        "all": (["email", "phone"], [], []),
        "bad phone": (["email"], [], ["invalid:country", "invalid:phone"]),
        "by address": (["address"], [], []),
        "nobody": ([], ["worthless:email", "worthless:phone", "no_match_key:any"], []),
        "nothing": ([], ["no_match_key:any"], []),
    }
    sent = {row.person_id: row.payload for row in rows}
    assert sent["all"] == {
        "email": sha256("ab@gmail.com"),
        "phone": sha256("+4930123456"),
        "given_name": sha256("ann"),
        "country": "DE",
    }
    assert sent["bad phone"] == {"email": sha256("a@x.de")}


def test_a_required_field_that_is_missing_or_unusable_rejects_the_row(frame: Frame) -> None:
    needed = destination("g", "snap", email="email", phone={"column": "phone", "required": True})
    people = [
        {"person_id": "fine", "phone": "+4930123456"},
        {"person_id": "bad", "email": "no", "phone": "030"},
        {"person_id": "missing", "email": "a@x.de"},
    ]
    rows = payloads(frame(tables.PROFILE, *people), needed).collect()
    assert {row.person_id: (row.reasons, row.left_out) for row in rows} == {
        "fine": ([], []),
        "bad": (["invalid:email", "invalid:phone", "no_match_key:any"], []),
        "missing": (["missing:phone"], []),
    }


def test_a_time_is_sent_with_its_clock(frame: Frame) -> None:
    people = frame(tables.PROFILE, {"last_order_at": utc("2026-01-02T15:31:29.5")})
    row = payloads(people, destination(last="last_order_at")).head()
    assert row.payload == {"last": "2026-01-02T15:31:29.5Z"}


def test_a_kind_without_match_keys_takes_everybody(frame: Frame) -> None:
    row = payloads(frame(tables.PROFILE, {"person_id": "p"}), destination(city="city")).head()
    assert (row.payload, row.reasons) == ({}, [])


def test_only_files_for_people_are_escaped(frame: Frame) -> None:
    people = frame(
        tables.PROFILE,
        {
            "person_id": "-p",
            "given_name": "=cmd|' /C calc'!A0",
            "email": "+tag@x.de",
            "phone": "+4930123456",
            "loyalty_tier": "@x",
        },
    )
    fields = {"external_id": "person_id", "given_name": "given_name", "email": "email", "phone": "phone"}
    fields |= {"tier": "loyalty_tier"}
    plain = {
        "external_id": "-p",
        "given_name": "=cmd|' /C calc'!A0",
        "email": "+tag@x.de",
        "phone": "+4930123456",
        "tier": "@x",
    }
    for kind in ("crm_jdbc", "email_jsonl"):
        assert payloads(people, destination(kind=kind, **fields)).head().payload == plain
    assert payloads(people, destination(kind="csv", **fields)).head().payload == {n: f"'{v}" for n, v in plain.items()}


def test_an_entry_of_the_attributes_can_be_sent(frame: Frame) -> None:
    people = frame(tables.PROFILE, {"email": "a@x.de", "attributes": {"gender": "Female"}}, {"email": "b@x.de"})
    rows = payloads(
        people, destination(kind="meta_custom_audience", email="email", gender="attributes.gender")
    ).collect()
    assert [row.payload.get("gender") for row in rows] == [sha256("f"), None]


@pytest.fixture
def rows(frame: Frame) -> Callable[..., DataFrame]:
    """`rows(person=mail)`: what a Snap destination is sent, of persons who granted all but those named `denied…`."""

    def make(**mails: str) -> DataFrame:
        granted = [
            {"person_id": person, "purpose": purpose, "status": "granted"}
            for person in mails
            for purpose in ([*PURPOSES, "analytics"] if not person.startswith("denied") else [PURPOSES[0]])
        ]
        withdrawn = [
            {"person_id": p, "purpose": PURPOSES[1], "status": "withdrawn"} for p in mails if p[:6] == "denied"
        ]
        people = frame(tables.PROFILE, *({"person_id": person, "email": mail} for person, mail in mails.items()))
        snap = destination(kind="snap", email="email", phone="phone")
        return consented(payloads(people, snap), frame(tables.CONSENT_STATE, *granted, *withdrawn), snap)

    return make


def test_who_did_not_grant_every_purpose_is_not_sent_and_leaves_no_payload(rows: Callable[..., DataFrame]) -> None:
    found = {row.person_id: row for row in rows(fine="a@x.de", denied="b@x.de", denied_too="no").collect()}
    assert found["fine"].reasons == []
    assert found["denied"].reasons == ["no_consent:ad_personalization"]
    assert found["denied_too"].reasons == ["invalid:email", "no_match_key:any", "no_consent:ad_personalization"]
    assert {(row.payload, row.payload_hash) for name, row in found.items() if name != "fine"} == {(None, None)}


def test_silence_is_no_consent(frame: Frame) -> None:
    snap = destination(kind="snap", email="email")
    made = payloads(frame(tables.PROFILE, {"person_id": "p", "email": "a@x.de"}), snap)
    row = consented(made, frame(tables.CONSENT_STATE), snap).head()
    assert row.reasons == ["no_consent:ad_personalization", "no_consent:ad_user_data"]


def test_coverage_counts_those_who_are_sent_by_match_key(frame: Frame, rows: Callable[..., DataFrame]) -> None:
    made = rows(a="a@x.de", b="b@x.de", c="no", denied="d@x.de")
    found = coverage(made, destination(kind="snap", email="email"))
    assert found.columns == ["destination", "match_key", "persons"]
    assert {tuple(row) for row in found.collect()} == {
        ("ads", "email", 2),
        ("ads", "phone", 0),
        ("ads", "mobile_ad_id", 0),
        ("ads", "any", 2),
    }
    assert left_out(made).isEmpty()
    google = destination(kind="google_customer_match", **GOOGLE)
    people = frame(tables.PROFILE, *({"email": "a@x.de", "phone": phone} for phone in ("1", "2", "+4930123456")))
    assert [tuple(row) for row in left_out(payloads(people, google)).collect()] == [("invalid:phone", 2)]


def test_a_rejection_is_on_record_until_its_data_is_fixed(frame: Frame) -> None:
    bad, worse, other = ["invalid:email"], ["worthless:email"], {"destination": "other", "person_id": "fixed"}
    table = {("other", "fixed", AS_OF): other | {"rejected_at": AS_OF, "reasons": ["x"]}}
    states: list[dict[str, list[str]]] = [
        {"fixed": bad, "worse": bad, "left": bad, "fine": []},
        {"fixed": bad, "worse": worse, "left": bad, "fine": []},
        {"fixed": [], "worse": worse, "fine": []},
        {"fixed": [], "worse": worse, "fine": []},
    ]
    history = []
    for day, state in enumerate(states, 1):
        rows = frame(tables.REJECTED, *({"person_id": p, "reasons": reasons} for p, reasons in state.items()))
        before = frame(tables.REJECTED, *table.values())
        changed = rejections(rows, before, destination(), as_of=AS_OF + timedelta(days=day), run_id=f"{day}")
        found = [row.asDict() for row in changed.select(*tables.REJECTED.column_names).collect()]
        table |= {(row["destination"], row["person_id"], row["rejected_at"]): row for row in found}
        history.append({(row["person_id"], *row["reasons"], row["resolution"], row["run_id"]) for row in found})
        assert {row["rejected_at"] for row in found} <= {AS_OF + timedelta(days=1)}
        assert {row["resolved_at"] for row in found if row["resolution"]} <= {AS_OF + timedelta(days=day)}
    assert history == [
        {(person, *bad, None, "1") for person in ("fixed", "worse", "left")},
        {("worse", *worse, None, "1")},
        {("fixed", *bad, "sent", "1"), ("left", *bad, "left", "1")},
        set(),
    ]
    assert table["other", "fixed", AS_OF]["reasons"] == ["x"]


def test_members_who_cannot_be_sent_any_more_leave_the_destination(
    frame: Frame, rows: Callable[..., DataFrame]
) -> None:
    left = {"exited_at": AS_OF, "exited_cause": "disqualified"}
    stays = frame(
        tables.AUDIENCE_MEMBER,
        *({"person_id": p} for p in ("denied", "bad", "back")),
        {"person_id": "back", "entered_at": AS_OF - timedelta(days=9), **left},
        {"person_id": "gone", "entered_at": AS_OF - timedelta(days=9), **left},
    )
    found = exits(stays, rows(denied="a@x.de", bad="no", back="b@x.de")).collect()
    assert {(row.person_id, row.exited_cause) for row in found} == {
        ("denied", "consent"),
        ("bad", "rejected"),
        ("gone", "disqualified"),
    }
