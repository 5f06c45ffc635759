"""Events, orders and devices that a change touches; and events as a run that is under way will leave them."""

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.record import RECORD_KEY
from c360_spark.gold.order_session import naming
from c360_spark.run.context import Run
from c360_spark.run.pending_changes import Increment, of
from c360_spark.stages.gold.affected_persons import members

READ = (tables.EVENT, tables.MEMBERSHIP, tables.CHANGE, tables.IDENTIFIER_SET, tables.ORDER, tables.PERSON_XREF)
OF_EVENT = {"source": "event_source", "dataset": "event_dataset", "source_key": "event_key"}  # in gold.order_session


@dataclass(frozen=True)
class Work:
    """What a run has to deal with: keys of `touched` events, these as they are `found` to be, and the `people` whose
    they are or were. Where everything is touched, `found` is everything and the others are None.
    """

    found: DataFrame
    touched: DataFrame | None = None
    people: DataFrame | None = None

    def events(self, run: Run) -> DataFrame:
        """gold.event as it will be."""
        found = self.found.drop("steps")
        if self.touched is None:
            return found
        others = run.store.read(tables.GOLD_EVENT).join(self.touched, [*RECORD_KEY], "left_anti")
        return found.unionByName(others)


def touched_events(run: Run, news: Increment) -> DataFrame:
    """Keys of events that came, changed or went, and of those whose identifiers changed hands."""
    read, told = run.store.read, news.latest(tables.CHANGE)
    explained = read(tables.MEMBERSHIP).join(
        told.select(F.col("run_id").alias("valid_to_run"), F.col("from_person_id").alias("person_id")),
        ["valid_to_run", "person_id"],
        "left_semi",
    )
    moved = news.latest(tables.MEMBERSHIP).select("identifier_id").unionByName(explained.select("identifier_id"))
    sets = members(run).join(moved, "identifier_id", "left_semi").select("identifier_set_id")
    theirs = read(tables.EVENT).join(sets, "identifier_set_id", "left_semi")
    return news.latest(tables.EVENT).select(*RECORD_KEY).unionByName(theirs.select(*RECORD_KEY)).distinct()


def touched_orders(run: Run, news: Increment, work: Work | None) -> DataFrame:
    """Keys of orders that came, changed, went or have another owner, of those that a touched event names or named, and
    of those placed by people whose sessions may be others.
    """
    orders = run.store.read(tables.ORDER)
    found = [news.touched(tables.ORDER, *RECORD_KEY), of(orders, news.touched(tables.PERSON_XREF, *RECORD_KEY))]
    if work and work.touched is not None and work.people is not None:
        told = run.store.read(tables.ORDER_SESSION)
        events = work.touched.withColumnsRenamed(OF_EVENT)
        people = work.people.select(F.col("person_id").alias("event_person_id"))
        named = naming(of(run.store.read(tables.EVENT), work.touched), run.conf.taxonomy.order_numbers)
        found += [of(told, events), of(told, people), of(orders, named.select("order_id"))]
    return reduce(DataFrame.unionByName, (rows.select(*RECORD_KEY) for rows in found)).distinct()


def touched_devices(news: Increment) -> DataFrame:
    """`device_id` of identifiers whose owner or whose sets changed. Among them are identifiers of other kinds."""
    once = news.touched(tables.IDENTIFIER_SET, "members").select(F.explode("members.identifier_id").alias("id"))
    held = news.touched(tables.MEMBERSHIP, "identifier_id")
    return once.union(held).select(F.col("id").alias("device_id")).distinct()
