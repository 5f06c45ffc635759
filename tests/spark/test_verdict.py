"""Which records are new does not depend on the batches they come in."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from c360_spark.silver.verdict import verdicts
from tests.conftest import AS_OF

pytestmark = pytest.mark.spark
SCHEMA = (
    "bronze_id string, source string, dataset string, source_key string, record_hash string, updated_at timestamp, "
    "received_at timestamp, position bigint"
)
Record = tuple[str, str, str, str, str, object, object, int]


def record(number: int, key: str, content: str, updated_at: object = None) -> Record:
    return (f"b{number:03}", "s", "d", key, content, updated_at, AS_OF + timedelta(seconds=number), 0)


def accepted(spark: SparkSession, batches: list[list[Record]], *, versioned: bool) -> list[str]:
    kept: list[Record] = []
    for batch in batches:
        frames = spark.createDataFrame(batch, SCHEMA), spark.createDataFrame(kept, SCHEMA)
        repeats = {row.bronze_id for row in verdicts(*frames, versioned=versioned).collect() if row.repeat}
        kept += [row for row in batch if row[0] not in repeats]
    return [row[0] for row in kept]


def oracle(records: list[Record], *, versioned: bool) -> list[str]:
    last: dict[str, str] = {}
    kept = []
    for row in records:
        if (last.get(row[3]) != row[4]) if versioned else (row[3] not in last):
            kept.append(row[0])
        last[row[3]] = row[4]
    return kept


def test_a_versioned_table_keeps_a_return_to_an_earlier_content(spark: SparkSession) -> None:
    records = [record(i, "k", content) for i, content in enumerate("AABA")]
    assert accepted(spark, [records], versioned=True) == ["b000", "b002", "b003"]
    assert accepted(spark, [records], versioned=False) == ["b000"]


def test_a_record_that_arrival_alone_decides_on_is_told(spark: SparkSession) -> None:
    rows = [
        record(0, "k", "A", AS_OF),
        record(1, "k", "B", AS_OF),  # the same time, something else
        record(2, "k", "C", AS_OF + timedelta(days=1)),
        record(3, "k", "A", AS_OF),  # what was said first of that time
        record(4, "l", "A"),
        record(5, "l", "B"),  # the source gives no time: it is told when it comes
    ]
    frame, nothing = spark.createDataFrame(rows, SCHEMA), spark.createDataFrame([], SCHEMA)
    told = {row.bronze_id for row in verdicts(frame, nothing, versioned=True).where("contradicts").collect()}
    assert told == {"b001"}
    told = {row.bronze_id for row in verdicts(frame, nothing, versioned=False).where("contradicts").collect()}
    assert told == {"b001", "b002", "b005"}


def test_what_an_interrupted_run_has_written_is_known_as_written(spark: SparkSession) -> None:
    rows = [record(0, "k", "A"), record(1, "k", "A"), record(2, "l", "B")]
    batch, existing = spark.createDataFrame(rows, SCHEMA), spark.createDataFrame(rows[:1], SCHEMA)
    found = {row.bronze_id: row.repeat for row in verdicts(batch, existing, versioned=True).collect()}
    assert found == {"b000": "written", "b001": "duplicate"}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    contents=st.lists(st.tuples(st.sampled_from("kl"), st.sampled_from("ABC")), min_size=1, max_size=12),
    cuts=st.sets(st.integers(1, 11), max_size=2),
    versioned=st.booleans(),
)
def test_batches_make_no_difference(
    spark: SparkSession, contents: list[tuple[str, str]], cuts: set[int], versioned: bool
) -> None:
    records = [record(i, key, content) for i, (key, content) in enumerate(contents)]
    edges = [0, *sorted(cut for cut in cuts if cut < len(records)), len(records)]
    batches = [records[a:b] for a, b in pairwise(edges)]
    assert accepted(spark, batches, versioned=versioned) == oracle(records, versioned=versioned)
