"""`c360 explain`: why identifiers are one person, and what happened to the person. Reads without a JVM."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from c360_spark import tables
from c360_spark.config import load
from c360_spark.errors import InputError
from c360_spark.lookup import Lookup, Row, among, text
from c360_spark.observe import explained
from c360_spark.observe.explained import shortest_path
from c360_spark.run.context import instant

SOURCES_SHOWN = 3
AT = {"m": tables.MEMBERSHIP, "r": tables.RUN}
GRAPH = (
    tables.IDENTIFIER,
    tables.EVIDENCE,
    tables.LINK,
    tables.DESCRIPTION,
)  # hold the present only; Delta time travel gives the past


def explain(
    subject: str, *, config: str, env: str, lake: str | None, to: str | None, as_of: str | None, form: str, values: bool
) -> str:
    """The explanation of a person or identifier as `text`, `json` or `html`; see `explanation`."""
    conf = load(Path(config), env, lake=lake)
    moment = instant(as_of) if as_of else None
    explained_person = explanation(conf.platform.lake, subject, to=to, as_of=moment, values=values)
    if form == "html":
        page = Path(explained.__file__).with_name("explained.html").read_text(encoding="utf-8")
        return explained.as_html(explained_person, page=page)
    return explained.as_json(explained_person) if form == "json" else explained.as_text(explained_person)


def explanation(lake: str, subject: str, *, to: str | None, as_of: datetime | None, values: bool) -> dict[str, Any]:
    """The person of `subject`, a person id or `namespace:value`, with everything that makes it one person.

    Keys: `subject`, `as_of`, `person` (None when no person has the identifier), `now`, `members`, `links`, `evicted`,
    `changes`; with `to` also `path` between the two (None when there is none). Members show their values only with
    `values`. With `as_of`, all but `now` is as of that time.

    Raises InputError C203 for an unknown person or identifier, C304 when the lake no longer has the files of that time.
    """
    lookup = Lookup(lake)
    start = _start(lookup, subject)
    ended = _ended(lookup, as_of) if as_of else None
    if ended:
        lookup.go_back(GRAPH, ended)
    person = _person(lookup, subject, start, as_of)
    ids = _members(lookup, person, as_of) if person else start
    members = _identifiers(lookup, ids, values=values)
    links = _links(lookup, ids) if ended or not as_of else []
    content: dict[str, Any] = {
        "subject": subject,
        "as_of": as_of,
        "person": person,
        "now": _now(lookup, person) if person else [],
        "members": members,
        "links": [link for link in links if link["status"] == "active"],
        "evicted": [link for link in links if link["status"] != "active"],
        "changes": _changes(lookup, person, as_of) if person else [],
    }
    if to:
        content["path"] = _path(lookup, links, start or ids[:1], _start(lookup, to), to, as_of)
    _name_ends(lookup, content, values=values)
    return content


def _start(lookup: Lookup, subject: str) -> list[int]:
    """Ids of the identifiers that `subject` names: none for a person id, one per region for a value."""
    if re.fullmatch("p[0-9a-f]{24}", subject):
        return []
    namespace, _, value = subject.partition(":")
    spelled = among("m['value']", sorted({value, value.lower(), value.upper()}))
    rows = lookup.ask(
        "SELECT DISTINCT m['identifier_id'] AS id FROM (SELECT unnest(members) AS m FROM s) "
        f"WHERE m['namespace'] = {text(namespace)} AND {spelled} ORDER BY id",
        s=tables.IDENTIFIER_SET,
    )
    if not rows:
        hint = "give namespace:value as silver has it, such as email:anna@x.de or phone:+4930123456, or a person id"
        raise InputError("C203", f"no identifier '{subject}'", hint=hint)
    return [row["id"] for row in rows]


def _holds(as_of: datetime | None) -> str:
    """SQL condition: membership `m` holds now, or held at `as_of`; `b` and `e` are the runs that began and ended it."""
    if as_of is None:
        return "m.valid_to_run IS NULL"
    at = text(as_of.isoformat(sep=" "))
    return f"b.as_of <= {at} AND (m.valid_to_run IS NULL OR e.as_of > {at})"


def _ended(lookup: Lookup, as_of: datetime) -> datetime | None:
    """Clock time at which the last resolve_identity up to `as_of` ended, for time travel; None before the first."""
    runs = lookup.ask(
        "SELECT started_at, seconds FROM r WHERE stage = 'resolve_identity' AND status = 'done' "
        f"AND as_of <= {text(as_of.isoformat(sep=' '))} ORDER BY as_of DESC, started_at DESC LIMIT 1",
        r=tables.RUN,
    )
    return runs[0]["started_at"] + timedelta(seconds=runs[0]["seconds"]) if runs else None


def _held(lookup: Lookup, condition: str, as_of: datetime | None) -> list[Row]:
    runs = "(SELECT run_id, min(as_of) AS as_of FROM r GROUP BY run_id)"
    return lookup.ask(
        f"SELECT DISTINCT m.identifier_id, m.person_id FROM m LEFT JOIN {runs} b ON m.valid_from_run = b.run_id "
        f"LEFT JOIN {runs} e ON m.valid_to_run = e.run_id WHERE {condition} AND {_holds(as_of)} ORDER BY 1, 2",
        **AT,
    )


def _person(lookup: Lookup, subject: str, start: list[int], as_of: datetime | None) -> str | None:
    if start:
        holders = _held(lookup, among("m.identifier_id", start), as_of)
        if len({row["person_id"] for row in holders}) > 1:
            hint = "in more than one region; ask for a person id: " + ", ".join(row["person_id"] for row in holders)
            raise InputError("C203", f"'{subject}' is several identifiers", hint=hint)
        return holders[0]["person_id"] if holders else None
    known = lookup.ask(f"SELECT 1 AS one FROM p WHERE person_id = {text(subject)}", p=tables.PERSON)
    if not known:
        raise InputError("C203", f"no person '{subject}'", hint="retired ids are known too; is it the right lake?")
    return subject


def _members(lookup: Lookup, person: str, as_of: datetime | None) -> list[int]:
    return [row["identifier_id"] for row in _held(lookup, f"m.person_id = {text(person)}", as_of)]


def _now(lookup: Lookup, person: str) -> list[Row]:
    """Current persons of the identifiers this person ever had: itself, or the successors of a retired id."""
    return lookup.ask(
        "SELECT c.person_id, count(DISTINCT c.identifier_id) AS identifiers FROM m h "
        "JOIN m c ON h.identifier_id = c.identifier_id AND c.valid_to_run IS NULL "
        f"WHERE h.person_id = {text(person)} GROUP BY c.person_id ORDER BY identifiers DESC, c.person_id",
        m=tables.MEMBERSHIP,
    )


def _identifiers(lookup: Lookup, ids: list[int], *, values: bool) -> list[Row]:
    rows = lookup.ask(
        "SELECT identifier_id, namespace, region, status, degree, first_recorded_at FROM i "
        f"WHERE {among('identifier_id', ids)} ORDER BY first_recorded_at, identifier_id",
        i=tables.IDENTIFIER,
    )
    if values:
        own = among("m['identifier_id']", ids)
        known = lookup.ask(
            "SELECT DISTINCT m['identifier_id'] AS id, m['value'] AS value FROM (SELECT unnest(members) AS m FROM s) "
            f"WHERE {own}",
            s=tables.IDENTIFIER_SET,
        )
        named = {row["id"]: row["value"] for row in known}
        for row in rows:
            row["value"] = named.get(row["identifier_id"])
    return rows


def _links(lookup: Lookup, ids: list[int]) -> list[Row]:
    """All links of these identifiers, each with the ids of a few records behind it."""
    near = f"{among('left_id', ids)} OR {among('right_id', ids)}"
    links = lookup.ask(f"SELECT * FROM l WHERE {near} ORDER BY left_id, right_id, rule", l=tables.LINK)
    ends = f"{among('e.hub_id', ids)} OR {among('e.member_id', ids)}"
    behind = lookup.ask(
        "SELECT least(e.hub_id, e.member_id) AS left_id, greatest(e.hub_id, e.member_id) AS right_id, e.rule, e.kind, "
        "coalesce(s.sample_bronze_id, e.evidence_id) AS bronze_id "
        "FROM e LEFT JOIN s ON e.evidence_id = s.identifier_set_id "
        f"WHERE e.kind NOT IN ('manual', 'never') AND e.hub_id <> e.member_id AND ({ends}) ORDER BY 4",
        e=tables.EVIDENCE,
        s=tables.IDENTIFIER_SET,
    )
    of_pair = _records_of_pairs(lookup, [row["bronze_id"] for row in behind if row["kind"] == "probabilistic"])
    described = _records_of_shared(lookup, [row["bronze_id"] for row in behind if row["kind"] == "agreement"])
    records: dict[tuple[int, int, str], list[str]] = {}
    for row in behind:
        known = records.setdefault((row["left_id"], row["right_id"], row["rule"]), [])
        if row["kind"] == "agreement":
            pair = (row["left_id"], row["right_id"])
            known += [d["bronze_id"] for d in described.get(row["bronze_id"], []) if d["other_id"] in pair]
        else:
            known += of_pair.get(row["bronze_id"], [row["bronze_id"]])
    for link in links:
        link["records"] = records.get((link["left_id"], link["right_id"], link["rule"]), [])[:SOURCES_SHOWN]
    return links


def _records_of_pairs(lookup: Lookup, pair_ids: list[str]) -> dict[str, list[str]]:
    """The two records of each pair that the match model scored as one person."""
    if not pair_ids:
        return {}
    columns = "pair_id, left_bronze_id, right_bronze_id"
    rows = lookup.ask(f"SELECT {columns} FROM p WHERE {among('pair_id', pair_ids)}", p=tables.PAIR)
    return {row["pair_id"]: [row["left_bronze_id"], row["right_bronze_id"]] for row in rows}


def _records_of_shared(lookup: Lookup, ids: list[str]) -> dict[str, list[Row]]:
    """The records that carry each shared identifier and describe a person, by the text of its id."""
    if not ids:
        return {}
    condition = among("identifier_id", sorted({int(identifier_id) for identifier_id in ids}))
    question = f"SELECT bronze_id, identifier_id, other_id FROM d WHERE {condition} ORDER BY bronze_id"
    found: dict[str, list[Row]] = {}
    for row in lookup.ask(question, d=tables.DESCRIPTION):
        found.setdefault(str(row["identifier_id"]), []).append(row)
    return found


def _changes(lookup: Lookup, person: str, as_of: datetime | None) -> list[Row]:
    until = f" AND occurred_at <= {text(as_of.isoformat(sep=' '))}" if as_of else ""
    return lookup.ask(
        "SELECT run_id, kind, cause, from_person_id, to_person_id, identifier_count, occurred_at FROM c "
        f"WHERE (from_person_id = {text(person)} OR to_person_id = {text(person)}){until} "
        "ORDER BY occurred_at, kind, from_person_id, to_person_id",
        c=tables.CHANGE,
    )


def _path(
    lookup: Lookup, links: list[Row], start: list[int], end: list[int], to: str, as_of: datetime | None
) -> list[Row] | None:
    """The shortest path through the links of both persons; None when there is none."""
    other = _person(lookup, to, end, as_of)
    ids = _members(lookup, other, as_of) if other else end
    leading = [link for link in [*links, *_links(lookup, ids)] if link["kind"] != "never"]
    found = [shortest_path(leading, one, two) for one in start for two in end or ids[:1]]
    paths = [path for path in found if path]
    return [dict(link) for link in min(paths, key=len)] if paths else None


def _name_ends(lookup: Lookup, told: dict[str, Any], *, values: bool) -> None:
    """Add `left` and `right` to links and `name` to members: namespace and value, or the last digits of the id."""
    links = [*told["links"], *told["evicted"], *(told.get("path") or [])]
    ids = sorted({link[end] for link in links for end in ("left_id", "right_id")})
    named = {row["identifier_id"]: row for row in _identifiers(lookup, ids, values=values)}
    for row in [*told["members"], *named.values()]:
        row["name"] = f"{row['namespace']}:{row.get('value') or '…' + str(row['identifier_id'])[-6:]}"
    for link in links:
        for side in ("left", "right"):
            end = named.get(link[f"{side}_id"])
            link[side] = end["name"] if end else str(link[f"{side}_id"])
