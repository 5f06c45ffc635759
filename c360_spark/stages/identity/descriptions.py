"""Agreement and contradiction of records that share identifiers, as evidence.

The order of writes matters to a run that is killed. What a change affects is found from identity.description as it was
before the change, so that table is written last, when the graph is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.rules.identity import RuleSet
from c360_spark.identity.contradiction import Description, agreement_evidence, descriptions, rows_by_identifier
from c360_spark.run.context import Run
from c360_spark.store import STATE

COLUMNS = Description._fields


@dataclass(frozen=True)
class Descriptions:
    """Rows of identity.description to write: `new` in place of `old`, or of all; both are frames, or tuples."""

    new: Any
    old: Any = None

    def write(self, run: Run) -> None:
        """Write the differences."""
        if isinstance(self.new, DataFrame):
            run.store.sync(tables.DESCRIPTION, self.new, old=self.old)
        else:
            run.store.sync_rows(tables.DESCRIPTION, self.new, old=self.old)


@dataclass(frozen=True)
class SharedFrames:
    """What changed descriptions give: `evidence` in place of all rows with one of `evidence_ids` (`evidence_id`), and
    the `affected` identifiers (`identifier_id`).
    """

    evidence: DataFrame
    evidence_ids: DataFrame
    affected: DataFrame
    descriptions: Descriptions | None = None


@dataclass(frozen=True)
class Shared:
    """The same as Python values, where they are few."""

    evidence: Sequence[tuple[Any, ...]] = ()
    evidence_ids: Collection[str] = ()
    affected: Collection[int] = ()
    descriptions: Descriptions | None = None

    def in_frames(self, run: Run) -> SharedFrames:
        """The same for Spark."""
        make = run.spark.createDataFrame
        return SharedFrames(
            make([*self.evidence], tables.EVIDENCE.schema),
            make([(one,) for one in self.evidence_ids], "evidence_id string"),
            make([(one,) for one in self.affected], "identifier_id long"),
            self.descriptions,
        )


def describe_all(run: Run, rules: RuleSet) -> tuple[Descriptions | None, DataFrame | None]:
    """Descriptions of all records, and the evidence that follows from them."""
    if rules.contradictions is None:
        if not run.store.exists(tables.DESCRIPTION):
            return None, None
        return Descriptions(run.spark.createDataFrame([], tables.DESCRIPTION.schema)), None
    found, _ = run.store.stage("descriptions", descriptions(run.store.read(tables.PROFILE_RECORD), rules))
    return Descriptions(found), agreement_evidence(found)


def describe_changed(run: Run, rules: RuleSet, images: DataFrame) -> Shared | SharedFrames:
    """What changed records mean for the identifiers that they carry or carried.

    `images` are the `Store.images` of silver.profile_record.
    """
    if rules.contradictions is None:
        return Shared()
    most = run.conf.platform.components.small_change_rows
    new = descriptions(images.where(F.col(STATE) == "now"), rules)
    told = images.select("bronze_id").distinct().join(new, "bronze_id", "left").select(*COLUMNS)
    rows, _, values = run.store.stage_rows("descriptions", told, most=most)
    found = None if values is None else _in_python(run, values, most)
    return _in_spark(run, rows) if found is None else found


def _in_python(run: Run, values: Sequence[tuple[Any, ...]], most: int) -> Shared | None:
    """None where there is too much to read."""
    if not values:
        return Shared()
    changed, new = {row[0] for row in values}, [Description(*row) for row in values if row[1] is not None]
    found = run.store.lookup(tables.DESCRIPTION, *COLUMNS, having={"bronze_id": changed}, most=most)
    if found is None:
        return None
    old = [Description(*row) for row in found]
    shared = {row.identifier_id for row in (*new, *old)}
    if not shared:
        return Shared()
    found = run.store.lookup(tables.DESCRIPTION, *COLUMNS, having={"identifier_id": shared}, most=most)
    if found is None:
        return None
    before = [Description(*row) for row in found]
    evidence = rows_by_identifier([*(row for row in before if row.bronze_id not in changed), *new])
    affected = shared | {row.other_id for row in (*new, *before)}
    return Shared(evidence, {str(one) for one in shared}, affected, Descriptions(new, old))


def _in_spark(run: Run, rows: DataFrame) -> SharedFrames:
    store = run.store
    changed, table = rows.select("bronze_id").distinct(), store.read(tables.DESCRIPTION)
    new = rows.where("identifier_id IS NOT NULL")
    old, _ = store.stage("descriptions before", table.join(changed, "bronze_id", "left_semi").select(*COLUMNS))
    shared = new.select("identifier_id").unionByName(old.select("identifier_id")).distinct()
    ids, _ = store.stage("shared identifiers", shared)
    before, _ = store.stage("shared descriptions", table.join(ids, "identifier_id", "left_semi").select(*COLUMNS))
    now = before.join(changed, "bronze_id", "left_anti").unionByName(new)
    others = (frame.select(F.col("other_id").alias("identifier_id")) for frame in (new, before))
    return SharedFrames(
        store.stage("agreements", agreement_evidence(now))[0],
        ids.select(F.col("identifier_id").cast("string").alias("evidence_id")),
        reduce(DataFrame.unionByName, (ids, *others)).distinct(),
        Descriptions(new, old),
    )
