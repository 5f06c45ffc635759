"""Delivered files as rows with their position. The files are copies that `intake` made: each is called as its hash."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark.config.platform import is_remote
from c360_spark.errors import InputError
from c360_spark.landing.position import blocks, position, with_ordinal

DELIVERED = "delivery_id string, delivery_no int, position bigint, payload string, header string"


@dataclass(frozen=True)
class Records:
    """`rows` (columns of DELIVERED) of some files; their number by delivery_id, without files of another format."""

    rows: DataFrame
    counts: Mapping[str, int]


def records(spark: SparkSession, folder: str, numbers: Mapping[str, int], format: str) -> Records:
    """The records of files in a folder, given by name with the number of each among the files of the run.

    Raises InputError C302 for a file that cannot be read, though it may be of its format.
    """
    read = _parquet if format == "parquet" else partial(_text, header=format == "csv")
    try:
        return read(spark, folder, numbers)
    except (Py4JError, PySparkException) as error:
        raise InputError("C302", f"files of {folder.rpartition('/')[2]}: {_innermost(error)}") from None


def damaged(spark: SparkSession, folder: str, ids: Collection[str], format: str) -> set[str]:
    """Those of the files that cannot be read to their end."""
    found = set()
    for each in sorted(ids):
        try:
            rows = spark.read.format("parquet" if format == "parquet" else "text").load(f"{folder}/{each}")
            rows.write.format("noop").mode("overwrite").save()
        except (Py4JError, PySparkException):
            found.add(each)
    return found


def _innermost(error: Exception) -> str:
    """What an engine says, without a trace."""
    lines = str(error).strip().splitlines()
    causes = [line for line in lines if "Caused by:" in line] or lines[:1]
    return causes[-1].replace("Caused by:", "").strip()[:300]


def _paths(folder: str, names: Iterable[str]) -> list[str]:
    return [f"{folder}/{name}" for name in sorted(names)]


def _named(path: Column) -> Column:
    return F.substring_index(path, "/", -1)


def _text(spark: SparkSession, folder: str, numbers: Mapping[str, int], *, header: bool) -> Records:
    lines = with_ordinal(spark.read.text(_paths(folder, numbers))).withColumn("delivery_id", _named(F.col("file_path")))
    counts = dict.fromkeys(numbers, 0)
    headers: dict[str, str] = {}
    found = blocks(lines).collect()
    for block in found:
        counts[block.delivery_id] += block.line_count
        if header and block.block_start == 0:
            headers[block.delivery_id] = block.first_line
            counts[block.delivery_id] -= 1
    rows = [
        (d, numbers[d], headers.get(d), b.block_start, b.first_ordinal, b.line_offset)
        for b in found
        for d in [b.delivery_id]
    ]
    shape = (
        "delivery_id string, delivery_no int, header string, "
        "block_start bigint, first_ordinal bigint, line_offset bigint"
    )
    joined = lines.join(F.broadcast(spark.createDataFrame(rows, shape)), ["delivery_id", "block_start"])
    numbered = joined.select("delivery_id", "delivery_no", position().alias("position"), "payload", "header")
    return Records(numbered.where("position > 0") if header else numbered, counts)


def _parquet(spark: SparkSession, folder: str, numbers: Mapping[str, int]) -> Records:
    # Files that differ in schema are read apart: one reader would drop the columns only some of them have.
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
    """The schema of a Parquet file as text; None where the bytes are no Parquet, as of a file that was cut."""
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


def _as_json(data: DataFrame) -> DataFrame:
    record = F.struct(*(F.col(f"`{c}`") for c in data.columns))
    return data.select(
        _named(F.col("_metadata.file_path")).alias("delivery_id"),
        F.col("_metadata.row_index").alias("position"),
        F.to_json(record, {"ignoreNullFields": "false"}).alias("payload"),
        F.lit(None).cast("string").alias("header"),
    )
