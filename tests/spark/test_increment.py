"""What is new to a stage: the changes since it was last done, or everything where these would not do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.run.context import Run
from c360_spark.run.pending_changes import Increment, increment
from c360_spark.store import Store
from tests.conftest import AS_OF

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]


def news(run: Run, label: str = "rules") -> Increment:
    return increment(run, "stage", label, reads=(tables.PROFILE,), makes=(tables.HOUSEHOLD,))


def test_everything_is_new_once_and_then_only_changes_are(
    spark: SparkSession, frame: Frame, conf: Conf, store: Store
) -> None:
    run = Run(spark, store, conf, AS_OF, "r")
    later, earlier = (replace(run, as_of=AS_OF + timedelta(days=n)) for n in (1, -1))
    store.append(tables.PROFILE, frame(tables.PROFILE, {"person_id": "a", "city": "x"}, {"person_id": "b"}))
    first = news(run)
    assert first.whole
    first.done()
    assert news(run).whole, "a table that it makes is missing"
    store.ensure(tables.HOUSEHOLD)
    news(run).done()
    assert news(run).unchanged
    assert not news(later).whole
    assert not news(later).unchanged, "time went by"
    assert news(later).last_as_of == AS_OF

    store.sync(tables.PROFILE, frame(tables.PROFILE, {"person_id": "a", "city": "y"}, {"person_id": "c"}))
    for _ in range(2):  # not done yet: the same again
        assert {row.person_id for row in news(run).touched(tables.PROFILE, "person_id").collect()} == {"a", "b", "c"}
    assert {row.city for row in news(run).touched(tables.PROFILE, "city").collect()} == {"x", "y"}
    news(run).done()
    assert news(run).touched(tables.PROFILE, "person_id").isEmpty()

    assert news(run, "other rules").whole
    assert news(run).whole, "killed under other rules"
    news(run).done()
    assert news(run).unchanged
    assert news(earlier).whole, "time goes back"
    news(earlier).done()
    assert news(run).last_as_of == earlier.as_of
