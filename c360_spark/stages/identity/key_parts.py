"""Parts of match keys: birth dates that are too frequent, and a report of the most frequent values."""

from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.record import current
from c360_spark.config.rules.identity import RuleSet
from c360_spark.identity.frequent import BIRTH_DATE, first_days, frequent_values, uses_birth_date, without_dates
from c360_spark.run.context import Run
from c360_spark.run.pending_changes import Marks

# Watermark of the birth dates that make no match key, numbered: the last ones are in force.
DATES = "resolve_identity dates"
SEPARATOR = " "


def dates_in_force(run: Run, marks: Marks, *, changed: bool) -> tuple[str, Marks]:
    """Dates of 1 January that are too frequent, as text, and what to record if they differ from before.

    Recomputed only if the records or the rule set have `changed`.
    """
    dates = before = max(marks, key=marks.__getitem__, default="")
    if changed and uses_birth_date(run.conf.rules):
        rows = first_days(run.store.read(tables.PROFILE_RECORD)).orderBy(BIRTH_DATE).collect()
        dates = SEPARATOR.join(str(row[BIRTH_DATE]) for row in rows)
        for row in rows:
            run.say(f"  born on {row[BIRTH_DATE]}: {row.records:,} records, too many; it makes no match key")
    return dates, {} if dates == before else {dates: max(marks.values(), default=0) + 1}


def ruled_without(rules: RuleSet, dates: str) -> RuleSet:
    return without_dates(rules, dates.split(SEPARATOR) if dates else ())


def most_frequent(run: Run, *, most: int) -> str:
    """The most frequent values of each part of a match key, as text; values of a single record are not shown."""
    records = current(run.store.read(tables.PROFILE_RECORD))
    rows = frequent_values(records, run.conf.rules, most=most).orderBy("part", F.desc("records"), "value").collect()
    lines = [f"  {'part':<16} {'records':>9} {'share':>7}  value"]
    for row in rows:
        said = "  makes no key" if row.blocked else ""
        lines.append(f"  {row.part:<16} {row.records:>9,} {row.share:>7.2%}  {row.value}{said}")
    return "\n".join(lines)
