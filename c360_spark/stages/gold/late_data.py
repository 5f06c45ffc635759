"""Late data in audiences: moves caused by records that arrived too late for the last evaluation."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation.audience import Audience
from c360_spark.gold.late_data import arrived, by_data, late, told_late
from c360_spark.gold.owner import owners
from c360_spark.run.context import Run
from c360_spark.silver.identifier_set import SEEN_AT
from c360_spark.stages.identity.membership import current_membership


def late_data(run: Run, moves: DataFrame, audiences: Sequence[Audience], since: Mapping[str, datetime]) -> DataFrame:
    """`moves`, rows of gold.audience_member to merge, with the cause `late_data` set apart from `data`.

    `since` is the last evaluation of each audience. At the first evaluation nothing is late.
    """
    if not since.keys() & {audience.name for audience in audiences}:
        return moves
    staged, _ = run.store.stage("audience moves", moves)
    found = by_data(staged)
    moved = {row.audience for row in found.select("audience").distinct().collect()}
    looks: dict[datetime, dict[str, set[str]]] = {}
    for audience in audiences:
        records = run.conf.metrics.records(audience.where, audience.exit)
        if records and audience.name in moved & since.keys():
            looks.setdefault(since[audience.name], {})[audience.name] = records
    overdue = [late(found, _arrivals(run, at, behind), behind) for at, behind in sorted(looks.items())]
    return told_late(staged, reduce(DataFrame.unionByName, overdue)) if overdue else staged


def _arrivals(run: Run, since: datetime, behind: Mapping[str, set[str]]) -> DataFrame:
    """`person_id, record, overdue` of records received after `since`, in silver tables that an audience reads."""
    read, promises = run.store.read, _promises(run)
    parts = []
    for table in tables.CANONICAL:
        if any(table.name in records for records in behind.values()):
            versioned = table in tables.VERSIONED
            rows = arrived(read(table), SEEN_AT[table.name], promises, since=since, versioned=versioned)
            parts.append(rows.withColumn("record", F.lit(table.name)))
    came = reduce(DataFrame.unionByName, parts)
    sets = read(tables.IDENTIFIER_SET).join(came.select("identifier_set_id").distinct(), "identifier_set_id")
    placed = current_membership(run)
    return came.join(owners(sets, placed, run.conf.rules), "identifier_set_id").drop("identifier_set_id")


def _promises(run: Run) -> dict[str, timedelta]:
    """The latency that each dataset promises, by its newest contract."""
    found = {f"{source}.{name}": contract.promise("latency") for source, name, _, contract in run.conf.datasets()}
    return {dataset: latency for dataset, latency in found.items() if latency is not None}
