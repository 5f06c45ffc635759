"""export: audience members → the outbox of each destination (reverse ETL), only changes since the last export."""

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation.activation import Destination
from c360_spark.export.outbox import export_changes, present, wanted_events
from c360_spark.export.payload import consented, payloads
from c360_spark.export.rejection import exits, rejections
from c360_spark.run.context import Run, Step
from c360_spark.run.pending_changes import Consumer, PendingChanges, done, pending_changes_of, restrict_to
from c360_spark.stages.gold.persons_with_metrics import READ as OF_PERSONS
from c360_spark.stages.gold.persons_with_metrics import changed_persons, persons_with_metrics

READ = (*OF_PERSONS, tables.AUDIENCE_MEMBER, tables.ACK)


@dataclass(frozen=True)
class AffectedMembers:
    """Members to evaluate for a destination: `person_id` of affected `persons`, None for all."""

    run: Run
    destination: Destination
    persons: DataFrame | None

    def theirs(self, rows: DataFrame) -> DataFrame:
        """Rows of the affected persons."""
        return restrict_to(rows, self.persons)

    def stays(self) -> DataFrame:
        """Stays of the affected persons in the destination's audience, ended ones too."""
        own = F.col("audience") == self.destination.audience
        return self.theirs(self.run.store.read(tables.AUDIENCE_MEMBER).where(own))


def export(run: Run) -> None:
    """Append the changes of every destination to its outbox, in one commit each, then record who could not be sent.

    Evaluates members with a change in profile, sent metrics, consent, stay or answer since the last run; all members
    when the definition of the destination or of such a metric changed.
    """
    wanted, rejected = run.conf.destinations.values(), []
    begun = pending_changes_of(run, [_consumer(run, destination) for destination in wanted], reads=READ)
    for destination, pending in zip(wanted, begun, strict=True):
        with run.step(f"export {destination.name}") as step:
            work = _work(run, step, destination, pending)
            if work:
                rows, _ = run.store.stage(f"export.{destination.name}", payload_rows(work))
                step.wrote("outbox", run.store.append(tables.outbox(destination.name), _changes(work, rows)))
                before = work.theirs(run.store.read(tables.REJECTED))
                rejected.append(rejections(rows, before, destination, as_of=run.as_of, run_id=run.run_id))
            if destination.events:
                step.wrote("events", run.store.add(tables.event_outbox(destination.name), _events(run, destination)))
    if rejected:
        with run.step("export rejected") as step:
            changed = reduce(DataFrame.unionByName, rejected)
            step.wrote("rejected", run.store.merge(tables.REJECTED, changed))
    done(begun)


def _metrics(run: Run, destination: Destination) -> set[str]:
    """Names of the metrics that the destination receives."""
    return {mapping.column for mapping in destination.fields.values()} & run.conf.metrics.all.keys()


def _consumer(run: Run, destination: Destination) -> Consumer:
    said = destination.model_dump_json(exclude={"description", "owner", "deliver", "events"})
    said += f" {run.conf.metrics.fingerprint(*_metrics(run, destination))}"
    return Consumer(f"export {destination.name}", said, (tables.outbox(destination.name),))


def _work(run: Run, step: Step, destination: Destination, pending: PendingChanges) -> AffectedMembers | None:
    """The members to evaluate; None if there are none."""
    if pending.full_refresh or run.retry_rejected:
        return AffectedMembers(run, destination, None)
    if pending.no_new_versions:
        step.results.append("0 members affected")
        return None
    affected, count = run.store.stage(f"affected.{destination.name}", _affected(run, destination, pending))
    step.results.append(f"{count:,} members affected")
    return AffectedMembers(run, destination, affected) if count else None


def _affected(run: Run, destination: Destination, pending: PendingChanges) -> DataFrame:
    """`person_id` of members with any such change, and of persons who entered or left."""
    own = F.col("audience") == destination.audience
    stays = pending.changed_values(tables.AUDIENCE_MEMBER, "audience", "person_id").where(own)
    inside = run.store.read(tables.AUDIENCE_MEMBER).where(own & F.col("exited_at").isNull())
    changed = inside.join(changed_persons(pending, _metrics(run, destination)), "person_id", "left_semi")
    answers = pending.changed_values(tables.ACK, "destination", "idempotency_key").where(
        F.col("destination") == destination.name
    )
    answered = run.store.read(tables.outbox(destination.name)).join(answers, "idempotency_key", "left_semi")
    return reduce(DataFrame.unionByName, (rows.select("person_id") for rows in (stays, changed, answered))).distinct()


def payload_rows(work: AffectedMembers) -> DataFrame:
    """Affected members with a payload, or with reasons why they cannot be sent: rows of `consented`."""
    read = work.run.store.read
    inside = work.stays().where("exited_at IS NULL")
    members = persons_with_metrics(work.run, _metrics(work.run, work.destination))
    known = members.join(inside, "person_id", "left_semi")
    made = payloads(known, work.destination, currencies=work.run.conf.metrics.currencies)
    return consented(made, work.theirs(read(tables.CONSENT_STATE)), work.destination)


def _changes(work: AffectedMembers, rows: DataFrame) -> DataFrame:
    run, wanted = work.run, rows.where(F.size("reasons") == 0)
    return export_changes(
        wanted.select("person_id", "payload", "payload_hash"),
        work.theirs(run.store.read(tables.outbox(work.destination.name))),
        run.store.read(tables.ACK),
        exits(work.stays(), rows),
        work.destination,
        as_of=run.as_of,
        run_id=run.run_id,
        retry_rejected=run.retry_rejected,
    )


def _events(run: Run, destination: Destination) -> DataFrame:
    """Events of persons that are at the destination, by its outbox."""
    read = run.store.read
    sent = present(read(tables.outbox(destination.name)))
    found = read(tables.GOLD_EVENT), read(tables.EVENT)
    return wanted_events(*found, sent, destination, as_of=run.as_of, run_id=run.run_id)
