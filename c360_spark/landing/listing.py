"""Lists every file below the landing root. Spark's own listing is not used, because it skips old files, hidden files
and files whose names it cannot read.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

from c360_spark import remote
from c360_spark.config.platform import is_remote

OUTSIDE = "a link that leads out of the landing folder"
LOOP = "a link to a folder that holds it"
SPECIAL = "neither a file nor a folder"
UNREADABLE = "cannot be opened"


@dataclass(frozen=True, order=True)
class Found:
    """A file in the landing folder. `path` is relative to the root, as shown and recorded; `location` is the path to
    open. `signature` changes whenever the content may have changed. `problem` is the reason why it cannot be landed.
    """

    path: str
    location: str
    size_bytes: int = 0
    signature: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def listing(spark: SparkSession, root: str) -> list[Found]:
    """All files below `root`, sorted by path. Folders are listed only if they cannot be entered."""
    if not is_remote(root):
        return sorted(_local(root, "", (os.path.realpath(root),)))
    start = len(root.rstrip("/")) + 1
    return sorted(Found(path[start:], path, size, signature) for path, size, signature in remote.files(spark, root))


def _local(root: str, below: str, parents: tuple[str, ...]) -> Iterator[Found]:
    folder = f"{root}/{below}"
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        yield Found(told(below.rstrip("/")), folder, problem=f"{UNREADABLE}: {error.strerror}")
        return
    for entry in entries:
        path = f"{below}{entry.name}"
        try:
            real = os.path.realpath(entry.path)
            status = Path(real).stat() if entry.is_symlink() else entry.stat(follow_symlinks=False)
        except OSError as error:
            yield Found(told(path), entry.path, problem=f"{UNREADABLE}: {error.strerror}")
            continue
        if entry.is_symlink() and not _within(real, parents[0]):
            yield Found(told(path), entry.path, problem=OUTSIDE)
        elif stat.S_ISDIR(status.st_mode) and real in parents:
            yield Found(told(path), entry.path, problem=LOOP)
        elif stat.S_ISDIR(status.st_mode):
            yield from _local(root, f"{path}/", (*parents, real))
        elif not stat.S_ISREG(status.st_mode):
            yield Found(told(path), entry.path, problem=SPECIAL)
        else:
            yield Found(told(path), real, status.st_size, signature(status))


def signature(status: os.stat_result) -> str:
    """A file's size, mtime, ctime and inode. Unlike mtime, ctime cannot be set back, so that `cp -p` and rewrites are
    detected.
    """
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _within(real: str, root: str) -> bool:
    return Path(real).is_relative_to(root)


def told(path: str) -> str:
    """A path as text; bytes that are not UTF-8 are escaped, such as \\xff."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def printable(path: str) -> str:
    """A path that is safe to print: unprintable characters, which could move the cursor, are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in path)
