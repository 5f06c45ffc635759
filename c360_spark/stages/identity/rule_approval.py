"""Rule approvals: a rule set that differs from the last run's may run only once someone has approved it."""

from datetime import UTC, datetime

from c360_spark import tables
from c360_spark.config.rules.identity import RuleSet
from c360_spark.errors import ConfigError
from c360_spark.run.context import Run


def require_approval(run: Run) -> None:
    """Raise ConfigError C204 unless the run's rule set is the last one approved. A candidate needs no approval."""
    known = [] if run.store.candidate else approvals(run)
    if known and known[0][0] != run.conf.rules.label:
        raise ConfigError(
            "C204",
            f"rule set {run.conf.rules.label} is not the one released last, {known[0][0]}",
            hint="make that identity.yml again, and give this one as --candidate to c360 rules compare and promote",
        )


def approve_first(run: Run) -> None:
    """Approve the first rule set of a lake without asking: it replaces none."""
    if run.store.candidate is None and not run.store.exists(tables.RULE_RELEASE):
        approve(run, run.conf.rules, approved_by="first run", figures=None)


def approve(run: Run, rules: RuleSet, *, approved_by: str, figures: str | None) -> None:
    """Record a rule approval: the next run with this rule set may replace the live one."""
    now = datetime.now(UTC).replace(tzinfo=None)
    row = (rules.label, now, approved_by, rules.model_dump_json(), figures)
    run.store.append_rows(tables.RULE_RELEASE, [row])


def approvals(run: Run) -> list[tuple[str, datetime, str, RuleSet]]:
    """All rule approvals, newest first: label, time, who approved, and the rule set."""
    names = ("released_at", "label", "approved_by", "content")
    rows = sorted(
        (tuple(row[name] for name in names) for row in run.store.rows(tables.RULE_RELEASE, *names)), reverse=True
    )
    return [(label, at, approved_by, RuleSet.model_validate_json(content)) for at, label, approved_by, content in rows]
