"""New files of one dataset: what ops.delivery records of them, which contents are landed, and each file's outcome."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.contract.sources import Source
from c360_spark.errors import IntegrityError
from c360_spark.landing.claim import Dataset
from c360_spark.landing.intake import Missed, Taken
from c360_spark.landing.listing import Found
from c360_spark.landing.records import Records, bronze_records, damaged, records
from c360_spark.run.context import Run
from c360_spark.stages.bronze.held_delivery import held

SHORTEST = 8  # letters of a delivery_id that are enough to identify a delivery


def names(given: str, taken: Taken) -> bool:
    """Whether `given` identifies this file: by its path, or by a prefix of its delivery_id."""
    return given == taken.found.path or (len(given) >= SHORTEST and taken.delivery_id.startswith(given))


@dataclass(frozen=True)
class Sighting:
    """The outcome of a file: a row of ops.landing_file, without the time."""

    found: Found
    status: str
    reason: str | None = None
    dataset: Dataset | None = None
    format: str | None = None
    delivery_id: str | None = None

    @property
    def row(self) -> tuple[Any, ...]:
        found, (source, dataset) = self.found, self.dataset or (None, None)
        what = (self.status, self.reason, found.size_bytes, found.signature, self.delivery_id)
        return (found.path, source, dataset, self.format, *what)


@dataclass
class Delivery:
    """New files of one dataset: copied, each with its number among the files of the run.

    `on_record` is the status in ops.delivery by content and path.
    """

    run: Run
    dataset: Dataset
    arrival: Source
    folder: str
    taken: list[tuple[Taken, int]]
    missed: list[Missed]
    on_record: dict[tuple[str, str], str] = field(default_factory=dict)
    fresh: dict[str, int] = field(default_factory=dict)  # contents to land, with the number of their first file
    damaged: set[str] = field(default_factory=set)
    held: dict[str, str] = field(default_factory=dict)  # contents that wait until someone accepts them, with the reason
    problems: dict[str, str] = field(default_factory=dict)  # why contents are not of their format
    records: Records | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of records by delivery_id, for contents to land that are of their format."""
        return self.records.counts if self.records else {}

    def read(self) -> None:
        """Determine which contents bronze lacks, and count their records."""
        known = {delivery_id for (delivery_id, _), status in self.on_record.items() if status != "unreadable"}
        landed = self._landed(known)  # an empty one is read again: sources.yml may say otherwise now how it is written
        for each, number in self.taken:
            if not each.damage and each.delivery_id not in landed:
                self.fresh.setdefault(each.delivery_id, number)
        if self.fresh:
            self.records = records(self.run.spark, self.folder, self.fresh, self.arrival)
            self.problems |= self.records.problems

    def hold(self) -> None:
        """Hold full deliveries that lack too many records."""
        if self.records is None:
            return
        accepted = {each.delivery_id for each, _ in self.taken if self._is_accepted(each)}
        try:
            self.held = held(self.run, self.dataset, self.arrival, self.records, self.fresh, accepted)
        except (PySparkException, Py4JError) as error:
            self._leave_out_damaged(error)
            self.hold()
            return
        if self.held:
            rows = self.records.rows.where(~F.col("delivery_id").isin(*self.held))
            self.records = Records(rows, {i: n for i, n in self.records.counts.items() if i not in self.held})

    def _is_accepted(self, taken: Taken) -> bool:
        return any(names(each, taken) for each in self.run.accept)

    def _landed(self, ids: set[str]) -> set[str]:
        """Which of these contents bronze holds.

        Those in ops.delivery need a look: a killed run may have recorded contents that it did not land.
        """
        if not ids:
            return set()
        rows = self.run.store.read(tables.bronze(*self.dataset)).where(F.col("delivery_id").isin(*ids))
        return {row.delivery_id for row in rows.select("delivery_id").distinct().collect()}

    def _status(self, taken: Taken) -> str:
        delivery_id, path = taken.delivery_id, taken.found.path
        if taken.damage:
            return "unreadable"
        if delivery_id in self.fresh:
            if delivery_id in self.held:
                return "held"
            if delivery_id in self.damaged or delivery_id not in self.counts:
                return "unreadable"
            if not self.counts[delivery_id]:
                return "empty"
            first = next(each for each, _ in self.taken if each.delivery_id == delivery_id and not each.damage)
            return "landed" if first == taken else "repeat"
        before = {status for (known, _), status in self.on_record.items() if known == delivery_id}
        return self.on_record.get((delivery_id, path), "empty" if before == {"empty"} else "repeat")

    def ledger(self) -> Iterator[tuple[Any, ...]]:
        """Rows of ops.delivery to write: new ones, and those recorded as unreadable that no longer are."""
        for each, _ in self.taken:
            key, status = (each.delivery_id, each.found.path), self._status(each)
            if (
                status != "held"
                and self.on_record.get(key) != status
                and self.on_record.get(key) in (None, "unreadable", "empty")
            ):
                yield self._noted(each, status)

    def _noted(self, taken: Taken, status: str) -> tuple[Any, ...]:
        count = self.counts.get(taken.delivery_id, 0) if status == "landed" else 0
        key = (*self.dataset, taken.delivery_id, taken.found.path)
        return (*key, status, taken.found.size_bytes, count, self.run.as_of)

    def write(self) -> None:
        """Append the new records to bronze in one commit.

        Files that prove damaged are left out and recorded as unreadable. Raises IntegrityError C501 when another number
        is written than was counted.
        """
        if not self.counts:
            return
        assert self.records is not None
        source, dataset = self.dataset
        bronze = bronze_records(self.records.rows, source=source, dataset=dataset, as_of=self.run.as_of)
        try:
            written = self.run.store.append(tables.bronze(*self.dataset), bronze).inserted
        except (PySparkException, Py4JError) as error:
            self._leave_out_damaged(error)
            self.write()
            return
        if written != sum(self.counts.values()):
            cause = f"{source}.{dataset}: {sum(self.counts.values()):,} records counted, {written:,} written"
            raise IntegrityError("C501", cause)

    def _leave_out_damaged(self, error: Exception) -> None:
        """Leave out damaged files and record them; raise the error again if no file is to blame."""
        whole = set(self.counts)
        damaged_ids = damaged(self.run.spark, self.folder, whole, self.arrival.format)
        if not damaged_ids:
            raise error
        self.damaged |= damaged_ids
        left = {each: number for each, number in self.fresh.items() if each in whole - damaged_ids}
        self.records = records(self.run.spark, self.folder, left, self.arrival) if left else None
        rows = [self._noted(each, "unreadable") for each, _ in self.taken if each.delivery_id in damaged_ids]
        self.run.store.merge_rows(tables.DELIVERY, rows)

    def sightings(self) -> Iterator[Sighting]:
        """The outcome of each file."""
        seen = partial(Sighting, dataset=self.dataset, format=self.arrival.form)
        for each, _ in self.taken:
            status = self._status(each)
            why = self.held.get(each.delivery_id) if status == "held" else None
            reason = why or each.damage or self.problems.get(each.delivery_id)
            yield seen(each.found, status, reason, delivery_id=each.delivery_id)
        for missed in self.missed:
            yield seen(missed.found, "waiting", missed.reason)
