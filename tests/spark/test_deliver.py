"""The deliver stage with a real PostgreSQL: everything arrives once, whatever dies, and nothing is lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.config.activation.activation import Destination
from c360_spark.errors import BusyError, DeliveryError, SetupError
from c360_spark.pipeline import replay as module_of_replay
from c360_spark.pipeline.chain import run_stages
from c360_spark.pipeline.replay import replay
from c360_spark.run.context import Run, lease, run_id_of
from c360_spark.stages.export import deliver as module
from c360_spark.store import Store, Written
from tests.conftest import AS_OF, Frame, Killed
from tests.server import Server
from tests.stages import deliver

pytestmark = pytest.mark.spark
GIVEN = {"name": "crm", "kind": "crm_jdbc", "description": "d", "owner": "o", "audience": "a", "purposes": ["p"]}
FIELDS = {"email": {"column": "email"}, "orders": {"column": "order_count"}}
SETTINGS = {"to": "postgres", "dsn_env": "CRM_DSN", "table": "buyer", "batch_rows": 2, "attempts": 2, "backoff_s": 0.01}
OUTBOX = tables.outbox("crm")


@pytest.fixture
def crm(server: Server) -> Server:
    server.ask(
        "CREATE TABLE buyer (person_id text PRIMARY KEY, sequence bigint, email text, orders int CHECK (orders < 9))"
    )
    return server


RunOn = Callable[..., Run]


@pytest.fixture
def run_on(spark: SparkSession, store: Store, conf: Conf, tmp_path: Path) -> RunOn:
    def make(day: int = 0, *, store: Store = store, **settings: Any) -> Run:
        crm = Destination.model_validate(GIVEN | {"fields": FIELDS, "deliver": SETTINGS | settings})
        platform = conf.platform.model_copy(update={"outgoing": str(tmp_path / "outgoing")})
        as_of = AS_OF + timedelta(days=day)
        return Run(spark, store, replace(conf, platform=platform, destinations={"crm": crm}), as_of, run_id_of(as_of))

    return make


def change(person: str, sequence: int = 1, operation: str = "add", **payload: str) -> dict[str, Any]:
    given = {"person_id": person, "sequence": sequence, "operation": operation, "payload": payload}
    return given | {"idempotency_key": f"{person}{sequence}", "created_at": AS_OF}


def buyers(server: Server) -> list[Any]:
    return server.ask("SELECT person_id, sequence, email, orders FROM buyer ORDER BY person_id")


def ledger(server: Server) -> list[str]:
    return [key for (key,) in server.ask("SELECT idempotency_key FROM c360_ledger ORDER BY idempotency_key")]


def acks(store: Store) -> dict[str, tuple[Any, ...]]:
    rows = store.read(tables.ACK).collect()
    return {row.idempotency_key: (row.status, row.attempts, row.reason) for row in rows}


class Forgetful(Store):
    """A store whose driver dies before it has acknowledged anything."""

    def merge_rows(self, table: tables.Table, rows: Any) -> Written:
        if table is tables.ACK:
            raise Killed
        return super().merge_rows(table, rows)


DONE = ("delivered", 1, None)


def test_changes_arrive_are_acknowledged_and_are_not_sent_again(
    crm: Server, store: Store, frame: Frame, run_on: RunOn, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [change("a", 1, email="a@x.de", orders="1"), change("b", 1), change("c", 1), change("a", 2, "update")]
    store.append(OUTBOX, frame(OUTBOX, *rows, change("c", 2, "remove")))
    deliver(run_on())
    assert buyers(crm) == [["a", 2, None, None], ["b", 1, None, None]]
    assert acks(store) == dict.fromkeys(("a1", "a2", "b1", "c1", "c2"), DONE)
    assert ledger(crm) == sorted(acks(store))
    assert "deliver crm                  5 delivered" in capsys.readouterr().err
    deliver(run_on(1))
    assert "deliver crm                  nothing waits" in capsys.readouterr().err
    assert {row.run_id for row in store.read(tables.ACK).collect()} == {run_id_of(AS_OF)}


def test_a_run_killed_between_the_commit_there_and_the_acknowledgement_here_sends_nothing_twice(
    crm: Server, spark: SparkSession, store: Store, frame: Frame, run_on: RunOn, capsys: pytest.CaptureFixture[str]
) -> None:
    store.append(OUTBOX, frame(OUTBOX, *(change(person, 1, email=f"{person}@x.de") for person in "abc")))
    with pytest.raises(Killed):
        deliver(run_on(store=Forgetful(spark, store.lake)))
    assert acks(store) == {}
    there = crm.ask("SELECT * FROM c360_ledger ORDER BY 2")
    crm.ask("UPDATE buyer SET email = 'affected'")
    deliver(run_on())
    assert "deliver crm                  3 known" in capsys.readouterr().err
    assert crm.ask("SELECT * FROM c360_ledger ORDER BY 2") == there
    assert {email for _, _, email, _ in buyers(crm)} == {"affected"}
    assert acks(store) == dict.fromkeys(("a1", "b1", "c1"), ("delivered", 1, "known"))


def test_while_the_server_is_down_changes_wait_and_the_next_run_sends_them(
    crm: Server, store: Store, frame: Frame, run_on: RunOn, capsys: pytest.CaptureFixture[str]
) -> None:
    store.append(OUTBOX, frame(OUTBOX, *(change(person) for person in "abc")))
    crm.stop()
    try:
        with pytest.raises(DeliveryError, match="crm: the database cannot be reached") as error:
            run_stages(run_on(), ["deliver"])
    finally:
        crm.start()
    assert (error.value.code, error.value.exit_code) == ("C402", 15)
    said = capsys.readouterr().err
    assert said.count("attempt 2 of 2 in 0.01 s") == 1
    assert "deliver crm                  3 parked" in said
    tried, never = ("parked", 2, "unreachable"), ("parked", 0, "unreachable")
    assert acks(store) == {"a1": tried, "b1": tried, "c1": never}
    assert [(row.status, row.message) for row in store.read(tables.RUN).collect()] == [("failed", "C402")]
    deliver(run_on(1))
    assert acks(store) == {"a1": ("delivered", 3, None), "b1": ("delivered", 3, None), "c1": DONE}
    assert [row[0] for row in buyers(crm)] == ["a", "b", "c"]


def test_a_server_that_dies_between_two_batches_is_asked_again(
    crm: Server, store: Store, frame: Frame, run_on: RunOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(OUTBOX, frame(OUTBOX, *(change(person) for person in "abcd")))
    send, pauses = module.Postgres.send, []

    def after_a_crash(self: Any, dispatch: Any) -> Any:
        if dispatch.rows[0].person_id == "c" and not {3, 6} & set(pauses):
            crm.stop()
        return send(self, dispatch)

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if seconds == 6:
            crm.start()

    monkeypatch.setattr(module.Postgres, "send", after_a_crash)
    monkeypatch.setattr(module, "sleep", pause)
    deliver(run_on(attempts=4, backoff_s=3, rows_per_second=0.01))
    assert [round(seconds, -2) or seconds for seconds in pauses] == [200, 3, 6, 200]
    assert acks(store) == {"a1": DONE, "b1": DONE, "c1": ("delivered", 3, None), "d1": ("delivered", 3, None)}
    assert len(ledger(crm)) == len(buyers(crm)) == 4


def test_a_refused_row_is_on_record_alone_and_later_rows_of_its_person_are_whole(
    crm: Server, store: Store, frame: Frame, run_on: RunOn, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [change("bad", 1, orders="99"), change("bad", 2, "update", orders="2"), change("worse", 1, orders="many")]
    store.append(OUTBOX, frame(OUTBOX, *rows, change("fine", 1)))
    deliver(run_on())
    refused = {"bad1": ("rejected", 1, "23514:buyer_orders_check"), "worse1": ("rejected", 1, "22P02")}
    assert acks(store) == {"bad2": DONE, "fine1": DONE} | refused
    assert buyers(crm) == [["bad", 2, None, 2], ["fine", 1, None, None]]
    assert "2 rejected" in capsys.readouterr().err
    deliver(run_on(1))
    assert "nothing waits" in capsys.readouterr().err


def test_a_rejected_change_is_asked_anew_on_request_only(
    crm: Server, store: Store, frame: Frame, run_on: RunOn
) -> None:
    people = frame(tables.PROFILE, {"person_id": "p", "email": "p@x.de", "order_count": 9})
    store.sync(tables.PROFILE, people)
    store.sync(
        tables.CONSENT_STATE, frame(tables.CONSENT_STATE, {"person_id": "p", "purpose": "p", "status": "granted"})
    )
    store.merge(tables.AUDIENCE_MEMBER, frame(tables.AUDIENCE_MEMBER, {"audience": "a", "person_id": "p"}))
    for day, retry in ((0, False), (1, True)):
        if retry:
            crm.ask("ALTER TABLE buyer DROP CONSTRAINT buyer_orders_check")
        run_stages(replace(run_on(day), retry_rejected=retry), ["export", "deliver"])
    rows = store.read(OUTBOX).orderBy("sequence").collect()
    assert [(r.operation, r.cause, r.sequence) for r in rows] == [("add", "entered", 1), ("add", "retried", 2)]
    assert sorted(status for status, *_ in acks(store).values()) == ["delivered", "rejected"]
    assert buyers(crm) == [["p", 2, "p@x.de", 9]]


@pytest.mark.usefixtures("crm")
def test_one_destination_that_fails_does_not_hold_up_the_others(
    store: Store, frame: Frame, run_on: RunOn, tmp_path: Path
) -> None:
    run = run_on(table="none_such", rows_per_second=1e6)
    files = Destination.model_validate(
        GIVEN | {"name": "files", "fields": FIELDS, "deliver": {"to": "jsonl", "folder": "f", "batch_rows": 2}}
    )
    run = replace(run, conf=replace(run.conf, destinations={**run.conf.destinations, "files": files}))
    for name in ("crm", "files"):
        store.append(tables.outbox(name), frame(tables.outbox(name), *(change(f"{name}-{n}") for n in range(3))))
    with pytest.raises(DeliveryError, match='crm: PostgreSQL says 42P01 relation "none_such" does not exist'):
        deliver(run)
    assert sorted(acks(store).values()) == [("delivered", 1, None)] * 3 + [
        ("parked", 0, "42P01"),
        *[("parked", 1, "42P01")] * 2,
    ]
    written = {path.name: path.read_bytes() for path in (tmp_path / "outgoing" / "f").iterdir()}
    assert sorted(content.count(b"\n") for content in written.values()) == [1, 2]


def test_files_that_were_not_acknowledged_are_written_again_under_the_same_names(
    spark: SparkSession, store: Store, frame: Frame, run_on: RunOn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOT_ROWS", 2)

    class Dying(Forgetful):
        lots = 0

        def merge_rows(self, table: tables.Table, rows: Any) -> Written:
            self.lots += 1
            return Store.merge_rows(self, table, rows) if self.lots == 1 else super().merge_rows(table, rows)

    to = {"to": "jsonl", "folder": "f", "dsn_env": None, "table": None}
    store.append(OUTBOX, frame(OUTBOX, *(change(person) for person in "abcdefg")))
    with pytest.raises(Killed):
        deliver(run_on(store=Dying(spark, store.lake), **to))
    folder = tmp_path / "outgoing" / "f"
    killed = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(acks(store)) == ["a1", "b1"]
    assert len(killed) == 2
    store.append(OUTBOX, frame(OUTBOX, change("a", 2) | {"created_at": AS_OF + timedelta(days=1)}))
    deliver(run_on(1, **to))
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(after) == 5
    assert killed.items() <= after.items()
    assert sum(content.count(b"\n") for content in after.values()) == 8


def test_two_runs_at_once_cannot_interleave_and_a_missing_secret_stops_before_anything_is_sent(
    crm: Server, store: Store, frame: Frame, run_on: RunOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(OUTBOX, frame(OUTBOX, change("a")))
    with lease(store.lake), pytest.raises(BusyError, match="C401"):
        run_stages(run_on(), ["deliver"])
    monkeypatch.delenv("CRM_DSN")
    for go in (deliver, lambda run: run_stages(run, ["export", "deliver"])):
        with pytest.raises(SetupError, match="C106"):
            go(run_on())
    assert not store.exists(tables.RUN), "nothing was begun"
    assert acks(store) == {}
    assert buyers(crm) == []


def test_a_replay_delivers_nothing_and_learns_each_answer_after_its_run(
    spark: SparkSession, store: Store, frame: Frame, run_on: RunOn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [AS_OF + timedelta(days=n) for n in range(2)]
    store.append(tables.RUN, frame(tables.RUN, *({"as_of": day, "run_id": run_id_of(day)} for day in days)))
    answers = [{"idempotency_key": f"{n}", "status": "rejected", "acked_at": day} for n, day in enumerate(days)]
    store.merge(tables.ACK, frame(tables.ACK, *answers))
    new, seen = Store(spark, str(tmp_path / "new")), []
    monkeypatch.setattr(
        module_of_replay, "in_order", lambda run, jobs: seen.append((run.as_of, sorted(acks(new)), jobs))
    )
    run = run_on(store=new)
    replay(replace(run, conf=replace(run.conf, sources={})), store)
    assert [(as_of, known) for as_of, known, _ in seen] == [(days[0], []), (days[1], ["0"])]
    assert {jobs[-1] for _, _, jobs in seen} == {"export"}
    assert sorted(acks(new)) == ["0", "1"]


def test_a_replay_gives_what_a_killed_run_landed_to_the_run_that_dealt_with_it(
    spark: SparkSession, store: Store, frame: Frame, run_on: RunOn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [AS_OF + timedelta(days=n) for n in range(4)]
    runs = ({"as_of": day, "run_id": run_id_of(day)} for day in (days[0], days[2]))  # the others were killed
    store.append(tables.RUN, frame(tables.RUN, *runs))
    landings = [day + timedelta(microseconds=n) for day in days for n in (0, 9)]
    store.append(tables.DELIVERY, frame(tables.DELIVERY, *({"received_at": at} for at in landings)))
    new, seen = Store(spark, str(tmp_path / "new")), []

    def landed() -> list[datetime]:
        return sorted(row.received_at for row in new.read(tables.DELIVERY).collect())

    monkeypatch.setattr(module_of_replay, "in_order", lambda run, _: seen.append((run.as_of, landed())))
    run = run_on(store=new)
    replay(replace(run, conf=replace(run.conf, sources={})), store)
    assert seen == [(days[0], landings[:2]), (days[2], landings[:6])]
    assert landed() == landings
