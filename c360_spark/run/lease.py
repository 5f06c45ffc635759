"""One writer per lake: two drivers that write the same files can lose each other's commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from c360_spark.config.platform import absolute, is_remote
from c360_spark.errors import BusyError


@contextmanager
def lease(lake: str) -> Iterator[None]:
    """Hold the exclusive write lease of a lake, however its path is spelled, while the body runs.

    The operating system frees the lease of a killed run. Raises BusyError C401 when another run holds it. A lake behind
    a URI has no lease: there the scheduler allows one run at a time, and Delta's commit service rejects a lost race.
    """
    if is_remote(lake):
        yield
        return
    folder = Path(absolute(lake))
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".c360.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        hint = "wait for it to end; if none is running, look for a hanging driver process"
        raise BusyError("C401", f"another run is writing to {folder}", hint=hint) from None
    try:
        yield
    finally:
        lock.release()
