"""What a stage has not dealt with yet: what changed in the tables it reads, or everything."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame

import c360_spark
from c360_spark.stages.run import Run
from c360_spark.stages.watermark import advance, watermarks
from c360_spark.tables import Table

AS_OF = "as_of "  # in the ledger of watermarks: a time for which the stage was done, numbered


@dataclass(frozen=True)
class Increment:
    """`since` are the versions that were dealt with, None where everything is to be; `last_as_of` is for when."""

    run: Run
    consumer: str
    since: dict[str, int] | None
    last_as_of: datetime | None
    marks: dict[str, int]

    @property
    def whole(self) -> bool:
        return self.since is None

    @property
    def idle(self) -> bool:
        """No table has another version: there is nothing to do for who does not ask the time."""
        versions = {name: n for name, n in self.marks.items() if not name.startswith(AS_OF)}
        return self.since is not None and all(self.since.get(name) == n for name, n in versions.items())

    @property
    def unchanged(self) -> bool:
        """No table has another version and it is no later: there is nothing to do."""
        return self.idle and self.last_as_of == self.run.as_of

    def latest(self, table: Table) -> DataFrame:
        """As `Store.latest`, of what is new."""
        since, until = self._span(table)
        return self.run.store.latest(table, since=since, until=until)

    def touched(self, table: Table, *columns: str) -> DataFrame:
        """As `Store.touched`, of what is new."""
        since, until = self._span(table)
        return self.run.store.touched(table, columns, since=since, until=until)

    def rest(self) -> None:
        """Say that there is nothing to do."""
        self.run.say(f"{self.consumer:<28} nothing is new")

    def done(self) -> None:
        """To be called after the last write; until then the stage is given the same again."""
        advance(self.run, self.consumer, self.marks)

    def _span(self, table: Table) -> tuple[int, int]:
        assert self.since is not None, "of everything there is no part"
        return self.since.get(table.full_name, -1), self.marks[table.full_name]


def increment(run: Run, consumer: str, rules: str, *, reads: Sequence[Table], makes: Sequence[Table]) -> Increment:
    """What `consumer` has to deal with.

    Everything, when `rules` or the version of the suite are not those of last time, when a table that it makes is
    missing, or when time goes back. `rules` says, in any words, what the result depends on beside the tables. They are
    numbered before anything is written, since a run that was killed may have left tables by two.
    """
    label = f"{c360_spark.__version__} {hashlib.sha256(rules.encode()).hexdigest()[:16]}"
    versions = {table.full_name: run.store.version(table) for table in reads}
    known, begun = watermarks(run, consumer), watermarks(run, f"{consumer} everything")
    last, moment = _last_as_of(known), f"{AS_OF}{run.as_of.isoformat()}"
    times = max((n for name, n in known.items() if name.startswith(AS_OF)), default=0)
    marks = versions | {moment: times if last == run.as_of else times + 1}
    number = max(begun.values(), default=0)
    whole = begun.get(label) != number or known.get(label) != number or (last is not None and last > run.as_of)
    if whole or not all(run.store.exists(table) for table in makes):
        advance(run, f"{consumer} everything", {label: number + 1})
        return Increment(run, consumer, None, None, marks | {label: number + 1})
    return Increment(run, consumer, known, last, marks)


def _last_as_of(known: dict[str, int]) -> datetime | None:
    times = {n: name for name, n in known.items() if name.startswith(AS_OF)}
    return datetime.fromisoformat(times[max(times)].removeprefix(AS_OF)) if times else None
