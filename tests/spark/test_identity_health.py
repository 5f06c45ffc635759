"""Figures of a run, from tables small enough to count by hand."""

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.observe.identity_health import health

pytestmark = pytest.mark.spark


def test_figures_are_those_one_counts_by_hand(frame: Callable[..., DataFrame]) -> None:
    statuses = ["active", "active", "active", "blocked", "crowded"]
    identifiers = frame(tables.IDENTIFIER, *({"identifier_id": i, "status": s} for i, s in enumerate(statuses)))
    seen = {
        "p": ("active", 2, ["crm.customer", "web.event"]),
        "q": ("active", 1, ["web.event"]),
        "r": ("retired", 0, []),
    }
    rows = ({"person_id": p, "status": s, "size": n, "datasets": d} for p, (s, n, d) in seen.items())
    persons = frame(tables.PERSON, *rows)
    told = [("created", None, "q"), ("merged", "r", "p")]
    moves = ({"kind": kind, "from_person_id": one, "to_person_id": other} for kind, one, other in told)
    changes = frame(tables.CHANGE, *moves)
    figures = health(identifiers, persons, changes).collect()
    assert {(row.metric, row.dimension): row.value for row in figures} == {
        ("persons", ""): 2,
        ("persons", "alone"): 1,
        ("largest_person", ""): 2,
        ("identifiers", "active"): 3,
        ("identifiers", "blocked"): 1,
        ("identifiers", "crowded"): 1,
        ("changes", "created"): 1,
        ("changes", "merged"): 1,
        ("id_stability", ""): 0.5,  # p and r were before, r is no more
        ("match_rate", "crm.customer"): 1,
        ("match_rate", "web.event"): 0.5,
    }


def test_a_first_run_without_anything_is_stable(frame: Callable[..., DataFrame]) -> None:
    empty = [frame(t) for t in (tables.IDENTIFIER, tables.PERSON, tables.CHANGE)]
    figures = {row.metric: row.value for row in health(*empty).collect()}
    assert figures == {"persons": 0, "largest_person": 0, "id_stability": 1}
