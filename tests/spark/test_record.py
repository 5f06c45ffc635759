"""Which version of a record is current, and what a full delivery deletes, in whatever order deliveries come."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import reduce
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.record import current
from c360_spark.silver.deletion import deletions, presences
from c360_spark.silver.verdict import NARROW, classified, verdicts
from c360_spark.stages.silver.deletions import sorted_out

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
Row = dict[str, Any]
START = datetime(2026, 1, 1)
OF = {"source": "crm", "dataset": "customer"}


def day(n: int) -> datetime:
    return START + timedelta(days=n)


def row(key: str, city: str, *, received: int, updated: int | None = None, position: int = 0) -> Row:
    at = {"received_at": day(received), "updated_at": None if updated is None else day(updated), "position": position}
    return OF | at | {"source_key": key, "city": city, "bronze_id": f"{city}-{received}-{position}"}


def cities(frame: Frame, *rows: Row) -> list[str]:
    return [found.city for found in current(frame(tables.PROFILE_RECORD, *rows)).collect()]


def test_a_version_is_as_new_as_its_source_says(frame: Frame) -> None:
    assert cities(frame, row("k", "new", received=1, updated=9), row("k", "old", received=2, updated=8)) == ["new"]


def test_without_a_time_of_the_source_arrival_decides(frame: Frame) -> None:
    assert cities(frame, row("k", "first", received=1), row("k", "then", received=2)) == ["then"]


def test_of_two_rows_of_one_key_in_one_file_the_later_one_is_current(frame: Frame) -> None:
    rows = [row("k", city, received=1, updated=1, position=n) for n, city in enumerate("zya")]
    assert cities(frame, *rows) == ["a"]


def test_a_deleted_record_is_not_current_until_it_is_delivered_again(frame: Frame) -> None:
    gone = {"is_deleted": True, "bronze_id": "gone", "updated_at": None}
    rows = [row("k", "a", received=1, updated=1), row("k", "", received=2) | gone]
    assert cities(frame, *rows) == []
    assert cities(frame, *rows, row("k", "b", received=3, updated=1)) == ["b"]


def landed(frame: Frame, *batches: Sequence[Row]) -> DataFrame:
    """What silver.profile_record holds after these batches of full deliveries."""
    silver = frame(tables.PROFILE_RECORD)
    for batch in batches:
        hashed = F.concat_ws("|", "city", F.col("updated_at").cast("string"))
        reasons = F.array().cast("array<string>")
        found = frame(tables.PROFILE_RECORD, *batch).withColumns({"record_hash": hashed, "reasons": reasons})
        present = presences(found, silver, tables.PROFILE_RECORD)
        whole, older = sorted_out(present)
        closed = deletions(present, whole=whole, older=older)
        every = found.unionByName(closed, allowMissingColumns=True)
        known = verdicts(every.select(*NARROW), silver.select(*NARROW), versioned=True)
        kept = classified(every, known).where("verdict IN ('accepted', 'deleted') AND NOT written")
        silver = silver.unionByName(kept.select(*silver.columns))
        silver = frame(tables.PROFILE_RECORD, *(r.asDict(recursive=True) for r in silver.collect()))
    return silver


def now(silver: DataFrame) -> dict[str, str]:
    return {r.source_key: r.city for r in current(silver).collect()}


def delivery(n: int, **cities: tuple[str, int]) -> list[Row]:
    """The n-th file to arrive: `key=(city, day of change)`."""
    return [
        row(key, city, received=n, updated=at, position=place) for place, (key, (city, at)) in enumerate(cities.items())
    ]


def test_what_a_full_delivery_lacks_is_deleted_on_record_and_comes_back_if_it_returns(frame: Frame) -> None:
    first = delivery(1, a=("Rome", 1), b=("Oslo", 1))
    second, third = delivery(2, a=("Rome", 1)), delivery(3, a=("Rome", 1), b=("Oslo", 1))
    gone = landed(frame, first, second)
    assert now(gone) == {"a": "Rome"}
    (closed,) = gone.where("is_deleted").collect()
    assert (closed.source_key, closed.received_at, closed.identifiers) == ("b", day(2), [])
    assert now(landed(frame, first, second, third)) == {"a": "Rome", "b": "Oslo"}
    assert now(landed(frame, first + second + third)) == {"a": "Rome", "b": "Oslo"}


def test_an_older_extract_that_lands_later_deletes_nothing_and_brings_nothing_back(frame: Frame) -> None:
    new = delivery(1, a=("Rome", 5), b=("Oslo", 1))
    old = delivery(2, a=("Paris", 1), c=("Bonn", 1))
    silver = landed(frame, new, old)
    assert now(silver) == {"a": "Rome", "b": "Oslo"}
    assert silver.where("source_key = 'c'").count() == 2  # what it said is on record


def test_what_an_interrupted_run_has_written_of_a_batch_is_not_what_was_before(frame: Frame) -> None:
    first, second = delivery(1, a=("Rome", 1), b=("Oslo", 1)), delivery(2, a=("Rome", 2))
    written = landed(frame, first, second)
    batch = frame(tables.PROFILE_RECORD, *second).withColumn("reasons", F.array().cast("array<string>"))
    present = presences(batch, written, tables.PROFILE_RECORD)
    (found,) = deletions(present, whole={("crm", "customer"): [day(2)]}, older={}).collect()
    assert found.bronze_id == written.where("is_deleted").head().bronze_id


def test_a_record_that_only_older_extracts_have_does_not_make_one_of_them_newer(frame: Frame) -> None:
    newest, oldest = delivery(1, z=("z2", 2)), delivery(2, a=("a0", 0), z=("z0", 0))
    between = delivery(3, a=("a1", 1), z=("z1", 1))
    for batches in ([newest, oldest, between], [newest + oldest + between], [newest, oldest + between]):
        assert now(landed(frame, *batches)) == {"z": "z2"}


KEYS = "abc"
extracts = st.lists(st.sets(st.sampled_from(KEYS), min_size=1), min_size=2, max_size=4)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(extracts=extracts, cuts=st.sets(st.integers(1, 3), max_size=2))
def test_the_same_deliveries_give_the_same_in_any_batches(
    frame: Frame, extracts: list[set[str]], cuts: set[int]
) -> None:
    files = [delivery(n, **{key: (f"{key}{n}", n) for key in sorted(keys)}) for n, keys in enumerate(extracts, 1)]
    edges = [0, *sorted(cut for cut in cuts if cut < len(files)), len(files)]
    batches = [reduce(list.__add__, files[a:b]) for a, b in pairwise(edges)]
    parted, whole = landed(frame, *batches), landed(frame, reduce(list.__add__, files))
    assert now(parted) == now(whole) == {key: f"{key}{len(files)}" for key in extracts[-1]}
    assert sorted(parted.select("bronze_id").collect()) == sorted(whole.select("bronze_id").collect())


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(extracts=extracts, order=st.permutations(range(4)))
def test_the_same_extracts_in_any_order_of_arrival_leave_the_newest_one(
    frame: Frame, extracts: list[set[str]], order: list[int]
) -> None:
    """Every extract shares the record z, which changes each time, so that its age can be told."""
    ages = [each for each in order if each < len(extracts)]
    files = [
        delivery(n, **{key: (f"{key}{age}", age) for key in [*sorted(extracts[age]), "z"]})
        for n, age in enumerate(ages, 1)
    ]
    last = len(extracts) - 1
    assert now(landed(frame, *files)) == {key: f"{key}{last}" for key in [*extracts[-1], "z"]}
