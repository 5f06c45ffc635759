"""Maps failures of the machine to errors with a code, by what the operating system, Java or Spark reports."""

import re
from collections.abc import Iterator

from c360_spark.errors import C360Error, InputError, SetupError

FULL = "free some space or give another disk, then run the same again: nothing is lost"
DENIED = "check the owner, the rights and the mount of the folder, then run the same again"
MEMORY = "give more: spark.driver_memory in platform.yml, or in the submit command; then run the same again"
ENDED = "look whether the system killed Java for want of memory, then run the same again"
PROJECT = "give it to spark-submit: --py-files dist/c360_spark.zip, which `make wheel` makes"
FILES = "raise the limit of open files (ulimit -n), then run the same again"

# Patterns searched, in this order, in the messages of an exception and of all its causes.
FAULTS = (
    ("C107", r"No space left on device|Disk quota exceeded|No FileSystem space", "the disk is full", FULL),
    ("C108", r"Read-only file system", "the file system can only be read", DENIED),
    ("C108", r"Permission denied|AccessDeniedException|AccessControlException", "access was denied", DENIED),
    ("C108", r"Input/output error", "the disk gave an error", DENIED),
    ("C102", r"No module named '?c360_spark", "executors have not this project", PROJECT),
    ("C109", r"OutOfMemoryError|Cannot allocate memory|StackOverflowError", "the memory of Java ran out", MEMORY),
    ("C111", r"Too many open files", "too many files are open", FILES),
    ("C110", r"Py4JNetworkError|Answer from Java side is empty|ConnectionRefusedError|SparkContext was shut down",
     "Java ended while it was needed", ENDED),
)  # fmt: skip
NO_FOLDER = (NotADirectoryError, FileExistsError, IsADirectoryError, FileNotFoundError)


def fault(error: BaseException) -> C360Error | None:
    """The failure as a C360Error; None if neither the machine nor a path is to blame."""
    own = next((each for each in _chain(error) if isinstance(each, C360Error)), None)
    if own is not None:
        return own
    text = "\n".join(f"{type(each).__name__}: {each}" for each in _chain(error))
    for code, pattern, cause, hint in FAULTS:
        if re.search(pattern, text):
            named = (each.filename for each in _chain(error) if isinstance(each, OSError) and each.filename)
            place = next(map(str, named), "")
            return SetupError(code, f"{cause}: {place}" if place else cause, hint=hint)
    if isinstance(error, NO_FOLDER):
        return InputError("C303", f"{error.strerror}: {error.filename}", hint="give the path of a folder")
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
