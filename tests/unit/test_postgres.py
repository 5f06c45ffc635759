"""Batches in a real PostgreSQL: each is taken once and whole, a refused row is named, nothing newer is overwritten."""

from datetime import datetime
from threading import Thread
from typing import Any

import pytest
from pyspark.sql import Row

from c360_spark.config.activation.activation import Destination
from c360_spark.errors import SetupError
from c360_spark.receivers import postgres as module
from c360_spark.receivers.postgres import Postgres, connection_arguments
from c360_spark.receivers.receiver import Answer, Dispatch, NotTaken
from tests.conftest import AS_OF
from tests.server import Server

FIELDS = {"email": {"column": "email"}, "orders": {"column": "order_count"}}
GIVEN = {"name": "crm", "kind": "crm_jdbc", "description": "d", "owner": "o", "audience": "a", "purposes": ["p"]}
CRM = Destination.model_validate(
    GIVEN | {"fields": FIELDS, "deliver": {"to": "postgres", "dsn_env": "CRM_DSN", "table": "buyer"}}
)
KNOWN, SUPERSEDED = Answer("delivered", "known"), Answer("delivered", "superseded")
TABLE = """CREATE TABLE buyer (
  person_id text PRIMARY KEY, sequence bigint NOT NULL, email text UNIQUE, orders integer CHECK (orders < 100),
  note text DEFAULT 'theirs')"""


@pytest.fixture
def crm(server: Server) -> Postgres:
    server.ask(TABLE)
    return Postgres(CRM, CRM.deliver)


def change(person: str, sequence: int, operation: str = "add", **payload: str) -> Row:
    key = f"{person}-{sequence}-{sorted(payload.values())}"
    return Row(idempotency_key=key, person_id=person, sequence=sequence, operation=operation, payload=payload)


def dispatch(*rows: Row, due: datetime = AS_OF) -> Dispatch:
    return Dispatch(due, 1, rows)


def buyers(server: Server) -> list[Any]:
    return server.ask("SELECT person_id, sequence, email, orders FROM buyer ORDER BY person_id")


def ledger(server: Server) -> list[str]:
    return [key for (key,) in server.ask("SELECT idempotency_key FROM c360_ledger ORDER BY idempotency_key")]


def test_adds_updates_and_removals_arrive_in_the_types_of_the_table(server: Server, crm: Postgres) -> None:
    assert crm.send(dispatch(change("a", 1, email="a@x.de", orders="2"), change("b", 1, email="b@x.de"))) == {}
    assert buyers(server) == [["a", 1, "a@x.de", 2], ["b", 1, "b@x.de", None]]
    assert crm.send(dispatch(change("a", 2, "update", orders="3"), change("b", 2, "remove", email="b@x.de"))) == {}
    assert buyers(server) == [["a", 2, None, 3]]
    assert len(ledger(server)) == 4
    assert server.ask("SELECT note FROM buyer") == [["theirs"]]


def test_a_batch_that_is_sent_again_is_known_and_changes_nothing(server: Server, crm: Postgres) -> None:
    first = dispatch(change("a", 1, email="a@x.de"))
    crm.send(first)
    server.ask("UPDATE buyer SET email = 'affected'")
    crm.close()
    assert crm.send(first) == {first.rows[0].idempotency_key: KNOWN}
    assert buyers(server) == [["a", 1, "affected", None]]
    assert len(ledger(server)) == 1


def test_a_row_that_was_there_before_is_taken_over(server: Server, crm: Postgres) -> None:
    server.ask("ALTER TABLE buyer ALTER COLUMN sequence DROP NOT NULL")
    server.ask("INSERT INTO buyer VALUES ('a', NULL, 'old@x.de', 7), ('b', NULL, 'b@x.de', 7)")
    assert crm.send(dispatch(change("a", 1, email="a@x.de"), change("b", 1, "remove"))) == {}
    assert buyers(server) == [["a", 1, "a@x.de", None]]


def test_an_older_or_equal_sequence_never_overwrites(server: Server, crm: Postgres) -> None:
    crm.send(dispatch(change("a", 5, email="new@x.de")))
    for late in (change("a", 5, email="equal@x.de"), change("a", 4, email="old@x.de"), change("a", 5, "remove")):
        assert crm.send(dispatch(late)) == {late.idempotency_key: SUPERSEDED}
    assert buyers(server) == [["a", 5, "new@x.de", None]]
    assert len(ledger(server)) == 4


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"orders": "100"}, "23514:buyer_orders_check"),
        ({"orders": "many"}, "22P02"),
        ({"email": "a\u0000b"}, "22P05"),
        ({"email": "taken@x.de"}, "23505:buyer_email_key"),
        ({"email": "".join(f"{n:x}" for n in range(9_000))}, "54000"),
    ],
)
def test_one_refused_row_is_named_and_all_others_are_taken(
    server: Server, crm: Postgres, bad: dict[str, str], reason: str
) -> None:
    crm.send(dispatch(change("taken", 1, email="taken@x.de")))
    rows = [change(f"p{n}", 1, email=f"{n}@x.de") for n in range(9)]
    rows.insert(4, change("bad", 1, **bad))
    assert crm.send(dispatch(*rows)) == {rows[4].idempotency_key: Answer("rejected", reason)}
    assert [row[0] for row in buyers(server)] == [*(f"p{n}" for n in range(9)), "taken"]
    assert rows[4].idempotency_key not in ledger(server)
    assert len(ledger(server)) == 10


