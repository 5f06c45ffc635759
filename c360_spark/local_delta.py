"""Delta tables on a local disk, read and written by delta-rs without Spark jobs.

A MERGE of a hundred rows takes Spark a dozen jobs and seconds, delta-rs milliseconds. Both give equal tables and equal
change feeds (tests/spark/test_local_delta.py). Tables with deletion vectors, and merges of large tables, are left to
Spark.
"""

import json
import time
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction, create_table_with_add_actions
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructField, StructType

from c360_spark.differences import CHANGE, STATE
from c360_spark.tables import Table


@dataclass(frozen=True)
class Written:
    """Number of rows inserted, updated and deleted by a write."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        return self.inserted + self.updated + self.deleted


def exists(path: str) -> bool:
    """Whether the folder holds a Delta table."""
    log = Path(path) / "_delta_log"
    return log.is_dir() and next(log.glob("*.json"), None) is not None


class LocalTable:
    """A Delta table in a folder, which need not exist yet."""

    def __init__(self, path: str, table: Table) -> None:
        self.path, self.table = path, table
        self._opened: DeltaTable | None = None

    @property
    def exists(self) -> bool:
        return exists(self.path)

    @property
    def version(self) -> int:
        """The newest version; -1 while the table does not exist."""
        return self._open().version() if self.exists else -1

    @property
    def has_deletion_vectors(self) -> bool:
        """Whether files may hold deleted rows, which only a Delta reader can tell."""
        return "deletionVectors" in (self._open().protocol().reader_features or ())

    @property
    def size_bytes(self) -> int:
        """Total size of the files of the newest version."""
        return sum(pa.table(self._open().get_add_actions()).column("size_bytes").to_pylist()) if self.exists else 0

    @property
    def row_count(self) -> int:
        """The number of rows of the newest version, by the footers of its files."""
        return sum(pq.read_metadata(file).num_rows for file in self.files())

    def files(self, version: int | None = None) -> list[str]:
        """Parquet files of a version, by default the newest."""
        actions = pa.table(self._open(version).get_add_actions())
        return [f"{self.path}/{unquote(path)}" for path in actions.column("path").to_pylist()]

    def add_files(self, folder: str) -> Written:
        """Append Parquet files, moved out of `folder`; create the table if needed."""
        counts = {file: pq.read_metadata(file).num_rows for file in sorted(Path(folder).glob("part-*.parquet"))}
        self._commit([file.rename(self._new_file()) for file, count in counts.items() if count])
        return Written(inserted=sum(counts.values()))

    def add_rows(self, rows: pa.Table) -> Written:
        """Append rows that have the table's columns and types; create the table if needed."""
        own = rows.select(self.table.column_names)
        if not own.num_rows:
            self._commit([])
        elif self.exists:
            deltalake.write_deltalake(self._ready(), own, mode="append")
        else:
            file = self._new_file()
            pq.write_table(own, file)
            self._commit([file])
        return Written(inserted=own.num_rows)

    def merge(self, rows: pa.Table) -> Written:
        """Apply staged differences: rows with all columns and CHANGE, one row per key."""
        kinds = set(rows.column(CHANGE).unique().to_pylist())
        if kinds <= {"insert"}:
            return self.add_rows(rows)
        names = {name: f"s.`{name}`" for name in self.table.column_names}
        on = " AND ".join(self._same(name) for name in self.table.key)
        merger = self._ready().merge(rows, on, source_alias="s", target_alias="t")
        if "delete" in kinds:
            merger = merger.when_matched_delete(f"s.`{CHANGE}` = 'delete'")
        if kinds & {"update", "merge"}:
            merger = merger.when_matched_update({f"`{name}`": value for name, value in names.items()})
        if kinds & {"insert", "merge"}:
            new = f"s.`{CHANGE}` <> 'delete'"
            merger = merger.when_not_matched_insert({f"`{name}`": value for name, value in names.items()}, new)
        found = merger.execute()
        counted = (found[f"num_target_rows_{kind}"] for kind in ("inserted", "updated", "deleted"))
        return Written(*counted)

    def feed(self, since: int, until: int) -> pa.Table:
        """The change data feed after version `since`, up to `until`.

        It has the columns of the table, `_change_type` and `_commit_version`.
        """
        changes = pa.table(self._open().load_cdf(since + 1, until).read_all())
        names = [*self.table.column_names, "_change_type", "_commit_version"]
        absent = [name for name in names if name not in changes.column_names]
        shape = pa.schema([*arrow_schema(self.table), ("_change_type", pa.string()), ("_commit_version", pa.int64())])
        for name in absent:  # columns declared after these versions
            changes = changes.append_column(name, pa.nulls(changes.num_rows, shape.field(name).type))
        return changes.select(names).cast(shape)

    def rows(self, columns: Sequence[str], having: Mapping[str, Collection[Any]] | None = None) -> pa.Table:
        """Some columns of all rows, or of those that have one of these values in a column; times are naive, in UTC."""
        whole = arrow_schema(self.table)
        shape = pa.schema([_naive(whole.field(name)) for name in columns])
        files = pa.dataset.dataset(self.files(), schema=whole, format="parquet")
        if having is None:
            return files.to_table(columns=list(columns)).cast(shape)
        sought = {name: pa.array(values, whole.field(name).type) for name, values in having.items()}
        # Not a filter of the scan: it fails on strings of files that delta-rs wrote.
        batches = files.to_batches(columns=[*dict.fromkeys([*columns, *having])])
        masks = (
            (batch, [pc.is_in(batch.column(name), values) for name, values in sought.items()]) for batch in batches
        )
        found = [batch.filter(reduce(pc.or_, among)).select(columns) for batch, among in masks]
        return pa.Table.from_batches(
            [batch for batch in found if batch.num_rows], pa.schema(map(whole.field, columns))
        ).cast(shape)

    def any_value(self, column: str) -> Any:
        """The column's value in some row; None if there is no row."""
        head = pa.dataset.dataset(self.files(), schema=arrow_schema(self.table), format="parquet").head(
            1, columns=[column]
        )
        return head.column(0)[0].as_py() if head.num_rows else None

    def _same(self, name: str) -> str:
        nullable = next(column.nullable for column in self.table.columns if column.name == name)
        return f"t.`{name}` {'IS NOT DISTINCT FROM' if nullable else '='} s.`{name}`"

    def _open(self, version: int | None = None) -> DeltaTable:
        if version is not None:
            return DeltaTable(self.path, version=version)
        if self._opened is None:
            self._opened = DeltaTable(self.path)
        return self._opened

    def _new_file(self) -> Path:
        """A new file name in the table's folder. Without a commit the file is not part of the table."""
        Path(self.path).mkdir(parents=True, exist_ok=True)
        return Path(self.path) / f"part-{uuid.uuid4()}.parquet"

    def _commit(self, files: Sequence[Path]) -> None:
        """Add files of the folder to the table in one commit.

        A table that does not exist is created with them in one version, as Spark does.
        """
        actions = [
            AddAction(
                file.name, file.stat().st_size, {}, int(time.time() * 1000), True, json.dumps({"numRecords": count})
            )
            for file in files
            if (count := pq.read_metadata(file).num_rows)
        ]
        if not self.exists:
            Path(self.path).mkdir(parents=True, exist_ok=True)
            schema = deltalake.Schema.from_json(shape_of(self.table).json())
            create_table_with_add_actions(self.path, schema, actions, configuration=properties(self.table))
        elif actions:
            table = self._ready()
            table.create_write_transaction([*actions], mode="append", schema=table.schema())

    def _ready(self) -> DeltaTable:
        """The table, with the columns added that were declared after it was created."""
        found = self._open()
        known = {field.name for field in found.schema().fields}
        missing = [field for field in shape_of(self.table) if field.name not in known]
        if missing:
            wanted = deltalake.Schema.from_json(StructType(missing).json())
            found.alter.add_columns(list(wanted.fields))
        return found


