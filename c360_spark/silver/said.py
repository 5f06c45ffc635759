"""Which properties a delivery has. A null in a property that the delivery lacks is not a statement of the source."""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config import Contract, Field

SAMPLE = 1000  # first records of a delivery, searched for properties that no contract names
Delivered = tuple[str, str, datetime]  # source, dataset, received_at


def resolved(names: Sequence[str], contract: Contract) -> list[str]:
    """Delivered names as names of the contract.

    Its own names come first, then aliases, then, where `headers` is `ignore_case`, names that differ in case only.
    """
    own = {field.path[0] for field in contract.fields}
    other = {alias: f.path[0] for f in contract.fields if len(f.path) == 1 for alias in f.settings.aliases}
    cased = {name.casefold(): to for name, to in [*((n, n) for n in own), *other.items()]}
    ignore_case = contract.settings.headers == "ignore_case"
    taken = own & set(names)
    found = []
    for name in names:
        to = name if name in own else other.get(name, cased.get(name.casefold()) if ignore_case else None)
        if to is None or (to != name and to in taken):
            found.append(name)
        else:
            taken.add(to)
            found.append(to)
    return found


def header_names(header: str, separator: str) -> list[str]:
    """The names in the header of a delimited file; quoted names may have line breaks."""
    cells = csv.reader(io.StringIO(header.lstrip("\ufeff"), newline=""), delimiter=separator)
    return [name.strip() for name in next(cells, [])]


def silent(rows: DataFrame, columns: Iterable[str]) -> DataFrame:
    """Columns without a value, for each delivery: `source, dataset, received_at, c0, c1, …`.

    Each `c` belongs to a silver column in `columns`, in their order, and is true where no record of the delivery has a
    value.
    """
    none = ((F.count(_value(name)) == 0).alias(f"c{i}") for i, name in enumerate(columns))
    return rows.groupBy("source", "dataset", "received_at").agg(*none)


def shapes(rows: DataFrame, wanted: Collection[str]) -> DataFrame:
    """The shape of each delivery of a dataset: `received_at, delivery_id, header, keys, named`.

    `keys` are the top-level names in its first SAMPLE records of JSON, `named` those of `wanted` that occur anywhere in
    it. `rows` are rows of bronze.
    """
    keys = F.collect_set(F.when(F.col("position") < SAMPLE, F.json_object_keys("payload")))
    # With its colon: a value of the same text, as in "channel": "email", is no property.
    has = {name: F.bool_or(F.col("payload").rlike(rf'"\Q{name}\E"\s*:')) for name in sorted(wanted)}
    named = [F.when(found, F.lit(name)) for name, found in has.items()]
    return rows.groupBy("received_at").agg(
        F.max("delivery_id").alias("delivery_id"),
        F.max("header").alias("header"),
        F.array_sort(F.array_distinct(F.flatten(keys))).alias("keys"),
        (F.array_compact(F.array(*named)) if named else F.array().cast("array<string>")).alias("named"),
    )


def mapped_fields(contract: Contract) -> dict[str, Field]:
    """The property that is mapped to each silver column, or to an entry of a map column."""
    return {f.settings.canonical: f for f in contract.fields if f.settings.canonical}


def unsaid(columns: Mapping[Delivered, Sequence[str]]) -> Column:
    """The silver columns that the delivery of a row lacks: an array of names, or null."""
    times: dict[tuple[str, str, tuple[str, ...]], list[datetime]] = {}
    for (source, dataset, at), names in columns.items():
        if names:
            times.setdefault((source, dataset, tuple(sorted(names))), []).append(at)
    found = F.lit(None).cast("array<string>")
    # Few sets of names, however many deliveries: a branch for each delivery would nest too deep to plan.
    for (source, dataset, lacking), at_times in times.items():
        of_it = (F.col("source") == source) & (F.col("dataset") == dataset) & F.col("received_at").isin(at_times)
        found = F.when(of_it, F.array(*map(F.lit, lacking))).otherwise(found)
    return found


def _value(name: str) -> Column:
    column, _, entry = name.partition(".")
    return F.col(column)[entry] if entry else F.col(column)
