"""Converts files that are not one record per line to Parquet, for Spark to read. Works file by file on the driver, in
bounded memory, because such a file cannot be split: parsing must start at its beginning.
"""

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from c360_spark import remote
from c360_spark.config.contract.sources import Source
from c360_spark.config.platform import is_remote
from c360_spark.landing.split import NoRecords, Placed, below_header, elements, lines_of

PREPARED = "prepared"  # a folder beside the files
BATCH, BATCH_CHARACTERS = 10_000, 1 << 23
SHAPE = pa.schema([("position", pa.int64()), ("payload", pa.binary())])


@dataclass(frozen=True)
class Prepared:
    """The result for one file: the number of its records and its CSV header, or the `problem` why it has none."""

    count: int = 0
    header: str | None = None
    problem: str | None = None


def decoded(file: BinaryIO, arrival: Source) -> IO[str]:
    """The text of an uncompressed file, with its line ends unchanged; closing it closes the file."""
    # Invalid UTF-8 bytes are kept, and their records are quarantined later; in other encodings they refuse the file.
    errors = "surrogateescape" if arrival.encoding == "utf-8" else "strict"
    encoding = "utf-8-sig" if arrival.encoding == "utf-8" and arrival.format == "json" else arrival.encoding
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="\n")


def read(text: IO[str], arrival: Source) -> tuple[str | None, Iterator[Placed]]:
    """The header, if the format has one, and the records of a text with their positions.

    Raises, here or while records are iterated, NoRecords for an unexpected format, UnicodeError for a wrong encoding.
    """
    if arrival.format == "json":
        return None, elements(text, path=tuple(arrival.records.split(".")) if arrival.records else ())
    if arrival.format == "csv":
        return below_header(lines_of(text), starts=arrival.header_starts, separator=arrival.separator)
    return None, ((number, line.removesuffix("\r")) for number, line in lines_of(text))


def prepare(spark: SparkSession, folder: str, name: str, arrival: Source) -> Prepared:
    """Writes the records of a file of `folder` as Parquet to its subfolder PREPARED, under the same name."""
    target = f"{folder}/{PREPARED}/{name}"
    if not is_remote(folder):
        Path(target).parent.mkdir(exist_ok=True)
        return _written(Path(folder, name), Path(target), arrival)
    with tempfile.TemporaryDirectory(prefix="c360-") as local:
        source, made = Path(local, name), Path(local, f"{name}.parquet")
        remote.copy(spark, f"{folder}/{name}", f"file://{source}", unpack=False)
        found = _written(source, made, arrival)
        if not found.problem:
            remote.copy(spark, str(made), target, local_source=True, unpack=False)
        return found


def _written(source: Path, target: Path, arrival: Source) -> Prepared:
    count = 0
    try:
        with decoded(source.open("rb"), arrival) as text, pq.ParquetWriter(target, SHAPE, compression="zstd") as writer:
            header, records = read(text, arrival)
            for places, payloads in _batches(records):
                writer.write_batch(pa.record_batch([places, payloads], schema=SHAPE))
                count += len(places)
    except NoRecords as error:
        return Prepared(problem=str(error))
    except UnicodeError as error:
        at = f", at byte {error.start + 1:,}" if isinstance(error, UnicodeDecodeError) else ""
        return Prepared(problem=f"it is not {arrival.encoding}{at}; say in sources.yml which encoding it is")
    return Prepared(count, header)


def _batches(records: Iterator[Placed]) -> Iterator[tuple[list[int], list[bytes]]]:
    places: list[int] = []
    payloads: list[bytes] = []
    size = 0
    for place, text in records:
        places.append(place)
        payloads.append(text.encode("utf-8", "surrogateescape"))
        size += len(text)
        if len(places) == BATCH or size >= BATCH_CHARACTERS:
            yield places, payloads
            places, payloads, size = [], [], 0
    if places:
        yield places, payloads
