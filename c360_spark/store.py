"""The only module that touches Delta: read, changes since, append, merge, sync.

Every write is idempotent for the caller: an append is of rows the caller knows to be new, a merge is by key, and a sync
writes only what differs. So a killed stage is repaired by running it again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import MapType, StructField, StructType

from c360_spark.config.platform import absolute
from c360_spark.scratch import FOLDER, Scratch
from c360_spark.tables import Column as TableColumn
from c360_spark.tables import Table

GONE = re.compile(
    "FileNotFoundException|VersionNotFoundException|FILE_NOT_EXIST|"
    "DELTA_(VERSION_NOT_FOUND|TRUNCATED_TRANSACTION_LOG|CHANGE_DATA_FILE_NOT_FOUND)"
)


def history_is_gone(error: Exception) -> bool:
    """Whether a read failed because VACUUM, or the retention of Delta's log, has removed what it was to read."""
    return bool(GONE.search(str(error)))


@dataclass(frozen=True)
class Written:
    """Rows a write changed."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        return self.inserted + self.updated + self.deleted


class Store:
    """The tables of one lake: folders below `lake`, or tables of `catalog` where one is given.

    With `candidate`, everything after silver is kept apart in layers of that name, beside the live ones.
    """

    def __init__(
        self, spark: SparkSession, lake: str, catalog: str | None = None, *, candidate: str | None = None
    ) -> None:
        self.spark, self.lake, self.catalog, self.candidate = spark, absolute(lake).rstrip("/"), catalog, candidate
        self.scratch = Scratch(f"{self.lake}/{FOLDER}", spark)

    def path(self, table: Table) -> str:
        """The table's folder (path mode)."""
        return f"{self.lake}/{self._layer(table)}/{table.name}"

    def name(self, table: Table) -> str:
        """The table as SQL names it."""
        if self.catalog:
            return f"`{self.catalog}`.`{self._layer(table)}`.`{table.name}`"
        return f"delta.`{self.path(table).replace('`', '``')}`"

    def _layer(self, table: Table) -> str:
        shared = table.layer in ("bronze", "silver") or not self.candidate
        return table.layer if shared else f"{table.layer}_{self.candidate}"

    def exists(self, table: Table) -> bool:
        if self.catalog:
            return self.spark.catalog.tableExists(self.name(table))
        return DeltaTable.isDeltaTable(self.spark, self.path(table))

    def version(self, table: Table) -> int:
        """The newest Delta version; -1 while the table does not exist."""
        if not self.exists(table):
            return -1
        row = DeltaTable.forName(self.spark, self.name(table)).history(1).select("version").head()
        return int(row["version"]) if row else -1

    def read(self, table: Table) -> DataFrame:
        """The table as it is now; an empty frame of its shape while it does not exist. Columns that were declared after
        it was made are null.
        """
        if not self.exists(table):
            return self._empty(table)
        return _completed(self.spark.table(self.name(table)), table)

    def changes(self, table: Table, *, since: int, until: int) -> DataFrame:
        """Rows appended to an append-only table after version `since`, up to version `until` (> since)."""
        if since < 0:  # the table itself: the change feed makes an object of every row
            rows = self.spark.read.option("versionAsOf", until).table(self.name(table))
            return _completed(rows, table).select(*table.column_names)
        return self._feed(table, since, until).where("_change_type = 'insert'").select(*table.column_names)

    def latest(self, table: Table, *, since: int, until: int) -> DataFrame:
        """One row for each key that came, changed or went after version `since`, up to `until`: as it was last, and
        `_gone`, whether it was deleted.
        """
        names = table.column_names
        if until <= since:
            return self._empty(table).withColumn("_gone", F.lit(False))
        images = self._feed(table, since, until).where("_change_type <> 'update_preimage'")
        gone = (F.col("_change_type") == "delete").alias("_gone")
        last = F.max_by(F.struct(*names, gone), F.col("_commit_version"))
        return images.groupBy(*(F.col(k).alias(f"_{k}") for k in table.key)).agg(last.alias("image")).select("image.*")

    def touched(self, table: Table, columns: Sequence[str], *, since: int, until: int) -> DataFrame:
        """The distinct values of `columns` in rows that came, changed or went after version `since`, up to `until`: as
        they were before and as they were after. Values without a null only.
        """
        if until <= since:
            return self._empty(table).select(*columns)
        return self._feed(table, since, until).select(*columns).na.drop().distinct()

    def ensure(self, table: Table) -> None:
        """Make the table if it does not exist. Needed before several threads append to it."""
        if not self.exists(table):
            self.append(table, self._empty(table))

    def append(self, table: Table, rows: DataFrame) -> Written:
        """Add rows. The first append makes the table, with comments and without statistics of PII columns."""
        counted = Observation()
        frame = self._shaped(table, rows).observe(counted, F.count(F.lit(1)).alias("rows"))
        writer = frame.write.format("delta").mode("append").options(mergeSchema="true", **_properties(table))
        writer.saveAsTable(self.name(table)) if self.catalog else writer.save(self.path(table))
        return Written(inserted=counted.get["rows"])

    def add(self, table: Table, rows: DataFrame) -> Written:
        """Append the rows whose key the table lacks."""
        if self.exists(table):
            known = self.read(table).select(*table.key)
            rows = rows.join(known, [*table.key], "left_anti")
        return self.append(table, rows)

    def merge(self, table: Table, rows: DataFrame) -> Written:
        """Insert rows with new keys and overwrite those with known keys. `rows` has one row a key."""
        if not self.exists(table):
            return self.append(table, rows)
        changed = self._shaped(table, rows).withColumn("_delete", F.lit(False))
        staged, count = self.stage(f"{table.full_name}.changed", changed)
        return self._merge(table, staged) if count else Written()

    def sync(self, table: Table, rows: DataFrame, *, old: DataFrame | None = None) -> Written:
        """Make the table (or `old`, some rows of it) equal to `rows`, writing only differences."""
        if not self.exists(table):
            return self.append(table, rows)
        shaped = self._shaped(table, rows)
        found = _differences(self.read(table) if old is None else old, shaped, table)
        differences, count = self.stage(f"{table.full_name}.differences", found)
        return self._merge(table, differences) if count else Written()

    def stage(self, name: str, rows: DataFrame) -> tuple[DataFrame, int]:
        """Compute `rows` once, into a scratch folder of the lake. Gives them back with a short plan, and their number.

        Unlike a cache it survives a lost executor, and what is read from it twice is the same twice.
        """
        counted = Observation()
        path = self.scratch.path("staged", name.replace(" ", "_"))
        rows.observe(counted, F.count(F.lit(1)).alias("rows")).write.mode("overwrite").parquet(path)
        return self.spark.read.schema(rows.schema).parquet(path), int(counted.get["rows"])

    def place_checkpoints(self) -> None:
        """Have graph algorithms cut their lineage in the scratch folder."""
        self.spark.sparkContext.setCheckpointDir(self.scratch.path("checkpoints"))

    def _empty(self, table: Table) -> DataFrame:
        """No rows, in a way that the optimizer sees: it takes out whatever is joined with them."""
        nothing = (F.lit(None).cast(column.type).alias(column.name) for column in table.columns)
        return self.spark.range(1).where("false").select(*nothing)

    def _feed(self, table: Table, since: int, until: int) -> DataFrame:
        feed = self.spark.read.option("readChangeFeed", "true")
        feed = feed.option("startingVersion", since + 1).option("endingVersion", until)
        return _completed(feed.table(self.name(table)), table)

    def _merge(self, table: Table, rows: DataFrame) -> Written:
        self._add_columns(table)
        view = f"c360_{table.layer}_{table.name}"
        rows.createOrReplaceTempView(view)
        on = " AND ".join(f"t.`{k}` <=> s.`{k}`" for k in table.key)
        sets = ", ".join(f"t.`{c}` = s.`{c}`" for c in table.column_names)
        names = ", ".join(f"`{c}`" for c in table.column_names)
        values = ", ".join(f"s.`{c}`" for c in table.column_names)
        result = self.spark.sql(
            f"MERGE INTO {self.name(table)} t USING {view} s ON {on} "
            f"WHEN MATCHED AND s._delete THEN DELETE WHEN MATCHED THEN UPDATE SET {sets} "
            f"WHEN NOT MATCHED AND NOT s._delete THEN INSERT ({names}) VALUES ({values})"
        ).head()
        self.spark.catalog.dropTempView(view)
        assert result is not None
        return Written(result["num_inserted_rows"], result["num_updated_rows"], result["num_deleted_rows"])

    def _add_columns(self, table: Table) -> None:
        """Those that were declared after the table was made."""
        for column in _missing(self.spark.table(self.name(table)), table):
            comment = column.meaning.replace("'", "\\'")
            self.spark.sql(
                f"ALTER TABLE {self.name(table)} ADD COLUMNS "
                f"(`{column.name}` {column.type.simpleString()} COMMENT '{comment}')"
            )

    def _shaped(self, table: Table, rows: DataFrame) -> DataFrame:
        """Columns in the registry's order and types; a missing or incompatible column fails here, before a write."""
        fields = [StructField(c.name, c.type, True, {"comment": c.meaning}) for c in table.columns]
        return rows.to(StructType(fields))


