"""Reads delivered files into rows with their position, and makes bronze rows of them.

The files are the copies made by `intake`, named by their hash.

Spark reads text with one record per line in parallel. For CSV the pass that counts lines also detects open quotes; only
files with an open quote, which can have records of several lines, are read by `prepared`.

The line numbers of records are independent of how Spark splits the file. Spark's text reader gives lines without
numbers, in order within each block of a file. A first, cheap pass counts the lines of every block, which gives the
offset of each block; a second pass then computes the number of every line. Nothing is shuffled.
"""

import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, DoubleType, FloatType, MapType, StructType

from c360_spark.columns.keys import digest
from c360_spark.config.contract.sources import Source
from c360_spark.config.platform import is_remote
from c360_spark.errors import InputError
from c360_spark.landing.prepared import PREPARED, prepare
from c360_spark.tables import bronze

DELIVERED = "delivery_id string, delivery_no int, position bigint, payload string, header string"


@dataclass(frozen=True)
class Records:
    """The `rows` (columns of DELIVERED) of some files, and their `counts` by delivery_id. Files that are not of the
    expected format have no count; their `problems` are given as text where known.
    """

    rows: DataFrame
    counts: Mapping[str, int]
    problems: Mapping[str, str] = field(default_factory=dict)


def records(spark: SparkSession, folder: str, numbers: Mapping[str, int], arrival: Source) -> Records:
    """The records of the named files in a folder; `numbers` maps each name to its number among the files of the run.

    Raises InputError C302 for a file that cannot be read although its format may be right.
    """
    try:
        if arrival.format == "parquet":
            return _parquet(spark, folder, numbers)
        if arrival.is_by_line:
            return _lines(spark, folder, numbers, arrival)
        return _prepared(spark, folder, numbers, arrival)
    except (Py4JError, PySparkException) as error:
        raise InputError("C302", f"files of {folder.rpartition('/')[2]}: {_innermost(error)}") from None


def damaged(spark: SparkSession, folder: str, ids: Collection[str], format: str) -> set[str]:
    """The files that cannot be read to their end."""
    found = set()
    for each in sorted(ids):
        try:
            rows = spark.read.format("parquet" if format == "parquet" else "text").load(f"{folder}/{each}")
            rows.write.format("noop").mode("overwrite").save()
        except (Py4JError, PySparkException):
            found.add(each)
    return found


def _innermost(error: Exception) -> str:
    """The root cause of an engine's error, without its stack trace."""
    lines = str(error).strip().splitlines()
    causes = [line for line in lines if "Caused by:" in line] or lines[:1]
    return causes[-1].replace("Caused by:", "").strip()[:300]


def _paths(folder: str, names: Iterable[str]) -> list[str]:
    return [f"{folder}/{name}" for name in sorted(names)]


def _named(path: Column) -> Column:
    return F.substring_index(path, "/", -1)


def _prepared(spark: SparkSession, folder: str, numbers: Mapping[str, int], arrival: Source) -> Records:
    prepared_files = {each: prepare(spark, folder, each, arrival) for each in sorted(numbers)}
    fine = {each: prepared for each, prepared in prepared_files.items() if not prepared.problem}
    rows = spark.createDataFrame([], DELIVERED)
    if fine:
        named = [(each, numbers[each], prepared.header) for each, prepared in fine.items()]
        order = spark.createDataFrame(named, "delivery_id string, delivery_no int, header string")
        data = spark.read.parquet(*_paths(f"{folder}/{PREPARED}", fine))
        data = data.withColumn("delivery_id", _named(F.col("_metadata.file_path")))
        data = data.withColumn("payload", F.col("payload").cast("string"))
        rows = data.join(F.broadcast(order), "delivery_id").select(*rows.columns)
    problems = {each: prepared.problem for each, prepared in prepared_files.items() if prepared.problem}
    return Records(rows, {each: prepared.count for each, prepared in fine.items()}, problems)


def _lines(spark: SparkSession, folder: str, numbers: Mapping[str, int], arrival: Source) -> Records:
    header = arrival.format == "csv"
    lines = with_ordinal(spark.read.text(_paths(folder, numbers))).withColumn("delivery_id", _named(F.col("file_path")))
    counts = dict.fromkeys(numbers, 0)
    headers: dict[str, str] = {}
    block_rows = blocks(lines).collect()
    for block in block_rows:
        counts[block.delivery_id] += block.line_count
        if header and block.block_start == 0:
            headers[block.delivery_id] = block.first_line
            counts[block.delivery_id] -= 1
    parted = {block.delivery_id for block in block_rows if header and block.open_quotes}
    rows = [
        (d, numbers[d], headers.get(d), b.block_start, b.first_ordinal, b.line_offset)
        for b in block_rows
        for d in [b.delivery_id]
        if d not in parted
    ]
    shape = (
        "delivery_id string, delivery_no int, header string, "
        "block_start bigint, first_ordinal bigint, line_offset bigint"
    )
    joined = lines.join(F.broadcast(spark.createDataFrame(rows, shape)), ["delivery_id", "block_start"])
    numbered = joined.select("delivery_id", "delivery_no", position().alias("position"), "payload", "header")
    read = Records(numbered.where("position > 0") if header else numbered, counts)
    return _together(read, _prepared(spark, folder, {d: numbers[d] for d in parted}, arrival)) if parted else read