def test_a_constraint_that_is_checked_at_the_commit_still_names_its_row(server: Server, crm: Postgres) -> None:
    server.ask("ALTER TABLE buyer ADD CONSTRAINT once UNIQUE (orders) DEFERRABLE INITIALLY DEFERRED")
    answers = crm.send(dispatch(change("a", 1, orders="1"), change("b", 1, orders="1"), change("c", 1, orders="2")))
    assert list(answers.values()) == [Answer("rejected", "23505:once")]
    assert len(buyers(server)) == 2


def test_a_value_that_must_be_unique_moves_from_one_person_to_another(server: Server, crm: Postgres) -> None:
    crm.send(
        dispatch(change("a", 1, email="a@x.de"), change("b", 1, email="b@x.de"), change("gone", 1, email="g@x.de"))
    )
    moved = (change("a", 2, "update", email="g@x.de"), change("gone", 2, "remove"))
    assert crm.send(dispatch(*moved)) == {}
    chain = (change("b", 2, "update", email="g@x.de"), change("c", 1, email="b@x.de"), change("a", 3, "update"))
    assert crm.send(dispatch(*chain)) == {}
    assert buyers(server) == [["a", 3, None, None], ["b", 2, "g@x.de", None], ["c", 1, "b@x.de", None]]


def test_what_is_wrong_with_the_whole_destination_is_no_fault_of_a_row(server: Server, crm: Postgres) -> None:
    rows = dispatch(change("a", 1, email="a@x.de"))
    for mistake, reason in (
        ("ALTER TABLE buyer DROP CONSTRAINT buyer_pkey", "42P10"),
        ("ALTER TABLE buyer DROP COLUMN orders", "42703"),
        ("DROP TABLE buyer", "42P01"),
    ):
        server.ask(mistake)
        with pytest.raises(NotTaken) as fault:
            crm.send(rows)
        assert (fault.value.reason, fault.value.lasting) == (reason, True)
    server.ask(TABLE)
    assert crm.send(rows) == {}


def test_a_server_that_died_is_found_again(server: Server, crm: Postgres) -> None:
    crm.send(dispatch(change("a", 1)))
    server.stop()
    try:
        for _ in range(2):
            with pytest.raises(NotTaken) as fault:
                crm.send(dispatch(change("b", 1)))
            assert not fault.value.lasting
    finally:
        server.start()
    assert crm.send(dispatch(change("b", 1))) == {}
    assert [row[0] for row in buyers(server)] == ["a", "b"]


def test_two_deliveries_at_once_take_turns(server: Server, crm: Postgres) -> None:
    rows = [change(f"p{n}", 1, email=f"{n}@x.de") for n in range(200)]
    other, found = Postgres(CRM, CRM.deliver), []
    threads = [Thread(target=lambda to=to: found.append(to.send(dispatch(*rows)))) for to in (crm, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, found)) == [0, 200]
    assert len(ledger(server)) == len(buyers(server)) == 200


def test_a_connection_string_is_read_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "postgresql://u%40x:p%3Aw@db.example:6432/crm")
    found = connection_arguments("X")
    assert found.pop("ssl_context").check_hostname
    assert found == {"user": "u@x", "password": "p:w", "database": "crm", "host": "db.example", "port": 6432}
    monkeypatch.setenv("X", "postgres://u@localhost/crm")
    assert connection_arguments("X")["ssl_context"] is False
    for wrong in ("", "pa55w", "mysql://u:pa55w@h/d", "postgresql://u:pa55w@h:x/d", "postgresql://u:pa55w@h",
                  "postgresql://u:pa?55w@h/d", "postgresql://u:pa55w@h/d?sslmode=none"):  # fmt: skip
        monkeypatch.setenv("X", wrong)
        with pytest.raises(SetupError) as error:
            connection_arguments("X")
        assert error.value.code == "C106"
        assert "55w" not in str(error.value)


def test_a_missing_driver_is_told_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MISSING", "pg8000")
    with pytest.raises(SetupError, match=r"C102 .*pg8000 is not installed"):
        Postgres(CRM, CRM.deliver)
