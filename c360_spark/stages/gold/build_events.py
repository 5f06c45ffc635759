"""build_events: silver.event, and who owned its identifiers when → gold.event, its re-attributions, sessions, devices,
and which order was placed in which session.

Computed are the events that came, changed or went, those whose identifiers changed hands, the sessions of all whose
events those were and are, and the orders and devices of either; everything, when the settings are others than last
time.
"""

from functools import partial

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.gold.device import devices
from c360_spark.gold.event import attributed, reattributions
from c360_spark.gold.order_session import naming, order_sessions
from c360_spark.gold.owner import owner_history
from c360_spark.gold.session import sessions
from c360_spark.run.context import Run, Step, sync, together
from c360_spark.run.pending_changes import Increment, increment, of
from c360_spark.stages.gold.affected_events import READ, Work, touched_devices, touched_events, touched_orders
from c360_spark.stages.identity.membership import current_membership
from c360_spark.stages.silver.delivered_properties import current_rows

MADE = (tables.GOLD_EVENT, tables.EVENT_REATTRIBUTION, tables.SESSION, tables.ORDER_SESSION, tables.DEVICE)


def build_events(run: Run) -> None:
    """Recompute what a change touches, and write what differs."""
    news = increment(run, "build_events", _rules(run), reads=READ, makes=MADE)
    if news.idle:
        news.rest()
    else:
        with run.step("build_events") as step:
            _write(run, step, news)
    news.done()


def _rules(run: Run) -> str:
    """What everything depends on beside the data. Trust is in the rule set."""
    said = run.conf.gold.model_dump_json(include={"events", "sessions"})
    return f"{run.conf.rules.fingerprint} {said} {run.conf.taxonomy.order_numbers} {run.conf.datasets_of(tables.EVENT)}"


def _write(run: Run, step: Step, news: Increment) -> None:
    work = _work(run, step, news)
    if work:
        together([partial(part, run, step, work) for part in (_sessions, _moves)])
    together([partial(_orders, run, step, news, work), partial(_devices, run, step, news)])
    if work:  # the last to be written: whose an event was is read from it, also when a killed run is run again
        sync(run, step, tables.GOLD_EVENT, work.found, of(run.store.read(tables.GOLD_EVENT), work.touched))


def _work(run: Run, step: Step, news: Increment) -> Work | None:
    """None when no event is touched."""
    store, touched = run.store, None
    if not news.whole:
        touched, count = store.stage("touched events", touched_events(run, news))
        step.results.append(f"{count:,} events touched")
        if not count:
            return None
    found, _ = store.stage("attributed events", _attributed(run, touched))
    if touched is None:
        return Work(found)
    both = found.select("person_id").unionByName(of(store.read(tables.GOLD_EVENT), touched).select("person_id"))
    people, _ = store.stage("people of touched events", both.distinct())
    return Work(found, touched, people)


def _attributed(run: Run, touched: DataFrame | None) -> DataFrame:
    read, conf = run.store.read, run.conf
    events = of(read(tables.EVENT), touched)
    sets = read(tables.IDENTIFIER_SET).join(events, "identifier_set_id", "left_semi")
    history = owner_history(sets, read(tables.MEMBERSHIP), conf.rules)
    return attributed(events, history, read(tables.CHANGE), conf.gold.events)


def _moves(run: Run, step: Step, work: Work) -> None:
    old = of(run.store.read(tables.EVENT_REATTRIBUTION), work.touched)
    sync(run, step, tables.EVENT_REATTRIBUTION, reattributions(work.found), old)


def _sessions(run: Run, step: Step, work: Work) -> None:
    """Sessions of everybody who had or has one of the events."""
    secret = run.conf.platform.identity_key.secret()
    made = sessions(of(work.events(run), work.people), run.conf.gold.sessions, secret=secret)
    sync(run, step, tables.SESSION, made, of(run.store.read(tables.SESSION), work.people))


def _orders(run: Run, step: Step, news: Increment, work: Work | None) -> None:
    """By sessions as they are written."""
    read, touched = run.store.read, None
    if not news.whole:
        touched, count = run.store.stage("touched orders", touched_orders(run, news, work))
        if not count:
            return
    orders = current_rows(run, tables.ORDER, of(read(tables.ORDER), touched))
    named = naming(read(tables.EVENT), run.conf.taxonomy.order_numbers)
    if touched is not None:
        named = of(named, orders.select("order_id"))
    events = (work.events(run) if work else read(tables.GOLD_EVENT)).join(named, [*tables.GOLD_EVENT.key])
    made = order_sessions(orders, of(read(tables.PERSON_XREF), touched), events, read(tables.SESSION))
    sync(run, step, tables.ORDER_SESSION, made, of(read(tables.ORDER_SESSION), touched))


def _devices(run: Run, step: Step, news: Increment) -> None:
    read, touched = run.store.read, None
    if not news.whole:
        touched, count = run.store.stage("touched devices", touched_devices(news))
        if not count:
            return
    held = current_membership(run)
    events = run.conf.datasets_of(tables.EVENT)
    made = devices(read(tables.IDENTIFIER_SET), held, run.conf.gold.events.devices, events)
    sync(run, step, tables.DEVICE, of(made, touched), of(read(tables.DEVICE), touched))