def _missing(rows: DataFrame, table: Table) -> list[TableColumn]:
    return [column for column in table.columns if column.name not in rows.columns]


def _completed(rows: DataFrame, table: Table) -> DataFrame:
    lacking = _missing(rows, table)
    return rows.withColumns({c.name: F.lit(None).cast(c.type) for c in lacking}) if lacking else rows


def _properties(table: Table) -> dict[str, str]:
    return {
        "delta.enableChangeDataFeed": "true",
        "delta.enableDeletionVectors": "true",
        "delta.dataSkippingStatsColumns": ",".join(table.statistics_columns),
    }


def _differences(old: DataFrame, new: DataFrame, table: Table) -> DataFrame:
    """Rows of `new` that `old` lacks or has otherwise, and keys only `old` has, marked `_delete`."""
    pairs = old.alias("o").join(
        new.alias("n"),
        reduce(lambda a, b: a & b, [F.col(f"o.{k}").eqNullSafe(F.col(f"n.{k}")) for k in table.key]),
        "full",
    )
    gone, added = F.col(f"n.{table.key[0]}").isNull(), F.col(f"o.{table.key[0]}").isNull()
    same = reduce(lambda a, b: a & b, [_value("o", c).eqNullSafe(_value("n", c)) for c in table.columns])
    columns = [F.when(gone, F.col(f"o.{c}")).otherwise(F.col(f"n.{c}")).alias(c) for c in table.column_names]
    return pairs.where(gone | added | ~same).select(*columns, gone.alias("_delete"))


def _value(side: str, column: TableColumn) -> Column:
    """A value that can be compared: Spark compares no maps."""
    value = F.col(f"{side}.{column.name}")
    return F.array_sort(F.map_entries(value)) if isinstance(column.type, MapType) else value
