"""Groups of records that the match model joins: by all their evidence, never by one pair alone.

Rules link records into groups first. Two groups with a pair from `attach_at` are joined if the mean match weight over
all pairs of their records, one from each, is that of `join_at` or more; pairs that no blocking key brought together
count as well. The two groups with the highest mean are joined first, then means are taken anew (average linkage).
Closure of likely pairs would melt households: a record of the mother is like one of the daughter, and both are joined
to all that the other has.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from c360_spark.config.rules.probabilistic import Probabilistic
from c360_spark.identity.forest import Forest
from c360_spark.identity.match_weight import Values, Weigh, weigher, weight_of

EXACT = 10**6  # weights are summed as whole millionths, so that their order does not matter
Pair = tuple[int, int]


class Verdict(NamedTuple):
    """Whether two groups may be joined: the `reason` why not, or None; and their mean weight in millionths."""

    reason: str | None
    mean: float


def join_groups(
    forest: Forest, pairs: Sequence[Pair], records: Iterable[tuple[int, Values]], model: Probabilistic
) -> dict[Pair, str]:
    """Joins groups, which are parts of the forest, along `pairs` of identifiers that the model takes for one person.

    `records` are the records that the model compares: strongest identifier and values. Returns the pairs that join
    nobody in the end, each with its reason: `limit:mean` if their groups do not agree as a whole, `limit:known` if both
    have an identifier of a `unique` namespace, or the limit of the forest that they would break.
    """
    groups = _Groups(forest, records, model)
    near: defaultdict[int, set[int]] = defaultdict(set)
    for left, right in pairs:
        one, other = forest.root(left), forest.root(right)
        if one != other:
            near[one].add(other)
            near[other].add(one)
    verdicts: dict[Pair, Verdict] = {}
    queue: list[tuple[float, int, int]] = []

    def judge(one: int, other: int) -> None:
        pair = _sorted(one, other)
        verdicts[pair] = verdict = groups.verdict(*pair)
        if verdict.reason is None:
            heappush(queue, (-verdict.mean, *pair))

    for one, others in near.items():
        for other in others:
            if one < other:
                judge(one, other)
    while queue:
        mean, one, other = heappop(queue)
        if verdicts.get((one, other)) != (None, -mean):
            continue  # one of them has grown since
        del verdicts[one, other]
        near[one].discard(other)
        thirds = near.pop(other) - {one}
        groups.join(one, other, near[one] | thirds)
        for third in thirds:
            near[third].discard(other)
            near[third].add(one)
            near[one].add(third)
            del verdicts[_sorted(other, third)]
        for third in near[one]:
            judge(one, third)
    apart = {pair: _sorted(forest.root(pair[0]), forest.root(pair[1])) for pair in pairs}
    return {pair: str(verdicts[roots].reason) for pair, roots in apart.items() if roots[0] != roots[1]}


class _Groups:
    """Records by group, with the sums of weights between groups."""

    def __init__(self, forest: Forest, records: Iterable[tuple[int, Values]], model: Probabilistic) -> None:
        self.forest, self.weigh, self.least = forest, weigher(model), weight_of(model.join_at) * EXACT
        self.records: defaultdict[int, Counter[Values]] = defaultdict(Counter)
        for identifier_id, values in records:
            if identifier_id in forest.parent:
                self.records[forest.root(identifier_id)][values] += 1
        self.sums: dict[Pair, int] = {}

    def verdict(self, one: int, other: int) -> Verdict:
        pairs = self.records[one].total() * self.records[other].total()
        mean = self._sum(one, other) / pairs if pairs else float("-inf")
        reason = self.forest.objection(one, other)
        if not reason and self.forest.known.issuperset((one, other)):
            reason = "limit:known"
        return Verdict(reason or ("limit:mean" if mean < self.least else None), mean)

    def join(self, one: int, other: int, neighbours: Iterable[int]) -> None:
        """Adds the group `other` to `one`, whose id is smaller."""
        for third in neighbours:
            self.sums[_sorted(one, third)] = self._sum(one, third) + self._sum(other, third)
        self.records[one] += self.records.pop(other)
        self.forest.unite(one, other)

    def _sum(self, one: int, other: int) -> int:
        pair = _sorted(one, other)
        if pair not in self.sums:
            self.sums[pair] = _total(self.records[one], self.records[other], self.weigh)
        return self.sums[pair]


def total_weight(one: Mapping[Values, int], other: Mapping[Values, int], weigh: Weigh) -> float:
    """The sum of match weights over all pairs of a record of `one` and one of `other`, given as values and counts."""
    return _total(one, other, weigh) / EXACT


def _total(one: Mapping[Values, int], other: Mapping[Values, int], weigh: Weigh) -> int:
    return sum(round(weigh(a, b) * EXACT) * m * n for a, m in one.items() for b, n in other.items())


def _sorted(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)
