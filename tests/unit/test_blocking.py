"""What training says of blocking keys: records compared with no other, pairs, and keys that would help."""

import pandas as pd

from c360_spark.config.rules.key_part import KeyPart
from c360_spark.config.rules.probabilistic import Probabilistic
from c360_spark.identity.blocking import advice, candidates, keys_of

RULES = Probabilistic.model_validate(
    {
        "model": None,
        "regions": {"EU": None},
        "comparisons": {"given_name": {"kind": "name"}, "born": {"kind": "date", "columns": ["attributes.birth_date"]}},
        "blocking": {"sound": [{"column": "family_name", "normalize": "soundex"}]},
        "attach_at": 0.99,
        "review_at": 0.9,
        "max_block_pairs": 3,
    }
)
BLOCKS = pd.DataFrame(
    {
        "sound": ["a", "a", "a", "b", None, "c", "d", "d", "d", "d"],  # d would make six pairs
        "full_name": [None, None, None, "x", "x", None, "y", "y", None, None],
        "birth_date": [None, None, None, "1", "1", "2", "2", None, None, None],
        "phone": [None] * 10,
    },
    dtype=object,
)


def test_a_key_counts_records_pairs_and_those_of_values_that_too_many_share() -> None:
    key = keys_of(BLOCKS, RULES)["sound"]
    assert (key.records, key.pairs, key.crowded) == (9, 3, 4)
    assert [*key.compared.nonzero()[0]] == [0, 1, 2]


def test_keys_are_proposed_by_what_they_add_to_those_before_them() -> None:
    tried = {name: parts for name, parts in candidates(RULES).items() if name in BLOCKS.columns}
    assert [*advice(BLOCKS, RULES, tried)] == [
        "blocking: 7 of 10 records (70.0%) are compared with no other",
        "  sound: 9 records have it, 3 pairs, 4 have a value that too many share",
        "  would help: full_name: 4 records more, 2 pairs: full_name: [{column: given_name}, {column: family_name}]",
        "  would help: birth_date: 1 records more, 2 pairs: "
        "birth_date: [{column: attributes.birth_date, normalize: digits}]",
    ]


def test_keys_that_the_rules_have_are_not_tried_again() -> None:
    parts = (KeyPart(column="family_name"), KeyPart(column="given_name"))
    assert "full_name" in candidates(RULES)
    assert "full_name" not in candidates(RULES.model_copy(update={"blocking": {"names": parts}}))


def test_no_records_need_no_advice() -> None:
    empty = BLOCKS.iloc[:0]
    assert next(advice(empty, RULES, {})) == "blocking: 0 of 0 records (0.0%) are compared with no other"
