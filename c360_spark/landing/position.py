"""Line numbers of records in their file, independent of how Spark splits the file.

Spark's text reader gives lines without numbers, in order within each block of a file. A first, cheap pass counts the
lines of every block, which gives the offset of each block; a second pass then computes the number of every line.
Nothing is shuffled, and files of any size are read in parallel.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


def with_ordinal(lines: DataFrame) -> DataFrame:
    """Text lines with `file_path`, `block_start` (first byte of the split) and `ordinal` (increasing in the split)."""
    return lines.select(
        F.col("value").alias("payload"),
        F.col("_metadata.file_path").alias("file_path"),
        F.col("_metadata.file_block_start").alias("block_start"),
        # Grows in reading order within a partition; only differences within one block are used.
        F.monotonically_increasing_id().alias("ordinal"),
    )


def blocks(lines: DataFrame) -> DataFrame:
    """One row per block of a file: `first_ordinal`, `line_count`, `line_offset` in the file, `first_line`, and
    `open_quotes`: whether a line has an odd number of quotes, as with a line break within quotes.
    """
    quotes = F.length("payload") - F.length(F.replace("payload", F.lit('"')))
    counted = lines.groupBy("delivery_id", "block_start").agg(
        F.min("ordinal").alias("first_ordinal"),
        F.count(F.lit(1)).alias("line_count"),
        F.min_by("payload", "ordinal").alias("first_line"),
        F.max(quotes % 2 == 1).alias("open_quotes"),
    )
    before = Window.partitionBy("delivery_id").orderBy("block_start").rowsBetween(Window.unboundedPreceding, -1)
    return counted.withColumn("line_offset", F.coalesce(F.sum("line_count").over(before), F.lit(0)))


def position() -> Column:
    """The 0-based line number, for a row of `with_ordinal` joined to its row of `blocks`."""
    return F.col("line_offset") + F.col("ordinal") - F.col("first_ordinal")
