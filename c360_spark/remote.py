"""Files on storage that only Spark's Hadoop clients reach, such as s3a:, abfss: and hdfs:.

Python opens local files itself, because Hadoop cannot read every name that they may have.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from c360_spark.config.platform import is_remote
from c360_spark.errors import InputError
from c360_spark.packing import HEAD, packing

UNREADABLE = re.compile(r"FileNotFoundException|NoSuchFileException|AccessControlException|AccessDeniedException")
DAMAGED = re.compile(r"ZipException|EOFException|ZstdIOException|Truncated|truncated")

GONE = re.compile(
    "FileNotFoundException|VersionNotFoundException|FILE_NOT_EXIST|"
    "Object at location .* not found|Invalid table version|No files in log segment|"  # messages of delta-rs
    "DELTA_(VERSION_NOT_FOUND|TRUNCATED_TRANSACTION_LOG|CHANGE_DATA_FILE_NOT_FOUND)"
)


def default_system(spark: SparkSession) -> str:
    """The file system where Spark looks for a path without a scheme, such as file:/// or hdfs://name:8020."""
    session: Any = spark
    return str(session._jsc.hadoopConfiguration().get("fs.defaultFS"))


def require_one_place(spark: SparkSession, lake: str) -> None:
    """Raise InputError C303 if Spark would look for a lake without a scheme on another machine than Python does."""
    place = default_system(spark)
    if not is_remote(lake) and not place.startswith("file:"):
        hint = f"give the lake with its scheme, such as {place.rstrip('/')}{lake}"
        raise InputError("C303", f"the lake {lake} has no scheme, and Spark looks for such paths in {place}", hint=hint)


def history_is_gone(error: Exception) -> bool:
    """Whether a read failed because VACUUM, or the retention of Delta's log, removed the history it needs."""
    return bool(GONE.search(str(error)))


class Unreadable(Exception):
    """One file cannot be read: it is gone, or access to it is denied."""


def files(spark: SparkSession, root: str) -> Iterator[tuple[str, int, str]]:
    """Path, size in bytes and signature of all files below `root`."""
    found = _system(spark, root).listFiles(_path(spark, root), True)
    while found.hasNext():
        status = found.next()
        yield status.getPath().toString(), status.getLen(), _signature(status)


def signature(spark: SparkSession, path: str) -> str:
    """A file's size in bytes and modification time in ms, which change when it is written again; '' if it is gone."""
    return _signature(_system(spark, path).getFileStatus(_path(spark, path))) if exists(spark, path) else ""


def _signature(status: Any) -> str:
    return f"{status.getLen()} {status.getModificationTime()}"


def names(spark: SparkSession, folder: str) -> list[str]:
    """Names of the entries of a folder; none if it does not exist."""
    if not exists(spark, folder):
        return []
    return [status.getPath().getName() for status in _system(spark, folder).listStatus(_path(spark, folder))]


def exists(spark: SparkSession, path: str) -> bool:
    return bool(_system(spark, path).exists(_path(spark, path)))


def remove(spark: SparkSession, folder: str) -> None:
    """Remove a folder and its content, if it exists and the session is still alive."""
    try:
        _system(spark, folder).delete(_path(spark, folder), True)
    except (Py4JJavaError, OSError, AttributeError, AssertionError):
        return  # the session has ended; the next run removes it


def copy(
    spark: SparkSession, source: str, target: str, *, local_source: bool = False, unpack: bool = True
) -> tuple[str, str]:
    """Copy a file in one read, decompressed unless `unpack` is false.

    Returns the SHA-256 of its content and, if the file is damaged, how. With `local_source` the source is a local file,
    which may have any name. Raises Unreadable if the source cannot be read; what the target's storage refuses is raised
    as it is, because it is no fault of this file.
    """
    java: Any = spark._jvm
    digest = java.java.security.MessageDigest.getInstance("SHA-256")
    try:
        opened = java.java.io.FileInputStream if local_source else _system(spark, source).open
        delivered = opened(source if local_source else _path(spark, source))
        # Object stores may refuse access at the first read only, which is of the head.
        stream, packed = _unpacked(java, delivered) if unpack else (lambda: delivered, None)
    except Py4JJavaError as error:
        raise _unreadable(error) or error from None
    damage = ""
    try:
        hashed = java.java.security.DigestInputStream(stream(), digest)
        out = _system(spark, target).create(_path(spark, target), True)
        java.org.apache.hadoop.io.IOUtils.copyBytes(hashed, out, 1 << 20, True)
    except Py4JJavaError as error:
        gone = None if local_source or exists(spark, source) else _unreadable(error)
        if gone:
            _system(spark, target).delete(_path(spark, target), False)
            raise gone from None
        if not packed or not DAMAGED.search(str(error.java_exception.toString())):
            raise
        damage = str(error.java_exception.getMessage())
        _system(spark, target).delete(_path(spark, target), False)
    finally:
        delivered.close()
    return str(java.org.apache.commons.codec.binary.Hex.encodeHexString(digest.digest())), damage


def _unreadable(error: Py4JJavaError) -> Unreadable | None:
    """The reason, if an error of reading is one of this one file."""
    reason = str(error.java_exception.toString())
    return Unreadable(reason.splitlines()[0].rpartition("Exception: ")[2]) if UNREADABLE.search(reason) else None


def _unpacked(java: Any, opened: Any) -> tuple[Callable[[], Any], str | None]:
    """A function that opens the content, and the compression.

    Opening fails if the head of a compressed file is damaged.
    """
    stream = java.java.io.PushbackInputStream(opened, HEAD)
    head = bytes(stream.readNBytes(HEAD))
    stream.unread(head)
    packed = packing(head)
    if packed == "gzip":
        return lambda: java.java.util.zip.GZIPInputStream(stream, 1 << 16), packed
    if packed == "zstd":
        return lambda: java.com.github.luben.zstd.ZstdInputStream(stream), packed
    return lambda: stream, packed


def rename(spark: SparkSession, source: str, target: str) -> None:
    _system(spark, source).rename(_path(spark, source), _path(spark, target))


def _path(spark: SparkSession, path: str) -> Any:
    java: Any = spark._jvm
    return java.org.apache.hadoop.fs.Path(path)


def _system(spark: SparkSession, path: str) -> Any:
    session: Any = spark
    return _path(spark, path).getFileSystem(session._jsc.hadoopConfiguration())
