"""Events, orders and devices affected by pending changes, and gold.event as the current run will leave it."""

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.record import RECORD_KEY
from c360_spark.gold.session import naming
from c360_spark.run.context import Run
from c360_spark.run.pending_changes import PendingChanges, restrict_to
from c360_spark.stages.gold.affected_persons import members

READ = (tables.EVENT, tables.MEMBERSHIP, tables.CHANGE, tables.IDENTIFIER_SET, tables.ORDER, tables.PERSON_XREF)
OF_EVENT = {"source": "event_source", "dataset": "event_dataset", "source_key": "event_key"}  # as in gold.order_session


@dataclass(frozen=True)
class AffectedEvents:
    """Events to recompute, and the persons that they belong or belonged to.

    `affected` are their keys, `found` these events as they are now, `people` the persons. In a full refresh `found` has
    all events and the others are None.
    """

    found: DataFrame
    affected: DataFrame | None = None
    people: DataFrame | None = None

    def events(self, run: Run) -> DataFrame:
        """gold.event as this run will leave it."""
        found = self.found.drop("steps")
        if self.affected is None:
            return found
        others = run.store.read(tables.GOLD_EVENT).join(self.affected, [*RECORD_KEY], "left_anti")
        return found.unionByName(others)


def affected_events(run: Run, pending: PendingChanges) -> DataFrame:
    """Keys of events inserted, changed or deleted, and of events with identifiers that moved to another person."""
    read, told = run.store.read, pending.images(tables.CHANGE)
    explained = read(tables.MEMBERSHIP).join(
        told.select(F.col("run_id").alias("valid_to_run"), F.col("from_person_id").alias("person_id")),
        ["valid_to_run", "person_id"],
        "left_semi",
    )
    moved = pending.images(tables.MEMBERSHIP).select("identifier_id").unionByName(explained.select("identifier_id"))
    sets = members(run).join(moved, "identifier_id", "left_semi").select("identifier_set_id")
    theirs = read(tables.EVENT).join(sets, "identifier_set_id", "left_semi")
    return pending.images(tables.EVENT).select(*RECORD_KEY).unionByName(theirs.select(*RECORD_KEY)).distinct()


def affected_orders(run: Run, pending: PendingChanges, work: AffectedEvents | None) -> DataFrame:
    """Keys of affected orders.

    These are orders inserted, changed, deleted or with another owner; orders that an affected event names or named; and
    orders recorded with an event of a person whose sessions may have changed.
    """
    orders = run.store.read(tables.ORDER)
    found = [
        pending.changed_values(tables.ORDER, *RECORD_KEY),
        restrict_to(orders, pending.changed_values(tables.PERSON_XREF, *RECORD_KEY)),
    ]
    if work and work.affected is not None and work.people is not None:
        told = run.store.read(tables.ORDER_SESSION)
        events = work.affected.withColumnsRenamed(OF_EVENT)
        people = work.people.select(F.col("person_id").alias("event_person_id"))
        named = naming(restrict_to(run.store.read(tables.EVENT), work.affected), run.conf.taxonomy.order_numbers)
        found += [restrict_to(told, events), restrict_to(told, people), restrict_to(orders, named.select("order_id"))]
    return reduce(DataFrame.unionByName, (rows.select(*RECORD_KEY) for rows in found)).distinct()


def affected_devices(pending: PendingChanges) -> DataFrame:
    """`device_id` of identifiers with another owner or with changed identifier sets.

    Identifiers of other kinds are among them.
    """
    once = pending.changed_values(tables.IDENTIFIER_SET, "members").select(
        F.explode("members.identifier_id").alias("id")
    )
    held = pending.changed_values(tables.MEMBERSHIP, "identifier_id")
    return once.union(held).select(F.col("id").alias("device_id")).distinct()
