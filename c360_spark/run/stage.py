"""A stage as a value: what it does, and which tables it reads and writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, cast

from c360_spark import tables
from c360_spark.run.context import Run
from c360_spark.store import Store
from c360_spark.tables import Table

# Methods of `Store` that take a table.
READS = tuple(
    "path name exists version read count rows lookup greatest any_value changes images changed_values".split()
)
WRITES = tuple("ensure append append_rows add add_rows merge merge_rows sync sync_rows".split())
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
        self.work(replace(run, store=cast(Store, StageStore(run.store, self))))


class StageStore:
    """A store that gives a stage the tables that it declares and no others; all else is as in `store`.

    Raises TypeError for another table: the order of stages, what a change of rules or a reprocess computes again, and
    the docs rely on what is declared. That is a mistake of a stage, not of a user.
    """

    def __init__(self, store: Store, stage: Stage) -> None:
        self._store, self._stage = store, stage

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return partial(self._checked, name, found) if name in (*READS, *WRITES) else found

    def _checked(self, name: str, found: Callable[..., Any], table: Table, *args: Any, **given: Any) -> Any:
        writes = name in WRITES
        if not (self._stage.may_write(table) if writes else self._stage.may_read(table)):
            what = "writes" if writes else "reads"
            raise TypeError(f"{self._stage.name} does not declare that it {what} {table.full_name}")
        return found(table, *args, **given)


def _among(table: Table, names: Sequence[str]) -> bool:
    return any(fnmatchcase(table.full_name, name) for name in names)
