"""`c360 metrics`, and the totals of metrics for the catalog. Reads without a JVM."""

from collections.abc import Iterator
from pathlib import Path

from c360_spark import tables
from c360_spark.config import load
from c360_spark.config.rules.metrics import MetricRules
from c360_spark.errors import InputError
from c360_spark.lookup import Lookup, Row, text

TEXTS = 8  # values of a text metric shown in its total, the most frequent ones
TOTALS = """SELECT metric, text, sum(person_count) AS persons, sum(total) AS total,
min(smallest) AS smallest, max(greatest) AS greatest FROM t GROUP BY metric, text ORDER BY metric, persons DESC, text"""


def totals_of(config: str, env: str, lake: str) -> dict[str, str]:
    """`totals` of the metrics in a lake, for the catalog."""
    conf = load(Path(config), env, lake=lake)
    return totals(Lookup(conf.platform.lake), conf.metrics)


def totals(lookup: Lookup, rules: MetricRules) -> dict[str, str]:
    """The total of each metric over all regions, in words.

    Raises InputError C304 when build_metrics has not run.
    """
    rows = lookup.ask(TOTALS, t=tables.METRIC_TOTAL)
    return {
        name: _told([row for row in rows if row["metric"] == name], metric.has_zero)
        for name, metric in rules.all.items()
    }


def listing(config: str, env: str, lake: str | None) -> str:
    """Text report: every metric with its definition, and its total if `lake` is given."""
    conf = load(Path(config), env, lake=lake)
    now = totals(Lookup(conf.platform.lake), conf.metrics) if lake else {}
    return "\n".join(
        line
        for name, metric in conf.metrics.all.items()
        for line in (
            f"{name}: {metric.meaning}" + (f", in {metric.unit}" if metric.unit else ""),
            f"    {metric.definition}",
            *([f"    now: {now[name]}"] if name in now else []),
        )
    )


def of_person(config: str, env: str, lake: str | None, person_id: str) -> str:
    """Text report: every metric of a person with its definition, and the person's lifecycle transitions.

    Raises InputError C203 for an unknown person, C304 when build_metrics has not run.
    """
    conf = load(Path(config), env, lake=lake)
    return "\n".join(_of_person(Lookup(conf.platform.lake), conf.metrics, person_id))


def _of_person(lookup: Lookup, rules: MetricRules, person_id: str) -> Iterator[str]:
    own = f"WHERE person_id = {text(person_id)}"
    if not lookup.ask(f"SELECT region FROM p {own}", p=tables.PROFILE):
        hint = "c360 explain shows today's person of an older id or of an identifier"
        raise InputError("C203", f"no person '{person_id}' in gold.profile", hint=hint)
    held = {row["metric"]: row for row in lookup.ask(f"SELECT * FROM m {own}", m=tables.METRIC)}
    for name, metric in rules.all.items():
        value = held[name][metric.kind] if name in held else 0 if metric.has_zero else "none"
        yield f"{name:<28} {value}  ({metric.definition})"
    if rules.lifecycle:
        asked = f"SELECT * FROM t {own} ORDER BY transitioned_at"
        for row in lookup.ask(asked, t=tables.LIFECYCLE_TRANSITION):
            yield f"  {row['transitioned_at']:%Y-%m-%d %H:%M:%S}  {row['from_state'] or '–'} → {row['to_state'] or '–'}"


def _told(rows: list[Row], has_zero: bool) -> str:
    if not rows:
        return "not computed yet" if has_zero else "nobody has one, or it is not computed yet"
    if rows[0]["total"] is None:
        shown = [f"{row['text']} {row['persons']:,}" if row["text"] else f"{row['persons']:,} persons" for row in rows]
        return ", ".join(shown[:TEXTS]) + (f" and {len(rows) - TEXTS} more" if len(rows) > TEXTS else "")
    row = rows[0]
    average = row["total"] / row["persons"]
    among = f"{row['persons']:,} persons, from {row['smallest']:,} to {row['greatest']:,}, {average:,.1f} on average"
    return f"{row['total']:,} over {among}"
