"""A value belongs to the source key that had it first, whatever batches its records come in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config import Conf, Contract
from c360_spark.silver.verdict import with_taken

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
START = datetime(2026, 1, 1)


@pytest.fixture(scope="module")
def contract(conf: Conf) -> Contract:
    """crm.customer with unique e-mail addresses."""
    shipped = conf.contracts["crm", "customer"]
    fields = [
        replace(f, element=f.element.model_copy(update={"unique": True})) if f.name == "email" else f
        for f in shipped.fields
    ]
    return replace(shipped, fields=tuple(fields))


def candidates(frame: Frame, *rows: tuple[str, str, str | None, int], reasons: tuple[str, ...] = ()) -> DataFrame:
    """Records as (bronze_id, source_key, email, day)."""
    given = [
        {"bronze_id": b, "source": "crm", "dataset": "customer", "source_key": k, "email": e}
        | {"received_at": START + timedelta(days=d), "position": int(b[1:])}
        for b, k, e, d in rows
    ]
    found = F.array(*map(F.lit, reasons)).cast("array<string>")
    return frame(tables.PROFILE_RECORD, *given).withColumn("reasons", found)


def told(rows: DataFrame) -> dict[str, list[str]]:
    return {row.bronze_id: row.reasons for row in rows.collect()}


def test_the_first_to_have_a_value_keeps_it_and_nothing_else_counts(frame: Frame, contract: Contract) -> None:
    fine = [("b2", "A", "a@x.de", 1), ("b1", "B", "a@x.de", 1), ("b3", "B", "a@x.de", 2), ("b4", "C", None, 0)]
    wrong = candidates(frame, ("b0", "D", "a@x.de", 0), reasons=("type:birth_date",))
    other = candidates(frame, ("b9", "E", "a@x.de", 0)).withColumn("dataset", F.lit("lead"))
    rows = candidates(frame, *fine).unionByName(wrong).unionByName(other)
    found = told(with_taken(rows, frame(tables.PROFILE_RECORD), contract))
    assert found == {
        "b0": ["type:birth_date"],
        "b1": [],
        "b2": ["unique:email"],
        "b3": [],
        "b4": [],
        "b9": [],
    }


def test_without_such_a_property_nothing_is_joined(frame: Frame, conf: Conf) -> None:
    rows = candidates(frame, ("b1", "A", "a@x.de", 1))
    assert with_taken(rows, rows, conf.contracts["crm", "customer"]) is rows


@pytest.mark.parametrize("seed", range(3))
def test_batches_do_not_matter(frame: Frame, contract: Contract, seed: int) -> None:
    random = Random(seed)
    rows = [
        (f"b{random.randrange(10**9)}", random.choice("ABCD"), random.choice(["a@x.de", "b@x.de", None]), day)
        for day in range(12)
    ]
    whole = told(with_taken(candidates(frame, *rows), frame(tables.PROFILE_RECORD), contract))
    found, accepted = {}, frame(tables.PROFILE_RECORD)
    for batch in (rows[:5], rows[5:7], rows[7:]):
        made = with_taken(candidates(frame, *batch), accepted, contract).localCheckpoint()
        found |= told(made)
        accepted = accepted.unionByName(made.where("size(reasons) = 0").drop("reasons"))
    assert found == whole
    assert any(whole.values())
