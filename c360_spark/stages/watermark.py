"""How far a stage has read each table. Noted after its writes, so that a killed stage reads the same again."""

from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.stages.run import Run


def watermarks(run: Run, consumer: str) -> dict[str, int]:
    """The last version processed, by full table name; a table never read is absent."""
    rows = run.store.read(tables.WATERMARK).where(F.col("consumer") == consumer)
    return {row.table: row.version for row in rows.collect()}


def advance(run: Run, consumer: str, versions: dict[str, int]) -> None:
    """Note that `consumer` has processed the tables up to these versions."""
    if versions:
        rows = [(consumer, table, version) for table, version in versions.items()]
        run.store.merge(tables.WATERMARK, run.spark.createDataFrame(rows, tables.WATERMARK.schema))
