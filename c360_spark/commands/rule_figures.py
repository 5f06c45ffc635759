"""What a candidate rule set would change, from persons to destinations: two runs that differ in their rule set only.

The candidate's tables have no history of audiences and dispatches: who is a member already, who has left. So both rule
sets are evaluated against the live history, as the next run would do it.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation.activation import Audience, Destination
from c360_spark.export.payload import consented, payloads
from c360_spark.gold.audience import stays
from c360_spark.identity.history import changes, differences, with_causes
from c360_spark.observe.identity_health import sizes
from c360_spark.observe.rule_comparison import (
    audience_changes,
    export_changes,
    inside,
    link_changes,
    moved,
    table_changes,
)
from c360_spark.run.context import Run
from c360_spark.stages.gold.build_audiences import evaluate
from c360_spark.stages.gold.persons_with_metrics import persons_with_metrics
from c360_spark.stages.identity.graph import current_membership
from c360_spark.tables import Table

Figures = dict[str, Any]
# Tables of gold that are compared, with the columns that depend on the rule set; no column named means all.
COMPARED: dict[Table, tuple[str, ...]] = {
    tables.PROFILE: (),
    tables.CONSENT_STATE: (),
    tables.GOLD_EVENT: ("person_id",),  # now; the person at the time of the event is history
    tables.SESSION: (),
    tables.ORDER_SESSION: (),
    tables.DEVICE: (),
    tables.HOUSEHOLD_MEMBER: (),
    tables.ACCOUNT_MEMBER: (),
    tables.GOLD_SUBSCRIPTION: (),
    tables.CDP_RECONCILIATION: (),
    tables.METRIC: (),
}


def figures(live: Run, side: Run) -> Figures:
    """Differences in persons, links, gold, audiences and exports between the live rule set and that of `side`."""
    members = [current_membership(run) for run in (live, side)]
    nothing = live.spark.createDataFrame([], "identifier_id long, cause string")
    moves = with_causes(differences(*members), nothing, *members)
    told = changes(moves, *members, run_id=side.run_id, as_of=side.as_of, rule_set=side.conf.rules.label)
    known, found = (sizes(run.store.read(tables.PERSON)).head() for run in (live, side))
    count = moved(*members).head()
    assert known
    assert found
    assert count
    audiences = {audience.name: _members(live, side, audience) for audience in live.conf.audiences.values()}
    return {
        "live": live.conf.rules.label,
        "candidate": side.conf.rules.label,
        "persons": {"live": known.asDict(), "candidate": found.asDict()},
        "changes": {row.kind: row["count"] for row in told.groupBy("kind").count().collect()},
        "identifiers": count.identifiers,
        "moved": count.moved,
        "moved_share": round(count.moved / count.identifiers, 6) if count.identifiers else 0.0,
        "links": _rows(link_changes(live.store.read(tables.LINK), side.store.read(tables.LINK))),
        "tables": list(_tables(live, side)),
        "audiences": [{"audience": name, **_one(audience_changes(*both))} for name, both in sorted(audiences.items())],
        "exports": [
            {"destination": name, "audience": each.audience, **_one(_sent(live, side, each, audiences[each.audience]))}
            for name, each in sorted(live.conf.destinations.items())
        ],
    }


def _tables(live: Run, side: Run) -> Iterator[Figures]:
    """Counts of the gold tables that differ."""
    for table, columns in COMPARED.items():
        values = columns or tuple(name for name in table.column_names if name not in table.key)
        counts = _one(table_changes(live.store.read(table), side.store.read(table), table.key, values))
        if counts["changed"]:
            yield {"table": table.full_name, **counts}


def _members(live: Run, side: Run, audience: Audience) -> tuple[DataFrame, DataFrame]:
    """`person_id` of the audience's members after its next evaluation, with live persons and with the candidate's."""
    return _next(live, live, audience, "live"), _next(live, side, audience, "candidate")


def _next(live: Run, run: Run, audience: Audience, word: str) -> DataFrame:
    past, unmoved = (
        live.store.read(tables.AUDIENCE_MEMBER),
        live.spark.createDataFrame([], "audience string, person_id string, identity string"),
    )
    # Just after the last evaluation, so that persons who left in it can enter again.
    later = live.as_of + timedelta(microseconds=1)
    pending = stays(past, evaluate(run, [audience]), unmoved, [audience], as_of=later, since={})
    members, _ = live.store.stage(f"{audience.name}.{word}", inside(past, pending, audience.name))
    return members


def _sent(live: Run, side: Run, destination: Destination, members: tuple[DataFrame, DataFrame]) -> DataFrame:
    wanted = (_payloads(run, destination, some) for run, some in zip((live, side), members, strict=True))
    return export_changes(*wanted)


def _payloads(run: Run, destination: Destination, members: DataFrame) -> DataFrame:
    """`person_id, payload_hash` of the members who can be sent."""
    metrics = {mapping.column for mapping in destination.fields.values()} & run.conf.metrics.all.keys()
    made = payloads(persons_with_metrics(run, metrics).join(members, "person_id", "left_semi"), destination)
    rows = consented(made, run.store.read(tables.CONSENT_STATE), destination)
    return rows.where(F.size("reasons") == 0).select("person_id", "payload_hash")


def _rows(rows: DataFrame) -> list[Figures]:
    return [row.asDict() for row in rows.collect()]


def _one(rows: DataFrame) -> Figures:
    (row,) = _rows(rows)
    return row
