"""Evidence → links with the guards' objections → connected components and their parts."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from c360_spark.config.rules.identity import RuleSet
from c360_spark.identity.evidence import OBSERVED
from c360_spark.identity.forest import Forest, Limits
from c360_spark.identity.guard import SHARED, UNDECIDED
from c360_spark.identity.limit import KINDS, unite
from c360_spark.identity.small_change.rows import Compared, Evidence, Identifier, Link

DECIDED_UNTIL = re.compile(r":(\d{4}-\d\d-\d\d)$")


@dataclass(frozen=True)
class Partition:
    """Identifiers in the graph with their component and part, and all links with status and reason."""

    component: Mapping[int, int]
    part: Mapping[int, int]
    links: Sequence[Link]


def collisions(evidence: Iterable[Evidence]) -> set[int]:
    """Ids that two identifiers share."""
    checks: dict[int, int] = {}
    seen = (row for row in evidence if row.kind in OBSERVED)
    return {row.member_id for row in seen if checks.setdefault(row.member_id, row.member_check) != row.member_check}


def vertices(evidence: Iterable[Evidence], crowded: Collection[int]) -> dict[int, Identifier]:
    """Identifiers that records carry, without degree and component."""
    carried: defaultdict[int, list[Evidence]] = defaultdict(list)
    divided = set()
    for row in evidence:
        if row.kind in OBSERVED:
            carried[row.member_id].append(row)
        elif row.kind == "contradiction":
            divided.add(row.member_id)
    found = {}
    for identifier_id, rows in carried.items():
        blocked = any(row.member_blocked for row in rows)
        shared = "divided" if identifier_id in divided else "crowded" if identifier_id in crowded else "active"
        found[identifier_id] = Identifier(
            identifier_id,
            max(row.member_namespace for row in rows),
            max(row.region for row in rows),
            sorted({row.rule for row in rows if row.kind == "shared_record"}),
            min(row.first_recorded_at for row in rows),
            0,
            "blocked" if blocked else shared,
            None,
            "",
        )
    return found


def links(evidence: Iterable[Evidence], rules: RuleSet, *, as_of: datetime) -> list[Link]:
    """One link for each pair of identifiers and rule, with the reason `blocked` or `expired` where one applies."""
    grouped: defaultdict[tuple[int, int, str, str], list[Evidence]] = defaultdict(list)
    for row in evidence:
        if row.hub_id != row.member_id:
            left, right = sorted((row.hub_id, row.member_id))
            grouped[left, right, row.kind, row.rule].append(row)
    return [_link(left, right, kind, rule, rows, rules, as_of) for (left, right, kind, rule), rows in grouped.items()]


def _link(
    left: int, right: int, kind: str, rule: str, rows: Sequence[Evidence], rules: RuleSet, as_of: datetime
) -> Link:
    first = rows[0]
    spaces = {first.hub_id: first.hub_namespace, first.member_id: first.member_namespace}
    blocked = {row.hub_namespace for row in rows if row.hub_blocked} | {
        row.member_namespace for row in rows if row.member_blocked and not row.hub_blocked
    }
    found = Link(
        left,
        right,
        spaces[left],
        spaces[right],
        kind,
        rule,
        sum(row.evidence_count for row in rows),
        min(row.first_seen_at for row in rows),
        max(row.last_seen_at for row in rows),
        max(row.confidence for row in rows),
        "",
        f"blocked:{max(blocked)}" if blocked else None,
        "",
    )
    return found if blocked else found._replace(reason=_expired(found, rules, as_of))


def _expired(link: Link, rules: RuleSet, as_of: datetime) -> str | None:
    """`expired:…` for a link that has expired at `as_of`."""
    if link.kind in ("manual", "never"):
        until = DECIDED_UNTIL.search(link.rule)
        return f"expired:{link.kind}" if until and datetime.fromisoformat(until[1]) <= as_of else None
    bridge = rules.bridges.get(link.rule.removeprefix("bridge:")) if link.kind == "bridge" else None
    if bridge and datetime.combine(bridge.expires, datetime.min.time()) <= as_of:
        return "expired:bridge"
    for name, space in rules.namespaces.items():
        days = space.expires_after_days
        if days and link.kind in OBSERVED and name in (link.left_namespace, link.right_namespace):
            late = link.last_seen_at < as_of - timedelta(days=days)
            if late:
                return f"expired:{name}"
    return None


def crowded(timely: Iterable[Link], evidence: Iterable[Evidence], rules: RuleSet) -> set[int]:
    """Identifiers linked to more of one more trusted namespace than the `crowd_limit` of their own."""
    repeated = {
        (row.member_id, row.member_namespace): row.evidence_count for row in evidence if row.kind == "repetition"
    }
    spaces, others = rules.namespaces, defaultdict(set)
    for link in timely:
        if link.kind in OBSERVED and link.reason is None:
            left, right = (link.left_id, link.left_namespace), (link.right_id, link.right_namespace)
            for (one, own), (other, more) in ((left, right), (right, left)):
                if spaces[own].crowd_limit and spaces[more].trust > spaces[own].trust:
                    others[one, own, more].add(other)
    return {
        one
        for (one, own, more), found in others.items()
        if len(found) - repeated.get((one, more), 0) > (spaces[own].crowd_limit or 0)
    }


def guarded(found: Iterable[Link], ends: Mapping[int, str], rules: RuleSet) -> list[Link]:
    """Links between existing identifiers, each with the reason why a guard takes it out, or None.

    `ends` are all identifiers that exist, with their status.
    """
    attach_at = rules.probabilistic.attach_at if rules.probabilistic else 1.0

    def reason(link: Link) -> str | None:
        if link.reason or link.kind == "never":
            return link.reason or "never"
        for end, namespace in ((link.left_id, link.left_namespace), (link.right_id, link.right_namespace)):
            if ends[end] in SHARED:
                return f"{SHARED[ends[end]]}:{namespace}"
        return "uncertain" if link.kind == "probabilistic" and link.confidence < attach_at else None

    existing = (link for link in found if link.left_id in ends and link.right_id in ends)
    return [link._replace(reason=reason(link)) for link in existing]


def partition(
    found: Iterable[Identifier], graph: Sequence[Link], compared: Iterable[Compared], rules: RuleSet
) -> Partition:
    """Connected components of the active identifiers `found`, each split into parts where it breaks a limit.

    `compared` are the records that the match model compares, at least those whose identifier is among the found ones.
    Taking every component apart and uniting it again gives the same as doing so with broken ones only: a component
    within the limits has no part beyond them.
    """
    spaces = {row.identifier_id: row.namespace for row in found if row.status == "active"}
    whole, parts = Forest(spaces, Limits({})), Forest(spaces, Limits.of(rules))
    edges = sorted((link for link in graph if link.in_graph), key=lambda link: _strength(link, rules))
    for link in graph:
        if link.reason == "never" and link.left_id in spaces and link.right_id in spaces:
            parts.forbid(link.left_id, link.right_id)
    for link in edges:
        whole.unite(link.left_id, link.right_id)
    ranked = ((link.left_id, link.right_id, KINDS.index(link.kind)) for link in edges)
    values = ((row.identifier_id, tuple(row.compared_values)) for row in compared)
    left_out = unite(parts, ranked, values, rules.probabilistic)
    label = rules.label  # computed from all rules
    final = [_final(link, link.reason or left_out.get((link.left_id, link.right_id)), label) for link in graph]
    return Partition({one: whole.root(one) for one in spaces}, {one: parts.root(one) for one in spaces}, final)


def _strength(link: Link, rules: RuleSet) -> tuple[object, ...]:
    """Order of links in a component that is taken apart, the strongest first."""
    trusts = sorted(rules.namespaces[name].trust for name in (link.left_namespace, link.right_namespace))
    weights = (*trusts, link.confidence, link.evidence_count)
    return (KINDS.index(link.kind), *(-weight for weight in weights), link.left_id, link.right_id)


def _final(link: Link, reason: str | None, label: str) -> Link:
    undecided = reason in UNDECIDED
    status = "review" if undecided else "evicted" if reason else "active"
    return link._replace(reason=reason, status=status, rule_set=label)


def violations(outcome: Partition) -> list[str]:
    """Active links that cross persons: none, or the partition is wrong."""
    active = [link for link in outcome.links if link.status == "active"]
    wrong = [link for link in active if outcome.part.get(link.left_id) != outcome.part.get(link.right_id)]
    lost = [link for link in active if link.left_id not in outcome.part]
    return [f"a link crosses persons ({len(wrong) + len(lost):,} times)"] if wrong or lost else []


def identifiers(found: Iterable[Identifier], outcome: Partition, label: str) -> list[Identifier]:
    """identity.identifier, with degree and component."""
    pairs = {(link.left_id, link.right_id) for link in outcome.links if link.status == "active"}
    degrees = Counter(end for pair in pairs for end in pair)
    return [
        row._replace(degree=degrees[row.identifier_id], component_id=outcome.component.get(row.identifier_id),
                     rule_set=label)
        for row in found
    ]  # fmt: skip
