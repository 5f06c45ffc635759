"""One read of a delivered file: it is hashed while it is copied, so what is landed is what the hash is of.

Nothing reads the delivered file again: whoever rewrites it meanwhile changes nothing that was begun.
"""

import hashlib
import os
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

from c360_spark import remote
from c360_spark.config.platform import is_remote
from c360_spark.landing.listing import Found, signature

CHUNK = 1 << 20
THREADS = 4
WRITTEN = "it was written to while it was read"


@dataclass(frozen=True)
class Taken:
    """A delivered file once it is copied: `delivery_id` is the SHA-256 of its bytes, and the name of the copy."""

    found: Found
    delivery_id: str


@dataclass(frozen=True)
class Missed:
    """A file that could not be read, or changed meanwhile: the next run tries again."""

    found: Found
    reason: str


def take(spark: SparkSession, files: Sequence[Found], folder: str) -> list[Taken | Missed]:
    """Copy files into `folder`, each content once, under its hash. In the order of `files`."""
    if not is_remote(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(THREADS) as pool:  # hashing and copying leave the interpreter's lock
        return list(pool.map(lambda found: _taken(spark, found, folder), files))


def _taken(spark: SparkSession, found: Found, folder: str) -> Taken | Missed:
    local = not is_remote(found.location)
    part = f"{folder}/.{uuid.uuid4().hex}"
    if not local or is_remote(folder):
        delivery_id = remote.copy(spark, found.location, part, local_source=local)
        remote.rename(spark, part, f"{folder}/{delivery_id}")
        return Taken(found, delivery_id)
    try:
        source = os.open(found.location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        return Missed(found, error.strerror or str(error))
    with os.fdopen(source, "rb") as file, Path(part).open("xb") as copy:
        digest = hashlib.sha256()
        try:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                copy.write(chunk)
        except IsADirectoryError as error:
            return Missed(found, str(error.strerror))
        if signature(os.fstat(file.fileno())) != found.signature:
            Path(part).unlink()
            return Missed(found, WRITTEN)
    Path(part).replace(f"{folder}/{digest.hexdigest()}")
    return Taken(found, digest.hexdigest())
