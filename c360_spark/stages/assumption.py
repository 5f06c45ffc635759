"""What had to be assumed of records: counted, told, and kept in ops.assumption."""

from collections.abc import Iterator

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.silver.assumption import ASSUMED
from c360_spark.stages.run import Run

WORDS = {
    "gap": "at a time that clocks passed over, taken as that much later",
    "differs": "is not the same in all rows of a record, and the first counts",
    "overlap": "at a time that clocks showed twice, taken as the first",
}


def note(run: Run, outcome: DataFrame) -> Iterator[str]:
    """Put on record what was assumed of accepted records, and say it. No job where their contracts leave nothing to be
    assumed.
    """
    if ASSUMED not in outcome.columns:
        return
    accepted = outcome.where("verdict = 'accepted'")
    codes = accepted.select("source", "dataset", F.explode(ASSUMED).alias("code"))
    found = sorted(codes.groupBy("source", "dataset", "code").count().collect())
    run.store.add_rows(tables.ASSUMPTION, [(run.run_id, *row) for row in found])
    for source, dataset, code, count in found:
        yield f"{count:,} of {source}.{dataset}: {told(code)}"


def told(code: str) -> str:
    """A code in words."""
    kind, _, name = code.partition(":")
    return f"{name} {WORDS[kind]}"