def _together(some: Records, others: Records) -> Records:
    counts = {**some.counts, **others.counts}
    return Records(some.rows.unionByName(others.rows), counts, {**some.problems, **others.problems})


def _parquet(spark: SparkSession, folder: str, numbers: Mapping[str, int]) -> Records:
    # Files with different schemas are read separately: a single reader would drop columns that only some of them have.
    groups: dict[str, list[str]] = {}
    for path in _paths(folder, numbers):
        schema = _schema(spark, path)
        if schema is not None:
            groups.setdefault(schema, []).append(path)
    counts = {path.rpartition("/")[2]: 0 for group in groups.values() for path in group}
    rows = spark.createDataFrame([], DELIVERED)
    order = F.broadcast(spark.createDataFrame([*numbers.items()], "delivery_id string, delivery_no int"))
    for group in groups.values():
        data = _as_json(spark.read.parquet(*group))
        counts |= {row.delivery_id: row["count"] for row in data.groupBy("delivery_id").count().collect()}
        rows = rows.unionByName(data.join(order, "delivery_id").select(*rows.columns))
    return Records(rows, counts)


def _schema(spark: SparkSession, path: str) -> str | None:
    """The schema of a Parquet file as text; None if it is not valid Parquet, such as a truncated file."""
    if not is_remote(path):
        try:
            return str(pq.read_schema(path))
        except (pa.ArrowInvalid, OSError):
            return None
    try:
        return spark.read.parquet(path).schema.json()
    except (Py4JError, PySparkException) as error:
        if "is not a Parquet file" in str(error):
            return None
        raise


# Spark writes 12345678.0 as 1.2345678E7, which is no customer number. A number goes through to_json as a text with this
# character of the private use area before it, which is then taken away together with the quotes.
NUMBER = "\ue360"
DECIMAL, LARGEST = "decimal(38,10)", 1e28
# Spark writes milliseconds, unless it is told otherwise.
TO_MICROSECONDS = {
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss[.SSSSSS][XXX]",
    "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss[.SSSSSS]",
}


def _as_json(data: DataFrame) -> DataFrame:
    record = F.struct(*(_plain(F.col(f"`{c.name}`"), c.dataType).alias(c.name) for c in data.schema))
    payload = F.to_json(record, {"ignoreNullFields": "false", **TO_MICROSECONDS})
    if _has_floats(data.schema):
        payload = F.regexp_replace(payload, f'"{NUMBER}([-0-9.E]+)"', "$1")
    return data.select(
        _named(F.col("_metadata.file_path")).alias("delivery_id"),
        F.col("_metadata.row_index").alias("position"),
        payload.alias("payload"),
        F.lit(None).cast("string").alias("header"),
    )


def _has_floats(kind: DataType) -> bool:
    if isinstance(kind, StructType):
        return any(_has_floats(field.dataType) for field in kind)
    if isinstance(kind, ArrayType):
        return _has_floats(kind.elementType)
    return (isinstance(kind, MapType) and _has_floats(kind.valueType)) or isinstance(kind, DoubleType | FloatType)


def _plain(value: Column, kind: DataType) -> Column:
    """A value whose floating-point numbers are texts without an exponent, marked by NUMBER."""
    if not _has_floats(kind):
        return value
    if isinstance(kind, StructType):
        fields = (_plain(value[field.name], field.dataType).alias(field.name) for field in kind)
        return F.when(value.isNotNull(), F.struct(*fields))
    if isinstance(kind, ArrayType):
        return F.transform(value, lambda each: _plain(each, kind.elementType))
    if isinstance(kind, MapType):
        return F.transform_values(value, lambda _, each: _plain(each, kind.valueType))
    digits = F.regexp_replace(value.cast("string").cast(DECIMAL).cast("string"), r"(\.\d+?)0+$", "$1")
    text = F.when((F.abs(value) >= 1e7) & (F.abs(value) < LARGEST), digits).otherwise(value.cast("string"))
    finite = F.abs(value) <= sys.float_info.max
    return F.when(finite, F.concat(F.lit(NUMBER), text)).otherwise(text)


def bronze_records(rows: DataFrame, *, source: str, dataset: str, as_of: datetime) -> DataFrame:
    """Rows of `bronze.<source>_<dataset>` from delivered rows (columns of `records.DELIVERED`).

    `received_at` differs by one microsecond per file of a run, in the order of their paths, so that among several daily
    extracts landed together the last one is the newest.
    """
    identity = digest(F.lit(source), F.lit(dataset), F.col("delivery_id"), F.col("position"))
    received_at = F.timestamp_micros(F.unix_micros(F.lit(as_of)) + F.col("delivery_no"))
    return rows.select(
        F.substring(identity, 1, 32).alias("bronze_id"),
        F.lit(source).alias("source"),
        F.lit(dataset).alias("dataset"),
        "delivery_id",
        "position",
        "payload",
        F.substring(F.sha2("payload", 256), 1, 32).alias("payload_hash"),
        "header",
        received_at.alias("received_at"),
        F.to_date(received_at).alias("received_date"),
    ).select(*bronze(source, dataset).column_names)


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
