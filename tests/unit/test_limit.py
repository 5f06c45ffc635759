"""Guards inside a component, without Spark: against the definition, and in any order."""

from itertools import permutations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from c360_spark.identity.forest import Forest, Limits
from c360_spark.identity.limit import PROBABILISTIC, STRENGTH, _apart
from tests.unit.test_group_join import ADA, ALAN, model

LIMITS = {"crm": 1, "email": 2}
UNIQUE = frozenset({"crm", "email"})
UNLIKE = 9  # the identifier of a record that is unlike all others
Pairs = list[tuple[int, int]]
vertex = st.integers(0, 9)
# Two identifiers of each kind and six of a kind without a limit.
SPACES = {n: ("crm" if n < 3 else "email" if n < 6 else "cookie") for n in range(10)}
BIG = 1 << 61  # ids as large as real ones: a float would lose their last digits


def rows(links: Pairs, nevers: Pairs = [], guessed: Pairs = []) -> pd.DataFrame:  # noqa: B006
    found = [("vertex", BIG + n, 0, space, 0, 0.0) for n, space in SPACES.items()]
    for rank, pairs in ((0, links), (PROBABILISTIC, guessed)):
        found += [("link", BIG + a, BIG + b, None, rank, 1 / n) for n, (a, b) in enumerate(pairs, 1)]
    found += [("never", BIG + a, BIG + b, None, 0, 0.0) for a, b in nevers]
    frame = pd.DataFrame(found, columns=["what", "left_id", "right_id", "namespace", "kind_rank", "confidence"])
    same = dict.fromkeys(set(STRENGTH) - set(frame.columns), 0)
    records = [{"what": "record", "left_id": BIG + n, "values": ALAN if n == UNLIKE else ADA} for n in SPACES]
    frame = pd.concat([frame, pd.DataFrame(records).assign(right_id=0, kind_rank=0, confidence=0.0)], ignore_index=True)
    return frame.assign(component_id=BIG, **same)


def apart(frame: pd.DataFrame, size: int | None = None) -> tuple[dict[int, int], dict[tuple[int, int], str]]:
    made = _apart(frame, Limits(LIMITS, size, UNIQUE), model(0.5))
    placed = made[made["part_id"].notna()]
    left_out = made[made["other_id"].notna()]
    parts = {int(i) - BIG: int(p) - BIG for i, p in zip(placed["identifier_id"], placed["part_id"], strict=True)}
    pairs = zip(left_out["identifier_id"], left_out["other_id"], left_out["reason"], strict=True)
    return parts, {(int(a) - BIG, int(b) - BIG): reason for a, b, reason in pairs}


def defined(links: Pairs, nevers: Pairs, size: int | None) -> dict[int, int]:
    """The same by sets: link after link, the strongest first, unless the union would break a limit."""
    groups = {n: frozenset({n}) for n in SPACES}
    for a, b in links:
        union = groups[a] | groups[b]
        kinds = [SPACES[n] for n in union]
        fits = all(kinds.count(space) <= most for space, most in LIMITS.items()) and len(union) <= (size or len(union))
        if fits and not any(x in union and y in union for x, y in nevers):
            groups |= dict.fromkeys(union, union)
    return {n: min(group) for n, group in groups.items()}


pair = st.tuples(vertex, vertex).filter(lambda p: p[0] < p[1])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(pair, max_size=15, unique=True),
    st.lists(pair, max_size=3),
    st.sampled_from([None, 2, 4]),
    st.randoms(),
)
def test_parts_are_those_of_the_definition_in_any_order(pairs: Pairs, nevers: Pairs, size: int | None, random) -> None:
    frame = rows(pairs, nevers).sample(frac=1, random_state=random.randrange(1 << 30))
    parts, left_out = apart(frame, size)
    assert parts == defined(pairs, nevers, size)
    assert set(left_out) == {(a, b) for a, b in pairs if parts[a] != parts[b]}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(pair, max_size=8),
    st.lists(pair, max_size=8, unique=True),
    st.lists(pair, max_size=3),
    st.sampled_from([None, 2, 4]),
    st.randoms(),
)
def test_links_of_the_model_keep_every_limit_and_what_rules_linked(
    links: Pairs, likely: Pairs, nevers: Pairs, size: int | None, random
) -> None:
    before, reasons = apart(rows(links, nevers), size)
    frame = rows(links, nevers, likely).sample(frac=1, random_state=random.randrange(1 << 30))
    parts, left_out = apart(frame, size)
    groups = {root: {n for n in parts if parts[n] == root} for root in parts.values()}
    assert all(parts[n] == parts[before[n]] for n in parts)
    assert {pair: left_out[pair] for pair in reasons} == reasons
    assert set(left_out) == {(a, b) for a, b in {*links, *likely} if parts[a] != parts[b]}
    for group in groups.values():
        kinds = [SPACES[n] for n in group]
        assert all(kinds.count(space) <= most for space, most in LIMITS.items())
        assert len(group) <= (size or len(group))
        assert len({before[n] for n in group if SPACES[n] in UNIQUE}) <= 1
        assert not any(x in group and y in group for x, y in nevers)


def test_a_pair_of_the_model_attaches_a_stranger_and_never_joins_two_known_persons_even_through_one() -> None:
    parts, left_out = apart(rows([], guessed=[(0, 6), (3, 6), (6, 7), (7, UNLIKE)]))
    assert (parts[0], parts[6], parts[7], parts[3], parts[UNLIKE]) == (0, 0, 0, 3, UNLIKE)
    assert left_out == {(3, 6): "limit:known", (7, UNLIKE): "limit:mean"}
    assert apart(rows([(3, 6)], guessed=[(0, 6)]))[1] == {(0, 6): "limit:known"}
    assert apart(rows([(0, 3)], guessed=[(0, 3)]))[1] == {}


def test_the_weakest_link_is_left_out_and_says_why() -> None:
    parts, left_out = apart(rows([(0, 6), (1, 6)]))
    assert (parts[0], parts[6], parts[1]) == (0, 0, 1)
    assert left_out == {(1, 6): "limit:crm"}
    assert apart(rows([(6, 7), (7, 8), (8, 9)]), 3)[1] == {(8, 9): "limit:component"}


def test_a_never_link_wins_over_any_other_and_through_others() -> None:
    for links in permutations([(6, 7), (7, 8), (8, 9)]):
        parts, left_out = apart(rows(list(links), [(6, 9)]))
        assert parts[6] != parts[9]
        assert left_out == {links[-1]: "limit:never"}


def test_a_star_is_cut_where_it_grows_too_large() -> None:
    forest = Forest(dict.fromkeys(range(20_000), "cookie"), Limits(LIMITS, 15_000))
    reasons = [forest.unite(0, leaf) for leaf in range(1, 20_000)]
    assert reasons.count(None) == 14_999
    assert set(reasons[14_999:]) == {"limit:component"}
