"""Parts of components → persons with durable ids, and what changed: membership and the change log."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from c360_spark.columns.keys import digest_of
from c360_spark.identity.history import JOINING, PARTING
from c360_spark.identity.small_change.graph import Partition
from c360_spark.identity.small_change.rows import Change, Identifier, Membership, Person

Causes = Mapping[int, Collection[str]]  # by identifier_id


class Member(NamedTuple):
    """An identifier of a person."""

    identifier_id: int
    component_id: int
    person_id: str


class Move(NamedTuple):
    """An identifier whose person or component changed: its membership before and after, None where it has none."""

    before: Membership | None
    after: Member | None
    causes: frozenset[str]


def members(
    found: Mapping[int, Identifier], outcome: Partition, *, derived: Collection[str], label: str
) -> tuple[dict[int, Member], list[Person]]:
    """The members of each person by identifier_id, and the active persons. Match keys alone make no person."""
    held: defaultdict[int, list[Identifier]] = defaultdict(list)
    for identifier_id, part in outcome.part.items():
        held[part].append(found[identifier_id])
    members_, persons_ = {}, []
    for rows in held.values():
        own = [(row.first_recorded_at, row.identifier_id, row.region) for row in rows if row.namespace not in derived]
        if own:
            _, anchor_id, region = min(own)
            person_id = f"p{hashlib.sha256(f'person:{anchor_id}'.encode()).hexdigest()[:24]}"
            for row in rows:
                component_id = outcome.component[row.identifier_id]
                members_[row.identifier_id] = Member(row.identifier_id, component_id, person_id)
            datasets = sorted({name for row in rows for name in row.datasets})
            persons_.append(Person(person_id, anchor_id, region, datasets, "active", len(rows), None, label))
    return members_, persons_


def retired(known: Iterable[Person], living: Iterable[Person], found: Mapping[int, Member]) -> list[Person]:
    """Those of the `known` persons that no longer live, with the person that has their anchor now."""
    alive = {person.person_id for person in living}
    gone = [(person, found.get(person.anchor_id)) for person in known if person.person_id not in alive]
    return [
        person._replace(datasets=[], status="retired", size=0, survived_by=heir.person_id if heir else None)
        for person, heir in gone
    ]


def moves(current: Mapping[int, Membership], found: Mapping[int, Member], reasons: Causes) -> list[Move]:
    """Identifiers whose person or component changed, with all causes in the components they are or were in."""
    causes: defaultdict[int, set[str]] = defaultdict(set)
    for identifier_id, why in reasons.items():
        for placed in (current.get(identifier_id), found.get(identifier_id)):
            if placed:
                causes[placed.component_id].update(why)
    moved = []
    for identifier_id in current.keys() | found.keys():
        old, new = current.get(identifier_id), found.get(identifier_id)
        if _place(old) != _place(new):
            both = {cause for placed in (old, new) if placed for cause in causes.get(placed.component_id, ())}
            moved.append(Move(old, new, frozenset(both)))
    return moved


def _place(row: Membership | Member | None) -> tuple[str | None, int | None]:
    return (row.person_id, row.component_id) if row else (None, None)


def membership_rows(moved: Iterable[Move], *, run_id: str, as_of: datetime) -> Iterator[Membership]:
    """Rows to upsert into identity.membership: closed ones and new ones.

    A change within one run rewrites the row instead of closing it.
    """
    for old, new, _ in moved:
        goes_on = bool(old and new and old.person_id == new.person_id)
        if old and not goes_on and not (new and old.valid_from_run == run_id):
            yield old._replace(valid_to_run=run_id, valid_to_at=as_of)
        if new:
            since = (old.valid_from_run, old.valid_from_at) if old and goes_on else (run_id, as_of)
            yield Membership(new.identifier_id, new.component_id, new.person_id, since[0], None, since[1], None)


def changes(
    moved: Iterable[Move],
    current: Mapping[int, Membership],
    found: Mapping[int, Member],
    *,
    run_id: str,
    as_of: datetime,
    rule_set: str,
    default_cause: str,
) -> Iterator[Change]:
    """identity.change: one row for each pair of persons between which identifiers moved."""
    before, after = ({row.person_id for row in rows.values()} for rows in (current, found))
    pairs: defaultdict[tuple[str | None, str | None], list[Move]] = defaultdict(list)
    for move in moved:
        one, other = _place(move.before)[0], _place(move.after)[0]
        if one != other:
            pairs[one, other].append(move)
    for (one, other), held in pairs.items():
        kind = _kind(one, other, existed=other in before, remains=one in after)
        if kind:
            causes = {cause for move in held for cause in move.causes}
            order = JOINING if kind in ("created", "merged") else PARTING
            cause = next((cause for cause in order if cause in causes), default_cause)
            change_id = digest_of(run_id, kind, one, other)[:32]
            yield Change(change_id, run_id, kind, cause, one, other, len(held), as_of, rule_set)


def _kind(one: str | None, other: str | None, *, existed: bool, remains: bool) -> str | None:
    if other is None:
        return None if remains else "retired"
    if one is None:
        return None if existed else "created"
    if not existed:
        return "split"
    return "moved" if remains else "merged"
