"""Groups of persons and of a CDP's profiles, and attributes that differ, beside what plain Python finds."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.gold.cdp_group import grouped, one_to_one, pairs, placed, tangled, verdicts
from c360_spark.gold.cdp_profile import attributes, identities, living, mismatches
from c360_spark.identity.components import components

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]


class World(NamedTuple):
    """`owners` of identifiers 0, 1, 2 …: a person, refused, or never seen; `profiles` and what each holds; pairs that
    differ in an attribute, where they are pairs.
    """

    owners: list[str]
    profiles: list[set[int]]
    differing: set[int]


IDENTIFIERS = range(7)
worlds = st.builds(
    World,
    st.lists(st.sampled_from(["p0", "p1", "p2", "refused", "unseen"]), min_size=7, max_size=7),
    st.lists(st.sets(st.sampled_from(IDENTIFIERS), max_size=3), max_size=4),
    st.sets(st.integers(0, 3)),
)
PEOPLE = ["p0", "p1", "p2", "p3"]


def expected(world: World, at: int) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Of each profile and person: verdict, reason, group, profiles and persons in it."""
    edges = [
        (("cdp", str(n)), ("person", owner))
        for n, held in enumerate(world.profiles)
        for i in held
        if (owner := world.owners[i]) in PEOPLE
    ]
    near = defaultdict(set)
    for profile, person in edges:
        near[profile].add(person)
        near[person].add(profile)
    found = {}
    for one in [*(("cdp", str(n)) for n in range(len(world.profiles))), *(("person", p) for p in PEOPLE)]:
        group, more = {one}, [one]
        while more:
            fresh = near[more.pop()] - group
            group |= fresh
            more += fresh
        sides = Counter(side for side, _ in group)
        shared = [i for side, n in group if side == "cdp" for i in world.profiles[int(n)] if world.owners[i] in PEOPLE]
        smallest = at + min(shared) if len(group) > 1 else None
        key = one[0], f"{at}-{one[1]}"
        found[key] = *said(world, one, group, sides), smallest, sides["cdp"], sides["person"]
    return found


def said(world: World, one: tuple[str, str], group: set[tuple[str, str]], sides: Counter[str]) -> tuple[Any, Any]:
    if len(group) > 1:
        several = sides["person"] > 1, sides["cdp"] > 1
        if several == (False, False):
            number = next(int(n) for side, n in group if side == "cdp")
            return ("attribute_mismatch" if number in world.differing else "agree"), None
        names = {(True, True): "cdp_merges_and_splits", (True, False): "cdp_merges_more"}
        return names.get(several, "cdp_splits_more"), None
    if one[0] == "person":  # p3 holds nothing that the CDP could send
        return "missing_in_cdp", "other_namespaces" if one[1] == "p3" else "unknown"
    owners = {world.owners[i] for i in world.profiles[int(one[1])]}
    why = "unknown" if "unseen" in owners else "refused" if "refused" in owners else "no_identifiers"
    return "missing_here", why


@settings(max_examples=2, deadline=None)
@given(st.lists(worlds, min_size=40, max_size=40))
def test_each_profile_and_each_person_has_the_one_verdict_of_its_group(spark: SparkSession, many: list[World]) -> None:
    held, seen, owned, differ, want = [], [], [], [], {}
    for number, world in enumerate(many):
        at = number * 100
        want |= expected(world, at)
        for n, ids in enumerate(world.profiles):
            held += [(f"{at}-{n}", at + i) for i in ids] or [(f"{at}-{n}", None)]
        seen += [(at + i, "active") for i in IDENTIFIERS if world.owners[i] in PEOPLE]
        seen += [(at + i, "crowded") for i in IDENTIFIERS if world.owners[i] == "refused"]
        owned += [(at + i, f"{at}-{world.owners[i]}") for i in IDENTIFIERS if world.owners[i] in PEOPLE]
        differ += [(f"{at}-{n}",) for n in world.differing]
    people = [(f"{at * 100}-{p}", p != "p3") for at in range(len(many)) for p in PEOPLE]
    known = placed(
        spark.createDataFrame(held, "profile_id string, identifier_id long"),
        spark.createDataFrame(seen, "identifier_id long, status string"),
        spark.createDataFrame(owned, "identifier_id long, person_id string"),
    ).cache()
    met = pairs(known).cache()
    groups = grouped(met, components(tangled(met), engine="local")).cache()
    unlike = spark.createDataFrame(differ, "profile_id string").join(groups.where(one_to_one()), "profile_id")
    rows = verdicts(known, groups, unlike, spark.createDataFrame(people, "person_id string, reachable boolean"))
    told = rows.collect()
    assert len(told) == len(want)
    assert {(r.side, r.subject_id): (*r[2:5], r.profile_count, r.person_count) for r in told} == want
    for frame in (known, met, groups):
        frame.unpersist()


def test_the_newest_word_on_each_attribute_counts_and_what_is_merged_or_deleted_does_not(frame: Frame) -> None:
    def row(key: str, profile: str, **rest: Any) -> dict[str, Any]:
        return {"source": "cdp", "dataset": "profile", "source_key": key, "profile_id": profile, **rest}

    rows = frame(
        tables.CDP_PROFILE,
        row("A", "A", bronze_id="1", city="Ulm", given_name="Anna"),
        row("A", "A", bronze_id="2", position=1, city="Bonn", given_name="Anna"),  # the next version of the same record
        row("A mail", "A", bronze_id="3", status="active"),
        row("A phone", "A", bronze_id="4", status="deleted", city="Rom"),  # one identity of a profile that lives on
        row("B", "B", bronze_id="5", status="merged", city="Ulm"),
        row("B mail", "B", bronze_id="6"),
    )
    left = living(rows)
    assert sorted(r.bronze_id for r in left.collect()) == ["2", "3"]
    assert [(r.profile_id, r.identifier_id) for r in identities(left).collect()] == [("A", None)]
    assert [(r.profile_id, r.city, r.given_name) for r in attributes(left).collect()] == [("A", "Bonn", "Anna")]


def test_attributes_are_compared_as_they_are_meant_and_what_one_side_lacks_contradicts_nothing(
    spark: SparkSession, frame: Frame
) -> None:
    ours = {
        "person_id": "p",
        "given_name": "Zoë",
        "family_name": "Müller-Lüdenscheidt",
        "city": "Ulm",
        "phone": "+4930123456",
        "loyalty_tier": "gold",
        "attributes": {"plan": "Basic", "shop": "1"},
    }
    theirs = {
        "profile_id": "A",
        "given_name": " ZOE ",
        "family_name": "muller ludenscheidt",
        "city": "Bonn",
        "phone": "+49 30 123456",
        "email": "zoe@x.de",
        "attributes": {"plan": "PRO", "age": "7"},
    }
    alone = spark.createDataFrame([("A", "p")], "profile_id string, person_id string")
    told = mismatches(alone, frame(tables.CDP_PROFILE, theirs), frame(tables.PROFILE, ours))
    assert sorted(tuple(r) for r in told.collect()) == [
        ("A", "p", "attributes.plan", "Basic", "PRO"),
        ("A", "p", "city", "Ulm", "Bonn"),
    ]
