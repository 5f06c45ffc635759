"""Union-find over identifiers within the limits of one person."""

from collections.abc import Mapping
from dataclasses import dataclass

from c360_spark.config.rules.identity import RuleSet


@dataclass(frozen=True)
class Limits:
    """Limits of one person: the most identifiers of each namespace, and in total.

    An identifier of a `unique` namespace makes the person known.
    """

    most: Mapping[str, int]
    size: int | None = None
    unique: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rules: RuleSet) -> "Limits":
        most = {name: space.max_per_person for name, space in rules.namespaces.items() if space.max_per_person}
        return cls(most, rules.component_limit, frozenset(rules.unique_namespaces))


class Forest:
    """Union-find over components: parts grow by links. The root of a part is its smallest identifier."""

    def __init__(self, namespaces: Mapping[int, str], limits: Limits) -> None:
        self.limits = limits
        self.parent = {vertex: vertex for vertex in namespaces}
        self.size = dict.fromkeys(namespaces, 1)
        self.held = {vertex: {space: 1} if space in limits.most else {} for vertex, space in namespaces.items()}
        self.known = {vertex for vertex, space in namespaces.items() if space in limits.unique}
        self.enemies: dict[int, set[int]] = {vertex: set() for vertex in namespaces}

    def forbid(self, left: int, right: int) -> None:
        self.enemies[left].add(right)
        self.enemies[right].add(left)

    def root(self, vertex: int) -> int:
        while self.parent[vertex] != vertex:
            self.parent[vertex] = self.parent[self.parent[vertex]]
            vertex = self.parent[vertex]
        return vertex

    def unite(self, left: int, right: int) -> str | None:
        """Unites the parts of two identifiers; if that would break a limit, returns the reason instead."""
        one, other = sorted((self.root(left), self.root(right)))
        if one == other:
            return None
        reason = self.objection(one, other)
        if reason:
            return reason
        self.parent[other] = one
        self.size[one] += self.size.pop(other)
        for space, count in self.held.pop(other).items():
            self.held[one][space] = self.held[one].get(space, 0) + count
        self.enemies[one] |= self.enemies.pop(other)
        if other in self.known:
            self.known.add(one)
        return None

    def objection(self, one: int, other: int) -> str | None:
        """The limit that two parts would break together, given their roots."""
        few, against = min((self.enemies[one], other), (self.enemies[other], one), key=lambda side: len(side[0]))
        if any(self.root(enemy) == against for enemy in few):
            return "limit:never"
        for space, count in sorted(self.held[other].items()):
            if count + self.held[one].get(space, 0) > self.limits.most[space]:
                return f"limit:{space}"
        if self.limits.size and self.size[one] + self.size[other] > self.limits.size:
            return "limit:component"
        return None
