"""How far a stage has read each table. Noted after its writes, so that a killed stage reads the same again."""

from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.stages.run import Run


def watermarks(run: Run, consumer: str) -> dict[str, int]:
    """The last version processed, by full table name; a table never read is absent."""
    rows = run.store.read(tables.WATERMARK).where(F.col("consumer") == consumer)
    newest = rows.groupBy("table").agg(F.max("version").alias("version"))
    return {row.table: row.version for row in newest.collect()}


def advance(run: Run, consumer: str, versions: dict[str, int]) -> None:
    """Note that `consumer` has processed the tables up to these versions. What is on record already is not repeated."""
    known = watermarks(run, consumer)
    rows = [(consumer, table, version) for table, version in versions.items() if known.get(table) != version]
    if rows:
        run.store.append(tables.WATERMARK, run.spark.createDataFrame(rows, tables.WATERMARK.schema))
