"""`c360 destination`: how many members a destination can be sent. Nothing is written to its outbox."""

from collections.abc import Iterable

from pyspark.sql import functions as F

from c360_spark.config.activation.destination_kinds import KINDS
from c360_spark.config.yaml.document import did_you_mean
from c360_spark.errors import InputError
from c360_spark.export.payload import ANY, coverage, left_out
from c360_spark.run.context import TIME, Run
from c360_spark.stages.export.export import AffectedMembers, payload_rows


def coverage_report(run: Run, name: str) -> str:
    """Text report: members that can be sent, how many of them carry each match key, and why the others cannot.

    Raises InputError C203 for an unknown destination.
    """
    found = {each.name: each for each in run.conf.destinations.values()}
    if name not in found:
        raise InputError("C203", f"no destination '{name}' in destinations/", hint=did_you_mean(name, found)[2:])
    destination = found[name]
    rows, members = run.store.stage(f"coverage.{name}", payload_rows(AffectedMembers(run, destination, None)))
    sent = rows.where(F.size("reasons") == 0).count()
    lines = [f"{name} at {run.as_of:{TIME}}: {members:,} members of {destination.audience}"]
    lines += _lines("can be sent", [("", sent)], members)
    if KINDS[destination.kind].match_keys:
        keys = [(row.match_key, row.persons) for row in coverage(rows, destination).collect() if row.match_key != ANY]
        lines += _lines("of them by", sorted(keys), sent)
    lacking = [(row.reason, row.persons) for row in left_out(rows).collect()]
    lines += _lines("of them without", sorted(lacking), sent)
    reasons = rows.select(F.explode("reasons").alias("reason")).groupBy("reason").count().collect()
    return "\n".join(lines + _lines("cannot, for", sorted((row.reason, row["count"]) for row in reasons), members))


def _lines(words: str, counts: Iterable[tuple[str, int]], total: int) -> list[str]:
    return [f"  {count:>9,} {count / max(total, 1):>5.0%}  {words} {name}".rstrip() for name, count in counts]
