"""What differs between two frames or versions of one table, by its key."""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import MapType

from c360_spark.tables import Column as TableColumn
from c360_spark.tables import Table

STATE = "_state"  # column of images: now, gone or former
CHANGE = "_change"  # column of staged differences: insert, update or delete; merge if it is not known which


def differences(old: DataFrame, new: DataFrame, table: Table) -> DataFrame:
    """Rows of `new` that `old` lacks or has with other values, and rows of which only `old` has the key.

    They have the columns of the table and CHANGE.
    """
    pairs = old.alias("o").join(new.alias("n"), same_key(table), "full")
    gone, added = F.col(f"n.{table.key[0]}").isNull(), F.col(f"o.{table.key[0]}").isNull()
    same = reduce(lambda a, b: a & b, [_value("o", c).eqNullSafe(_value("n", c)) for c in table.columns])
    columns = [F.when(gone, F.col(f"o.{c}")).otherwise(F.col(f"n.{c}")).alias(c) for c in table.column_names]
    change = F.when(gone, "delete").when(added, "insert").otherwise("update").alias(CHANGE)
    return pairs.where(gone | added | ~same).select(*columns, change)


def images(feed: DataFrame, table: Table) -> DataFrame:
    """The rows of `Store.images` in a change data feed."""
    kind, version = F.col("_change_type"), F.col("_commit_version")
    is_before, is_gone = kind == "update_preimage", kind == "delete"

    def image(state: Column) -> Column:
        return F.struct(*table.column_names, state.alias(STATE))

    last = F.max_by(image(F.when(is_gone, "gone").otherwise("now")), F.when(~is_before, version))
    former = F.min_by(image(F.lit("former")), F.when(is_before | is_gone, version))
    keys = [F.col(name).alias(f"_{name}") for name in table.key]
    rows = feed.groupBy(*keys).agg(F.array_compact(F.array(last, former)).alias("images"))
    return rows.select(F.explode("images").alias("image")).select("image.*")


def same_key(table: Table) -> Column:
    """Null-safe equality of the keys of an old row (o) and a new one (n)."""
    return reduce(lambda a, b: a & b, [F.col(f"o.{k}").eqNullSafe(F.col(f"n.{k}")) for k in table.key])


def _value(side: str, column: TableColumn) -> Column:
    """A comparable value: Spark cannot compare maps."""
    value = F.col(f"{side}.{column.name}")
    return F.array_sort(F.map_entries(value)) if isinstance(column.type, MapType) else value
