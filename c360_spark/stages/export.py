"""export: audience members → the outbox of each destination, only what changed since it was last sent."""

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation import Destination
from c360_spark.export.change import export_changes
from c360_spark.export.payload import payloads
from c360_spark.stages.run import Run


def export(run: Run) -> None:
    """Add the changes of every destination to its outbox, then note them as sent."""
    for destination in run.conf.destinations.values():
        with run.step(f"export {destination.name}") as step:
            told = _changes(run, destination).persist(StorageLevel.DISK_ONLY)
            # The outbox comes first: a killed run computes the same changes and keys again, and adds none twice.
            step.wrote("outbox", run.store.add(tables.outbox(destination.name), told))
            state = told.select(F.lit(destination.name).alias("destination"), *tables.STATE.column_names[1:])
            run.store.merge(tables.STATE, state)
            told.unpersist()


def _changes(run: Run, destination: Destination) -> DataFrame:
    stays = run.store.read(tables.AUDIENCE_MEMBER).where(F.col("audience") == destination.audience)
    inside = stays.where("exited_at IS NULL").select("person_id")
    last = F.max_by("exited_cause", "entered_at").alias("exited_cause")
    exits = stays.where("exited_at IS NOT NULL").groupBy("person_id").agg(last)
    wanted = payloads(run.store.read(tables.PROFILE).join(inside, "person_id", "left_semi"), destination)
    state = run.store.read(tables.STATE).where(F.col("destination") == destination.name)
    return export_changes(wanted, state, exits, destination, as_of=run.as_of, run_id=run.run_id)
