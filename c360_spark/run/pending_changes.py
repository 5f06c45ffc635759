"""Pending changes of a stage: what changed in the tables it reads since its last run, or a full refresh.

Watermarks record how far each consumer has read each table. They are written after the consumer's own writes, so a
killed stage reads the same changes again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame

import c360_spark
from c360_spark import tables
from c360_spark.run.context import Run
from c360_spark.tables import Table

Marks = Mapping[str, int]  # versions by full table name, or numbers by label
AS_OF = "as_of "  # prefix in ops.watermark: as-of times that the consumer has processed, numbered


@dataclass(frozen=True)
class Consumer:
    """A stage, or a part of one, with watermarks of its own.

    `rules` is any text that covers what the result depends on besides the tables: another text causes a full refresh.
    `makes` are the tables it produces: a missing one causes a full refresh.
    """

    name: str
    rules: str
    makes: Sequence[Table]

    @property
    def label(self) -> str:
        return f"{c360_spark.__version__} {hashlib.sha256(self.rules.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class PendingChanges:
    """Pending changes of one consumer, up to the table versions when it began.

    `known` are the versions processed so far, `marks` those to record when this run is done. `last_as_of` is the as-of
    time of the last run, None in a full refresh.
    """

    run: Run
    consumer: str
    known: Marks
    marks: Marks
    full_refresh: bool
    last_as_of: datetime | None

    @property
    def no_new_versions(self) -> bool:
        """No table has a new version: a consumer that does not depend on time has nothing to do."""
        versions = {name: n for name, n in self.marks.items() if not name.startswith(AS_OF)}
        return not self.full_refresh and all(self.known.get(name) == n for name, n in versions.items())

    @property
    def up_to_date(self) -> bool:
        """No table has a new version and `as_of` is that of the last run: there is nothing to do."""
        return self.no_new_versions and self.last_as_of == self.run.as_of

    def moved(self, table: Table) -> bool:
        """Whether the table has a new version, or this is a full refresh."""
        return self.full_refresh or self.known.get(table.full_name, -1) < self.marks[table.full_name]

    def images(self, table: Table) -> DataFrame:
        """`Store.images` of the pending versions."""
        since, until = self._span(table)
        return self.run.store.images(table, since=since, until=until)

    def changed_values(self, table: Table, *columns: str) -> DataFrame:
        """`Store.changed_values` of the pending versions."""
        since, until = self._span(table)
        return self.run.store.changed_values(table, columns, since=since, until=until)

    def rest(self) -> None:
        """Report that there is nothing to do."""
        self.run.say(f"{self.consumer:<28} nothing is new")

    def done(self) -> None:
        """Advance the watermarks. Call it after the last write; a run killed before gets the same changes again."""
        done([self])

    def _span(self, table: Table) -> tuple[int, int]:
        assert not self.full_refresh, "of everything there is no part"
        return self.known.get(table.full_name, -1), self.marks[table.full_name]


def restrict_to(rows: DataFrame, affected: DataFrame | None) -> DataFrame:
    """Rows with the keys in `affected` (columns of the same names); all rows if it is None."""
    return rows if affected is None else rows.join(affected, affected.columns, "left_semi")


def pending_changes(
    run: Run, name: str, rules: str, *, reads: Sequence[Table], makes: Sequence[Table]
) -> PendingChanges:
    """`pending_changes_of` for one consumer."""
    return pending_changes_of(run, [Consumer(name, rules, makes)], reads=reads)[0]


def pending_changes_of(run: Run, consumers: Sequence[Consumer], *, reads: Sequence[Table]) -> list[PendingChanges]:
    """Pending changes of each consumer, or a full refresh.

    A consumer needs a full refresh when the run asks for one, when its rules or the version of the suite differ from
    last time, when a table that it makes is missing, or when `as_of` goes back. Full refreshes are numbered before
    anything is written, since a killed run may have left tables made by two sets of rules.
    """
    versions = {table.full_name: run.store.version(table) for table in reads}
    names = [*(each.name for each in consumers), *(_begun(each.name) for each in consumers)]
    ledger = dict(zip(names, watermarks(run, *names), strict=True))
    found, numbers = [], {}
    for each in consumers:
        known, begun = ledger[each.name], ledger[_begun(each.name)]
        last, number = _last_as_of(known), max(begun.values(), default=0)
        marks = versions | _moment(run, known, last)
        full_refresh = {begun.get(each.label), known.get(each.label)} != {number} or (
            last is not None and last > run.as_of
        )
        if run.full_refresh or full_refresh or not all(run.store.exists(table) for table in each.makes):
            numbers[_begun(each.name)] = {each.label: number + 1}
            found.append(PendingChanges(run, each.name, known, marks | {each.label: number + 1}, True, None))
        else:
            found.append(PendingChanges(run, each.name, known, marks, False, last))
    advance(run, numbers, known=ledger)
    return found


def done(begun: Sequence[PendingChanges]) -> None:
    """Advance the watermarks of all consumers in one commit. Call it after the last write of all of them."""
    if begun:
        known = {each.consumer: each.known for each in begun}
        advance(begun[0].run, {each.consumer: each.marks for each in begun}, known=known)


def _begun(consumer: str) -> str:
    return f"{consumer} everything"


def _moment(run: Run, known: Marks, last: datetime | None) -> dict[str, int]:
    times = max((n for name, n in known.items() if name.startswith(AS_OF)), default=0)
    return {f"{AS_OF}{run.as_of.isoformat()}": times if last == run.as_of else times + 1}


def _last_as_of(known: Marks) -> datetime | None:
    times = {n: name for name, n in known.items() if name.startswith(AS_OF)}
    return datetime.fromisoformat(times[max(times)].removeprefix(AS_OF)) if times else None


def watermarks(run: Run, *consumers: str) -> list[Marks]:
    """The last version that each of `consumers` has processed, by table; a table never read is absent."""
    newest: dict[str, dict[str, int]] = {consumer: {} for consumer in consumers}
    for row in run.store.rows(tables.WATERMARK, "consumer", "table", "version"):
        if row["consumer"] in newest:
            marks = newest[row["consumer"]]
            marks[row["table"]] = max(marks.get(row["table"], -1), row["version"])
    return [newest[consumer] for consumer in consumers]


def advance(run: Run, versions: Mapping[str, Marks], *, known: Mapping[str, Marks]) -> None:
    """Record in one commit that each consumer has processed the tables up to these `versions`.

    Versions that are in `known`, the watermarks so far, are not written again.
    """
    rows = [
        (consumer, table, version)
        for consumer, marks in versions.items()
        for table, version in marks.items()
        if known[consumer].get(table) != version
    ]
    if rows:
        run.store.append_rows(tables.WATERMARK, rows)
