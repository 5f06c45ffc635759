"""The shortest chain of links, against walking all of them."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from c360_spark.observe.explained import shortest_path


def link(left: int, right: int, status: str = "active", rule: str = "r") -> dict[str, Any]:
    return {"left_id": min(left, right), "right_id": max(left, right), "rule": rule, "status": status}


def ends(path: list[Any] | None) -> list[tuple[int, int]]:
    return [(step["left_id"], step["right_id"]) for step in path or []]


def test_links_that_hold_come_before_a_shorter_way_over_evicted_ones() -> None:
    held = [link(1, 2), link(2, 3)]
    assert ends(shortest_path([*held, link(1, 3, "evicted")], 1, 3)) == [(1, 2), (2, 3)]
    assert ends(shortest_path([held[0], link(2, 3, "evicted")], 1, 3)) == [(1, 2), (2, 3)]
    assert shortest_path([held[0]], 1, 3) is None
    assert shortest_path(held, 1, 1) is None


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] != p[1]), max_size=14))
def test_a_path_is_connected_and_as_short_as_any(pairs: list[tuple[int, int]]) -> None:
    links = [link(a, b) for a, b in pairs]
    reached, distance = {0: 0}, 0
    while frontier := {b for a, b in [*pairs, *((b, a) for a, b in pairs)] if a in reached} - set(reached):
        distance += 1
        reached |= dict.fromkeys(frontier, distance)
    for end in range(1, 8):
        path = shortest_path(links, 0, end)
        assert len(path or []) == reached.get(end, 0)
        assert all(set(one) & set(other) for one, other in pairwise(ends(path)))
        assert path == shortest_path(links[::-1], 0, end)
