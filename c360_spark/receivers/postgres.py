"""PostgreSQL receiver: upserts changes by key into a table.

The only module that uses pg8000, which the extra `postgres` installs. Each dispatch is one transaction: the changes,
and their idempotency keys in a ledger beside the table. So if a run dies between the commit there and the
acknowledgement here, sending the same dispatch again changes nothing.
"""

import json
import os
import ssl
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from c360_spark.config.activation.activation import Deliver, Destination
from c360_spark.errors import SetupError
from c360_spark.receivers.receiver import Answer, Dispatch, NotTaken

try:
    from pg8000.exceptions import DatabaseError, InterfaceError
    from pg8000.native import Connection
except ImportError as missing:
    MISSING = missing.name or "pg8000"
else:
    MISSING = ""

TIMEOUT_S = 60
# SQLSTATE classes of a bad row: bad data, a broken constraint or check, a trigger error, a value too large to index.
ROW_FAULTS = ("21", "22", "23", "38", "39", "44", "54", "P0")
LASTING_FAULTS = ("0A", "28", "3D", "3F", "42")  # not supported, not allowed, no such database, schema or table
LEDGER = "c360_ledger"

BATCH = """CREATE TEMPORARY TABLE IF NOT EXISTS c360_batch (
  n integer PRIMARY KEY, idempotency_key text, person_id text, sequence bigint, operation text, payload text
) ON COMMIT DELETE ROWS"""
# Payloads stay text until each row is applied, so that one which PostgreSQL rejects as JSON fails alone.
FILL = """INSERT INTO c360_batch SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r(
  n integer, idempotency_key text, person_id text, sequence bigint, operation text, payload text)"""
LEDGER_TABLE = """CREATE TABLE IF NOT EXISTS {ledger} (
  destination text, idempotency_key text, sequence bigint NOT NULL, delivered_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (destination, idempotency_key))"""
KNOWN = """DELETE FROM c360_batch b USING {ledger} l
  WHERE l.destination = :name AND l.idempotency_key = b.idempotency_key RETURNING b.idempotency_key"""
SUPERSEDED = """SELECT b.idempotency_key FROM c360_batch b JOIN {table} t ON t.person_id = b.person_id
  WHERE coalesce(t.sequence, 0) >= b.sequence"""
REMOVE = """DELETE FROM {table} t USING c360_batch b WHERE b.n = ANY(CAST(:n AS integer[]))
  AND b.operation = 'remove' AND t.person_id = b.person_id
  AND coalesce(t.sequence, 0) < b.sequence"""
# jsonb_populate_record casts values to the types of the table's columns.
UPSERT = """INSERT INTO {table} AS t ({columns}) SELECT {values} FROM c360_batch b
  CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS {table}), CAST(b.payload AS jsonb)) r
  WHERE b.n = ANY(CAST(:n AS integer[])) AND b.operation <> 'remove'
  ON CONFLICT (person_id) DO UPDATE SET {sets} WHERE coalesce(t.sequence, 0) < excluded.sequence"""
RECORD = """INSERT INTO {ledger} (destination, idempotency_key, sequence)
  SELECT :name, idempotency_key, sequence FROM c360_batch WHERE n = ANY(CAST(:n AS integer[]))"""


