"""Which records of a shared identifier agree on who the person is, and which contradict each other."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c360_spark import tables
from c360_spark.identity.contradiction import MOST, Description, agree, agreement_rows, contradict

ADA = ("ada", "byron", "19901210")
PHONE = 7


def described(number: int, said: tuple[str, str, str], *, other: int, space: str = "crm.customer_id") -> Description:
    return Description(f"b{number}", PHONE, "phone", "EU", other, space, *said, number, number)


def rows_of(*found: Description) -> list[tuple[str, int, int, int]]:
    """Kind, hub, member and count of the evidence."""
    names = tables.EVIDENCE.column_names
    places = [names.index(name) for name in ("kind", "hub_id", "member_id", "evidence_count")]
    rows = [tuple(row[place] for place in places) for row in agreement_rows(found)]
    return sorted(rows)  # type: ignore[arg-type]


def test_a_description_has_the_columns_of_its_table_in_order() -> None:
    assert list(Description._fields) == list(tables.DESCRIPTION.column_names)


@pytest.mark.parametrize(
    ("other", "agrees", "contradicts"),
    [
        (ADA, True, False),
        (("ada", "byron", "19901201"), True, False),  # two digits swapped
        (("ada", "bryon", "19901210"), True, False),  # a misspelt name
        (("ada", "lovelace", "19901210"), False, False),  # married
        (("anna", "byron", "19901210"), False, False),  # a twin
        (("ada", "byron", "19550623"), False, False),  # her mother, or a birth date that was made up
        (("george", "byron", "19550623"), False, True),  # her father
        (("ada", "turing", "19550623"), False, True),
    ],
)
def test_descriptions_agree_contradict_or_say_nothing(
    other: tuple[str, str, str], agrees: bool, contradicts: bool
) -> None:
    assert (agree(ADA, other), contradict(ADA, other)) == (agrees, contradicts)
    assert (agree(other, ADA), contradict(other, ADA)) == (agrees, contradicts)


def test_an_identifier_of_one_record_gives_no_evidence() -> None:
    assert not rows_of(described(1, ADA, other=1), described(2, ("alan", "turing", "19120623"), other=1))
    assert not rows_of()


def test_records_that_agree_are_linked_and_count_as_one() -> None:
    found = rows_of(described(1, ADA, other=1), described(2, ADA, other=2), described(3, ADA, other=3))
    assert found == [("agreement", 1, 2, 2), ("agreement", 1, 3, 2), ("repetition", PHONE, PHONE, 2)]


def test_records_that_contradict_each_other_divide_the_identifier() -> None:
    alan = ("alan", "turing", "19120623")
    found = rows_of(described(1, ADA, other=1), described(2, ADA, other=2), described(3, alan, other=3))
    assert found == [
        ("agreement", 1, 2, 2),
        ("contradiction", PHONE, PHONE, 2),
        ("repetition", PHONE, PHONE, 1),
    ]


def test_repetitions_are_counted_by_namespace() -> None:
    found = agreement_rows(
        [described(i, ADA, other=i, space="loyalty.member_no" if i > 2 else "crm.customer_id") for i in range(1, 6)]
    )
    at = tables.EVIDENCE.column_names.index
    told = {row[at("member_namespace")]: row[at("evidence_count")] for row in found if row[at("kind")] == "repetition"}
    assert told == {"crm.customer_id": 1, "loyalty.member_no": 2}


def test_beyond_many_descriptions_only_equal_ones_agree() -> None:
    many = [described(i, ("ada", "byron", f"1{i:07}"), other=i) for i in range(MOST + 1)]
    alike = described(9999, ("ada", "bryon", "10000000"), other=9999)
    equal = described(8888, ("ada", "byron", "10000000"), other=8888)
    assert [row for row in rows_of(*many, alike, equal) if row[0] == "agreement"] == [("agreement", 0, 8888, 2)]


SAID = st.tuples(
    st.sampled_from(["ada", "adda", "alan", "anna"]),
    st.sampled_from(["byron", "bryon", "turing"]),
    st.sampled_from(["19901210", "19901201", "19120623"]),
)


@given(st.lists(st.tuples(SAID, st.integers(1, 4)), min_size=2, max_size=5), st.randoms())
def test_the_order_of_records_does_not_matter(given_: list[tuple[Any, int]], random: Any) -> None:
    found = [described(i, said, other=other) for i, (said, other) in enumerate(given_)]
    wanted = [*agreement_rows(found)]
    for order in [*permutations(found)][:24]:
        assert [*agreement_rows(order)] == wanted
    random.shuffle(found)
    assert [*agreement_rows(found)] == wanted
