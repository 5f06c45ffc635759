"""Affected persons: their profile, record keys or consent may differ from last time; and the sets they own."""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.record import RECORD_KEY
from c360_spark.gold.owner import owners
from c360_spark.run.context import Run
from c360_spark.run.pending_changes import PendingChanges
from c360_spark.stages.identity.graph import current_membership

READ = (tables.PERSON, tables.MEMBERSHIP, tables.IDENTIFIER_SET, tables.CONSENT, *tables.OWNED)


def affected_persons(run: Run, pending: PendingChanges) -> DataFrame:
    """`person_id` of affected persons, and perhaps of some who are not.

    These are persons who changed, who have or had a changed identifier, or who may own or have owned a changed record.
    They are computed from the stage's inputs, not from its outputs, so that a killed run finds the same persons again.
    """
    shared = members(run).join(_affected_sets(run, pending), "identifier_set_id", "left_semi").select("identifier_id")
    gone = pending.changed_values(tables.IDENTIFIER_SET, "members")  # a deleted set is in no table any more
    once = gone.select(F.explode("members.identifier_id").alias("identifier_id"))
    theirs = current_membership(run).join(shared.unionByName(once), "identifier_id", "left_semi")
    moved = (pending.changed_values(table, "person_id") for table in (tables.PERSON, tables.MEMBERSHIP))
    return reduce(DataFrame.unionByName, moved, theirs.select("person_id")).distinct()


def owned_sets(run: Run, persons: DataFrame | None) -> DataFrame:
    """`identifier_set_id, person_id` of the sets that `persons` own; of all owned sets if it is None."""
    sets, placed = run.store.read(tables.IDENTIFIER_SET), current_membership(run)
    if persons is None:
        return owners(sets, placed, run.conf.rules)
    theirs = placed.join(persons, "person_id", "left_semi")
    candidates = members(run).join(theirs, "identifier_id", "left_semi").select("identifier_set_id")
    found = owners(sets.join(candidates, "identifier_set_id", "left_semi"), placed, run.conf.rules)
    return found.join(persons, "person_id", "left_semi")


def _affected_sets(run: Run, pending: PendingChanges) -> DataFrame:
    """Identifier sets of records inserted, changed or deleted, and of all versions of these records.

    A new version may have another set than the one before. A changed record count shows that a set is affected. Sets
    with a moved member, and those of consents that took effect since the last run, are affected too.
    """
    moved = pending.changed_values(tables.MEMBERSHIP, "identifier_id")
    sets = [members(run).join(moved, "identifier_id", "left_semi").select("identifier_set_id")]
    sets += [pending.changed_values(table, "identifier_set_id") for table in (tables.IDENTIFIER_SET, tables.CONSENT)]
    for table in tables.OWNED:
        versions = run.store.read(table).join(pending.changed_values(table, *RECORD_KEY), [*RECORD_KEY], "left_semi")
        sets.append(versions.select("identifier_set_id"))
    consents, came = run.store.read(tables.CONSENT), F.col("effective_from") <= F.lit(run.as_of)
    since = F.col("effective_from") > F.lit(pending.last_as_of) if pending.last_as_of else F.lit(True)
    sets.append(consents.where(since & came).select("identifier_set_id"))
    return reduce(DataFrame.unionByName, sets).distinct()


def members(run: Run) -> DataFrame:
    """`identifier_set_id, identifier_id` of all identifier sets."""
    return run.store.read(tables.IDENTIFIER_SET).select(
        "identifier_set_id", F.explode("members.identifier_id").alias("identifier_id")
    )