class Postgres:
    """Receiver for a destination's table: one row per person by `person_id`, with `sequence` and the mapped fields.

    Raises SetupError C102 without the extra, C106 when the connection string is not set or cannot be read.
    """

    def __init__(self, destination: Destination, settings: Deliver) -> None:
        if MISSING:
            raise SetupError("C102", f"{MISSING} is not installed", hint="pip install 'c360-spark[postgres]'")
        assert settings.dsn_env is not None
        assert settings.table is not None
        self.name, self.arguments = destination.name, connection_arguments(settings.dsn_env)
        columns = ["person_id", "sequence", *(f'"{field}"' for field in sorted(destination.fields))]
        schema = settings.table.rpartition(".")[0]
        words = {
            "table": _quoted(settings.table),
            "ledger": _quoted(f"{schema}.{LEDGER}" if schema else LEDGER),
            "columns": ", ".join(columns),
            "values": ", ".join(["b.person_id", "b.sequence", *(f"r.{column}" for column in columns[2:])]),
            "sets": ", ".join(f"{column} = excluded.{column}" for column in columns[1:]),
        }
        self.sql = {text: text.format(**words) for text in (LEDGER_TABLE, KNOWN, SUPERSEDED, REMOVE, UPSERT, RECORD)}
        self.ledger = words["ledger"]
        self._open: Any = None

    def send(self, dispatch: Dispatch) -> Mapping[str, Answer]:
        """Apply a dispatch in one transaction.

        Rows that the database rejects are left out and answered with the error code and the constraint or column; all
        others are applied.
        """
        try:
            return self._transaction(dispatch)
        except DatabaseError as error:
            self.close()
            code, name = _told(error)
            lasting = code.startswith(LASTING_FAULTS)
            raise NotTaken(_reason(code, name), f"PostgreSQL says {_text(error)}", lasting=lasting) from error
        except (InterfaceError, OSError) as error:
            self.close()
            raise NotTaken("unreachable", f"the database cannot be reached: {error.__cause__ or error}") from error

    def close(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            try:
                connection.close()
            except (DatabaseError, InterfaceError, OSError):
                return  # it is broken already

    def _run(self, text: str, **given: Any) -> list[list[Any]]:
        found: list[list[Any]] | None = self._open.run(self.sql.get(text, text), **given)
        return found or []

    def _transaction(self, dispatch: Dispatch) -> Mapping[str, Answer]:
        if self._open is None:
            self._open = Connection(**self.arguments, timeout=TIMEOUT_S, application_name="c360 deliver")
            self._run(BATCH)
        self._run("BEGIN")
        self._run("SET CONSTRAINTS ALL IMMEDIATE")  # deferred, one would fail at the commit, without its row
        self._run("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))", name=f"c360 {self.name}")
        if self._run("SELECT to_regclass(:name)", name=self.ledger) == [[None]]:
            self._run(LEDGER_TABLE)
        self._run(FILL, rows=_as_json(dispatch))
        answers = {key: Answer("delivered", "known") for (key,) in self._run(KNOWN, name=self.name)}
        answers |= {key: Answer("delivered", "superseded") for (key,) in self._run(SUPERSEDED)}
        keys = {n: row["idempotency_key"] for n, row in enumerate(dispatch.rows)}
        waiting = [n for n, key in keys.items() if answers.get(key) != Answer("delivered", "known")]
        refused = self._apply(waiting)
        if 0 < len(refused) < len(waiting):  # some may pass now: a later row has freed a unique address
            refused = self._apply(list(refused))
        self._run("COMMIT")
        return answers | {keys[n]: Answer("rejected", reason) for n, reason in refused.items()}

    def _apply(self, numbers: list[int]) -> dict[int, str]:
        """Apply these rows of the dispatch; returns the reason for each row that the database rejects.

        Where a row is rejected the set is halved until that row stands alone.
        """
        if not numbers:
            return {}
        self._run("SAVEPOINT part")
        try:
            for text in (REMOVE, UPSERT):
                self._run(text, n=numbers)
            self._run(RECORD, n=numbers, name=self.name)
        except DatabaseError as error:
            code, name = _told(error)
            if not code.startswith(ROW_FAULTS):
                raise
            self._run("ROLLBACK TO SAVEPOINT part")
            self._run("RELEASE SAVEPOINT part")
            if len(numbers) == 1:
                return {numbers[0]: _reason(code, name)}
            half = len(numbers) // 2
            return self._apply(numbers[:half]) | self._apply(numbers[half:])
        self._run("RELEASE SAVEPOINT part")
        return {}


def _quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))


def _as_json(dispatch: Dispatch) -> str:
    names = ("idempotency_key", "person_id", "sequence", "operation")
    rows: Iterable[dict[str, Any]] = (
        {"n": n, **{name: row[name] for name in names}, "payload": json.dumps(row["payload"])}
        for n, row in enumerate(dispatch.rows)
    )
    return json.dumps(list(rows))


def _told(error: Any) -> tuple[str, str]:
    """The SQLSTATE, and the name of the constraint or column."""
    fields = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return fields.get("C", "XX000"), fields.get("n") or fields.get("c") or ""


def _reason(code: str, name: str) -> str:
    return f"{code}:{name}" if name else code


def _text(error: Any) -> str:
    """The error in the server's words, except errors about a row: those words could show its values."""
    code, name = _told(error)
    if code.startswith(ROW_FAULTS):
        return _reason(code, name)
    fields = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return f"{code} {fields.get('M', '')}".strip()


FORM = "postgresql://user:password@host:5432/database?sslmode=verify-full"
SSL_MODES = ("disable", "require", "verify-full")
PORT = 5432


def connection_arguments(variable: str) -> dict[str, Any]:
    """Connection arguments for pg8000, from a connection string in an environment variable.

    A `host` parameter that begins with / is the folder of a Unix socket. Without `sslmode`, another machine must
    present a valid certificate; this machine needs none. Raises SetupError C106 when the variable is not set or not of
    the form FORM.
    """
    text = os.environ.get(variable)
    if not text:
        raise SetupError("C106", f"{variable} is not set", hint=f"export {variable} as {FORM}, from your secret store")
    try:
        return _parsed(text)
    except ValueError as error:
        hint = f"wanted: {FORM}; special characters of the password as %40 and the like"
        raise SetupError("C106", f"{variable}: {error}", hint=hint) from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        parts = urlsplit(text)
        port, given = parts.port or PORT, dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    except ValueError:
        raise ValueError("not a connection string") from None  # the original error would show parts of it
    if parts.scheme not in ("postgresql", "postgres") or parts.fragment:
        raise ValueError("not a connection string of PostgreSQL")
    if set(given) - {"host", "sslmode"}:
        raise ValueError("it has parameters other than host and sslmode")
    host, database = given.get("host") or parts.hostname, unquote(parts.path.lstrip("/"))
    if not (parts.username and host and database):
        raise ValueError("user, host or database is missing")
    found = {"user": unquote(parts.username), "password": unquote(parts.password or "") or None, "database": database}
    if host.startswith("/"):
        return found | {"unix_sock": f"{host}/.s.PGSQL.{port}", "ssl_context": False}
    mode = given.get("sslmode") or ("disable" if host in ("localhost", "127.0.0.1", "::1") else "verify-full")
    if mode not in SSL_MODES:
        raise ValueError(f"sslmode must be one of {', '.join(SSL_MODES)}")
    context = {"disable": False, "require": True, "verify-full": ssl.create_default_context()}[mode]
    return found | {"host": host, "port": port, "ssl_context": context}
