"""Rows of the identity tables as tuples, in the order of the columns; times are naive and in UTC."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from c360_spark.identity.guard import BEFORE

BEFORE_GRAPH = re.compile(f"^({BEFORE})")


class Evidence(NamedTuple):
    """identity.evidence without its id."""

    rule: str
    hub_id: int
    member_id: int
    kind: str
    hub_namespace: str
    member_namespace: str
    hub_blocked: bool
    member_blocked: bool
    region: str
    member_check: int
    evidence_count: int
    confidence: float
    first_seen_at: datetime
    last_seen_at: datetime
    first_recorded_at: datetime


class Link(NamedTuple):
    """identity.link; `status` and `rule_set` are empty before `partition`."""

    left_id: int
    right_id: int
    left_namespace: str
    right_namespace: str
    kind: str
    rule: str
    evidence_count: int
    first_seen_at: datetime
    last_seen_at: datetime
    confidence: float
    status: str
    reason: str | None
    rule_set: str

    @property
    def in_graph(self) -> bool:
        """Whether no guard before the graph took it out."""
        return self.reason is None or not BEFORE_GRAPH.match(self.reason)


class Identifier(NamedTuple):
    """identity.identifier."""

    identifier_id: int
    namespace: str
    region: str
    datasets: Sequence[str]
    first_recorded_at: datetime
    degree: int
    status: str
    component_id: int | None
    rule_set: str


class Compared(NamedTuple):
    """identity.compared_record without the id of the record."""

    identifier_id: int
    compared_values: Sequence[str | None]


class Membership(NamedTuple):
    """identity.membership."""

    identifier_id: int
    component_id: int
    person_id: str
    valid_from_run: str
    valid_to_run: str | None
    valid_from_at: datetime
    valid_to_at: datetime | None


class Person(NamedTuple):
    """identity.person."""

    person_id: str
    anchor_id: int
    region: str
    datasets: Sequence[str]
    status: str
    size: int
    survived_by: str | None
    rule_set: str


class Change(NamedTuple):
    """identity.change."""

    change_id: str
    run_id: str
    kind: str
    cause: str
    from_person_id: str | None
    to_person_id: str | None
    identifier_count: int
    occurred_at: datetime
    rule_set: str
