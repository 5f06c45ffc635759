"""From an order to the session it was placed in, on which device, and whose that is."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.gold.session import naming, order_sessions

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
NOON = datetime(2026, 1, 1, 12)
NUMBERS = {"order_completed": "order_id"}


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def found(frame: Frame, numbers: dict[str, str] = NUMBERS) -> dict[str, tuple[object, ...]]:
    """What becomes of five orders: placed on the web, twice told, at a border, by a stranger, in the store."""
    orders = [{"source": "shop", "dataset": "order", "source_key": k} for k in "abcde"]
    owned = frame(tables.PERSON_XREF, *({**order, "person_id": "anna"} for order in orders[:4]))
    orders = [{**order, "order_id": f"O-{order['source_key']}"} for order in orders]
    told = {
        "e1": ("order_completed", "a", "anna", 5),
        "e2": ("order_completed", "b", "anna", 7),
        "e3": ("order_completed", "b", "anna", 6),
        "e4": ("order_completed", "c", "anna", 60),
        "e5": ("order_completed", "d", None, 5),
        "e6": ("page_viewed", "e", "anna", 5),
    }
    rows = [
        {"source": "web", "dataset": "event", "source_key": key, "event_name": name, "person_id": person}
        | {"occurred_at": at(minutes), "device_id": minutes, "campaign": "winter"}
        for key, (name, _, person, minutes) in told.items()
    ]
    numbers_of = F.create_map(*(F.lit(part) for key, (_, order, *_) in told.items() for part in (key, f"O-{order}")))
    events = frame(tables.GOLD_EVENT, *rows)
    events = events.withColumn("properties", F.create_map(F.lit("order_id"), numbers_of[F.col("source_key")]))
    spans = [("s1", "anna", 0, 60), ("s2", "anna", 60, 90), ("s3", "bob", 0, 90)]
    sessions = frame(
        tables.SESSION,
        *({"session_id": s, "person_id": p, "started_at": at(a), "ended_at": at(b)} for s, p, a, b in spans),
    )
    named = events.drop("properties").join(naming(events, numbers), [*tables.GOLD_EVENT.key])
    made = order_sessions(frame(tables.ORDER, *orders), owned, named, sessions)
    return {
        r.source_key: (r.person_id, r.session_id, r.event_key, r.device_id)
        for r in made.select(*tables.ORDER_SESSION.column_names).collect()
    }


def test_an_order_finds_the_session_of_the_first_event_that_names_it(frame: Frame) -> None:
    assert found(frame) == {
        "a": ("anna", "s1", "e1", 5),
        "b": ("anna", "s1", "e3", 6),
        "c": ("anna", "s2", "e4", 60),
        "d": ("anna", None, "e5", 5),
        "e": (None, None, None, None),
    }


def test_without_a_property_that_names_orders_none_has_a_session(frame: Frame) -> None:
    assert {session for _, session, *_ in found(frame, {}).values()} == {None}
