"""Small SQL queries on a lake, answered in milliseconds and without a JVM: delta-rs reads the tables.

Read-only, and for questions from a terminal alone; stages read and write through `store`.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import deltalake
import pyarrow as pa
from pyarrow.dataset import dataset, field

from c360_spark.config.platform import absolute
from c360_spark.errors import InputError
from c360_spark.tables import Table

Row = dict[str, Any]


class Lookup:
    """The tables of a lake, for queries in SQL."""

    def __init__(self, lake: str) -> None:
        self.lake = absolute(lake).rstrip("/")
        self._past: dict[str, datetime] = {}
        self._opened: dict[str, Any] = {}

    def ask(self, question: str, **tables: Table) -> list[Row]:
        """Rows of a SQL query, which calls `tables` by the given words; times are naive and in UTC.

        Raises InputError C304 when a table does not exist yet, or when its files of a past time are gone.
        """
        builder = deltalake.QueryBuilder()
        for word, table in tables.items():
            builder = builder.register(word, self._open(table))
        try:
            rows = pa.table(builder.execute(question).read_all()).to_pylist()
        except Exception as error:  # delta-rs raises a bare Exception for a missing file
            if not self._past or "not found" not in str(error):
                raise
            hint = "ask without --as-of; what was vacuumed is gone"
            raise InputError("C304", f"{self.lake} no longer has its files of that time", hint=hint) from None
        return [{name: _naive(value) for name, value in row.items()} for row in rows]

    def delivered_text(self, table: Table, column: str, key: str) -> str:
        """One value of the row with this key, which `ask` has found.

        Bytes that are not UTF-8 are shown as \\xff, where `ask` would refuse the whole table.
        """
        files = self._open(table).file_uris()
        rows = dataset(files, format="parquet").to_table([column], filter=field(table.key[0]) == key)
        value: bytes = rows.column(column).cast(pa.binary())[0].as_py()
        return value.decode("utf-8", "backslashreplace")

    def go_back(self, past: Collection[Table], at: datetime) -> None:
        """Time travel: from now on read these tables as they were at a clock time."""
        for table in past:
            self._past[table.full_name] = at
            self._opened.pop(self._path(table), None)

    def _path(self, table: Table) -> str:
        return f"{self.lake}/{table.layer}/{table.name}"

    def _open(self, table: Table) -> Any:
        path = self._path(table)
        if path not in self._opened:
            try:
                found = self._opened[path] = deltalake.DeltaTable(path)
                if table.full_name in self._past:
                    found.load_as_version(self._past[table.full_name])
            except deltalake.exceptions.TableNotFoundError:
                hint = f"give as --lake one that has {table.full_name}; docs/stages.md says which stage writes it"
                raise InputError("C304", f"no table {table.full_name} in {self.lake}", hint=hint) from None
        return self._opened[path]


def text(value: str) -> str:
    """A value as a SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def among(column: str, values: list[Any]) -> str:
    """A SQL condition that `column` has one of `values`; false if there are none."""
    if not values:
        return "false"
    return f"{column} IN ({', '.join(text(v) if isinstance(v, str) else str(int(v)) for v in values)})"


def _naive(value: Any) -> Any:
    return value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value
