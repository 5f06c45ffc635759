"""`c360 files`: the outcome of each file of the landing folder, read without a JVM."""

from pathlib import Path

from c360_spark import tables
from c360_spark.config import load
from c360_spark.config.yaml.document import did_you_mean
from c360_spark.errors import InputError
from c360_spark.landing.listing import printable
from c360_spark.lookup import Lookup, Row, among

LANDED = ("landed", "repeat")
NOT_LANDED = ("unclaimed", "ignored", "ambiguous", "refused", "waiting", "unreadable", "empty", "held")


def listed(*, config: str, env: str, lake: str | None, status: str | None, every: bool) -> list[Row]:
    """Rows of ops.landing_file in the order of their paths: files not landed, those of one `status`, or all.

    Raises InputError C203 for an unknown status, C304 before the first run.
    """
    known = (*NOT_LANDED, *LANDED)
    if status and status not in known:
        raise InputError("C203", f"no status '{status}'", hint=did_you_mean(status, known).lstrip("; "))
    wanted = [status] if status else [*known] if every else [*NOT_LANDED]
    question = f"SELECT * FROM f WHERE {among('status', list(wanted))} ORDER BY file_path"
    return Lookup(load(Path(config), env, lake=lake).platform.lake).ask(question, f=tables.LANDING_FILE)


def as_text(rows: list[Row]) -> str:
    """One line per file."""
    if not rows:
        return "no such files: whatever a run has seen was landed"
    lines = []
    for row in rows:
        reason = f"  ({row['reason']})" if row["reason"] else ""
        lines.append(f"{row['status']:<10}  {row['size_bytes']:>12,}  {printable(row['file_path'])}{reason}")
    return "\n".join(lines)
