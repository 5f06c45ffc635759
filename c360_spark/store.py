"""Delta tables of a lake: read, change data capture, append, merge and sync. The only module that uses delta-spark.

Every write is idempotent for the caller: an append takes rows that the caller knows to be new, a merge is an upsert by
key, and a sync writes only differences. So running a killed stage again repairs it.

A table declares in the registry what may happen to its rows (`Write`): a write that could do more is refused.

On a laptop delta-rs (`local_delta`) commits appends, and merges of small tables, without Spark jobs, and tables are
read as the Parquet files that they are. Merges of large tables, tables in a catalog or on object storage, and all
tables on a cluster are left to Spark.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from delta.tables import DeltaTable
from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from c360_spark import local_delta, remote
from c360_spark.config.platform import absolute, is_remote
from c360_spark.differences import CHANGE, differences, images, same_key
from c360_spark.differences import STATE as STATE
from c360_spark.local_delta import LocalTable
from c360_spark.local_delta import Written as Written
from c360_spark.scratch import FOLDER, Scratch, Staged
from c360_spark.tables import Column as TableColumn
from c360_spark.tables import Table, Write
from c360_spark.tables.model import LONG, STRING

PLAIN = re.compile(r"[\w/ .,+=@~-]*")  # paths that delta-rs accepts; it panics on others
CHANGED = StructField(CHANGE, STRING)
SMALL_MB = 64  # default size limit of tables that delta-rs merges: it rewrites them in one process


class Store:
    """The tables of one lake: folders below `lake`, or tables of `catalog` where one is given.

    With `candidate`, every layer after silver is kept apart under that name, beside the live one. Tables of up to
    `small_mb` are merged without Spark where possible; 0 leaves all writes to Spark.

    Raises InputError C303 for a path without a scheme that Spark would look for on another machine: Python and Spark
    would then use two different places.
    """

    def __init__(
        self,
        spark: SparkSession,
        lake: str,
        catalog: str | None = None,
        *,
        candidate: str | None = None,
        small_mb: int = SMALL_MB,
    ) -> None:
        self.spark, self.lake, self.catalog, self.candidate = spark, absolute(lake).rstrip("/"), catalog, candidate
        remote.require_one_place(spark, self.lake)
        self.scratch = Scratch(f"{self.lake}/{FOLDER}", spark)
        self.small_mb = small_mb
        here = not catalog and not is_remote(self.lake) and str(spark.conf.get("spark.master", "")).startswith("local")
        self.is_local = here and small_mb > 0 and PLAIN.fullmatch(self.lake) is not None

    def path(self, table: Table) -> str:
        """The table's folder, in a lake without a catalog."""
        return f"{self.lake}/{self._layer(table)}/{table.name}"

    def name(self, table: Table) -> str:
        """The table's name in SQL."""
        if self.catalog:
            return f"`{self.catalog}`.`{self._layer(table)}`.`{table.name}`"
        return f"delta.`{self.path(table).replace('`', '``')}`"

    def _layer(self, table: Table) -> str:
        shared = table.layer in ("bronze", "silver") or not self.candidate
        return table.layer if shared else f"{table.layer}_{self.candidate}"

    def exists(self, table: Table) -> bool:
        if self.catalog:
            return self.spark.catalog.tableExists(self.name(table))
        if not is_remote(self.lake):
            return local_delta.exists(self.path(table))
        return DeltaTable.isDeltaTable(self.spark, self.path(table))

    def version(self, table: Table) -> int:
        """The newest Delta version; -1 while the table does not exist."""
        if not self.exists(table):
            return -1
        if not self.catalog and not is_remote(self.lake):
            return LocalTable(self.path(table), table).version
        row = DeltaTable.forName(self.spark, self.name(table)).history(1).select("version").head()
        return int(row["version"]) if row else -1

    def read(self, table: Table) -> DataFrame:
        """The newest version of the table; an empty frame of its schema while it does not exist.

        Columns that were declared after the table was created are null.
        """
        local = self._local(table)
        if local:
            return self._files(table, local.files()) if local.exists else self._empty(table)
        if not self.exists(table):
            return self._empty(table)
        return _completed(self.spark.table(self.name(table)), table)

    def count(self, table: Table) -> int:
        """The number of rows of the newest version; 0 while the table does not exist."""
        local = self._local(table)
        if local:
            return local.row_count if local.exists else 0
        return self.read(table).count()

    def rows(self, table: Table, *columns: str) -> list[dict[str, Any]]:
        """Some columns of all rows of a small table, such as a ledger, as Python dicts."""
        local = self._local(table, small=True)
        if local:
            return local.rows(columns).to_pylist() if local.exists else []
        return [row.asDict() for row in self.read(table).select(*columns).collect()]

    def lookup(
        self, table: Table, *columns: str, having: Mapping[str, Collection[Any]] | None = None, most: int
    ) -> list[tuple[Any, ...]] | None:
        """Some columns of all rows, or of those that have one of these values in a column, as Python tuples.

        None where they are more than `most`, or where the table cannot be read without Spark.
        """
        local = self._local(table)
        if not local or not local.exists:
            return None if self.exists(table) or not self.is_local else []
        if having is None and local.row_count > most:
            return None
        found = local.rows(columns, having)
        return None if found.num_rows > most else local_delta.tuples(found)

    def greatest(self, table: Table, column: str) -> Any:
        """The greatest value of a column; None if there is none."""
        local = self._local(table, small=True)
        if local:
            return pc.max(local.rows([column]).column(column)).as_py() if local.exists else None
        row = self.read(table).agg(F.max(column).alias("greatest")).head()
        return row["greatest"] if row else None

    def any_value(self, table: Table, column: str) -> Any:
        """The column's value in some row; None while there is no row. For a column that has one value in all rows."""
        local = self._local(table)
        if local:
            return local.any_value(column) if local.exists else None
        row = self.read(table).select(column).head()
        return row[column] if row else None

    def changes(self, table: Table, *, since: int, until: int) -> DataFrame:
        """Rows appended to an append-only table after version `since`, up to version `until` (> since).

        Raises TypeError for a table whose rows may change: this would miss their changes.
        """
        if table.write is not Write.APPEND:
            raise TypeError(f"{table.full_name} is not append-only: read it by `images`")
        local = self._local(table)
        if since < 0 and local:
            return self._files(table, local.files(until))
        if since < 0:  # the table itself: the change feed builds an object for every row
            rows = self.spark.read.option("versionAsOf", until).table(self.name(table))
            return _completed(rows, table).select(*table.column_names)
        return self._feed(table, since, until).where("_change_type = 'insert'").select(*table.column_names)

    def images(self, table: Table, *, since: int, until: int) -> DataFrame:
        """Change data capture: rows inserted, updated or deleted after version `since`, up to `until`, with `_state`.

        Of each key the last image, `now` or `gone` (deleted), and the `former` one, before its first change, if any.
        """
        if until <= since:
            return self._empty(table).withColumn(STATE, F.lit("now"))
        local = self._local(table, small=True)
        if local:
            shape = StructType([*self._empty(table).schema, StructField(STATE, STRING)])
            return self._frame(f"{table.full_name}.images", local_delta.images(table, local.feed(since, until)), shape)
        return images(self._feed(table, since, until), table)

    def changed_values(self, table: Table, columns: Sequence[str], *, since: int, until: int) -> DataFrame:
        """Distinct values of `columns` in rows inserted, updated or deleted after version `since`, up to `until`.

        Covers the images before and after each change. Leaves out values with a null.
        """
        if until <= since:
            return self._empty(table).select(*columns)
        return self._feed(table, since, until).select(*columns).na.drop().distinct()

    def ensure(self, table: Table) -> None:
        """Create the table if it does not exist. Required before several threads append to it."""
        if not self.exists(table):
            self.append(table, self._empty(table))

    def append(self, table: Table, rows: DataFrame) -> Written:
        """Append rows. The first append creates the table, with comments and without statistics of PII columns."""
        frame, local = self._shaped(table, rows), self._local(table)
        if local:
            return local.add_files(self._staged(f"{table.full_name}.new", frame).folder)
        counts = Observation()
        frame = frame.observe(counts, F.count(F.lit(1)).alias("rows"))
        writer = frame.write.format("delta").mode("append").options(mergeSchema="true", **_properties(table))
        writer.saveAsTable(self.name(table)) if self.catalog else writer.save(self.path(table))
        return Written(inserted=counts.get["rows"])

    def append_rows(self, table: Table, rows: Sequence[Sequence[Any]]) -> Written:
        """`append` for Python values in the order of the columns."""
        local = self._local(table)
        if local:
            return local.add_rows(local_delta.as_arrow(table, rows))
        return self.append(table, self.spark.createDataFrame(rows, table.schema))

    def add(self, table: Table, rows: DataFrame) -> Written:
        """Append only the rows whose key the table lacks."""
        if self.exists(table):
            rows = rows.alias("n").join(self.read(table).alias("o"), same_key(table), "left_anti")
        return self.append(table, rows)

    def add_rows(self, table: Table, rows: Sequence[Sequence[Any]]) -> Written:
        """`add` for Python values in the order of the columns, to a small table."""
        places = [table.column_names.index(name) for name in table.key]
        known = {tuple(row[name] for name in table.key) for row in self.rows(table, *table.key)}
        return self.append_rows(table, [row for row in rows if tuple(row[place] for place in places) not in known])

    def merge(self, table: Table, rows: DataFrame) -> Written:
        """Upsert by key: insert rows with new keys, overwrite rows with known keys. `rows` has one row per key.

        Raises TypeError for a table that is append-only.
        """
        _require(table, Write.MERGE)
        if not self.exists(table):
            return self.append(table, rows)
        changed = self._shaped(table, rows).withColumn(CHANGE, F.lit("merge"))
        staged = self._staged(f"{table.full_name}.changed", changed)
        return self._merge(table, staged) if staged.count else Written()

    def merge_rows(self, table: Table, rows: Sequence[Sequence[Any]]) -> Written:
        """`merge` for Python values in the order of the columns."""
        _require(table, Write.MERGE)
        if not rows or not self.exists(table):
            return self.append_rows(table, rows) if rows else Written()
        local = self._local(table, small=True)
        if local:
            changed = local_delta.as_arrow(table, rows)
            return local.merge(changed.append_column(CHANGE, pa.array(["merge"] * len(rows), pa.string())))
        return self.merge(table, self.spark.createDataFrame(rows, table.schema))

    def sync(self, table: Table, rows: DataFrame, *, old: DataFrame | None = None) -> Written:
        """Make the table (or `old`, some rows of it) equal to `rows`: insert, update and delete only what differs.

        Raises TypeError for a table whose rows may not be deleted.
        """
        _require(table, Write.SYNC)
        if not self.exists(table):
            return self.append(table, rows)
        shaped = self._shaped(table, rows)
        found = differences(self.read(table) if old is None else old, shaped, table)
        staged = self._staged(f"{table.full_name}.differences", found)
        return self._merge(table, staged) if staged.count else Written()

    def sync_rows(self, table: Table, rows: Sequence[Sequence[Any]], *, old: Sequence[Sequence[Any]]) -> Written:
        """`sync` of `old`, some rows of the table, for Python values in the order of the columns."""
        _require(table, Write.SYNC)
        if not self.exists(table):
            return self.append_rows(table, rows)
        changed = local_delta.row_differences(table, old, rows)
        if not changed.num_rows:
            return Written()
        # A folder that nothing else writes to: files of a sync by Spark would be merged again.
        name, shape = f"{table.full_name}.row_differences", StructType([*self._empty(table).schema, CHANGED])
        staged = self._frame(name, changed, shape)
        return self._merge(table, Staged(self.scratch.path("staged", name), staged, changed.num_rows))

    def stage_rows(
        self, name: str, rows: DataFrame, *, most: int
    ) -> tuple[DataFrame, int, list[tuple[Any, ...]] | None]:
        """`stage`, with the rows as Python tuples if there are up to `most` and they are on this machine."""
        staged = self._staged(name, rows)
        values = local_delta.staged(staged.folder) if self.is_local and staged.count <= most else None
        return staged.rows, staged.count, values

    def stage(self, name: str, rows: DataFrame) -> tuple[DataFrame, int]:
        """Compute `rows` once, into the scratch folder; returns them with a short plan, and their number.

        Unlike a cache it survives a lost executor, and reading it twice gives the same rows.
        """
        staged = self._staged(name, rows)
        return staged.rows, staged.count

    def place_checkpoints(self) -> None:
        """Put checkpoints, by which graph algorithms cut their lineage, in the scratch folder."""
        self.spark.sparkContext.setCheckpointDir(self.scratch.path("checkpoints"))

    def _local(self, table: Table, *, small: bool = False, more_bytes: int = 0) -> LocalTable | None:
        """The table if delta-rs may write it, None if it is left to Spark.

        With `small`, only a table of up to `small_mb` together with the `more_bytes` to be added, as it is held in
        memory.
        """
        if not self.is_local:
            return None
        local = LocalTable(self.path(table), table)
        if local.exists and local.has_deletion_vectors:
            return None
        return None if small and local.size_bytes + more_bytes > self.small_mb * 1_000_000 else local

    def _staged(self, name: str, rows: DataFrame) -> Staged:
        folder, counts = self.scratch.path("staged", name.replace(" ", "_")), Observation()
        observed = rows if self.is_local else rows.observe(counts, F.count(F.lit(1)).alias("rows"))
        observed.write.mode("overwrite").parquet(folder)
        count = local_delta.counted(folder) if self.is_local else int(counts.get["rows"])
        return Staged(folder, self.spark.read.schema(rows.schema).parquet(folder), count)

    def _files(self, table: Table, files: list[str]) -> DataFrame:
        if not files:
            return self._empty(table)
        return self.spark.read.schema(local_delta.shape_of(table)).parquet(*files)

    def _frame(self, name: str, rows: pa.Table, shape: StructType) -> DataFrame:
        """Arrow rows as a frame, by way of a file, so that no data is embedded in a query plan."""
        folder = Path(self.scratch.path("staged", name))
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, folder / "part-0.parquet", row_group_size=100_000)
        return self.spark.read.schema(shape).parquet(str(folder))

    def _empty(self, table: Table) -> DataFrame:
        """No rows, in a form that the optimizer recognises: it prunes whatever is joined with them."""
        fields = local_delta.shape_of(table)
        nothing = (F.lit(None).cast(field.dataType).alias(field.name, metadata=field.metadata) for field in fields)
        return self.spark.range(1).where("false").select(*nothing)

    def _feed(self, table: Table, since: int, until: int) -> DataFrame:
        local = self._local(table, small=True)
        if local:
            kinds = [StructField("_change_type", STRING), StructField("_commit_version", LONG)]
            shape = StructType([*self._empty(table).schema, *kinds])
            return self._frame(f"{table.full_name}.{since}-{until}", local.feed(since, until), shape)
        feed = self.spark.read.option("readChangeFeed", "true")
        feed = feed.option("startingVersion", since + 1).option("endingVersion", until)
        return _completed(feed.table(self.name(table)), table)

    def _merge(self, table: Table, staged: Staged) -> Written:
        local = self._local(table, small=True, more_bytes=staged.size_bytes)
        if local:
            return local.merge(pq.read_table(staged.folder))
        self._add_columns(table)
        view = f"c360_{table.layer}_{table.name}"
        staged.rows.createOrReplaceTempView(view)
        on = " AND ".join(f"t.`{k}` <=> s.`{k}`" for k in table.key)
        sets = ", ".join(f"t.`{c}` = s.`{c}`" for c in table.column_names)
        names = ", ".join(f"`{c}`" for c in table.column_names)
        values = ", ".join(f"s.`{c}`" for c in table.column_names)
        result = self.spark.sql(
            f"MERGE INTO {self.name(table)} t USING {view} s ON {on} "
            f"WHEN MATCHED AND s.{CHANGE} = 'delete' THEN DELETE WHEN MATCHED THEN UPDATE SET {sets} "
            f"WHEN NOT MATCHED AND s.{CHANGE} <> 'delete' THEN INSERT ({names}) VALUES ({values})"
        ).head()
        self.spark.catalog.dropTempView(view)
        assert result is not None
        return Written(result["num_inserted_rows"], result["num_updated_rows"], result["num_deleted_rows"])

    def _add_columns(self, table: Table) -> None:
        """Add columns that were declared after the table was created."""
        for column in _missing(self.spark.table(self.name(table)), table):
            comment = column.meaning.replace("'", "\\'")
            self.spark.sql(
                f"ALTER TABLE {self.name(table)} ADD COLUMNS "
                f"(`{column.name}` {column.type.simpleString()} COMMENT '{comment}')"
            )

    def _shaped(self, table: Table, rows: DataFrame) -> DataFrame:
        """Columns in the registry's order and types; a missing or incompatible column fails here, before a write."""
        return rows.to(local_delta.shape_of(table))


def _require(table: Table, verb: Write) -> None:
    """Refuse a write that the table does not allow: a mistake of a stage, not of a user."""
    if not table.write.allows(verb):
        raise TypeError(f"{table.full_name} is declared {table.write}: {verb} could change or remove its rows")


def _missing(rows: DataFrame, table: Table) -> list[TableColumn]:
    return [column for column in table.columns if column.name not in rows.columns]


def _completed(rows: DataFrame, table: Table) -> DataFrame:
    lacking = _missing(rows, table)
    return rows.withColumns({c.name: F.lit(None).cast(c.type) for c in lacking}) if lacking else rows


def _properties(table: Table) -> dict[str, str]:
    own = {name: value for name, value in local_delta.properties(table).items() if value is not None}
    return own | {"delta.enableDeletionVectors": "true"}
