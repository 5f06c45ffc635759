"""export: audience members → the outbox of each destination, only what changed since it was last sent."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation import Destination
from c360_spark.export.change import export_changes
from c360_spark.export.payload import payloads
from c360_spark.stages.run import Run


def export(run: Run) -> None:
    """Add the changes of every destination to its outbox, in one commit each."""
    for destination in run.conf.destinations.values():
        with run.step(f"export {destination.name}") as step:
            outbox = tables.outbox(destination.name)
            step.wrote("outbox", run.store.append(outbox, _changes(run, destination, run.store.read(outbox))))


def _changes(run: Run, destination: Destination, outbox: DataFrame) -> DataFrame:
    stays = run.store.read(tables.AUDIENCE_MEMBER).where(F.col("audience") == destination.audience)
    inside = stays.where("exited_at IS NULL").select("person_id")
    last = F.max_by("exited_cause", "entered_at").alias("exited_cause")
    exits = stays.where("exited_at IS NOT NULL").groupBy("person_id").agg(last)
    wanted = payloads(run.store.read(tables.PROFILE).join(inside, "person_id", "left_semi"), destination)
    return export_changes(wanted, outbox, exits, destination, as_of=run.as_of, run_id=run.run_id)
