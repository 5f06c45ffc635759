"""Files of a landing folder as rows with their position, on any file system that Spark reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark.bronze.position import blocks, position, with_ordinal
from c360_spark.errors import InputError

DELIVERED = "delivery_id string, delivery_no int, position bigint, payload string, header string"


@dataclass(frozen=True)
class File:
    """A delivered file. `delivery_id` is the SHA-256 of its bytes, `number` its place among the files of the run."""

    path: str
    size_bytes: int
    delivery_id: str
    number: int = 0


def sha256(spark: SparkSession, path: str) -> str:
    """The SHA-256 of a file, streamed by the driver's JVM: one pass, constant memory. Raises InputError C302."""
    jvm = spark._jvm
    assert jvm is not None
    try:
        location = jvm.org.apache.hadoop.fs.Path(path)
        files = location.getFileSystem(spark._jsc.hadoopConfiguration())
        stream = files.open(location)
        try:
            return str(jvm.org.apache.commons.codec.digest.DigestUtils.sha256Hex(stream))
        finally:
            stream.close()
    except Py4JError as error:
        raise unreadable([path], error) from None


def unreadable(paths: list[str], error: Exception) -> InputError:
    """What to say when the engine cannot read a file: the innermost cause, without a trace."""
    text = str(error).strip()
    causes = [line for line in text.splitlines() if "Caused by:" in line] or text.splitlines()[:1]
    cause = causes[-1].replace("Caused by:", "").strip()
    name = next((p for p in paths if plain(p).rsplit("/", 1)[-1] in text), paths[0])
    hint = "move the file away or deliver it again, then repeat the run; the other files are kept"
    return InputError("C302", f"{plain(name)}: {cause[:300]}", hint=hint)


def plain(path: str) -> str:
    """A path without its `file:` scheme."""
    return path.replace("file://", "", 1) if path.startswith("file://") else path.removeprefix("file:")


def delivered(spark: SparkSession, files: list[File], format: str) -> tuple[DataFrame, dict[str, int]]:
    """The records of `files` (columns of DELIVERED) and their number by delivery_id; a file that is not of its format
    at all has no number.

    Raises InputError C302 for a file that cannot be read, though it may be of its format.
    """
    try:
        return _parquet(spark, files) if format == "parquet" else _text(spark, files, header=format == "csv")
    except (Py4JError, PySparkException) as error:
        raise unreadable([file.path for file in files], error) from None


def refuse_damaged(spark: SparkSession, files: list[File], format: str) -> None:
    """Raises InputError C302 for a file that cannot be read to its end."""
    for file in files:
        try:
            rows = spark.read.format("parquet" if format == "parquet" else "text").load(file.path)
            rows.write.format("noop").mode("overwrite").save()
        except (Py4JError, PySparkException) as error:
            raise unreadable([file.path], error) from None


def _text(spark: SparkSession, files: list[File], *, header: bool) -> tuple[DataFrame, dict[str, int]]:
    lines = with_ordinal(spark.read.text([file.path for file in files]))
    ids = {plain(file.path): file.delivery_id for file in files}
    numbers = {file.delivery_id: file.number for file in files}
    counts = dict.fromkeys(ids.values(), 0)
    headers: dict[str, str] = {}
    found = blocks(lines).collect()
    for block in found:
        delivery_id = ids[plain(unquote(block.file_path))]
        counts[delivery_id] += block.line_count
        if header and block.block_start == 0:
            headers[delivery_id] = block.first_line
            counts[delivery_id] -= 1
    rows = [
        (b.file_path, b.block_start, b.first_ordinal, b.line_offset, d, numbers[d], headers.get(d))
        for b in found
        for d in [ids[plain(unquote(b.file_path))]]
    ]
    places = spark.createDataFrame(
        rows,
        "file_path string, block_start bigint, first_ordinal bigint, line_offset bigint, "
        "delivery_id string, delivery_no int, header string",
    )
    joined = lines.join(F.broadcast(places), ["file_path", "block_start"])
    numbered = joined.select("delivery_id", "delivery_no", position().alias("position"), "payload", "header")
    return (numbered.where("position > 0") if header else numbered), counts


def _parquet(spark: SparkSession, files: list[File]) -> tuple[DataFrame, dict[str, int]]:
    # Files that differ in schema are read apart: one reader would drop the columns only some of them have.
    groups: dict[str, list[str]] = {}
    whole = [(file, schema) for file in files if (schema := _schema(spark, file.path))]
    for file, schema in whole:
        groups.setdefault(schema, []).append(file.path)
    ids = {plain(file.path): file.delivery_id for file, _ in whole}
    counts = dict.fromkeys(ids.values(), 0)
    rows = spark.createDataFrame([], DELIVERED)
    for paths in groups.values():
        data = spark.read.parquet(*paths)
        found = data.groupBy(F.col("_metadata.file_path")).count().collect()
        by_path = {row.file_path: ids[plain(unquote(row.file_path))] for row in found}
        counts |= {by_path[row.file_path]: row["count"] for row in found}
        rows = rows.unionByName(_rows_as_json(data, by_path, {file.delivery_id: file.number for file in files}))
    return rows, counts


def _schema(spark: SparkSession, path: str) -> str | None:
    """The schema of a Parquet file as text; None where the bytes are no Parquet, as of a file that was cut."""
    try:
        return spark.read.parquet(path).schema.json()
    except (Py4JError, PySparkException) as error:
        if "is not a Parquet file" in str(error):
            return None
        raise


def _rows_as_json(data: DataFrame, ids: dict[str, str], numbers: dict[str, int]) -> DataFrame:
    delivery_id = _lookup(ids)[F.col("_metadata.file_path")]
    record = F.struct(*(F.col(f"`{c}`") for c in data.columns))
    return data.select(
        delivery_id.alias("delivery_id"),
        _lookup(numbers)[delivery_id].alias("delivery_no"),
        F.col("_metadata.row_index").alias("position"),
        F.to_json(record, {"ignoreNullFields": "false"}).alias("payload"),
        F.lit(None).cast("string").alias("header"),
    )


def _lookup(values: Mapping[str, str | int]) -> Column:
    return F.create_map(*(F.lit(part) for pair in values.items() for part in pair))
