"""build_events: silver.event and its owners over time → gold.event with re-attributions, session, device,
order_session.

Recomputes events inserted, changed or deleted, and events with identifiers that moved to another person; the sessions
of all persons who have or had one of these events; and the orders and devices of either. Recomputes everything when the
settings differ from last time.
"""

from functools import partial

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.gold.event import attributed, devices, reattributions
from c360_spark.gold.owner import owner_history
from c360_spark.gold.session import naming, order_sessions, sessions
from c360_spark.run.context import Run, Step, in_parallel, sync
from c360_spark.run.pending_changes import PendingChanges, pending_changes, restrict_to
from c360_spark.stages.gold.affected_events import (
    READ,
    AffectedEvents,
    affected_devices,
    affected_events,
    affected_orders,
)
from c360_spark.stages.identity.graph import current_membership
from c360_spark.stages.silver.delivered_properties import current_rows

MADE = (tables.GOLD_EVENT, tables.EVENT_REATTRIBUTION, tables.SESSION, tables.ORDER_SESSION, tables.DEVICE)


def build_events(run: Run) -> None:
    """Recompute affected events, sessions, orders and devices, and write the differences."""
    pending = pending_changes(run, "build_events", _rules(run), reads=READ, makes=MADE)
    if pending.no_new_versions:
        pending.rest()
    else:
        with run.step("build_events") as step:
            _write(run, step, pending)
    pending.done()


def _rules(run: Run) -> str:
    """What the result depends on besides the tables. Trust of namespaces is part of the rule set."""
    said = run.conf.gold.model_dump_json(include={"events", "sessions"})
    return f"{run.conf.rules.fingerprint} {said} {run.conf.taxonomy.order_numbers} {run.conf.datasets_of(tables.EVENT)}"


def _write(run: Run, step: Step, pending: PendingChanges) -> None:
    work = _work(run, step, pending)
    if work:
        in_parallel([partial(part, run, step, work) for part in (_sessions, _moves)])
    in_parallel([partial(_orders, run, step, pending, work), partial(_devices, run, step, pending)])
    if work:  # written last: earlier owners of events are read from it, also when a killed run is repeated
        sync(run, step, tables.GOLD_EVENT, work.found, restrict_to(run.store.read(tables.GOLD_EVENT), work.affected))


def _work(run: Run, step: Step, pending: PendingChanges) -> AffectedEvents | None:
    """The events to recompute; None if no event is affected."""
    store, affected = run.store, None
    if not pending.full_refresh:
        affected, count = store.stage("affected events", affected_events(run, pending))
        step.results.append(f"{count:,} events affected")
        if not count:
            return None
    found, _ = store.stage("attributed events", _attributed(run, affected))
    if affected is None:
        return AffectedEvents(found)
    both = found.select("person_id").unionByName(
        restrict_to(store.read(tables.GOLD_EVENT), affected).select("person_id")
    )
    people, _ = store.stage("people of affected events", both.distinct())
    return AffectedEvents(found, affected, people)


def _attributed(run: Run, affected: DataFrame | None) -> DataFrame:
    read, conf = run.store.read, run.conf
    events = restrict_to(read(tables.EVENT), affected)
    sets = read(tables.IDENTIFIER_SET).join(events, "identifier_set_id", "left_semi")
    history = owner_history(sets, read(tables.MEMBERSHIP), conf.rules)
    return attributed(events, history, read(tables.CHANGE), conf.gold.events)


def _moves(run: Run, step: Step, work: AffectedEvents) -> None:
    old = restrict_to(run.store.read(tables.EVENT_REATTRIBUTION), work.affected)
    sync(run, step, tables.EVENT_REATTRIBUTION, reattributions(work.found), old)


def _sessions(run: Run, step: Step, work: AffectedEvents) -> None:
    """Sessions of all persons who had or have one of the events."""
    secret = run.conf.platform.identity_key.secret()
    made = sessions(restrict_to(work.events(run), work.people), run.conf.gold.sessions, secret=secret)
    sync(run, step, tables.SESSION, made, restrict_to(run.store.read(tables.SESSION), work.people))


def _orders(run: Run, step: Step, pending: PendingChanges, work: AffectedEvents | None) -> None:
    """Sessions of orders, from gold.session as it was written."""
    read, affected = run.store.read, None
    if not pending.full_refresh:
        affected, count = run.store.stage("affected orders", affected_orders(run, pending, work))
        if not count:
            return
    orders = current_rows(run, tables.ORDER, restrict_to(read(tables.ORDER), affected))
    named = naming(read(tables.EVENT), run.conf.taxonomy.order_numbers)
    if affected is not None:
        named = restrict_to(named, orders.select("order_id"))
    events = (work.events(run) if work else read(tables.GOLD_EVENT)).join(named, [*tables.GOLD_EVENT.key])
    made = order_sessions(orders, restrict_to(read(tables.PERSON_XREF), affected), events, read(tables.SESSION))
    sync(run, step, tables.ORDER_SESSION, made, restrict_to(read(tables.ORDER_SESSION), affected))


def _devices(run: Run, step: Step, pending: PendingChanges) -> None:
    read, affected = run.store.read, None
    if not pending.full_refresh:
        affected, count = run.store.stage("affected devices", affected_devices(pending))
        if not count:
            return
    held = current_membership(run)
    events = run.conf.datasets_of(tables.EVENT)
    made = devices(read(tables.IDENTIFIER_SET), held, run.conf.gold.events.devices, events)
    sync(run, step, tables.DEVICE, restrict_to(made, affected), restrict_to(read(tables.DEVICE), affected))
