"""The versions of a source record, and which of them is current: by the source's own time, then by arrival.

A version is as old as its source says: `updated_at`, else `created_at`. A source that says neither is taken by arrival.
Of versions with equal times the one that arrived later is current, and within one file the later one. A hash decides
nothing.
"""

from collections.abc import Iterable, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

RECORD_KEY = ("source", "dataset", "source_key")
SAID = ("updated_at", "created_at")


def said_at(columns: Iterable[str]) -> Column:
    """When a version is from, of a row that has these columns."""
    return F.coalesce(*(name for name in SAID if name in columns), "received_at")


def arrival() -> Column:
    """When a version arrived: no two of one dataset are equal in it."""
    return F.struct("received_at", "position")


def newest(value: Column | str, columns: Iterable[str]) -> Column:
    """Aggregate: `value` of the newest version of a source key, over all its versions, which have these columns. A
    deletion has no values.
    """
    order = F.struct(said_at(columns).alias("said_at"), "received_at", "position")
    return F.max_by(value, F.when(~F.col("is_deleted"), order))


def newest_said(name: str, columns: Iterable[str]) -> Column:
    """Aggregate: the value of a column in the newest version whose delivery has it."""
    order = F.struct(said_at(columns).alias("said_at"), "received_at", "position")
    told = ~F.array_contains(F.coalesce("unsaid", F.array().cast("array<string>")), name)
    return F.max_by(name, F.when(~F.col("is_deleted") & told, order))


def is_gone() -> Column:
    """Aggregate: whether a full delivery lacked the source key, and nothing has come of it since."""
    return F.max_by("is_deleted", arrival())


def current(versions: DataFrame, *, patchy: Sequence[str] = ()) -> DataFrame:
    """The current version of each source key of a versioned silver table; none of keys that are gone.

    `patchy` are columns that some deliveries did not have: what an earlier version said there still holds.
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
