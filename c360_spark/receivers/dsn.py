"""Connection strings of PostgreSQL, read from the environment. No part of one is ever shown."""

import os
import ssl
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from c360_spark.errors import SetupError

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
