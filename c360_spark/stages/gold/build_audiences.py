"""build_audiences: profiles, metrics and consent → gold.audience_member, gold.audience_size."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import reduce

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation.activation import Audience
from c360_spark.config.rules.expression import complaints
from c360_spark.errors import ConfigError, IntegrityError
from c360_spark.gold.audience import audience_size, judged, moves, stays
from c360_spark.gold.late_data import arrived, by_data, late, told_late
from c360_spark.gold.owner import owners
from c360_spark.run.context import Run, Step
from c360_spark.run.pending_changes import Consumer, PendingChanges, done, pending_changes_of, restrict_to
from c360_spark.silver.identifiers import SEEN_AT
from c360_spark.stages.gold.persons_with_metrics import READ, changed_persons, persons_with_metrics
from c360_spark.stages.identity.graph import current_membership


def build_audiences(run: Run) -> None:
    """Evaluate who enters and who leaves each audience at `as_of`, and write the stays that begin or end.

    Evaluates persons with any change since the last run; all persons if time alone can move members, or if the
    definition of the audience changed.

    Raises IntegrityError C501 when the causes of an audience do not explain the change from its size before to that
    after.
    """
    last = last_evaluations(run)
    due = [audience for audience in run.conf.audiences.values() if _is_due(run, audience, last.get(audience.name))]
    with run.step("build_audiences") as step:
        step.results += _late(run, last)
        if due:
            begun = pending_changes_of(run, [_consumer(run, audience) for audience in due], reads=READ)
            looked = [_affected(run, step, audience, pending) for audience, pending in zip(due, begun, strict=True)]
            step.wrote("audience_member", run.store.merge(tables.AUDIENCE_MEMBER, changes(run, due, last, looked)))
            _account(run, step, due, last)
            done(begun)


def _consumer(run: Run, audience: Audience) -> Consumer:
    said = audience.model_dump_json(exclude={"description", "owner", "every_hours", "sla_hours"})
    said += run.conf.metrics.fingerprint(audience.where, audience.exit) or ""
    return Consumer(f"audience {audience.name}", said, (tables.AUDIENCE_MEMBER,))


def _affected(run: Run, step: Step, audience: Audience, pending: PendingChanges) -> DataFrame | None:
    """`person_id` of persons who may enter or leave; None for all.

    Includes persons who left at the last evaluation: at that same moment they could not enter again, now they may.
    """
    if pending.full_refresh or audience.moves_with_time:
        return None
    changed = changed_persons(pending, run.conf.metrics.reading(audience.where, audience.exit))
    own = run.store.read(tables.AUDIENCE_MEMBER).where(F.col("audience") == audience.name)
    left = own.where(F.col("exited_at") == F.lit(pending.last_as_of)).select("person_id")
    persons, count = run.store.stage(f"affected.audience.{audience.name}", changed.unionByName(left).distinct())
    step.results.append(f"{audience.name}: {count:,} persons affected")
    return persons


def last_evaluations(run: Run) -> dict[str, Row]:
    """The newest row of gold.audience_size before `as_of`, by audience."""
    sizes = run.store.read(tables.AUDIENCE_SIZE).where(F.col("evaluated_at") < F.lit(run.as_of))
    newest = sizes.groupBy("audience").agg(F.max_by(F.struct(*sizes.columns), "evaluated_at").alias("last"))
    return {row["last"].audience: row["last"] for row in newest.select("last").collect()}


def changes(
    run: Run, audiences: Sequence[Audience], last: Mapping[str, Row], looked: Sequence[DataFrame | None]
) -> DataFrame:
    """Who enters and who leaves, as rows of gold.audience_member.

    Evaluates for each audience the persons in `looked`, all of them where it is None.
    """
    found = [_changes(run, each, last.get(each.name), some) for each, some in zip(audiences, looked, strict=True)]
    since = {name: row.evaluated_at for name, row in last.items()}
    return late_data(run, reduce(DataFrame.unionByName, found), audiences, since)


def _changes(run: Run, audience: Audience, last: Row | None, persons: DataFrame | None) -> DataFrame:
    read, since = run.store.read, last.evaluated_at if last else None
    before = _before(run, audience, last) if last else None
    members, now = read(tables.AUDIENCE_MEMBER), evaluate(run, audience)
    return stays(
        restrict_to(members, persons),
        restrict_to(now, persons),
        moves(read(tables.CHANGE), since=since),
        audience,
        as_of=run.as_of,
        since=since,
        before=before,
    )


def evaluate(run: Run, audience: Audience) -> DataFrame:
    """All persons, `judged` by the audience at `as_of`.

    Raises ConfigError C201 where the types of a condition do not fit.
    """
    profiles = persons_with_metrics(run, run.conf.metrics.reading(audience.where, audience.exit))
    try:
        return judged(profiles, run.store.read(tables.CONSENT_STATE), audience, as_of=run.as_of)
    except PySparkException as error:
        message = (
            f"audiences/{audience.name}.yml: '{audience.definition}' is no condition: {str(error).splitlines()[0]}"
        )
        raise ConfigError("C201", message, hint="mend the condition") from None


def _before(run: Run, audience: Audience, last: Row) -> DataFrame | None:
    """All persons evaluated by the definition on record, if it differs from the present one.

    A definition that can no longer be evaluated, as a metric it reads has changed, counts as met by no person: moves
    then have the cause `rule`.
    """
    metrics = run.conf.metrics
    now = (audience.where, audience.exit, metrics.fingerprint(audience.where, audience.exit))
    if (last.qualifies, last.leaves, last.metrics_hash) == now:
        return None
    known = metrics.fingerprint(last.qualifies, last.leaves) == last.metrics_hash
    known &= not any(complaints(text, metrics.columns) for text in (last.qualifies, last.leaves) if text)
    old = {"where": last.qualifies, "exit": last.leaves} if known else {"where": "false", "exit": "false"}
    return evaluate(run, audience.model_copy(update=old))


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
    members = run.store.read(tables.AUDIENCE_MEMBER)
    rows = []
    for audience in due:
        last_row = last.get(audience.name)
        before = last_row.size_after if last_row else _inside(run, members, audience)
        since = last_row.evaluated_at if last_row else None
        sizes_of = audience_size(
            members,
            audience,
            size_before=before,
            since=since,
            as_of=run.as_of,
            run_id=run.run_id,
            metrics_hash=run.conf.metrics.fingerprint(audience.where, audience.exit),
        )
        rows.append(sizes_of)
    sizes = reduce(DataFrame.unionByName, rows).orderBy("audience").collect()
    for row in sizes:
        net = sum(row.causes.values())
        if row.size_before + net != row.size_after or row.entered - row.exited != net:
            raise IntegrityError("C501", f"audience {row.audience} does not add up: {row.asDict()}")
        step.results.append(f"{row.audience} {row.size_before:,} → {row.size_after:,}{_why(row)}")
    names = tables.AUDIENCE_SIZE.column_names
    run.store.merge_rows(tables.AUDIENCE_SIZE, [tuple(row[name] for name in names) for row in sizes])


def _inside(run: Run, members: DataFrame, audience: Audience) -> int:
    """Number of members before `as_of`, for an audience without a size on record."""
    own = members.where((F.col("audience") == audience.name) & (F.col("entered_at") < F.lit(run.as_of)))
    return own.where(F.col("exited_at").isNull() | (F.col("exited_at") >= F.lit(run.as_of))).count()


def _why(size: Row) -> str:
    told = ", ".join(f"{cause} {net:+,}" for cause, net in sorted(size.causes.items()) if net)
    both = f"{size.entered:,} entered, {size.exited:,} left" if size.entered and size.exited else ""
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
