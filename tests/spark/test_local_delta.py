"""Tables of delta-rs are those that Spark would have written: rows, change feeds, comments, no PII in statistics."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.local_delta import LocalTable
from c360_spark.store import Store, Written
from c360_spark.tables.model import (
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    LONG,
    STRING,
    STRING_MAP,
    TIMESTAMP,
    Column,
    Pii,
    Table,
    Write,
    key,
)

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
EVERY = Table(
    "ops",
    "every_type",
    "one of each type",
    ("id", "part"),
    Write.SYNC,
    (
        key("id", LONG, "an id"),
        Column("part", STRING, "a part that may be null"),
        Column("email", STRING, "an address", Pii.DIRECT),
        Column("count", INTEGER, "it's a number"),
        Column("share", DOUBLE, "a share"),
        Column("is_new", BOOLEAN, "a flag"),
        Column("day", DATE, "a day"),
        Column("at", TIMESTAMP, "a time"),
        Column("attributes", STRING_MAP, "a map", Pii.INDIRECT),
        Column("members", tables.MEMBERS, "structs", Pii.DIRECT),
    ),
)
MERGED = replace(tables.WATERMARK, write=Write.MERGE)
TEXTS = st.none() | st.sampled_from(["", "a", "ü王", "a'b\"c`d\\e\n", "x" * 300])
ROWS = st.fixed_dictionaries(
    {
        "id": st.integers(0, 3),
        "part": st.sampled_from([None, "", "x"]),
        "email": TEXTS,
        "count": st.none() | st.integers(-5, 2**31 - 1),
        "share": st.none() | st.sampled_from([0.0, -1.5, 1e300]),
        "is_new": st.none() | st.booleans(),
        "day": st.none() | st.dates(),
        "at": st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
        "attributes": st.none() | st.dictionaries(st.sampled_from("ab"), TEXTS, max_size=2),
        "members": st.none() | st.lists(st.tuples(st.integers(0, 9), TEXTS, TEXTS, TEXTS, st.booleans()), max_size=2),
    }
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "add", "merge", "sync"]), st.lists(ROWS, max_size=4)), min_size=1, max_size=5
)


def distinct(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({(row["id"], row["part"]): row for row in rows}.values())


def said(frame: DataFrame) -> list[str]:
    return sorted(str(sorted(row.asDict(recursive=True).items(), key=str)) for row in frame.collect())


@settings(max_examples=12, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])  # shrinking is slow
@given(steps=STEPS)
def test_delta_rs_and_spark_write_equal_tables_and_equal_change_feeds(
    spark: SparkSession, frame: Frame, tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("both")
    ours, theirs = Store(spark, str(folder / "ours")), Store(spark, str(folder / "theirs"), small_mb=0)
    marks: dict[Store, list[int]] = {ours: [-1], theirs: [-1]}
    for verb, given_rows in steps:
        rows = distinct(given_rows)
        if verb == "append":  # of keys the table lacks: so the caller promises
            known = {(row.id, row.part) for row in ours.read(EVERY).collect()}
            rows = [row for row in rows if (row["id"], row["part"]) not in known]
        written = [getattr(store, verb)(EVERY, frame(EVERY, *rows)) for store in (ours, theirs)]
        assert written[0] == written[1], verb
        assert ours.version(EVERY) == theirs.version(EVERY), verb
        assert said(ours.read(EVERY)) == said(theirs.read(EVERY)), verb
        for store, versions in marks.items():
            versions.append(store.version(EVERY))
    for first in range(len(steps)):
        for last in (first + 1, len(steps)):
            feeds = [
                said(store.images(EVERY, since=versions[first], until=versions[last]))
                for store, versions in marks.items()
            ]
            assert feeds[0] == feeds[1]
            met = [
                said(store.changed_values(EVERY, ["id"], since=versions[first], until=versions[last]))
                for store, versions in marks.items()
            ]
            assert met[0] == met[1]
    as_delta_reads = spark.read.format("delta").load(ours.path(EVERY))
    assert said(as_delta_reads) == said(theirs.read(EVERY))
    assert ours.read(EVERY).schema == as_delta_reads.schema == theirs.read(EVERY).schema  # comments too


def test_a_table_that_does_not_exist_reads_with_the_columns_and_comments_that_it_will_have(store: Store) -> None:
    before = store.read(EVERY).schema
    store.ensure(EVERY)
    assert before == store.read(EVERY).schema == store.spark.read.format("delta").load(store.path(EVERY)).schema


def test_rows_of_python_are_written_and_read_as_those_of_a_frame(store: Store, spark: SparkSession) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678)
    rows = [("w", f"silver.x{n}", n) for n in range(3)]
    assert store.append_rows(MERGED, rows) == Written(inserted=3)
    assert store.merge_rows(MERGED, [("w", "silver.x0", 0), ("w", "silver.y", 1)]) == Written(1, 1, 0)
    assert store.merge_rows(MERGED, []) == Written()
    found = store.rows(MERGED, "table", "version")
    assert sorted((row["table"], row["version"]) for row in found) == [
        ("silver.x0", 0),
        ("silver.x1", 1),
        ("silver.x2", 2),
        ("silver.y", 1),
    ]
    assert found == [row.asDict() for row in store.read(MERGED).select("table", "version").collect()]
    store.append_rows(tables.RULE_RELEASE, [("1", at, "Ada", "{}", None)])
    (row,) = store.rows(tables.RULE_RELEASE, "released_at", "figures")
    assert (row["released_at"].replace(tzinfo=None), row["figures"]) == (at, None)
    assert store.read(tables.RULE_RELEASE).head().released_at == at
    assert Store(spark, store.lake, small_mb=0).rows(tables.RULE_RELEASE, "label") == [{"label": "1"}]


def test_some_rows_are_found_by_values_and_synced_as_python_values(store: Store, frame: Frame) -> None:
    given = [{"id": n, "part": "ab"[n % 2], "at": datetime(2026, 1, n), "attributes": {"a": "x"}} for n in range(1, 6)]
    store.append(EVERY, frame(EVERY, *given))
    names = EVERY.column_names

    def held(*columns: str, most: int = 9, **having: Any) -> Any:
        return store.lookup(EVERY, *columns, having=having or None, most=most)

    changed = [row | {"count": 5} if row["id"] == 5 else row for row in given]
    assert store.sync(EVERY, frame(EVERY, *changed)) == Written(0, 1, 0)  # its files are not merged again below
    old = held(*names, id={1, 2})
    assert sorted(row[:2] for row in old) == [(1, "b"), (2, "a")]
    assert old[0][names.index("at")] in {datetime(2026, 1, 1), datetime(2026, 1, 2)}
    later, last = (list(row) for row in sorted(old))
    later[names.index("count")] = 7
    new = [tuple(later), (9, *last[1:])]
    assert store.sync_rows(EVERY, new, old=old) == Written(1, 1, 1)  # files of delta-rs from here on
    assert store.sync_rows(EVERY, new, old=held(*names, id={1, 9})) == Written()
    assert sorted(held("id", "count", part=["a"], id={1})) == [(1, 7), (4, None), (9, None)]
    assert (len(held("id")), held("id", most=4), held("id", id={3}, most=0)) == (5, None, None)
    by_spark = Store(store.spark, store.lake, small_mb=0)
    assert by_spark.lookup(EVERY, "id", most=9) is None
    assert said(store.read(EVERY)) == said(by_spark.read(EVERY))
    assert store.lookup(MERGED, "version", most=9) == []
    with pytest.raises(TypeError, match="declared"):
        store.sync_rows(MERGED, [], old=[])
    with pytest.raises(ValueError, match="have one key"):
        store.sync_rows(EVERY, [*new, new[0]], old=old)


def test_a_large_table_is_synced_by_spark_with_python_values(spark: SparkSession, frame: Frame, tmp_path: Path) -> None:
    store = Store(spark, str(tmp_path / "lake"))
    store.append(EVERY, frame(EVERY, *({"id": n, "part": "a"} for n in range(3))))
    store.small_mb = 1e-6
    old = store.lookup(EVERY, *EVERY.column_names, most=9)
    assert old is not None
    first, *rest = sorted(old)
    assert store.sync_rows(EVERY, [(7, *first[1:]), *rest], old=old) == Written(1, 0, 1)
    assert sorted(row.id for row in store.read(EVERY).collect()) == [1, 2, 7]


def test_a_small_write_keeps_personal_values_out_of_the_log_and_says_what_columns_mean(
    store: Store, frame: Frame
) -> None:
    for name in ("anna@x.de", "bob@x.de"):
        store.sync(tables.PROFILE, frame(tables.PROFILE, {"person_id": "p", "email": name}, {"person_id": name[:3]}))
    log = Path(store.path(tables.PROFILE), "_delta_log")
    text = "\n".join(path.read_text() for path in sorted(log.glob("*.json")))
    assert "@x.de" not in text
    actions = [json.loads(line) for line in text.splitlines() if line]
    added = [json.loads(action["add"]["stats"]) for action in actions if "add" in action]
    assert added
    assert not [name for stats in added for name in stats.get("minValues", {}) if name in ("email", "family_name")]
    (schema,) = (json.loads(a["metaData"]["schemaString"]) for a in actions if "metaData" in a)
    comments = {field["name"]: field["metadata"]["comment"] for field in schema["fields"]}
    assert comments == {column.name: column.meaning for column in tables.PROFILE.columns}


def test_a_column_that_was_declared_later_is_added_by_the_next_small_write(store: Store, frame: Frame) -> None:
    before = replace(EVERY, columns=EVERY.columns[:-2])
    store.append(before, frame(before, {"id": 1, "email": "a"}))
    first = store.version(EVERY)
    assert [row.attributes for row in store.read(EVERY).collect()] == [None]
    store.merge(EVERY, frame(EVERY, {"id": 1, "email": "b"}, {"id": 2, "attributes": {"a": "1"}}))
    assert sorted((row.id, row.email, row.attributes) for row in store.read(EVERY).collect()) == [
        (1, "b", None),
        (2, None, {"a": "1"}),
    ]
    assert store.images(EVERY, since=first, until=store.version(EVERY)).count() == 3
    store.append(EVERY, frame(EVERY, {"id": 3}))
    assert store.read(EVERY).count() == 3


def test_nothing_to_write_is_no_version(store: Store, frame: Frame) -> None:
    rows = frame(EVERY, {"id": 1})
    store.append(EVERY, rows)
    version = store.version(EVERY)
    for write in (store.add, store.sync):
        assert write(EVERY, rows) == Written()
    assert store.append(EVERY, rows.limit(0)) == store.merge(EVERY, rows.limit(0)) == Written()
    assert store.version(EVERY) == version


def test_files_that_a_killed_write_left_are_not_part_of_the_table(store: Store, frame: Frame) -> None:
    store.append(EVERY, frame(EVERY, {"id": 1}))
    left = next(Path(store.path(EVERY)).glob("*.parquet"))
    left.with_name("part-left.parquet").write_bytes(left.read_bytes())
    assert store.read(EVERY).count() == 1
    store.merge(EVERY, frame(EVERY, {"id": 2}))
    assert store.read(EVERY).count() == 2


def test_a_table_of_spark_with_deletion_vectors_and_a_large_one_are_left_to_spark(
    spark: SparkSession, frame: Frame, tmp_path: Path
) -> None:
    theirs, ours = Store(spark, str(tmp_path), small_mb=0), Store(spark, str(tmp_path))
    theirs.append(EVERY, frame(EVERY, *({"id": i, "email": "a"} for i in range(20))))
    theirs.merge(EVERY, frame(EVERY, {"id": 1, "email": "b"}))
    assert LocalTable(ours.path(EVERY), EVERY).has_deletion_vectors
    assert ours.merge(EVERY, frame(EVERY, {"id": 2, "email": "c"}, {"id": 99})) == Written(1, 1, 0)
    assert sorted(row.email or "" for row in ours.read(EVERY).collect())[-3:] == ["a", "b", "c"]
    large = Store(spark, str(tmp_path / "large"))
    large.append(EVERY, frame(EVERY, {"id": 1, "email": "a"}))
    large.small_mb = 0.000_001
    assert large.merge(EVERY, frame(EVERY, {"id": 1, "email": "b"}, {"id": 2})) == Written(1, 1, 0)
    fed = Store(spark, str(tmp_path / "fed"))
    fed.append(EVERY, frame(EVERY, {"id": 1, "email": "a"}))
    fed.small_mb = 0.02  # the table is smaller, what comes to it is not
    assert fed.merge(EVERY, frame(EVERY, *({"id": i, "email": f"{i:0200d}"} for i in range(2_000)))) == Written(
        1999, 1, 0
    )
    assert "MERGE" in str(spark.sql(f"DESCRIBE HISTORY {fed.name(EVERY)}").first().asDict())
    assert "Spark" in str(spark.sql(f"DESCRIBE HISTORY {fed.name(EVERY)}").first().engineInfo)
    assert large.images(EVERY, since=0, until=large.version(EVERY)).count() == 3
    assert sorted(row.email or "" for row in large.read(EVERY).collect()) == ["", "b"]
