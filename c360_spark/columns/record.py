"""Versions of a source record, and which is the current version: by the source's own time, then by arrival.

The source's time is `updated_at`, else `created_at`. Where a source gives neither, arrival counts. Of versions with
equal times the later arrival is current, and within one file the later row. A hash decides nothing.
"""

from collections.abc import Iterable, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

RECORD_KEY = ("source", "dataset", "source_key")
SAID = ("updated_at", "created_at")


def said_at(columns: Iterable[str]) -> Column:
    """The time of a version: the source's own, else its arrival. The row has `columns`."""
    return F.coalesce(*(name for name in SAID if name in columns), "received_at")


def arrival() -> Column:
    """The arrival of a version, for ordering: no two versions of one dataset are equal in it."""
    return F.struct("received_at", "position")


def newest(value: Column | str, columns: Iterable[str]) -> Column:
    """Aggregate: `value` of the newest version of a source key, over all its versions, which have `columns`.

    Deletions are not considered: they have no values.
    """
    order = F.struct(said_at(columns).alias("said_at"), "received_at", "position")
    return F.max_by(value, F.when(~F.col("is_deleted"), order))


def newest_said(name: str, columns: Iterable[str]) -> Column:
    """Aggregate: the value of a column in the newest version whose delivery has that column."""
    order = F.struct(said_at(columns).alias("said_at"), "received_at", "position")
    told = ~F.array_contains(F.coalesce("unsaid", F.array().cast("array<string>")), name)
    return F.max_by(name, F.when(~F.col("is_deleted") & told, order))


def is_gone() -> Column:
    """Aggregate: whether the source key is deleted: a full delivery lacked it, and no later delivery has it."""
    return F.max_by("is_deleted", arrival())


def current(versions: DataFrame, *, patchy: Sequence[str] = ()) -> DataFrame:
    """The current version of each source key of a versioned silver table; deleted source keys have no row.

    `patchy` are columns that some deliveries did not have: the value of an earlier version still holds there.
    """
    last_said = {name: f"_said_{name}" for name in patchy}
    found = versions.groupBy(*RECORD_KEY).agg(
        newest("bronze_id", versions.columns).alias("bronze_id"),
        is_gone().alias("gone"),
        *(newest_said(name, versions.columns).alias(alias) for name, alias in last_said.items()),
    )
    kept = found.where("NOT gone").select("bronze_id", *last_said.values())
    if not patchy:
        return versions.join(kept, "bronze_id", "left_semi")
    filled = versions.join(kept, "bronze_id").withColumns({name: F.col(alias) for name, alias in last_said.items()})
    return filled.select(*versions.columns)
