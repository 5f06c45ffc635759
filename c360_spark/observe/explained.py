"""Report that explains a person: as JSON, as text, and as one HTML file that needs no network; and paths of links."""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

Told = dict[str, Any]


def as_json(told: Told) -> str:
    """The whole explanation as JSON. Ids are text: 63 bits do not fit the numbers of every reader."""
    return json.dumps(_plain(told), indent=2, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: str(v) if k.endswith("_id") and isinstance(v, int) else _plain(v) for k, v in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def as_html(told: Told, *, page: str) -> str:
    """The explanation as an HTML page: a graph to look at and drag, and the links as text.

    `page` is the content of explained.html.
    """
    data = json.dumps(_plain(told), default=str).replace("<", "\\u003c")
    return page.replace("{{subject}}", escape(str(told["subject"]))).replace("{{data}}", data)


def as_text(told: Told) -> str:
    """The explanation as text: a few lines for each part, the path last."""
    lines = [_title(told), "", f"members ({len(told['members'])})"]
    lines += [f"  {_member(member)}" for member in told["members"]]
    for part, title in (("links", "links that hold"), ("evicted", "links taken out")):
        lines += ["", f"{title} ({len(told[part])})", *(f"  {_link(link)}" for link in told[part])]
    lines += ["", f"what happened ({len(told['changes'])})", *(f"  {_change(c)}" for c in told["changes"])]
    if "path" in told:
        lines += ["", "path", *_path(told["path"])]
    return "\n".join(lines)


def _title(told: Told) -> str:
    when = f" on {_day(told['as_of'])}" if told["as_of"] else ""
    if not told["person"]:
        return f"{told['subject']}{when}: nobody (blocked, crowded, or not seen yet)"
    today = [f"{row['person_id']} ({row['identifiers']})" for row in told["now"] if row["person_id"] != told["person"]]
    gone = "" if told["members"] else "no longer a person; "
    moved = f"\n{gone}identifiers it had are with {', '.join(today)} today" if today else ""
    return f"{told['subject']}{when}: person {told['person']}{moved}"


def _member(member: Told) -> str:
    degree, since = _count(member["degree"], "link"), _day(member["first_recorded_at"])
    return f"{member['name']}  {member['region']}, {member['status']}, {degree}, since {since}"


def _link(link: Told) -> str:
    why = f", {link['reason']}" if link["reason"] else ""
    records = f", e.g. {', '.join(record[:12] for record in link['records'])}" if link["records"] else ""
    seen = f"{_day(link['first_seen_at'])} to {_day(link['last_seen_at'])}"
    count = _count(link["evidence_count"], "record")
    sure = f" {link['confidence']:.4f}" if link["confidence"] < 1 else ""
    return f"{link['left']} — {link['right']}  {link['rule']}{sure}{why}: {count}, {seen}{records}"


def _change(change: Told) -> str:
    persons = " → ".join(filter(None, (change["from_person_id"], change["to_person_id"])))
    count = _count(change["identifier_count"], "identifier")
    return f"{_day(change['occurred_at'])}  {change['kind']} ({change['cause']})  {persons}  {count}"


def _path(path: list[Told] | None) -> Iterable[str]:
    if path is None:
        return ["  none: no links lead from one to the other"]
    broken = [link for link in path if link["status"] != "active"]
    verdict = [f"  {len(broken)} of its links are taken out, so it connects nobody"] if broken else []
    return [*(f"  {number}. {_link(link)}" for number, link in enumerate(path, 1)), *verdict]


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _day(moment: Any) -> str:
    return str(moment)[:10]


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
