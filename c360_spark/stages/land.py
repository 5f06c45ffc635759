"""land: delivered files → bronze, exactly as they are, each content once.

Structured Streaming finds the files that were not seen before. Whether a file's *content* was landed before is decided
by its hash, so a lost checkpoint, or a file delivered again under another name, lands nothing twice.
"""

from dataclasses import dataclass, field
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.types import BinaryType, StructField, StructType

from c360_spark import tables
from c360_spark.bronze.record import bronze_records
from c360_spark.config.sources import Source
from c360_spark.errors import InputError, IntegrityError
from c360_spark.stages.files import File, delivered, plain, sha256
from c360_spark.stages.run import Run
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
Seen = set[tuple[str, str]]  # (delivery_id, path below the landing root)


def land(run: Run) -> None:
    """Land every file that is new below `<landing>/<path of the dataset>`.

    Raises InputError C301 when the landing root is missing, C302 for an unreadable file, C305 when `as_of` is before
    an earlier landing.
    """
    root = run.conf.platform.landing
    if "://" not in root and not Path(root).is_dir():
        raise InputError("C301", f"no landing folder '{root}'", hint="give it with --landing or in platform.yml")
    run.store.ensure(tables.DELIVERY)  # the datasets are landed side by side
    seen = _seen(run)
    with run.step("land") as step:
        landings = [
            Landing(run, source, dataset, arrival, seen.get((source, dataset), set()))
            for source, dataset, arrival, _ in run.conf.datasets(run.only)
        ]
        queries = [(landing, landing.start()) for landing in landings]
        for landing, query in queries:
            landing.finish(query)
        landed = {f"{x.source}.{x.dataset}": x.records for x in landings if x.files}
        step.results.append(", ".join(f"{name} {n:,}" for name, n in landed.items()) or "no new files")


def _seen(run: Run) -> dict[tuple[str, str], Seen]:
    """Deliveries on record, by dataset."""
    deliveries = run.store.read(tables.DELIVERY)
    last = deliveries.agg(F.max("received_at")).head()
    if last and last[0] and last[0] > run.as_of:
        hint = f"the newest landing is of {last[0]:%Y-%m-%d %H:%M:%S}; later data needs a later --as-of"
        raise InputError("C305", f"as-of {run.as_of:%Y-%m-%d %H:%M:%S} is before an earlier landing", hint=hint)
    seen: dict[tuple[str, str], Seen] = {}
    for row in deliveries.select("source", "dataset", "delivery_id", "path").toLocalIterator():
        seen.setdefault((row.source, row.dataset), set()).add((row.delivery_id, row.path))
    return seen


@dataclass
class Landing:
    """The landing of one dataset in one run."""

    run: Run
    source: str
    dataset: str
    arrival: Source
    seen: Seen
    files: int = 0
    records: int = 0
    failures: list[Exception] = field(default_factory=list)

    @property
    def folder(self) -> str:
        return f"{self.run.conf.platform.landing.rstrip('/')}/{self.arrival.path}"

    def start(self) -> StreamingQuery | None:
        """Start looking for files; None where the dataset has no folder yet."""
        if "://" not in self.folder and not Path(self.folder).is_dir():
            return None
        listing = (
            self.run.spark.readStream.format("binaryFile")
            .schema(LISTING)
            .option("recursiveFileLookup", "true")
            .option("pathGlobFilter", self.arrival.glob)
            .load(self.folder)
        )
        return (
            listing.select("path", "length")
            .writeStream.foreachBatch(self._batch)
            .option("checkpointLocation", f"{self.run.checkpoints}/land/{self.source}.{self.dataset}")
            .trigger(availableNow=True)
            .start()
        )

    def finish(self, query: StreamingQuery | None) -> None:
        """Wait for the end, and raise what went wrong in a batch as itself."""
        if query is None:
            return
        try:
            query.awaitTermination()
        except (PySparkException, Py4JError) as error:
            raise self.failures[0] if self.failures else error from None

    def _batch(self, listing: DataFrame, _: int) -> None:
        try:
            self._land([(row.path, row.length) for row in listing.collect()])
        except Exception as error:
            self.failures.append(error)
            raise

    def _land(self, listed: list[tuple[str, int]]) -> None:
        run, known = self.run, {delivery_id for delivery_id, _ in self.seen}
        files = [File(path, size, sha256(run.spark, path), n) for n, (path, size) in enumerate(sorted(listed))]
        fresh = {file.delivery_id: file for file in reversed(files) if not self._landed(file, known)}
        rows, counts = delivered(run.spark, list(fresh.values()), self.arrival.format) if fresh else (None, {})
        self._record(files, fresh, counts)
        if rows is None:
            return
        bronze = bronze_records(rows, source=self.source, dataset=self.dataset, as_of=run.as_of)
        written = run.store.append(tables.bronze(self.source, self.dataset), bronze)
        if written.inserted != sum(counts.values()):
            expected = f"{sum(counts.values()):,} records counted, {written.inserted:,} written"
            raise IntegrityError("C501", f"{self.source}.{self.dataset}: {expected}")
        self.files += len(fresh)
        self.records += written.inserted

    def _landed(self, file: File, known: set[str]) -> bool:
        """Whether bronze holds the content. The ledger is written first, so only what it knows can be there."""
        if file.delivery_id not in known:
            return False
        bronze = self.run.store.read(tables.bronze(self.source, self.dataset))
        return not bronze.where(F.col("delivery_id") == file.delivery_id).isEmpty()

    def _record(self, files: list[File], fresh: dict[str, File], counts: dict[str, int]) -> None:
        """Note each sighting once, in the ledger."""
        rows = []
        for file in files:
            path = plain(file.path).removeprefix(plain(self.run.conf.platform.landing)).lstrip("/")
            if (file.delivery_id, path) in self.seen:
                continue
            first = fresh.get(file.delivery_id) == file
            records = counts.get(file.delivery_id, 0) if first else 0
            status = "repeat" if not first else "landed" if records else "empty"
            rows.append(
                (self.source, self.dataset, file.delivery_id, path, status, file.size_bytes, records, self.run.as_of)
            )
        if rows:
            ledger = self.run.spark.createDataFrame(rows, tables.DELIVERY.schema)
            self.run.store.append(tables.DELIVERY, ledger)
