"""What a benchmark ran on, and how much memory it took."""

import os
import platform
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pyspark.sql import SparkSession

PROC = Path("/proc")
GIB = 1024**2  # of the kilobytes that /proc counts in
PACKAGES = ("pyspark", "delta-spark", "graphframes-py", "pyarrow", "pandas", "scipy")


def described(spark: SparkSession) -> list[str]:
    """Machine and versions, as items of a Markdown list."""
    jvm = spark._jvm
    assert jvm is not None
    java = jvm.java.lang.System.getProperty("java.version")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    conf = spark.sparkContext.getConf()
    return [
        f"machine: {os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB memory, {_system()}",
        f"versions: Python {platform.python_version()}, Java {java}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        f"session: one process, {conf.get('spark.master')}, spark.driver.memory {conf.get('spark.driver.memory')}, "
        f"spark.sql.shuffle.partitions {conf.get('spark.sql.shuffle.partitions')}",
    ]


def _processor() -> str:
    try:
        text = (PROC / "cpuinfo").read_text()
    except OSError:
        return platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return f"{platform.system()} {platform.release()}"


@dataclass
class Peak:
    """The most resident memory seen, in kilobytes; 0 where /proc does not tell.

    Of pages that Python workers share, each counts its part.
    """

    jvm: int = 0
    python: int = 0

    def sample(self, jvm_pid: int) -> None:
        """The JVM's own high-water mark, and the sum over this process and the Python workers below the JVM."""
        self.jvm = max(self.jvm, _kilobytes(jvm_pid, "VmHWM"))
        pids = [os.getpid(), *(pid for pid in _descendants(jvm_pid) if pid != jvm_pid)]
        self.python = max(self.python, sum(_kilobytes(pid, "Pss", "smaps_rollup") for pid in pids))

    def __str__(self) -> str:
        return f"peak resident memory: JVM {self.jvm / GIB:.1f} GiB, Python {self.python / GIB:.1f} GiB"


@contextmanager
def watched(spark: SparkSession, *, seconds: float = 0.5) -> Iterator[Peak]:
    """Samples memory in the background while the body runs."""
    jvm = spark._jvm
    assert jvm is not None
    jvm_pid, peak, done = int(jvm.java.lang.ProcessHandle.current().pid()), Peak(), threading.Event()

    def watch() -> None:
        while not done.wait(seconds):
            peak.sample(jvm_pid)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()
        peak.sample(jvm_pid)


@dataclass(frozen=True)
class Cost:
    """What a session has used so far: Spark jobs, and CPU seconds of the JVM, this process and the Python workers."""

    jobs: int
    cpu_seconds: float

    @classmethod
    def of(cls, spark: SparkSession) -> "Cost":
        jvm = spark._jvm
        assert jvm is not None
        jvm_pid = int(jvm.java.lang.ProcessHandle.current().pid())
        pids = {os.getpid(), *_descendants(jvm_pid)}
        return cls(int(spark.sparkContext._jsc.sc().dagScheduler().numTotalJobs()), sum(map(_cpu_seconds, pids)))

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost(self.jobs - other.jobs, self.cpu_seconds - other.cpu_seconds)


def _cpu_seconds(pid: int) -> float:
    """Of a process and those of its children that have ended."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _kilobytes(pid: int, field: str, file: str = "status") -> int:
    try:
        text = (PROC / str(pid) / file).read_text()
    except OSError:
        return 0
    found = re.search(rf"^{field}:\s*(\d+) kB", text, re.MULTILINE)
    return int(found.group(1)) if found else 0


def _descendants(root: int) -> set[int]:
    parents = {}
    for status in PROC.glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(status.parent.name)] = int(fields[1])
    found = {root}
    while new := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= new
    return found


def say(text: str) -> None:
    """Progress goes to standard error; standard output is the result."""
    print(text, file=sys.stderr, flush=True)
