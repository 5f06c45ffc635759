"""Keys: hashes of several values that cannot be confused with one another, with and without a secret."""

from pyspark.sql import Column
from pyspark.sql import functions as F

BLOCK = 64  # bytes of a SHA-256 block


def joined(*parts: Column) -> Column:
    """One text for several values, each with its length: ("ab", "c") differs from ("a", "bc"), null from ""."""
    texts = [part.cast("string") for part in parts]
    return F.concat(*(F.coalesce(F.concat(F.length(t), F.lit(":"), t), F.lit("-")) for t in texts))


def joined_list(parts: Column) -> Column:
    """The same text as `joined` for an array of strings."""
    return F.array_join(F.transform(parts, lambda t: F.coalesce(F.concat(F.length(t), F.lit(":"), t), F.lit("-"))), "")


def digest(*parts: Column) -> Column:
    """SHA-256 of several values, as 64 hex digits. Never null."""
    return F.sha2(joined(*parts), 256)


def keyed_digest(secret: str, *parts: Column) -> Column:
    """HMAC-SHA-256 (RFC 2104) of several values under `secret`, as 64 hex digits. Never null.

    Without the secret nobody can tell whether a guessed e-mail address is in the lake.
    """
    key = secret.encode().ljust(BLOCK, b"\0")
    if len(key) > BLOCK:
        raise ValueError(f"the secret is longer than {BLOCK} bytes")
    inner = bytearray(byte ^ 0x36 for byte in key)
    outer = bytearray(byte ^ 0x5C for byte in key)
    message = F.sha2(F.concat(F.lit(inner), F.encode(joined(*parts), "UTF-8")), 256)
    return F.sha2(F.concat(F.lit(outer), F.unhex(message)), 256)


def identifier_id(secret: str, namespace: Column, region: Column, value: Column, *, bits: int = 63) -> Column:
    """The vertex id of an identifier: the leading `bits` of its keyed digest as a non-negative long."""
    head = F.substring(keyed_digest(secret, namespace, region, value), 1, 16)
    return F.shiftrightunsigned(F.conv(head, 16, -10).cast("long"), 64 - bits)
