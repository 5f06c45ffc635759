"""What a CDP is sent: persons as identify-calls, and each of their events once, as a track-call."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.config.activation.activation import Destination
from c360_spark.export.call import call
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF, DyingStore, Frame, Killed
from tests.stages import deliver, export

FIELDS = {name: {"column": name} for name in ("email", "given_name", "city", "country")}
CDP = Destination.model_validate(
    {
        "name": "cdp",
        "kind": "cdp",
        "description": "d",
        "owner": "o",
        "audience": "buyers",
        "purposes": ["personalisation"],
        "fields": FIELDS | {"orders": {"column": "order_count"}},
        "events": {"names": ["product_viewed", "order_placed"], "properties": ["sku"], "days": 30},
        "deliver": {"to": "jsonl", "folder": "cdp"},
    }
)
OUTBOX, EVENTS = tables.outbox("cdp"), tables.event_outbox("cdp")


def change(operation: str, **payload: str) -> Row:
    given = {"idempotency_key": "k1", "sequence": 2, "person_id": "p1", "operation": operation, "cause": "changed"}
    return Row(**given, created_at=AS_OF, payload=payload)


def test_a_person_is_identified_with_every_trait_null_where_there_is_none() -> None:
    assert call(change("update", email="a@x.de", given_name="Anna", city="Ulm", orders="3"), CDP) == {
        "type": "identify",
        "userId": "p1",
        "messageId": "k1",
        "channel": "server",
        "timestamp": "2026-01-02T00:00:00.000Z",
        "traits": {
            "email": "a@x.de",
            "firstName": "Anna",
            "address": {"city": "Ulm", "country": None},
            "orders": 3,
            "buyers": True,
        },
        "context": {"c360": {"operation": "update", "cause": "changed", "sequence": 2}},
    }


def test_a_removal_takes_back_what_was_sent() -> None:
    traits = call(change("remove", email="a@x.de", orders="3"), CDP)["traits"]
    nothing = {"email": None, "firstName": None, "address": {"city": None, "country": None}, "orders": None}
    assert traits == nothing | {"buyers": False}


def test_an_event_is_tracked_when_it_happened() -> None:
    happened = datetime(2026, 1, 1, 10, 30, 0, 250_000)
    given: dict[str, Any] = {"idempotency_key": "e1", "person_id": "p1", "operation": "track"}
    row = Row(
        **given, event_name="order_placed", occurred_at=happened, channel="web", campaign="x", payload={"sku": "A"}
    )
    assert call(row, CDP) == {
        "type": "track",
        "userId": "p1",
        "messageId": "e1",
        "channel": "server",
        "event": "order_placed",
        "timestamp": "2026-01-01T10:30:00.250Z",
        "properties": {"channel": "web", "sku": "A"},
        "context": {"campaign": {"name": "x"}},
    }


def run_at(spark: SparkSession, store: Store, conf: Conf, as_of: datetime) -> Run:
    platform = conf.platform.model_copy(update={"outgoing": str(Path(store.lake).parent / "out")})
    conf = replace(conf, destinations={"cdp": CDP}, platform=platform)
    return Run(spark, store, conf, as_of, run_id_of(as_of))


def event(key: str, person: str | None, name: str = "product_viewed", ago: int = 1, **rest: Any) -> dict[str, Any]:
    of = {"source": "web", "dataset": "event", "source_key": key}
    return of | {"person_id": person, "event_name": name, "occurred_at": AS_OF - timedelta(days=ago), **rest}


def fill(store: Store, frame: Frame, *events: dict[str, Any]) -> None:
    """Ann and Bob are members, who granted the purpose; so did Cat, who is none; Dan is one, and did not."""
    people = ("ann", "bob", "cat", "dan")
    granted = [{"person_id": p, "purpose": "personalisation", "status": "granted"} for p in people[:3]]
    members = [{"audience": "buyers", "person_id": p, "entered_at": AS_OF} for p in ("ann", "bob", "dan")]
    store.sync(tables.PROFILE, frame(tables.PROFILE, *({"person_id": p, "email": f"{p}@x.de"} for p in people)))
    store.sync(tables.CONSENT_STATE, frame(tables.CONSENT_STATE, *granted))
    store.merge(tables.AUDIENCE_MEMBER, frame(tables.AUDIENCE_MEMBER, *members))
    store.sync(tables.GOLD_EVENT, frame(tables.GOLD_EVENT, *events))
    shared = [{k: v for k, v in each.items() if k in tables.EVENT.column_names} for each in events]
    given = [each | {"properties": {"sku": each["source_key"], "ip": "10.0.0.1"}} for each in shared]
    store.sync(tables.EVENT, frame(tables.EVENT, *given))


def sent(store: Store) -> set[tuple[str, ...]]:
    return {(r.person_id, r.event_name, *r.payload.values()) for r in store.read(EVENTS).collect()}


def lines(run: Run) -> list[dict[str, Any]]:
    """Calls of all files, in the order of their names."""
    folder = Path(str(run.conf.platform.outgoing)) / "cdp"
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]


@pytest.mark.spark
def test_each_event_of_those_who_are_sent_goes_once_whoever_it_is_found_to_be_later(
    spark: SparkSession, store: Store, conf: Conf, frame: Frame
) -> None:
    today = [
        event("1", "ann"),
        event("2", "bob", "order_placed", ago=2),
        event("3", "ann", "page_viewed"),  # not asked for
        event("4", "ann", ago=40),  # too old
        event("5", "cat"),
        event("6", "dan"),
        event("7", None),
    ]
    fill(store, frame, *today)
    dying = DyingStore(spark, store.lake)
    dying.commits_left = 1
    with pytest.raises(Killed):
        export(replace(run_at(spark, store, conf, AS_OF), store=dying))
    run = run_at(spark, store, conf, AS_OF)
    export(run)
    assert sent(store) == {("ann", "product_viewed", "1"), ("bob", "order_placed", "2")}
    assert store.read(OUTBOX).count() == 2
    deliver(run)
    told = lines(run)
    assert [(each["type"], each["userId"]) for each in told] == [
        ("identify", "ann"),
        ("identify", "bob"),
        ("track", "bob"),  # as they happened
        ("track", "ann"),
    ]

    moved = [event("1", "bob"), *today[1:6], event("7", "bob")]
    fill(store, frame, *moved, event("8", "ann", ago=0))
    later = run_at(spark, store, conf, AS_OF + timedelta(days=1))
    for _ in range(2):
        export(later)
        deliver(later)
    more = {("bob", "product_viewed", "7"), ("ann", "product_viewed", "8")}
    assert sent(store) == {("ann", "product_viewed", "1"), ("bob", "order_placed", "2")} | more
    told = lines(later)
    assert len(told) == 6
    assert len({each["messageId"] for each in told}) == 6
    assert not [each for each in told if "10.0.0.1" in json.dumps(each)]
    assert store.read(tables.ACK).where("status = 'delivered'").count() == 6