def arrow_schema(table: Table) -> pa.Schema:
    """The table's columns as an Arrow schema."""
    return to_arrow_schema(shape_of(table))


def _naive(field: pa.Field) -> pa.Field:
    return field.with_type(pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field


def as_arrow(table: Table, rows: Iterable[Sequence[Any]]) -> pa.Table:
    """Python values, in the order of the columns, as an Arrow table. Times are naive and in UTC."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    shape = arrow_schema(table)
    arrays = [pa.array(map(_entries, values), field.type) for values, field in zip(columns, shape, strict=True)]
    return pa.Table.from_arrays(arrays, schema=shape)


def _entries(value: Any) -> Any:
    """Arrow takes a map as a list of its entries."""
    return list(value.items()) if isinstance(value, dict) else value


def properties(table: Table) -> dict[str, str | None]:
    """Delta properties of a table: the change data feed, and statistics of columns without PII only.

    Statistics outlive a deleted row, so personal columns have none.
    """
    return {
        "delta.enableChangeDataFeed": "true",
        "delta.dataSkippingStatsColumns": ",".join(table.statistics_columns),
    }


def tuples(rows: pa.Table) -> list[tuple[Any, ...]]:
    """Rows as Python tuples."""
    return list(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def staged(folder: str) -> list[tuple[Any, ...]]:
    """The rows in the Parquet files of a folder, as tuples; times are naive and in UTC."""
    rows = pq.read_table(folder)
    return tuples(rows.cast(pa.schema([_naive(field) for field in rows.schema])))


def row_differences(table: Table, old: Sequence[Sequence[Any]], new: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows of `new` that `old` lacks or has with other values, and rows of which only `old` has the key, with CHANGE.

    Rows are Python values in the order of the columns. Raises ValueError for two rows with one key.
    """
    places = [table.column_names.index(name) for name in table.key]
    before, after = ({tuple(row[place] for place in places): row for row in rows} for rows in (old, new))
    if (len(before), len(after)) != (len(old), len(new)):
        raise ValueError(f"two rows for {table.full_name} have one key")
    added = [row for key, row in after.items() if key not in before]
    changed = [row for key, row in after.items() if key in before and before[key] != row]
    gone = [row for key, row in before.items() if key not in after]
    kinds = ["insert"] * len(added) + ["update"] * len(changed) + ["delete"] * len(gone)
    return as_arrow(table, [*added, *changed, *gone]).append_column(CHANGE, pa.array(kinds, pa.string()))


def counted(folder: str) -> int:
    """Number of rows in the Parquet files of a folder."""
    return sum(pq.read_metadata(file).num_rows for file in Path(folder).glob("part-*.parquet"))


def images(table: Table, feed: pa.Table) -> pa.Table:
    """The rows of `Store.images` in a change data feed."""
    kinds, versions = (feed.column(name).to_pylist() for name in ("_change_type", "_commit_version"))
    keys = list(zip(*(feed.column(name).to_pylist() for name in table.key), strict=True))
    last: dict[tuple[Any, ...], int] = {}
    former: dict[tuple[Any, ...], int] = {}
    for place, (kind, key) in enumerate(zip(kinds, keys, strict=True)):
        if kind != "update_preimage" and (key not in last or versions[place] >= versions[last[key]]):
            last[key] = place
        if kind in ("update_preimage", "delete") and (key not in former or versions[place] < versions[former[key]]):
            former[key] = place
    found = feed.take(pa.array([*last.values(), *former.values()], pa.int64()))
    states = ["gone" if kinds[place] == "delete" else "now" for place in last.values()] + ["former"] * len(former)
    return found.select(table.column_names).append_column(STATE, pa.array(states, pa.string()))


def shape_of(table: Table) -> StructType:
    """The table's Spark schema, with comments and all columns nullable, as Delta has it."""
    return StructType([StructField(c.name, c.type, True, {"comment": c.meaning}) for c in table.columns])
