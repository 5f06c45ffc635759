"""First part of resolve_identity: changes since the last run, as evidence and affected identifiers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.rules.identity import RuleSet
from c360_spark.identity.evidence import (
    DECISIONS,
    bridge_evidence,
    decision_evidence,
    decisions,
    key_evidence,
    pair_evidence,
    set_evidence,
)
from c360_spark.identity.guard import expiry
from c360_spark.run.context import Run, Step
from c360_spark.run.pending_changes import Marks, advance, watermarks
from c360_spark.stages.identity.key_parts import DATES, dates_in_force, ruled_without
from c360_spark.stages.identity.rule_approval import require_approval
from c360_spark.store import Store
from c360_spark.tables import Table

CONSUMER = "resolve_identity"
# Rule sets with which full refreshes began, numbered: a killed one may have left tables made by two rule sets.
BEGUN = "resolve_identity everything"
CARRIERS = (tables.IDENTIFIER_SET, tables.PROFILE_RECORD, tables.PAIR)


@dataclass(frozen=True)
class IdentityInput:
    """Pending changes of a run: `affected` identifiers, or None for all of them (full refresh).

    `reasons` (`identifier_id, cause`) say why each is affected, None if the one `cause` holds for all. `dates` are the
    birth dates that are too frequent, if they differ from those on record.
    """

    affected: DataFrame | None
    versions: Marks
    known: Marks
    cause: str = "data"
    reasons: DataFrame | None = None
    is_empty: bool = False
    dates: Marks = field(default_factory=dict)
    known_dates: Marks = field(default_factory=dict)

    def done(self, run: Run) -> None:
        """Advance the watermarks."""
        known = {CONSUMER: self.known, DATES: self.known_dates}
        advance(run, {CONSUMER: self.versions, DATES: self.dates}, known=known)


def refuse_unapproved(run: Run) -> None:
    """Raise ConfigError C204 if the rule set differs from that of the last run and is not approved."""
    label = _label_on_record(run.store)
    if label and _other_rules(run, label, *watermarks(run, BEGUN)):
        require_approval(run)


def _label_on_record(store: Store) -> str | None:
    on_record = store.read(tables.IDENTIFIER).select("rule_set").head()
    return on_record["rule_set"] if on_record else None


def _other_rules(run: Run, label: str | None, begun: Marks) -> bool:
    last_begun = max(begun, key=begun.__getitem__, default=None)
    return {label, last_begun} != {run.conf.rules.label}


def gather(run: Run, step: Step) -> IdentityInput:
    """Bring identity.evidence up to date, and determine the affected identifiers.

    All are affected in a full refresh: when the run asks for one, on the first run, and when the rule set or the birth
    dates that are too frequent differ from the last run. Otherwise only identifiers of silver rows inserted, changed or
    deleted are affected, and those of links that expire or no longer do.
    """
    versions = {table.full_name: run.store.version(table) for table in CARRIERS}
    label, (marks, begun, dated) = _label_on_record(run.store), watermarks(run, CONSUMER, BEGUN, DATES)
    other_rules, records = _other_rules(run, label, begun), tables.PROFILE_RECORD.full_name
    dates, pending = dates_in_force(run, dated, changed=other_rules or marks.get(records) != versions[records])
    rules = ruled_without(run.conf.rules, dates)
    if run.full_refresh or not marks or other_rules or pending:
        advance(run, {BEGUN: {run.conf.rules.label: max(begun.values(), default=0) + 1}}, known={BEGUN: begun})
        rows = _evidence(run, rules, {table: run.store.read(table) for table in CARRIERS}, whole=True)
        step.wrote("evidence", run.store.sync(tables.EVIDENCE, rows))
        cause = "rule" if label and other_rules else "data"
        return IdentityInput(None, versions, marks, cause, dates=pending, known_dates=dated)
    found = [_carried(run, step, rules, marks, versions), *_expiring(run)]
    reasons, _ = run.store.stage("reasons", reduce(DataFrame.unionByName, found).distinct())
    affected, count = run.store.stage("affected", reasons.select("identifier_id").distinct())
    step.results.append(f"{count:,} identifiers affected")
    return IdentityInput(affected, versions, marks, reasons=reasons, is_empty=not count)


def _evidence(run: Run, rules: RuleSet, carriers: dict[Table, DataFrame], *, whole: bool) -> DataFrame:
    secret = run.conf.platform.identity_key.secret()
    sets, records, pairs = (carriers[table] for table in CARRIERS)
    rows = set_evidence(sets, rules)
    if rules.match_keys:
        rows = rows.unionByName(key_evidence(records, rules, secret=secret))
    if rules.probabilistic:
        rows = rows.unionByName(pair_evidence(pairs, rules))
    if rules.bridges:
        rows = rows.unionByName(bridge_evidence(sets, rules, secret=secret))
    if whole and (rules.force_links or rules.never_links):
        pairs = run.spark.createDataFrame(decisions(rules), DECISIONS)
        rows = rows.unionByName(decision_evidence(pairs, rules, secret=secret))
    return rows


def _carried(run: Run, step: Step, rules: RuleSet, marks: Marks, versions: Marks) -> DataFrame:
    """Write the evidence of sets, records and pairs that changed; returns the affected `identifier_id, cause`."""
    images = {}
    for table in CARRIERS:
        since, until = marks.get(table.full_name, -1), versions[table.full_name]
        images[table] = run.store.latest(table, since=since, until=until)
    gone = reduce(DataFrame.unionByName, (_key(t, i.where("_gone")) for t, i in images.items()))
    told = _evidence(run, rules, images, whole=False).join(
        gone.withColumn("cause", F.lit("erasure")), "evidence_id", "left"
    )
    rows, count = run.store.stage("evidence", told)
    if count:
        now = rows.where("cause IS NULL")
        old = run.store.read(tables.EVIDENCE).join(rows.select("evidence_id").distinct(), "evidence_id", "left_semi")
        step.wrote("evidence", run.store.sync(tables.EVIDENCE, now, old=old))
    return _ends(rows, F.coalesce("cause", F.lit("data")))


def _ends(rows: DataFrame, cause: Column) -> DataFrame:
    """`identifier_id, cause` of both ends of links or evidence."""
    left, right = ("left_id", "right_id") if "left_id" in rows.columns else ("hub_id", "member_id")
    return rows.select(F.explode(F.array(left, right)).alias("identifier_id"), cause.alias("cause"))


def _key(table: Table, images: DataFrame) -> DataFrame:
    return images.select(F.col(table.key[0]).alias("evidence_id"))


def _expiring(run: Run) -> Iterator[DataFrame]:
    """Ends of links recorded as valid that have expired, or the other way round."""
    rules = run.conf.rules
    timed = [space for space in rules.namespaces.values() if space.expires_after_days]
    if timed or rules.bridges or rules.force_links or rules.never_links:
        links = run.store.read(tables.LINK).where("NOT coalesce(reason, '') LIKE 'blocked:%'")
        over, recorded = expiry(rules, as_of=run.as_of), F.coalesce(F.col("reason"), F.lit("")).like("expired:%")
        yield _ends(links.where(over.isNotNull() != recorded), F.lit("expiry"))
