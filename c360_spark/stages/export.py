"""export: audience members → the outbox of each destination, only what changed since it was last sent."""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation import Destination
from c360_spark.config.kinds import KINDS
from c360_spark.export.change import export_changes
from c360_spark.export.coverage import ANY, coverage, left_out
from c360_spark.export.payload import consented, payloads
from c360_spark.export.rejection import exits, rejections
from c360_spark.stages.run import Run


def export(run: Run) -> None:
    """Add the changes of every destination to its outbox, in one commit each, then record who could not be sent."""
    rejected = []
    for destination in run.conf.destinations.values():
        with run.step(f"export {destination.name}") as step:
            outbox = tables.outbox(destination.name)
            rows = _rows(run, destination)
            step.wrote("outbox", run.store.append(outbox, _changes(run, destination, rows, run.store.read(outbox))))
            step.results += _told(rows, destination)
            before = run.store.read(tables.REJECTED)
            rejected.append(rejections(rows, before, destination, as_of=run.as_of, run_id=run.run_id))
    if rejected:
        with run.step("export rejected") as step:
            changed = reduce(DataFrame.unionByName, rejected)
            step.wrote("rejected", run.store.merge(tables.REJECTED, changed))


def _rows(run: Run, destination: Destination) -> DataFrame:
    """Every member with a payload, or with reasons why not."""
    read = run.store.read
    inside = read(tables.AUDIENCE_MEMBER).where(F.col("audience") == destination.audience).where("exited_at IS NULL")
    made = payloads(read(tables.PROFILE).join(inside, "person_id", "left_semi"), destination)
    rows, _ = run.store.stage(f"export.{destination.name}", consented(made, read(tables.CONSENT_STATE), destination))
    return rows


def _changes(run: Run, destination: Destination, rows: DataFrame, outbox: DataFrame) -> DataFrame:
    stays = run.store.read(tables.AUDIENCE_MEMBER).where(F.col("audience") == destination.audience)
    wanted = rows.where(F.size("reasons") == 0).select("person_id", "payload", "payload_hash")
    return export_changes(
        wanted,
        outbox,
        run.store.read(tables.ACK),
        exits(stays, rows),
        destination,
        as_of=run.as_of,
        run_id=run.run_id,
        retry_rejected=run.retry_rejected,
    )


def _told(rows: DataFrame, destination: Destination) -> list[str]:
    """How many carry which match key, and how many are sent without a field, in a few words."""
    told = [_keys(rows, destination)] if KINDS[destination.kind].match_keys else []
    lacking = [f"{row.reason} {row.persons:,}" for row in left_out(rows).orderBy("reason").collect()]
    return told + ([f"left out: {', '.join(lacking)}"] if lacking else [])


def _keys(rows: DataFrame, destination: Destination) -> str:
    persons = {row.match_key: row.persons for row in coverage(rows, destination).collect()}
    total = persons.pop(ANY)
    return "keys: " + (", ".join(f"{key} {n / total:.0%}" for key, n in persons.items() if n) or "none")
