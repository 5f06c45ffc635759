"""Every error a user can meet: a stable code, an exit code, the cause and a hint."""

CODES: dict[str, str] = {
    "C101": "Java is missing or of an unsupported version",
    "C102": "a Python package is missing or of an unsupported version",
    "C103": "a jar is missing, or its checksum is wrong",
    "C104": "jars could not be fetched",
    "C105": "the secret for identifiers is not set",
    "C106": "the connection string of a destination is not set, or cannot be read",
    "C107": "a disk is full",
    "C108": "a file or folder cannot be read or written",
    "C109": "memory ran out",
    "C110": "Spark has ended",
    "C111": "too many files are open",
    "C201": "configuration is invalid",
    "C202": "configuration is missing",
    "C203": "unknown name",
    "C204": "the rule set is not released",
    "C205": "the rule set cannot be promoted",
    "C206": "a contract changed without the version it needs",
    "C301": "an input folder is missing",
    "C302": "an input file cannot be read",
    "C303": "an argument is invalid",
    "C304": "a table does not exist yet",
    "C305": "the run goes back in time",
    "C306": "the records do not suffice to estimate a match model",
    "C401": "another run holds the lake",
    "C402": "a destination did not take its changes; they wait for the next run",
    "C501": "an accounting check failed",
    "C502": "an identity invariant is broken",
    "C503": "two identifiers share one id",
}


class C360Error(Exception):
    """A failure with a cause that a user can act on. `code` is a key of CODES and never changes meaning."""

    exit_code = 1

    def __init__(self, code: str, cause: str, *, hint: str = "") -> None:
        assert code in CODES, code
        super().__init__(cause)
        self.code, self.cause, self.hint = code, cause, hint

    def __str__(self) -> str:
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{self.code} {CODES[self.code]}: {self.cause}{hint}"


class SetupError(C360Error):
    """The machine is not ready: Java, Python packages, jars, secrets."""

    exit_code = 10


class ConfigError(C360Error):
    """A file in conf/ is invalid. The cause lists every problem, one per line, as file:line:column."""

    exit_code = 11


class InputError(C360Error):
    """The input of a run cannot be used: folders, files, arguments, tables."""

    exit_code = 12


class BusyError(C360Error):
    """Another run is writing to the same lake."""

    exit_code = 13


class DeliveryError(C360Error):
    """A destination could not be reached, or not be used at all; everything else was done."""

    exit_code = 15


class IntegrityError(C360Error):
    """A check of the suite on its own result failed; the stage does not count as done, so the next run repeats it."""

    exit_code = 14
