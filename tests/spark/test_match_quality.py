"""Figures of match quality, checked against counting every pair."""

from itertools import combinations

import pytest
from pyspark.sql import SparkSession

from c360_spark.observe.match_quality import pairwise

pytestmark = pytest.mark.spark
Rows = list[tuple[str, str | None]]
VECTORS: dict[str, Rows] = {
    "all right": [("a", "1"), ("a", "1"), ("b", "2"), ("b", "2")],
    "all joined": [("a", "1"), ("a", "1"), ("b", "1"), ("c", "1")],
    "nothing joined": [("a", "1"), ("a", "2"), ("b", "3")],
    "half": [("a", "1"), ("a", "1"), ("a", "2"), ("b", "2"), ("b", "2"), ("c", "3")],
    "nobody found is paired with nobody": [("a", None), ("a", None), ("b", None), ("b", "1")],
    "nothing to find": [("a", "1"), ("b", "2")],
    "no records": [],
}


def counted(rows: Rows) -> tuple[int, int, int]:
    pairs = list(combinations(rows, 2))
    true = [p for p in pairs if p[0][0] == p[1][0]]
    found = [p for p in pairs if p[0][1] is not None and p[0][1] == p[1][1]]
    return len(true), len(found), len([p for p in found if p in true and p[0][0] == p[1][0]])


@pytest.mark.parametrize("name", VECTORS)
def test_figures_are_those_of_counting_every_pair(spark: SparkSession, name: str) -> None:
    rows = VECTORS[name]
    row = pairwise(spark.createDataFrame(rows, "truth string, found string")).head()
    true, found, right = counted(rows)
    assert (row.true_pairs, row.found_pairs, row.right_pairs) == (true, found, right)
    precision, recall = right / found if found else 1.0, right / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert (row.precision, row.recall, row.f1) == pytest.approx((precision, recall, f1))
