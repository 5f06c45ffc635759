"""Copies delivered files, decompressing and hashing each in a single read, so that the hash is of what is landed.

Later steps read only the copy, so a sender who rewrites the file during a run cannot affect that run. The hash is of
the decompressed content, because gzip stores a timestamp: equal records compressed again give different bytes.
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
    """A delivered file that was copied: `delivery_id` is the SHA-256 of its content, and the name of the copy.

    For a damaged compressed file `damage` describes the damage, `delivery_id` covers only the content that could be
    decompressed, and there is no copy.
    """

    found: Found
    delivery_id: str
    damage: str = ""


@dataclass(frozen=True)
class Missed:
    """A file that could not be read, or that changed while it was read; the next run retries it."""

    found: Found
    reason: str


def take(spark: SparkSession, files: Sequence[Found], folder: str) -> list[Taken | Missed]:
    """Copies files into `folder`, named by content hash, so that equal contents are stored once.

    The results are in the order of `files`.
    """
    if not is_remote(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(THREADS) as pool:  # hashing and copying release the interpreter lock
        return list(pool.map(lambda found: _taken(spark, found, folder), files))


def _taken(spark: SparkSession, found: Found, folder: str) -> Taken | Missed:
    local = not is_remote(found.location)
    part = f"{folder}/.{uuid.uuid4().hex}"
    if not local or is_remote(folder):
        try:
            delivery_id, damage = remote.copy(spark, found.location, part, local_source=local)
        except remote.Unreadable as error:
            return Missed(found, str(error))
        if _signature(spark, found.location) != found.signature:
            remote.remove(spark, part)
            return Missed(found, WRITTEN)
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


def _signature(spark: SparkSession, location: str) -> str:
    if is_remote(location):
        return remote.signature(spark, location)
    return signature(Path(location).stat()) if Path(location).exists() else ""


def _copied(file: BinaryIO, target: str) -> tuple[str, str]:
    """Copies the decompressed content to `target`; returns its SHA-256 and a description of damage, or ''."""
    digest = hashlib.sha256()
    with unpacked(file) as content, Path(target).open("xb") as copy:
        try:
            while chunk := content.read(CHUNK):
                digest.update(chunk)
                copy.write(chunk)
        except OSError as error:
            if error.errno is not None:  # an error of the disk, not of the content
                raise
            return digest.hexdigest(), str(error)
    return digest.hexdigest(), ""
