"""What is new to a stage: the changes since it was last done, or everything where these would not do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.run.context import Run
from c360_spark.run.pending_changes import PendingChanges, pending_changes
from c360_spark.store import Store
from tests.conftest import AS_OF

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]


def pending(run: Run, label: str = "rules") -> PendingChanges:
    return pending_changes(run, "stage", label, reads=(tables.PROFILE,), makes=(tables.HOUSEHOLD,))


def test_everything_is_new_once_and_then_only_changes_are(
    spark: SparkSession, frame: Frame, conf: Conf, store: Store
) -> None:
    run = Run(spark, store, conf, AS_OF, "r")
    later, earlier = (replace(run, as_of=AS_OF + timedelta(days=n)) for n in (1, -1))
    store.append(tables.PROFILE, frame(tables.PROFILE, {"person_id": "a", "city": "x"}, {"person_id": "b"}))
    first = pending(run)
    assert first.full_refresh
    first.done()
    assert pending(run).full_refresh, "a table that it makes is missing"
    store.ensure(tables.HOUSEHOLD)
    pending(run).done()
    assert pending(run).up_to_date
    assert not pending(later).full_refresh
    assert not pending(later).up_to_date, "time went by"
    assert pending(later).last_as_of == AS_OF

    store.sync(tables.PROFILE, frame(tables.PROFILE, {"person_id": "a", "city": "y"}, {"person_id": "c"}))
    for _ in range(2):  # not done yet: the same again
        assert {row.person_id for row in pending(run).changed_values(tables.PROFILE, "person_id").collect()} == {
            "a",
            "b",
            "c",
        }
    assert {row.city for row in pending(run).changed_values(tables.PROFILE, "city").collect()} == {"x", "y"}
    pending(run).done()
    assert pending(run).changed_values(tables.PROFILE, "person_id").isEmpty()

    assert pending(run, "other rules").full_refresh
    assert pending(run).full_refresh, "killed under other rules"
    pending(run).done()
    assert pending(run).up_to_date
    assert pending(earlier).full_refresh, "time goes back"
    pending(earlier).done()
    assert pending(run).last_as_of == earlier.as_of
