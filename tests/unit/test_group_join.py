"""Groups that the match model joins: against the definition of average linkage, in any order."""

from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from c360_spark.config.rules.probabilistic import Probabilistic
from c360_spark.identity.forest import Forest, Limits
from c360_spark.identity.group_join import join_groups
from c360_spark.identity.match_weight import Values, weigher, weight_of

NAMES = {"exact": (0.8, 0.01), "similar_0.92": (0.14, 0.01), "similar_0.8": (0.03, 0.02), "other": (0.03, 0.96)}
DATES = {"exact": (0.9, 0.001), "edits_1": (0.06, 0.01), "edits_2": (0.02, 0.03), "other": (0.02, 0.959)}


def model(join_at: float) -> Probabilistic:
    levels = {"born": DATES, "family": NAMES, "given": NAMES}
    figures = {name: {n: dict(zip("mu", p, strict=True)) for n, p in each.items()} for name, each in levels.items()}
    block: dict[str, Any] = {
        "regions": {"EU": None},
        "comparisons": {
            "given": {"kind": "name", "columns": ["given_name"]},
            "family": {"kind": "name", "columns": ["family_name"]},
            "born": {"kind": "date", "columns": ["birth_date"]},
        },
        "blocking": {"family": [{"column": "family_name"}]},
        "review_at": 0.5,
        "attach_at": 0.9,
        "join_at": join_at,
        "model": {"version": "1.0.0", "prior": 0.001, "comparisons": figures},
    }
    return Probabilistic.model_validate(block)


SPACES = {n: "crm" if n < 4 else "cookie" for n in range(10)}
LIMITS = Limits({"crm": 2}, 6, frozenset({"crm"}))
values = st.tuples(
    st.sampled_from(["19900501", "19900502", "19621123", None]),
    st.sampled_from(["byron", "byrom", "lovelace"]),
    st.sampled_from(["ada", "adda", "alan", None]),
)
vertex = st.integers(0, 9)
pair = st.tuples(vertex, vertex).filter(lambda p: p[0] < p[1])


def defined(
    groups: list[frozenset[int]], pairs: list[tuple[int, int]], records: dict[int, list[Values]], rules: Probabilistic
) -> list[frozenset[int]]:
    """The same by sets: the two groups with the highest mean of all that may be joined, again and again."""
    weigh = weigher(rules)

    def mean(one: frozenset[int], other: frozenset[int]) -> float | None:
        if not any((a in one and b in other) or (a in other and b in one) for a, b in pairs):
            return None
        kinds = [SPACES[n] for n in one | other]
        both_known = all(any(SPACES[n] == "crm" for n in group) for group in (one, other))
        if both_known or kinds.count("crm") > 2 or len(kinds) > 6:
            return None
        sides = [[row for n in group for row in records.get(n, [])] for group in (one, other)]
        weights = [round(weigh(a, b) * 10**6) for a in sides[0] for b in sides[1]]
        found = sum(weights) / len(weights) if weights else None
        return found if found is not None and found >= weight_of(rules.join_at) * 10**6 else None

    while True:
        ordered = sorted(groups, key=min)
        found = [(mean(a, b), a, b) for a, b in combinations(ordered, 2)]
        joinable = [(-m, min(a), min(b), a, b) for m, a, b in found if m is not None]
        if not joinable:
            return groups
        *_, one, other = min(joinable)
        groups = [*(g for g in groups if g not in (one, other)), one | other]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(pair, max_size=4),
    st.lists(pair, min_size=1, max_size=12, unique=True),
    st.lists(st.tuples(vertex, values), max_size=15),
    st.sampled_from([0.1, 0.5, 0.9]),
    st.randoms(),
)
def test_groups_are_those_of_average_linkage_in_any_order(
    linked: list[tuple[int, int]],
    pairs: list[tuple[int, int]],
    records: list[tuple[int, Values]],
    join_at: float,
    random,
) -> None:
    forest = Forest(SPACES, LIMITS)
    for left, right in linked:
        forest.unite(left, right)
    before: dict[int, set[int]] = {}
    for n in SPACES:
        before.setdefault(forest.root(n), set()).add(n)
    of_identifier: dict[int, list[Values]] = {}
    for n, row in records:
        of_identifier.setdefault(n, []).append(row)
    wanted = defined([frozenset(group) for group in before.values()], pairs, of_identifier, model(join_at))
    shuffled = random.sample(pairs, len(pairs))
    left_out = join_groups(forest, shuffled, random.sample(records, len(records)), model(join_at))
    found: dict[int, set[int]] = {}
    for n in SPACES:
        found.setdefault(forest.root(n), set()).add(n)
    assert {frozenset(group) for group in found.values()} == set(wanted)
    assert set(left_out) == {(a, b) for a, b in pairs if forest.root(a) != forest.root(b)}


ADA, ADDA, ALAN = ("19900501", "byron", "ada"), ("19900501", "byron", "adda"), ("19621123", "byron", "alan")


def joined(records: list[tuple[int, Values]], pairs: list[tuple[int, int]]) -> tuple[Forest, dict[Any, str]]:
    forest = Forest(dict.fromkeys(range(4), "cookie"), Limits({}))
    forest.unite(0, 1)
    return forest, join_groups(forest, pairs, records, model(0.5))


def test_one_likely_pair_does_not_join_groups_whose_other_records_are_unlike() -> None:
    # A rule put Ada and Alan together, who share a phone: the second Ada is one person with half of them.
    forest, left_out = joined([(0, ADA), (1, ALAN), (1, ALAN), (2, ADDA)], [(0, 2)])
    assert left_out == {(0, 2): "limit:mean"}
    forest, left_out = joined([(0, ADA), (1, ADA), (2, ADDA)], [(0, 2)])
    assert not left_out
    assert forest.root(2) == 0


def test_a_record_that_no_rule_linked_joins_where_it_is_most_alike() -> None:
    forest, left_out = joined([(0, ADA), (1, ADA), (2, ADDA), (3, ("19900501", "byron", None))], [(2, 3), (1, 2)])
    assert not left_out
    assert {forest.root(n) for n in range(4)} == {0}


def test_identifiers_without_a_compared_record_join_nobody() -> None:
    assert joined([(0, ADA)], [(0, 2)])[1] == {(0, 2): "limit:mean"}
