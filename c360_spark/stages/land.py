"""land: delivered files → bronze, exactly as they are, each content once.

One Structured Streaming query over the landing root finds the files that were not seen before. Whether a file's
*content* was landed before is decided by its hash, so a lost checkpoint, or a file delivered again under another name,
lands nothing twice.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, StructField, StructType

from c360_spark import tables
from c360_spark.bronze.record import bronze_records
from c360_spark.errors import InputError, IntegrityError
from c360_spark.stages.files import File, delivered, plain, refuse_damaged, sha256
from c360_spark.stages.run import THREADS, Run
from c360_spark.tables.model import LONG, STRING, TIMESTAMP

# The binary source lists files of every format; their content is not read through it.
LISTING = StructType(
    [
        StructField("path", STRING),
        StructField("modificationTime", TIMESTAMP),
        StructField("length", LONG),
        StructField("content", BinaryType()),
    ]
)


def land(run: Run) -> None:
    """Land every new file that lies below `<landing>/<path of a dataset>`; say which files belong to none, and which
    are not of their format: those are on record as unreadable, and the others land.

    Raises InputError C301 when the landing root is missing, C302 for a file that cannot be read now.
    """
    root = run.conf.platform.landing
    if "://" not in root and not Path(root).is_dir():
        raise InputError("C301", f"no landing folder '{root}'", hint="give it with --landing or in platform.yml")
    with run.step("land") as step:
        landing = Landing(run, _ledger(run))
        landing.follow(root)
        step.results.append(", ".join(f"{name} {n:,}" for name, n in landing.records.items()) or "no new files")
    for paths, what in (
        (landing.strays, "files belong to no dataset of sources.yml and stay where they are"),
        (landing.unreadable, "files are not of their format; deliver them again, whole and under a new name"),
    ):
        if paths:
            run.say(f"land: {len(paths)} {what}: {', '.join(sorted(paths)[:3])}")


def _ledger(run: Run) -> set[tuple[str, str]]:
    """(delivery_id, path) of all deliveries on record."""
    deliveries = run.store.read(tables.DELIVERY).select("delivery_id", "path")
    return {(row.delivery_id, row.path) for row in deliveries.toLocalIterator()}


@dataclass
class Landing:
    """One landing: what the ledger knows, and what has come of it so far."""

    run: Run
    seen: set[tuple[str, str]]
    records: dict[str, int] = field(default_factory=dict)
    strays: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    failures: list[Exception] = field(default_factory=list)

    def follow(self, root: str) -> None:
        """Process all files there are, and raise what went wrong in a batch as itself."""
        files = self.run.spark.readStream.format("binaryFile").schema(LISTING).option("recursiveFileLookup", "true")
        query = (
            files.load(root)
            .select("path", "length")
            .writeStream.foreachBatch(self._batch)
            .option("checkpointLocation", f"{self.run.checkpoints}/land/{self.run.only or 'all'}")
            .trigger(availableNow=True)
            .start()
        )
        try:
            query.awaitTermination()
        except (PySparkException, Py4JError) as error:
            raise self.failures[0] if self.failures else error from None

    def _batch(self, listing: DataFrame, _: int) -> None:
        try:
            self._land(sorted((row.path, row.length) for row in listing.collect()))
        except Exception as error:
            self.failures.append(error)
            raise

    def _land(self, listed: list[tuple[str, int]]) -> None:
        by_dataset: dict[tuple[str, str], list[File]] = {}
        for number, (path, size) in enumerate(listed):
            dataset = self._dataset(self._below_root(path))
            if dataset:
                file = File(path, size, sha256(self.run.spark, path), number)
                by_dataset.setdefault(dataset, []).append(file)
        works = [Delivery(self.run, *dataset, files, self.seen) for dataset, files in by_dataset.items()]
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(Delivery.read, works))
        rows = [row for work in works for row in work.ledger(self._below_root)]
        if rows:
            self.unreadable |= {path for _, _, _, path, status, *_ in rows if status == "unreadable"}
            # The ledger first: whatever bronze holds is on record, whenever the run is killed.
            self.run.store.append(tables.DELIVERY, self.run.spark.createDataFrame(rows, tables.DELIVERY.schema))
        with ThreadPoolExecutor(THREADS) as pool:
            for work, records in zip(works, pool.map(Delivery.write, works), strict=True):
                if work.fresh:
                    self.records[f"{work.source}.{work.dataset}"] = records

    def _below_root(self, path: str) -> str:
        return plain(path).removeprefix(plain(self.run.conf.platform.landing)).lstrip("/")

    def _dataset(self, path: str) -> tuple[str, str] | None:
        for source, dataset, arrival, _ in self.run.conf.datasets():
            if path.startswith(f"{arrival.path.strip('/')}/"):
                wanted = self.run.only in (None, source, f"{source}.{dataset}")
                if wanted and fnmatch(path.rsplit("/", 1)[-1], arrival.glob):
                    return source, dataset
                return None
        self.strays.add(path)
        return None


@dataclass
class Delivery:
    """New files of one dataset."""

    run: Run
    source: str
    dataset: str
    files: list[File]
    seen: set[tuple[str, str]]
    fresh: dict[str, File] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    rows: DataFrame | None = None

    def read(self) -> None:
        """Find out which contents are new, and count their records."""
        known = {delivery_id for delivery_id, _ in self.seen}
        self.fresh = {
            f.delivery_id: f for f in reversed(self.files) if f.delivery_id not in known or not self._landed(f)
        }
        if self.fresh:
            arrival = self.run.conf.sources[self.source, self.dataset]
            self.rows, self.counts = delivered(self.run.spark, list(self.fresh.values()), arrival.format)

    def _landed(self, file: File) -> bool:
        """Whether bronze holds the content; only what the ledger knows can be there."""
        bronze = self.run.store.read(tables.bronze(self.source, self.dataset))
        return not bronze.where(F.col("delivery_id") == file.delivery_id).isEmpty()

    def ledger(self, below_root: Callable[[str], str]) -> Iterator[tuple[Any, ...]]:
        """Rows of ops.delivery: each sighting of a file once."""
        for file in self.files:
            path = below_root(file.path)
            if (file.delivery_id, path) in self.seen:
                continue
            first = self.fresh.get(file.delivery_id) == file
            records = self.counts.get(file.delivery_id, 0) if first else 0
            status = "repeat" if not first else "landed" if records else "empty"
            if first and file.delivery_id not in self.counts:
                status = "unreadable"
            as_of = self.run.as_of
            yield (self.source, self.dataset, file.delivery_id, path, status, file.size_bytes, records, as_of)

    def write(self) -> int:
        """Append the new records to bronze in one commit, and count them."""
        if self.rows is None:
            return 0
        bronze = bronze_records(self.rows, source=self.source, dataset=self.dataset, as_of=self.run.as_of)
        try:
            written = self.run.store.append(tables.bronze(self.source, self.dataset), bronze).inserted
        except (PySparkException, Py4JError):
            arrival = self.run.conf.sources[self.source, self.dataset]
            refuse_damaged(self.run.spark, list(self.fresh.values()), arrival.format)
            raise
        if written != sum(self.counts.values()):
            cause = f"{self.source}.{self.dataset}: {sum(self.counts.values()):,} records counted, {written:,} written"
            raise IntegrityError("C501", cause)
        return written
