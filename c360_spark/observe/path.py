"""The shortest path of links between two identifiers."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

Link = Mapping[str, Any]


def shortest_path(links: Iterable[Link], start: int, end: int) -> list[Link] | None:
    """The fewest links from `start` to `end`, by active links if possible, else also by evicted ones.

    None if no path exists. On a tie the smaller identifiers and rules come first.
    """
    held = [link for link in links if link["status"] == "active"]
    return _shortest(held, start, end) or _shortest(list(links), start, end)


def _shortest(links: list[Link], start: int, end: int) -> list[Link] | None:
    beside: dict[int, list[tuple[int, str, Link]]] = {}
    for link in links:
        for here, there in ((link["left_id"], link["right_id"]), (link["right_id"], link["left_id"])):
            beside.setdefault(here, []).append((there, link["rule"], link))
    came: dict[int, tuple[int, Link] | None] = {start: None}
    queue = deque([start])
    while queue and end not in came:
        here = queue.popleft()
        for there, _, link in sorted(beside.get(here, []), key=lambda step: step[:2]):
            if there not in came:
                came[there] = (here, link)
                queue.append(there)
    path: list[Link] = []
    step = came.get(end)
    while step:
        path.append(step[1])
        step = came[step[0]]
    return path[::-1] or None
