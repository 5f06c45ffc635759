"""A stage as a value: what it does, and which tables it reads and writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.run.context import Run
from c360_spark.store import Store, Written
from c360_spark.tables import Table

EVERY_STAGE = (tables.WATERMARK.full_name,)  # its watermarks


@dataclass(frozen=True)
class Stage:
    """One stage of the pipeline: it takes a `Run` and leaves its results in tables.

    `reads` and `writes` are full names of tables, `layer.*` for one table per dataset or destination. A stage may also
    read what it writes. `precheck` raises whatever the stage would raise for conf/ and the environment, before the
    first stage of a run begins and without reading data.
    """

    name: str
    work: Callable[[Run], None]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    precheck: Callable[[Run], Any] | None = None

    @property
    def layers(self) -> set[str]:
        """Layers of the tables it writes, except ops."""
        return {name.split(".")[0] for name in self.writes} - {"ops"}

    def may_read(self, table: Table) -> bool:
        return _among(table, self.reads) or self.may_write(table)

    def may_write(self, table: Table) -> bool:
        return _among(table, (*self.writes, *EVERY_STAGE))

    def __call__(self, run: Run) -> None:
        """Run the stage with access to no tables but those it declares."""
        self.work(replace(run, store=StageStore(run.store, self)))


class StageStore(Store):
    """The store as a stage sees it: only the tables that the stage declares.

    Raises TypeError for any other table, which is a mistake in the stage and not of a user: the order of stages, what a
    rule change or a reprocess recomputes, and the docs rely on the declarations.
    """

    def __init__(self, store: Store, stage: Stage) -> None:
        self.__dict__.update(store.__dict__)
        self._of = stage

    # Every operation on a table starts from its path or its name.
    def path(self, table: Table) -> str:
        return super().path(self._readable(table))

    def name(self, table: Table) -> str:
        return super().name(self._readable(table))

    def append(self, table: Table, rows: DataFrame) -> Written:
        return super().append(self._writable(table), rows)

    def append_rows(self, table: Table, rows: Sequence[Sequence[Any]]) -> Written:
        return super().append_rows(self._writable(table), rows)

    def merge(self, table: Table, rows: DataFrame) -> Written:
        return super().merge(self._writable(table), rows)

    def merge_rows(self, table: Table, rows: Sequence[Sequence[Any]]) -> Written:
        return super().merge_rows(self._writable(table), rows)

    def sync(self, table: Table, rows: DataFrame, *, old: DataFrame | None = None) -> Written:
        return super().sync(self._writable(table), rows, old=old)

    def _readable(self, table: Table) -> Table:
        if not self._of.may_read(table):
            raise TypeError(f"{self._of.name} does not declare that it reads {table.full_name}")
        return table

    def _writable(self, table: Table) -> Table:
        if not self._of.may_write(table):
            raise TypeError(f"{self._of.name} does not declare that it writes {table.full_name}")
        return table


def _among(table: Table, names: Sequence[str]) -> bool:
    return any(fnmatchcase(table.full_name, name) for name in names)
