"""build_events: silver.event, and who owned its identifiers when → gold.event, its re-attributions, sessions, and
which order was placed in which.

Computed are the events that came, changed or went, those whose identifiers changed hands, and the sessions of all whose
events those were and are; everything, when the settings are others than last time.
"""

from dataclasses import dataclass
from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.gold.device import devices
from c360_spark.gold.event import attributed, reattributions
from c360_spark.gold.order_session import order_sessions
from c360_spark.gold.owner import current, owner_history
from c360_spark.gold.session import sessions
from c360_spark.stages.increment import Increment, increment
from c360_spark.stages.run import Run, Step, sync, together

READ = (tables.EVENT, tables.MEMBERSHIP, tables.CHANGE, tables.IDENTIFIER_SET, tables.ORDER, tables.PERSON_XREF)
MADE = (tables.GOLD_EVENT, tables.EVENT_REATTRIBUTION, tables.SESSION, tables.ORDER_SESSION, tables.DEVICE)
KEY = tables.GOLD_EVENT.key


@dataclass(frozen=True)
class Work:
    """What a run has to deal with: keys of `touched` events, None for all."""

    touched: DataFrame | None

    def of(self, rows: DataFrame) -> DataFrame:
        """Those of the touched events."""
        return rows if self.touched is None else rows.join(self.touched, [*KEY], "left_semi")


def build_events(run: Run) -> None:
    """Recompute what has changed, and write what differs."""
    news = increment(run, "build_events", _rules(run), reads=READ, makes=MADE)
    if news.idle:
        news.rest()
    else:
        _events(run, news)
        with run.step("build_events orders, devices") as step:
            made = {tables.ORDER_SESSION: _orders(run), tables.DEVICE: _devices(run)}
            together([partial(sync, run, step, *each) for each in made.items()])
    news.done()


def _devices(run: Run) -> DataFrame:
    held = run.store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL")
    events = run.conf.datasets_of(tables.EVENT)
    return devices(run.store.read(tables.IDENTIFIER_SET), held, run.conf.gold.events.devices, events)


def _orders(run: Run) -> DataFrame:
    read, numbers = run.store.read, run.conf.taxonomy.order_numbers
    naming = F.col("event_name").isin(*numbers)
    said = read(tables.EVENT).where(naming).select(*KEY, "properties")
    events = read(tables.GOLD_EVENT).where(naming).join(said, [*KEY])
    orders, sessions = current(read(tables.ORDER)), read(tables.SESSION)
    return order_sessions(orders, read(tables.PERSON_XREF), events, sessions, numbers)


def _events(run: Run, news: Increment) -> None:
    with run.step("build_events events") as step:
        work = _work(run, step, news)
        if work:
            found, _ = run.store.stage("attributed events", _attributed(run, work))
            old = work.of(run.store.read(tables.GOLD_EVENT))
            # gold.event last: whose an event was is read from it, also when a killed run is run again
            together([partial(_sessions, run, step, work, found, old), partial(_moves, run, step, work, found)])
            step.wrote("event", run.store.sync(tables.GOLD_EVENT, found, old=old))


def _work(run: Run, step: Step, news: Increment) -> Work | None:
    """None when there is nothing to do."""
    if news.whole:
        return Work(None)
    touched, count = run.store.stage("touched events", _touched(run, news))
    step.results.append(f"{count:,} events touched")
    return Work(touched) if count else None


def _rules(run: Run) -> str:
    """What everything depends on beside the data. Trust is in the rule set."""
    said = run.conf.gold.model_dump_json(include={"events", "sessions"})
    return f"{run.conf.rules.fingerprint} {said} {run.conf.taxonomy.order_numbers} {run.conf.datasets_of(tables.EVENT)}"


def _touched(run: Run, news: Increment) -> DataFrame:
    read, told = run.store.read, news.latest(tables.CHANGE)
    explained = read(tables.MEMBERSHIP).join(
        told.select(F.col("run_id").alias("valid_to_run"), F.col("from_person_id").alias("person_id")),
        ["valid_to_run", "person_id"],
        "left_semi",
    )
    moved = news.latest(tables.MEMBERSHIP).select("identifier_id").unionByName(explained.select("identifier_id"))
    members = read(tables.IDENTIFIER_SET).select(
        "identifier_set_id", F.explode("members.identifier_id").alias("identifier_id")
    )
    sets = members.join(moved, "identifier_id", "left_semi").select("identifier_set_id")
    theirs = read(tables.EVENT).join(sets, "identifier_set_id", "left_semi")
    return news.latest(tables.EVENT).select(*KEY).unionByName(theirs.select(*KEY)).distinct()


def _attributed(run: Run, work: Work) -> DataFrame:
    read, conf = run.store.read, run.conf
    events = work.of(read(tables.EVENT))
    sets = read(tables.IDENTIFIER_SET).join(events, "identifier_set_id", "left_semi")
    history = owner_history(sets, read(tables.MEMBERSHIP), conf.rules)
    return attributed(events, history, read(tables.CHANGE), conf.gold.events)


def _moves(run: Run, step: Step, work: Work, found: DataFrame) -> None:
    old = work.of(run.store.read(tables.EVENT_REATTRIBUTION))
    step.wrote("event_reattribution", run.store.sync(tables.EVENT_REATTRIBUTION, reattributions(found), old=old))


def _sessions(run: Run, step: Step, work: Work, found: DataFrame, old: DataFrame) -> None:
    """Sessions of everybody who had or has one of the events."""
    store, events, before = run.store, found.drop("steps"), None
    if work.touched is not None:
        both = events.select("person_id").unionByName(old.select("person_id"))
        people, _ = store.stage("people of touched events", both.distinct())
        others = store.read(tables.GOLD_EVENT).join(work.touched, [*KEY], "left_anti")
        events = events.unionByName(others).join(people, "person_id", "left_semi")
        before = store.read(tables.SESSION).join(people, "person_id", "left_semi")
    secret = run.conf.platform.identity_key.secret()
    made = sessions(events, run.conf.gold.sessions, secret=secret)
    step.wrote("session", store.sync(tables.SESSION, made, old=before))
