"""`c360 diff`: compare two lakes table by table. A replay with the same conf/ gives no difference."""

from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.errors import InputError
from c360_spark.store import Store
from c360_spark.tables import Table

SAMPLE = 3
Difference = dict[str, Any]


def diff(one: Store, other: Store, wanted: list[str]) -> list[Difference]:
    """`table, only_one, only_other, changed, columns, sample` of every table that differs, of those `wanted` or of all.

    `columns` counts the changed rows by column that differs; `sample` holds the keys of a few rows, without personal
    columns. Skips tables of clock times, Delta versions or answers of destinations: a replay need not repeat those.
    Raises InputError C203 for an unknown table, C304 for a lake without tables.
    """
    known = {table.full_name: table for table in tables.ALL if not table.physical}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InputError("C203", f"no table '{unknown[0]}'", hint=f"one of {', '.join(known)}")
    for store in (one, other):
        if not any(store.exists(table) for table in known.values()):
            raise InputError("C304", f"{store.lake} holds no tables", hint="give the roots of two lakes")
    found = (_of_table(one, other, known[name]) for name in wanted or known)
    return [difference for difference in found if difference]


def _of_table(one: Store, other: Store, table: Table) -> Difference | None:
    left, right = one.read(table).alias("l"), other.read(table).alias("r")
    same_key = reduce(lambda a, b: a & b, (F.col(f"l.{k}").eqNullSafe(F.col(f"r.{k}")) for k in table.key))
    in_left, in_right = (F.col(f"{side}.{table.key[0]}").isNotNull() for side in ("l", "r"))
    values = [name for name in table.column_names if name not in table.key]
    both = left.join(right, same_key, "full")
    differs = {name: in_left & in_right & ~_text("l", name).eqNullSafe(_text("r", name)) for name in values}
    changed = reduce(lambda a, b: a | b, differs.values(), F.lit(False))
    counts = both.agg(
        _count(in_left & ~in_right).alias("only_one"),
        _count(in_right & ~in_left).alias("only_other"),
        _count(changed).alias("changed"),
        *(_count(condition).alias(f"column {name}") for name, condition in differs.items()),
    ).head()
    assert counts is not None
    figures = counts.asDict()
    if not figures["only_one"] + figures["only_other"] + figures["changed"]:
        return None
    columns = {name: figures.pop(f"column {name}") for name in values}
    rows = both.where(changed | ~in_left | ~in_right)
    return {"table": table.full_name, **figures, "columns": {n: c for n, c in columns.items() if c}} | {
        "sample": _sample(rows, table)
    }


def _sample(rows: DataFrame, table: Table) -> list[Difference]:
    plain = [name for name in table.key if name in table.statistics_columns]
    keys = rows.select(*(F.coalesce(f"l.{name}", f"r.{name}").alias(name) for name in plain))
    return [row.asDict() for row in keys.orderBy(*plain).limit(SAMPLE).collect()] if plain else []


def _text(side: str, name: str) -> Column:
    """The column as JSON text, since Spark cannot compare maps."""
    return F.to_json(F.struct(F.col(f"{side}.{name}")))


def _count(condition: Column) -> Column:
    return F.count(F.when(condition, 1))


def as_text(differences: list[Difference]) -> str:
    """The differences as text, a few lines per table."""
    if not differences:
        return "no table differs"
    lines = []
    for each in differences:
        counts = f"{each['only_one']:,} only here, {each['only_other']:,} only there, {each['changed']:,} changed"
        columns = ", ".join(f"{name} {count:,}" for name, count in each["columns"].items())
        lines.append(f"{each['table']}: {counts}{f' ({columns})' if columns else ''}")
        lines += [f"  e.g. {', '.join(f'{k} {v}' for k, v in row.items())}" for row in each["sample"]]
    return "\n".join(lines)
