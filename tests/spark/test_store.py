"""What reaches Delta: only differences, no PII in statistics, comments for people."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.errors import InputError
from c360_spark.lookup import Lookup
from c360_spark.store import SMALL_MB, Store, Written
from c360_spark.tables import Write

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]


@pytest.fixture(params=["delta-rs", "Spark"])
def store(request: pytest.FixtureRequest, spark: SparkSession, tmp_path: Path) -> Store:
    """An empty lake, whose tables are written by either."""
    return Store(spark, str(tmp_path / "lake"), small_mb=SMALL_MB if request.param == "delta-rs" else 0)


def profile(person: str, **values: object) -> dict[str, object]:
    return {"person_id": person, "attributes": {"a": "1", "b": "2"}, **values}


def test_sync_writes_only_what_differs_and_commits_nothing_when_equal(store: Store, frame: Frame) -> None:
    first = [profile("same"), profile("changed", email="old@x.de"), profile("gone")]
    assert store.sync(tables.PROFILE, frame(tables.PROFILE, *first)) == Written(inserted=3)
    second = [profile("same", attributes={"b": "2", "a": "1"}), profile("changed", email="new@x.de"), profile("new")]
    assert store.sync(tables.PROFILE, frame(tables.PROFILE, *second)) == Written(1, 1, 1)
    version = store.version(tables.PROFILE)
    assert store.sync(tables.PROFILE, frame(tables.PROFILE, *second)) == Written()
    assert store.version(tables.PROFILE) == version
    assert {row.person_id: row.email for row in store.read(tables.PROFILE).collect()} == {
        "same": None,
        "changed": "new@x.de",
        "new": None,
    }


def test_add_skips_known_keys_and_merge_overwrites_them(store: Store, frame: Frame) -> None:
    table = tables.MEMBERSHIP

    def row(identifier: int, person: str) -> dict[str, object]:
        return {"identifier_id": identifier, "valid_from_run": "1", "person_id": person}

    assert store.count(table) == 0
    assert store.add(table, frame(table, row(1, "a"))) == Written(inserted=1)
    assert store.add(table, frame(table, row(1, "b"), row(2, "b"))) == Written(inserted=1)
    assert store.merge(table, frame(table, row(2, "c"), row(3, "c"))) == Written(1, 1, 0)
    assert sorted((r.identifier_id, r.person_id) for r in store.read(table).collect()) == [(1, "a"), (2, "c"), (3, "c")]
    assert store.count(table) == 3


@pytest.mark.parametrize("write", Write)
def test_a_table_is_written_no_other_way_than_it_is_declared(
    spark: SparkSession, frame: Frame, tmp_path: Path, write: Write
) -> None:
    store, table = Store(spark, str(tmp_path)), replace(tables.MEMBERSHIP, write=write)
    new = frame(table, {"identifier_id": 1})
    values = [tuple(new.first() or ())]
    verbs: dict[str, tuple[Write, Callable[[], Written]]] = {
        "append": (Write.APPEND, lambda: store.append(table, new)),
        "append_rows": (Write.APPEND, lambda: store.append_rows(table, values)),
        "add": (Write.APPEND, lambda: store.add(table, new)),
        "add_rows": (Write.APPEND, lambda: store.add_rows(table, values)),
        "merge": (Write.MERGE, lambda: store.merge(table, new)),
        "merge_rows": (Write.MERGE, lambda: store.merge_rows(table, values)),
        "sync": (Write.SYNC, lambda: store.sync(table, new)),
        "sync of nothing": (Write.SYNC, lambda: store.sync(table, new, old=new)),
    }
    for name, (verb, written) in verbs.items():
        version = store.version(table)
        if write.allows(verb):
            written()
            continue
        with pytest.raises(TypeError, match=f"identity.membership is declared {write}: {verb} could"):
            written()
        assert store.version(table) == version, name
    if write is not Write.APPEND:
        with pytest.raises(TypeError, match="is not append-only"):
            store.changes(table, since=-1, until=0)


def test_changes_are_the_rows_appended_between_two_versions(store: Store, frame: Frame) -> None:
    table = tables.bronze("crm", "customer")
    versions = []
    for payload in ("one", "two", "three"):
        store.append(table, frame(table, {"payload": payload, "bronze_id": payload}))
        versions.append(store.version(table))
    first, second, third = versions
    assert [row.payload for row in store.changes(table, since=first, until=second).collect()] == ["two"]
    assert store.changes(table, since=-1, until=second).count() == 2
    assert store.changes(table, since=-1, until=third).count() == 3
    assert store.read(tables.EVENT).isEmpty()
    assert store.version(tables.EVENT) == -1


def test_no_personal_value_reaches_the_statistics_in_the_log(store: Store, frame: Frame) -> None:
    secret = "very.private@x.de"
    rows = [profile("p", email=secret, given_name=secret, street=secret, attributes={"mail": secret})]
    store.append(tables.PROFILE, frame(tables.PROFILE, *rows))
    logs = list(Path(store.path(tables.PROFILE), "_delta_log").glob("*.json"))
    text = "\n".join(path.read_text() for path in logs)
    assert secret not in text
    stats = [json.loads(line)["add"]["stats"] for line in text.splitlines() if '"add"' in line]
    assert json.loads(stats[0])["numRecords"] == 1


def test_a_table_carries_the_comments_of_the_registry(store: Store, frame: Frame) -> None:
    store.append(tables.PERSON, frame(tables.PERSON, {}))
    comments = {f.name: f.metadata.get("comment") for f in store.spark.table(store.name(tables.PERSON)).schema}
    assert comments == {column.name: column.meaning for column in tables.PERSON.columns}


def test_a_staged_frame_is_what_was_computed_and_knows_its_size(store: Store, frame: Frame) -> None:
    staged, count = store.stage("a name", frame(tables.PERSON, {}, {}))
    assert (count, staged.count()) == (2, 2)
    assert staged.columns == tables.PERSON.column_names


def test_sync_of_some_rows_leaves_the_rest_alone(store: Store, frame: Frame) -> None:
    table = tables.CONSENT_STATE

    def rows(purpose: str, **status: str) -> DataFrame:
        return frame(table, *({"person_id": p, "purpose": purpose, "status": s} for p, s in status.items()))

    store.append(table, rows("email", a="granted", b="granted").unionByName(rows("ads", a="granted", b="granted")))
    assert store.sync(
        table, rows("ads", b="denied", c="denied"), old=store.read(table).where("purpose = 'ads'")
    ) == Written(1, 1, 1)
    assert {(r.purpose, r.person_id): r.status for r in store.read(table).collect()} == {
        ("email", "a"): "granted",
        ("email", "b"): "granted",
        ("ads", "b"): "denied",
        ("ads", "c"): "denied",
    }


def test_nothing_to_write_leaves_no_commit_and_a_write_of_another_shape_fails(store: Store, frame: Frame) -> None:
    table = tables.PERSON
    store.ensure(table)
    assert (store.version(table), store.read(table).count()) == (0, 0)
    store.ensure(table)
    assert store.merge(table, frame(table)) == Written()
    assert store.sync(table, frame(table)) == Written()
    assert store.version(table) == 0
    with pytest.raises(AnalysisException):
        store.append(table, frame(table, {}).withColumn("size", F.lit("many")))
    assert store.version(table) == 0
    row = frame(table, {"person_id": "p", "size": 3})
    shuffled = row.select(*reversed(table.column_names), F.lit(1).alias("unknown"))
    assert store.append(table, shuffled) == Written(inserted=1)
    assert [(row.person_id, row["size"]) for row in store.read(table).collect()] == [("p", 3)]


def test_a_table_made_before_a_column_was_declared_gets_it(store: Store, frame: Frame) -> None:
    table = tables.HOUSEHOLD
    older = replace(table, columns=table.columns[:-1])  # without `reason`
    store.append(older, frame(table, {"household_id": "1"}).drop("reason"))
    assert [row.reason for row in store.read(table).collect()] == [None]
    assert [row.reason for row in store.images(table, since=-1, until=store.version(table)).collect()] == [None]
    changed = frame(table, {"household_id": "1", "rule": "address"}, {"household_id": "2", "reason": "crowded"})
    assert store.merge(table, changed) == Written(1, 1, 0)
    found = {(row.household_id, row.rule, row.reason) for row in store.read(table).collect()}
    assert found == {("1", "address", None), ("2", "rule1", "crowded")}
    comments = {field.name: field.metadata.get("comment") for field in store.spark.table(store.name(table)).schema}
    assert comments["reason"] == table.columns[-1].meaning

    store.append(replace(older, name="other"), frame(table, {"household_id": "1"}).drop("reason"))
    store.append(replace(table, name="other"), frame(table, {"household_id": "2", "reason": "crowded"}))
    assert store.read(replace(table, name="other")).where("reason = 'crowded'").count() == 1


def test_a_lake_that_python_and_spark_would_look_for_in_two_places_is_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    hadoop = spark._jsc.hadoopConfiguration()
    before = hadoop.get("fs.defaultFS")
    hadoop.set("fs.defaultFS", "hdfs://name:8020")
    try:
        with pytest.raises(InputError, match="has no scheme, and Spark looks for such paths in hdfs://name:8020"):
            Store(spark, str(tmp_path / "lake"))
        assert Store(spark, "s3a://bucket/lake").lake == "s3a://bucket/lake"
    finally:
        hadoop.set("fs.defaultFS", before)


@pytest.mark.parametrize("name", ["a b'c\"d%e#f=g+h&i(j);k,l@m~n$o^p!q|r<s>tüé王", "a b.c,d+e=f@g~h-i_jüé王"])
def test_a_lake_may_lie_in_a_folder_with_an_odd_name(
    spark: SparkSession, frame: Frame, tmp_path: Path, name: str
) -> None:
    lake = tmp_path / name
    store, table = Store(spark, str(lake)), tables.MEMBERSHIP

    def row(identifier: int, person: str) -> dict[str, object]:
        return {"identifier_id": identifier, "valid_from_run": "1", "person_id": person}

    store.append(table, frame(table, row(1, "a")))
    store.merge(table, frame(table, row(1, "b"), row(2, "c")))
    assert sorted((r.identifier_id, r.person_id) for r in store.read(table).collect()) == [(1, "b"), (2, "c")]
    images = store.images(table, since=0, until=store.version(table)).collect()
    assert sorted((r._state, r.person_id) for r in images) == [("former", "a"), ("now", "b"), ("now", "c")]
    assert len(Lookup(str(lake)).ask("SELECT person_id FROM m", m=table)) == 2
    assert list(tmp_path.iterdir()) == [lake]
