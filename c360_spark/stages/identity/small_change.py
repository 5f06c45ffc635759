"""Second part of resolve_identity for a small change on a local lake: rows are read once, computed in Python, and the
differences written, without a Spark query.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from c360_spark import tables
from c360_spark.errors import IntegrityError
from c360_spark.identity.small_change.graph import (
    collisions,
    crowded,
    guarded,
    identifiers,
    links,
    partition,
    vertices,
    violations,
)
from c360_spark.identity.small_change.history import Causes, changes, members, membership_rows, moves, retired
from c360_spark.identity.small_change.rows import Compared, Evidence, Identifier, Link, Membership, Person
from c360_spark.run.context import Run, Step
from c360_spark.stages.identity.evidence import IdentityInput
from c360_spark.tables import Table


class TooLargeError(Exception):
    """A table has more rows to read than a small change may have."""


@dataclass(frozen=True)
class Reached:
    """The part of the graph that a change can reach: `scope`, its identifiers and links, and the rows on record."""

    scope: Collection[int] | None
    found: Mapping[int, Identifier]
    graph: Sequence[Link]
    identifiers_before: Sequence[Identifier]
    links_before: Sequence[Link]


class Reader:
    """Rows of the identity tables as tuples. Raises TooLargeError beyond the limit of a small change."""

    def __init__(self, run: Run) -> None:
        self.store, self.most = run.store, run.conf.platform.components.small_change_rows

    def evidence(self, ids: Collection[int] | None) -> list[Evidence]:
        return self._rows(tables.EVIDENCE, Evidence, ids, "hub_id", "member_id")

    def identifiers(self, ids: Collection[int] | None, column: str = "identifier_id") -> list[Identifier]:
        return self._rows(tables.IDENTIFIER, Identifier, ids, column)

    def links(self, ids: Collection[int] | None) -> list[Link]:
        return self._rows(tables.LINK, Link, ids, "left_id", "right_id")

    def compared(self, ids: Collection[int] | None) -> list[Compared]:
        return self._rows(tables.COMPARED, Compared, ids, "identifier_id")

    def membership(self, ids: Collection[int] | None) -> list[Membership]:
        """The current version of identity.membership."""
        rows = self._rows(tables.MEMBERSHIP, Membership, ids, "identifier_id")
        return [row for row in rows if row.valid_to_run is None]

    def persons(self, ids: Collection[int] | None) -> list[Person]:
        return self._rows(tables.PERSON, Person, ids, "anchor_id")

    def _rows(self, table: Table, kind: Any, ids: Collection[int] | None, *columns: str) -> list[Any]:
        if ids is not None and not ids:
            return []
        having = None if ids is None else dict.fromkeys(columns, ids)
        rows = self.store.lookup(table, *kind._fields, having=having, most=self.most)
        if rows is None:
            raise TooLargeError
        return [kind(*row) for row in rows]


def reachable(run: Run, read: Reader, affected: Collection[int] | None) -> Reached:
    """The part of the graph that a change can reach, as stages.identity.graph.reachable has it.

    Raises TooLargeError beyond the limit of a small change, IntegrityError C503 when two identifiers share an id.
    """
    rules, evidence = run.conf.rules, read.evidence(affected)
    changed, near = affected, []
    if changed is None:
        near = read.identifiers(None)
        changed = {row.identifier_id for row in near} | {row.member_id for row in evidence}
    if collisions(row for row in evidence if row.member_id in changed):
        raise IntegrityError("C503", "two identifiers have one identifier_id", hint="use another identity key")
    raw = links(evidence, rules, as_of=run.as_of)
    near = near if affected is None else read.identifiers({*affected, *_ends(raw)})
    seen = vertices((row for row in evidence if row.member_id in changed), crowded(raw, evidence, rules))
    others = {row.identifier_id: row for row in near if row.identifier_id not in changed}
    ends = {one: row.status for one, row in (others | seen).items()}
    fresh = guarded(raw, ends, rules)
    if affected is None:
        return Reached(None, seen, fresh, near, read.links(None))
    return _with_components(read, affected, seen, fresh, near)


def _with_components(
    read: Reader,
    affected: Collection[int],
    seen: dict[int, Identifier],
    fresh: Sequence[Link],
    near: list[Identifier],
) -> Reached:
    """With everything in the components that affected identifiers are or were in, or are now linked to."""
    seeds = {*affected, *_ends(link for link in fresh if link.in_graph)}
    reached = {row.component_id for row in near if row.identifier_id in seeds and row.component_id is not None}
    alone = [row for row in near if row.component_id is None and row.identifier_id in affected]
    before = [*read.identifiers(reached, "component_id"), *alone]
    every = {row.identifier_id: row for row in before if row.identifier_id not in affected} | seen
    kept, again = [], []
    for link in read.links({*affected, *every}):
        is_affected = link.left_id in affected or link.right_id in affected
        inside = link.left_id in every and (link.in_graph or link.reason == "never")
        if is_affected or inside:
            kept.append(link)
        if inside and not is_affected:  # a link that a limit left out may come back
            again.append(link._replace(reason=None if link.in_graph else link.reason))
    return Reached({*affected, *every}, every, [*fresh, *again], before, kept)


def _ends(found: Iterable[Link]) -> set[int]:
    return {end for link in found for end in (link.left_id, link.right_id)}


def resolved(run: Run, change: IdentityInput) -> bool:
    """Resolve a small change and write the differences; False, before anything is written, if it is left to Spark.

    That is a change that is not small, and all changes where platform.yml asks for GraphFrames.
    """
    is_full_refresh = change.causes is None and change.affected is None
    if run.conf.platform.components.engine == "graphframes" or not (change.causes or is_full_refresh):
        return False
    try:
        with run.step("resolve_identity graph") as step:
            read = Reader(run)
            reached = reachable(run, read, change.causes)
            step.results.append(f"{len(reached.found):,} identifiers, without Spark")
        with run.step("resolve_identity persons") as step:
            _write(run, step, read, change, reached)
    except TooLargeError:
        return False
    return True


def _write(run: Run, step: Step, read: Reader, change: IdentityInput, reached: Reached) -> None:
    """Write the differences, the change log first and identity.identifier last, as resolve_identity does."""
    store, rules, scope = run.store, run.conf.rules, reached.scope
    compared = read.compared(reached.scope) if rules.probabilistic else []
    outcome = partition(reached.found.values(), reached.graph, compared, rules)
    wrong = violations(outcome)
    if wrong:
        raise IntegrityError("C502", "; ".join(wrong))
    apart = {outcome.component[one] for one, part in outcome.part.items() if part != outcome.component[one]}
    if apart:
        step.results.append(f"{len(apart):,} components taken apart")
    current = {row.identifier_id: row for row in read.membership(scope)}
    found, living = members(reached.found, outcome, derived=rules.derived, label=rules.label)
    known = read.persons(scope)
    moved = moves(current, found, _reasons(change, reached))
    if moved:
        at: dict[str, Any] = {"run_id": run.run_id, "as_of": run.as_of}
        told = changes(moved, current, found, **at, rule_set=rules.label, default_cause=change.cause)
        step.wrote("change", store.add_rows(tables.CHANGE, [*told]))
        step.wrote("membership", store.merge_rows(tables.MEMBERSHIP, [*membership_rows(moved, **at)]))
    step.wrote("link", store.sync_rows(tables.LINK, outcome.links, old=reached.links_before))
    step.wrote("person", store.sync_rows(tables.PERSON, [*living, *retired(known, living, found)], old=known))
    now = identifiers(reached.found.values(), outcome, rules.label)
    step.wrote("identifier", store.sync_rows(tables.IDENTIFIER, now, old=reached.identifiers_before))


def _reasons(change: IdentityInput, reached: Reached) -> Causes:
    if change.causes is not None:
        return change.causes
    # In a full refresh only manual decisions have a cause of their own.
    decided = [link for link in reached.graph if link.kind in ("manual", "never")] if change.cause == "rule" else []
    return dict.fromkeys(_ends(decided), ("manual",))
