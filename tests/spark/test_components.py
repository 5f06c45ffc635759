"""Both engines against a union-find oracle."""

import random
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark.identity.components import Engine, broken, components

pytestmark = pytest.mark.spark
Pairs = list[tuple[int, int]]


def oracle(pairs: Pairs) -> dict[int, int]:
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for left, right in pairs:
        a, b = sorted((root(left), root(right)))
        parent[b] = a
    return {node: root(node) for node in parent}


def graphs() -> Pairs:
    """Random graphs of many densities, a chain, a star, two cliques with a bridge; each with ids of its own."""
    chance, pairs = random.Random(3), []
    shapes = [[(chance.randrange(30), chance.randrange(30)) for _ in range(n)] for n in (5, 10, 15, 25, 60)]
    shapes += [[(i, i + 1) for i in range(60)], [(0, i) for i in range(1, 80)]]
    clique = [(a, b) for a in range(6) for b in range(a)]
    shapes += [[*clique, *((a + 10, b + 10) for a, b in clique), (0, 10)]]
    for number, shape in enumerate(shapes):
        base = (number + 1) * (1 << 58)  # ids as large as real ones
        pairs += [(base + min(p), base + max(p)) for p in shape if p[0] != p[1]]
    chance.shuffle(pairs)
    return pairs


def stored(spark: SparkSession, pairs: Pairs, path: Path) -> DataFrame:
    spark.createDataFrame(pairs, "left_id bigint, right_id bigint").write.parquet(str(path))
    return spark.read.parquet(str(path))


@pytest.mark.parametrize("engine", ["local", "graphframes"])
def test_an_engine_finds_the_components_of_the_oracle(spark: SparkSession, tmp_path: Path, engine: Engine) -> None:
    pairs = graphs()
    found = components(stored(spark, pairs, tmp_path / "links"), engine=engine).collect()
    assert len(found) == len({row.identifier_id for row in found})
    assert {row.identifier_id: row.component_id for row in found} == oracle(pairs)


def test_no_links_make_no_components(spark: SparkSession, tmp_path: Path) -> None:
    assert components(stored(spark, [], tmp_path / "links"), engine="local").isEmpty()


def test_a_member_twice_a_crossing_link_and_a_lost_end_are_broken_invariants(spark: SparkSession) -> None:
    links = spark.createDataFrame([(1, 2), (3, 4)], "left_id bigint, right_id bigint")
    placed = "identifier_id bigint, part_id bigint"
    whole = spark.createDataFrame([(1, 1), (2, 1), (3, 3), (4, 3)], placed)
    torn = spark.createDataFrame([(1, 1), (1, 1), (2, 2), (3, 3)], placed)
    assert broken(whole, links).isEmpty()
    found = {row.invariant: row["count"] for row in broken(torn, links).collect()}
    assert found["an identifier is placed twice"] == 1
    assert found["a link crosses persons"] >= 2
