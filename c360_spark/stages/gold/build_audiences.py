"""build_audiences: profiles, metrics and consent → gold.audience_member, gold.audience_size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation.activation import Audience
from c360_spark.config.rules.expression import complaints
from c360_spark.errors import ConfigError, IntegrityError
from c360_spark.gold.audience import KEY, audience_moves, judged, moves, stays
from c360_spark.gold.late_data import arrived, by_data, late, told_late
from c360_spark.gold.owner import owners
from c360_spark.run.context import Run, Step
from c360_spark.run.pending_changes import Consumer, PendingChanges, done, pending_changes_of
from c360_spark.silver.identifiers import SEEN_AT
from c360_spark.stages.gold.persons_with_metrics import READ, changed_persons, persons_with_metrics
from c360_spark.stages.identity.graph import current_membership


def build_audiences(run: Run) -> None:
    """Evaluate who enters and who leaves each audience at `as_of`, and write the stays that begin or end.

    All audiences are evaluated in one pass over the persons. Evaluates persons with any change since the last run; all
    persons if time alone can move members, or if the definition of the audience changed.

    Raises IntegrityError C501 when the causes of an audience do not explain the change from its size before to that
    after.
    """
    last = last_evaluations(run)
    due = [audience for audience in run.conf.audiences.values() if _is_due(run, audience, last.get(audience.name))]
    with run.step("build_audiences") as step:
        step.results += _late(run, last)
        if due:
            begun = pending_changes_of(run, [_consumer(run, audience) for audience in due], reads=READ)
            affected = _affected(run, step, {a.name: (a, each) for a, each in zip(due, begun, strict=True)})
            step.wrote("audience_member", run.store.merge(tables.AUDIENCE_MEMBER, changes(run, due, last, affected)))
            _account(run, step, due, last)
            done(begun)


def _consumer(run: Run, audience: Audience) -> Consumer:
    said = audience.model_dump_json(exclude={"description", "owner", "every_hours", "sla_hours"})
    said += run.conf.metrics.fingerprint(audience.where, audience.exit) or ""
    return Consumer(f"audience {audience.name}", said, (tables.AUDIENCE_MEMBER,))


@dataclass(frozen=True)
class Affected:
    """Persons who may enter or leave: `audience, person_id` of the audiences in `names`; all persons of the others."""

    names: Sequence[str] = ()
    rows: DataFrame | None = None

    def of(self, rows: DataFrame) -> DataFrame:
        """Rows (`audience, person_id`, …) of affected persons."""
        if self.rows is None:
            return rows
        marked = rows.join(self.rows.withColumn("_affected", F.lit(True)), KEY, "left")
        return marked.where(~F.col("audience").isin(list(self.names)) | F.col("_affected")).drop("_affected")

    def persons(self, audiences: Sequence[Audience]) -> DataFrame | None:
        """`person_id` of persons who are affected for any of the audiences; None for all."""
        if self.rows is None or {audience.name for audience in audiences} - set(self.names):
            return None
        return self.rows.select("person_id").distinct()


def _affected(run: Run, step: Step, due: Mapping[str, tuple[Audience, PendingChanges]]) -> Affected:
    """Persons who may enter or leave the audiences that time alone does not move.

    Includes persons who left at the last evaluation: at that same moment they could not enter again, now they may.
    """
    some = {n: pair for n, pair in due.items() if not (pair[1].full_refresh or pair[0].moves_with_time)}
    if not some:
        return Affected()
    reading: dict[tuple[Any, ...], list[str]] = {}  # audiences that read the same, and did so until the same versions
    for name, (audience, pending) in some.items():
        known = tuple(pending.known.get(table.full_name, -1) for table in READ)
        reading.setdefault((known, frozenset(run.conf.metrics.reading(audience.where, audience.exit))), []).append(name)
    found = []
    for (_, metrics), names in reading.items():
        changed = changed_persons(some[names[0]][1], metrics)
        found.append(changed.select(F.explode(F.array(*map(F.lit, names))).alias("audience"), "person_id"))
    for name, (_, pending) in some.items():
        left = (F.col("audience") == name) & (F.col("exited_at") == F.lit(pending.last_as_of))
        found.append(run.store.read(tables.AUDIENCE_MEMBER).where(left).select(*KEY))
    rows, _ = run.store.stage("affected by audience", reduce(DataFrame.unionByName, found).distinct())
    counts = {row.audience: row["count"] for row in rows.groupBy("audience").count().collect()}
    step.results += [f"{name}: {counts.get(name, 0):,} persons affected" for name in some]
    return Affected(list(some), rows)


def last_evaluations(run: Run) -> dict[str, Row]:
    """The newest row of gold.audience_size before `as_of`, by audience."""
    sizes = run.store.read(tables.AUDIENCE_SIZE).where(F.col("evaluated_at") < F.lit(run.as_of))
    newest = sizes.groupBy("audience").agg(F.max_by(F.struct(*sizes.columns), "evaluated_at").alias("last"))
    return {row["last"].audience: row["last"] for row in newest.select("last").collect()}


def changes(
    run: Run, audiences: Sequence[Audience], last: Mapping[str, Row], affected: Affected | None = None
) -> DataFrame:
    """Who enters and who leaves, as rows of gold.audience_member; evaluates the persons that are `affected`."""
    read, affected = run.store.read, affected or Affected()
    since = {name: row.evaluated_at for name, row in last.items()}
    before = {each.name: old for each in audiences if (old := _before(run, each, last.get(each.name)))}
    now = evaluate(run, audiences, before=before, affected=affected)
    moved = moves(read(tables.CHANGE), since={each.name: since[each.name] for each in audiences if each.name in since})
    members = affected.of(read(tables.AUDIENCE_MEMBER))
    found = stays(members, affected.of(now), moved, audiences, as_of=run.as_of, since=since)
    return late_data(run, found, audiences, since)


def evaluate(
    run: Run,
    audiences: Sequence[Audience],
    *,
    before: Mapping[str, Audience] | None = None,
    affected: Affected | None = None,
) -> DataFrame:
    """Persons `judged` by the audiences at `as_of`; all persons unless only some are `affected`.

    Raises ConfigError C201 where the types of a condition do not fit.
    """
    every = [*audiences, *(before or {}).values()]
    metrics = set().union(*(run.conf.metrics.reading(each.where, each.exit) for each in every))
    profiles = persons_with_metrics(run, metrics, affected.persons(audiences) if affected else None)
    consents = run.store.read(tables.CONSENT_STATE)
    for audience in every:
        try:
            judged(profiles, consents, [audience], as_of=run.as_of)
        except PySparkException as error:
            message = (
                f"audiences/{audience.name}.yml: '{audience.definition}' is no condition: {str(error).splitlines()[0]}"
            )
            raise ConfigError("C201", message, hint="mend the condition") from None
    return judged(profiles, consents, audiences, as_of=run.as_of, before=before)


def _before(run: Run, audience: Audience, last: Row | None) -> Audience | None:
    """The audience by the definition on record, if it differs from the present one.

    A definition that can no longer be evaluated, as a metric it reads has changed, counts as met by no person: moves
    then have the cause `rule`.
    """
    metrics = run.conf.metrics
    now = (audience.where, audience.exit, metrics.fingerprint(audience.where, audience.exit))
    if last is None or (last.qualifies, last.leaves, last.metrics_hash) == now:
        return None
    known = metrics.fingerprint(last.qualifies, last.leaves) == last.metrics_hash
    known &= not any(complaints(text, metrics.columns) for text in (last.qualifies, last.leaves) if text)
    old = {"where": last.qualifies, "exit": last.leaves} if known else {"where": "false", "exit": "false"}
    return audience.model_copy(update=old)


def _is_due(run: Run, audience: Audience, last: Row | None) -> bool:
    return last is None or run.as_of - last.evaluated_at >= timedelta(hours=audience.every_hours)


def _late(run: Run, last: dict[str, Row]) -> list[str]:
    late = [
        name
        for name, audience in run.conf.audiences.items()
        if audience.sla_hours and name in last
        if run.as_of - last[name].evaluated_at > timedelta(hours=audience.sla_hours)
    ]
    return [f"older than their SLA until now: {', '.join(late)}"] if late else []


def _account(run: Run, step: Step, due: list[Audience], last: dict[str, Row]) -> None:
    """Check that the causes of each audience add up, and record its size."""
    members, since = run.store.read(tables.AUDIENCE_MEMBER), {name: row.evaluated_at for name, row in last.items()}
    figures = {row.audience: row for row in audience_moves(members, due, since=since, as_of=run.as_of).collect()}
    sizes = []
    for audience in sorted(due, key=lambda each: each.name):
        known, found = last.get(audience.name), figures.get(audience.name)
        before = known.size_after if known else _inside(run, members, audience)
        entered, exited, after = (found.entered, found.exited, found.size_after) if found else (0, 0, 0)
        causes = {each.cause: each.net for each in found.causes} if found else {}
        net = sum(causes.values())
        if before + net != after or entered - exited != net:
            counts = {"before": before, "entered": entered, "exited": exited, "after": after, "causes": causes}
            raise IntegrityError("C501", f"audience {audience.name} does not add up: {counts}")
        both = f"{entered:,} entered, {exited:,} left" if entered and exited else ""
        step.results.append(f"{audience.name} {before:,} → {after:,}{_why(both, causes)}")
        definition = (audience.where, audience.exit, run.conf.metrics.fingerprint(audience.where, audience.exit))
        sizes.append((audience.name, run.as_of, run.run_id, *definition, before, entered, exited, after, causes))
    run.store.merge_rows(tables.AUDIENCE_SIZE, sizes)


def _inside(run: Run, members: DataFrame, audience: Audience) -> int:
    """Number of members before `as_of`, for an audience without a size on record."""
    own = members.where((F.col("audience") == audience.name) & (F.col("entered_at") < F.lit(run.as_of)))
    return own.where(F.col("exited_at").isNull() | (F.col("exited_at") >= F.lit(run.as_of))).count()


def _why(both: str, causes: Mapping[str, int]) -> str:
    told = ", ".join(f"{cause} {net:+,}" for cause, net in sorted(causes.items()) if net)
    said = ": ".join(part for part in (both, told) if part)
    return f" ({said})" if said else ""


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
