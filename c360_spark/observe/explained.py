"""Report that explains a person: as JSON, as text, and as one HTML file that needs no network."""

import json
from collections.abc import Iterable
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
