"""Match weights in Python: equal to those of Splink for every kind of comparison."""

from itertools import combinations
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from c360_spark.config.rules.probabilistic import SHAPES, Comparison, Probabilistic
from c360_spark.identity.match_weight import compared_columns, weigher, weight_of

pytest.importorskip("splink", reason="needs the extra `probabilistic`", exc_type=ImportError)
from c360_spark.identity.scoring import WEIGHED, duckdb_linker, settings, weighed

ALPHABETS = ("ab", "абв é", "0123", "ab@x")


def rules() -> Probabilistic:
    comparisons = {kind: {"kind": kind} for kind in SHAPES if kind != "exact"} | {
        "exact": {"kind": "exact", "columns": ["country"]},
        "strict": {"kind": "name", "columns": ["given_name"], "thresholds": [0.95], "common_from": 0.01},
    }
    random, figures = Random(1), {}
    for name, given in comparisons.items():
        levels = [*Comparison.model_validate(given).levels, "other"]
        shares = [[random.random() for _ in levels] for _ in "mu"]
        figures[name] = {
            level: {letter: share[i] / sum(share) for letter, share in zip("mu", shares, strict=True)}
            for i, level in enumerate(levels)
        }
    block: dict[str, Any] = {
        "regions": {"EU": None},
        "comparisons": comparisons,
        "blocking": {"all": [{"column": "country"}]},
        "review_at": 0,
        "attach_at": 1,
        "model": {"version": "1.0.0", "prior": 0.01, "comparisons": figures, "common": {"strict": ["a", "b", "o'b"]}},
    }
    return Probabilistic.model_validate(block)


def test_weights_are_those_of_splink_also_for_missing_values_and_other_letters() -> None:
    random, block, columns = Random(2), rules(), compared_columns(rules())
    assert "exact_common_0.01" in block.comparisons["strict"].levels

    def value() -> str | None:
        letters = random.choice(ALPHABETS)
        return random.choice([None, "".join(random.choices(letters, k=random.randint(1, 6)))])

    rows = [tuple(value() for _ in columns) for _ in range(60)]
    table = pa.table(
        {"record_id": pa.array(range(len(rows))), "block_all": pa.array([1] * len(rows))}
        | {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(columns)}
    )
    found = weighed(duckdb_linker(table, settings(block, block.model)), None).as_pyarrow_table().select(WEIGHED)
    weigh, seen = weigher(block), 0
    for left, right, weight in zip(*(found.column(name).to_pylist() for name in WEIGHED), strict=True):
        assert weigh(rows[left], rows[right]) == pytest.approx(weight, abs=1e-6)
        assert weigh(rows[left], rows[right]) == weigh(rows[right], rows[left])
        seen += 1
    assert seen == len(list(combinations(rows, 2)))


def test_a_probability_has_a_weight_also_at_the_ends() -> None:
    assert [weight_of(p) for p in (0, 0.5, 0.75, 1)] == [float("-inf"), 0, pytest.approx(1.585, abs=1e-3), float("inf")]
