"""How far a stage has read each table. Noted after its writes, so that a killed stage reads the same again."""

from collections.abc import Mapping

from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.stages.run import Run

Marks = Mapping[str, int]  # versions, by full table name


def watermarks(run: Run, *consumers: str) -> list[Marks]:
    """For each of `consumers` the last version processed; a table never read is absent."""
    rows = run.store.read(tables.WATERMARK).where(F.col("consumer").isin(*consumers))
    newest = rows.groupBy("consumer", "table").agg(F.max("version").alias("version")).collect()
    return [{row.table: row.version for row in newest if row.consumer == consumer} for consumer in consumers]


def advance(run: Run, versions: Mapping[str, Marks], *, known: Mapping[str, Marks]) -> None:
    """Note that each consumer has processed the tables up to these `versions`, in one commit. What is `known` to be on
    record already is not repeated.
    """
    rows = [
        (consumer, table, version)
        for consumer, marks in versions.items()
        for table, version in marks.items()
        if known[consumer].get(table) != version
    ]
    if rows:
        run.store.append(tables.WATERMARK, run.spark.createDataFrame(rows, tables.WATERMARK.schema))
