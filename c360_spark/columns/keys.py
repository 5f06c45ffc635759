"""Keys: unambiguous hashes of several values, with and without a secret."""

import hashlib
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BinaryType, StructField, StructType

BLOCK = 64  # bytes of a SHA-256 block
INNER, OUTER = "_key_inner", "_key_outer"


def joined(*parts: Column) -> Column:
    """One text for several values, each with its length: ("ab", "c") differs from ("a", "bc"), and null from ""."""
    texts = [part.cast("string") for part in parts]
    return F.concat(*(F.coalesce(F.concat(F.length(t), F.lit(":"), t), F.lit("-")) for t in texts))


def joined_list(parts: Column) -> Column:
    """The same as `joined`, for an array of strings."""
    return F.array_join(F.transform(parts, lambda t: F.coalesce(F.concat(F.length(t), F.lit(":"), t), F.lit("-"))), "")


def digest(*parts: Column) -> Column:
    """SHA-256 of several values, as 64 hex digits. Never null."""
    return F.sha2(joined(*parts), 256)


def digest_of(*parts: str | None) -> str:
    """`digest` of texts, in Python."""
    texts = ("-" if part is None else f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def with_key(rows: DataFrame, secret: str) -> DataFrame:
    """Rows with the secret for `keyed_digest`, in the columns INNER and OUTER: drop both before a write.

    They come from a join with a local relation, of which plans show names only. A literal would appear in every plan,
    and so in the event log and on the SQL page of the history server.
    """
    key = secret.encode()
    key = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")  # RFC 2104
    pads = [bytes(byte ^ mask for byte in key) for mask in (0x36, 0x5C)]
    return rows.crossJoin(F.broadcast(_one_row(rows, (INNER, OUTER), pads)))


def _one_row(rows: DataFrame, names: tuple[str, ...], values: list[bytes]) -> DataFrame:
    """A local relation in the session of `rows`. `createDataFrame` would pass the values through a file."""
    spark: Any = rows.sparkSession
    shape = StructType([StructField(name, BinaryType()) for name in names])
    row = spark._sc._gateway.new_array(spark._jvm.Object, len(values))
    for place, value in enumerate(values):
        row[place] = value
    one = spark._jvm.java.util.Collections.singletonList(spark._jvm.org.apache.spark.sql.RowFactory.create(row))
    made = spark._jsparkSession.createDataFrame(one, spark._jsparkSession.parseDataType(shape.json()))
    return DataFrame(made, spark)


def keyed_digest(*parts: Column) -> Column:
    """HMAC-SHA-256 (RFC 2104) of several values, as 64 hex digits, in rows of `with_key`. Never null.

    Without the secret nobody can tell whether a guessed e-mail address is in the lake.
    """
    message = F.sha2(F.concat(F.col(INNER), F.encode(joined(*parts), "UTF-8")), 256)
    return F.sha2(F.concat(F.col(OUTER), F.unhex(message)), 256)


def identifier_id(namespace: Column, region: Column, value: Column, *, bits: int = 63) -> Column:
    """The vertex id of an identifier: the leading `bits` of its keyed digest as a non-negative long.

    Needs rows of `with_key`.
    """
    head = F.substring(keyed_digest(namespace, region, value), 1, 16)
    return F.shiftrightunsigned(F.conv(head, 16, -10).cast("long"), 64 - bits)
