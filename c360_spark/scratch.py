"""Scratch folders for intermediate data. They hold personal data, so they are removed with their process.

The next process removes what a killed one left: each folder has a lock file beside it, which the operating system frees
when its process dies. docs/operations.md lists what is kept where, and for how long.
"""

import os
import shutil
import tempfile
import time
import uuid
import weakref
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout
from pyspark.sql import DataFrame, SparkSession

from c360_spark import remote
from c360_spark.config.platform import is_remote

FOLDER = "_scratch"
BEFORE = ("_staging", "_checkpoints")  # where versions up to 0.1 kept intermediate data
STAMP = "%Y%m%dT%H%M%SZ"
ABANDONED = timedelta(days=2)  # age limit on object storage, where a folder has no lock


@dataclass(frozen=True)
class Staged:
    """A computed frame, written to a scratch folder of its own."""

    folder: str
    rows: DataFrame
    count: int

    @property
    def size_bytes(self) -> int:
        """Total size of its files, which are on this machine."""
        return sum(file.stat().st_size for file in Path(self.folder).glob("part-*.parquet"))


class Scratch:
    """The scratch folder of one process below `root`, created on first use."""

    def __init__(self, root: str, spark: SparkSession | None = None) -> None:
        name = f"{datetime.now(UTC):{STAMP}}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.root, self.spark, self.folder = root, spark, f"{root}/{name}"
        self._made = False

    def path(self, *names: str) -> str:
        """A path inside the folder."""
        if not self._made:
            self._make()
        return "/".join((self.folder, *names))

    def clear(self) -> None:
        """Remove everything written so far."""
        if self._made:
            _remove(self.folder, self.spark)
        if self._made and not is_remote(self.root):
            Path(self.folder).mkdir(exist_ok=True)

    def _make(self) -> None:
        self._made = True
        if is_remote(self.root):
            assert self.spark is not None
            weakref.finalize(self, remote.remove, self.spark, self.folder)
            return
        Path(self.root).mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{self.folder}.lock", timeout=0)
        lock.acquire()  # before the folder exists, so that no process takes it for abandoned
        Path(self.folder).mkdir()
        weakref.finalize(self, _give_up, Path(self.folder), lock)


def _give_up(folder: Path, lock: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _remove(folder: str, spark: SparkSession | None) -> None:
    if not is_remote(folder):
        shutil.rmtree(folder, ignore_errors=True)
    elif spark is not None:
        remote.remove(spark, folder)


def sweep(lake: str, spark: SparkSession) -> None:
    """Remove the scratch folders of dead processes from a lake. Call it only while holding the lake's lease."""
    for name in BEFORE:
        _remove(f"{lake}/{name}", spark)
    if not is_remote(lake):
        _sweep_local(Path(lake) / FOLDER)
        return
    oldest = f"{datetime.now(UTC) - ABANDONED:{STAMP}}"
    for name in remote.names(spark, f"{lake}/{FOLDER}"):
        if name < oldest:
            remote.remove(spark, f"{lake}/{FOLDER}/{name}")


def _sweep_local(root: Path) -> None:
    for found in root.glob("*.lock"):
        lock = FileLock(found, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            continue  # its process is alive
        _give_up(found.with_suffix(""), lock)
    for folder in root.glob("*/"):
        if not folder.with_name(f"{folder.name}.lock").exists() and time.time() - folder.stat().st_mtime > 60:
            shutil.rmtree(folder, ignore_errors=True)


@cache
def local_scratch() -> Scratch:
    """The scratch folder of this process on the local disk, for Spark's spills and shuffles.

    Removes the folders of dead processes of the same user.
    """
    root = Path(tempfile.gettempdir()) / f"c360-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    if root.is_symlink() or root.stat().st_uid != os.getuid():  # another user made it, so could read it
        root = Path(tempfile.mkdtemp(prefix="c360-"))
    _sweep_local(root)
    return Scratch(str(root))
