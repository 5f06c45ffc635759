"""One read of a delivered file: it is unpacked and hashed while it is copied, so what is landed is what the hash is of.

Nothing reads the delivered file again: whoever rewrites it meanwhile changes nothing that was begun. The hash is of the
content without its compression: gzip notes the time of packing, so the same records packed again are other bytes.
"""

import hashlib
import os
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pyspark.sql import SparkSession

from c360_spark import remote
from c360_spark.config.platform import is_remote
from c360_spark.landing.listing import Found, signature
from c360_spark.packing import unpacked

CHUNK = 1 << 20
THREADS = 4
WRITTEN = "it was written to while it was read"


@dataclass(frozen=True)
class Taken:
    """A delivered file once it is copied: `delivery_id` is the SHA-256 of its content, and the name of the copy.

    Of a compressed file that is damaged, `damage` says how, `delivery_id` is of as much as could be unpacked, and there
    is no copy.
    """

    found: Found
    delivery_id: str
    damage: str = ""


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
        delivery_id, damage = remote.copy(spark, found.location, part, local_source=local)
        if not damage:
            remote.rename(spark, part, f"{folder}/{delivery_id}")
        return Taken(found, delivery_id, damage)
    try:
        source = os.open(found.location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        return Missed(found, error.strerror or str(error))
    with os.fdopen(source, "rb") as file:
        try:
            delivery_id, damage = _copied(file, part)
        except IsADirectoryError as error:
            return Missed(found, str(error.strerror))
        if signature(os.fstat(file.fileno())) != found.signature:
            Path(part).unlink()
            return Missed(found, WRITTEN)
    if damage:
        Path(part).unlink()
    else:
        Path(part).replace(f"{folder}/{delivery_id}")
    return Taken(found, delivery_id, damage)


def _copied(file: BinaryIO, target: str) -> tuple[str, str]:
    """The SHA-256 of the content of a file, once it stands in `target`; and how the file is damaged, if it is."""
    digest = hashlib.sha256()
    with unpacked(file) as content, Path(target).open("xb") as copy:
        try:
            while chunk := content.read(CHUNK):
                digest.update(chunk)
                copy.write(chunk)
        except OSError as error:
            if error.errno is not None:  # the disk's, not the content's
                raise
            return digest.hexdigest(), str(error)
    return digest.hexdigest(), ""
