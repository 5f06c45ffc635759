"""First part of resolve_identity: changes since the last run, as evidence and affected identifiers."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from c360_spark.stages.identity.descriptions import Descriptions, Shared, SharedFrames, describe_all, describe_changed
from c360_spark.stages.identity.key_parts import DATES, dates_in_force, ruled_without
from c360_spark.stages.identity.rule_approval import require_approval
from c360_spark.store import STATE, Store
from c360_spark.tables import Table

CONSUMER = "resolve_identity"
# Rule sets with which full refreshes began, numbered: a killed one may have left tables made by two rule sets.
BEGUN = "resolve_identity everything"
CARRIERS = (tables.IDENTIFIER_SET, tables.PROFILE_RECORD, tables.PAIR)
CONSUMED = (*CARRIERS, tables.COMPARED)


@dataclass(frozen=True)
class IdentityInput:
    """Pending changes of a run: `affected` identifiers, with `reasons` (`identifier_id, cause`) why each is.

    A small change has `causes` in their place: why, by identifier. In a full refresh none of the three is given: all
    identifiers are affected, for the one `cause`. `dates` are the birth dates that are too frequent, if they differ
    from those on record.
    """

    affected: DataFrame | None
    versions: Marks
    known: Marks
    cause: str = "data"
    reasons: DataFrame | None = None
    causes: Mapping[int, Collection[str]] | None = None
    is_empty: bool = False
    dates: Marks = field(default_factory=dict)
    known_dates: Marks = field(default_factory=dict)
    descriptions: Descriptions | None = None

    def done(self, run: Run) -> None:
        """Write the descriptions, and advance the watermarks."""
        if self.descriptions:
            self.descriptions.write(run)
        known = {CONSUMER: self.known, DATES: self.known_dates}
        advance(run, {CONSUMER: self.versions, DATES: self.dates}, known=known)


def refuse_unapproved(run: Run) -> None:
    """Raise ConfigError C204 if the rule set differs from that of the last run and is not approved."""
    label = _label_on_record(run.store)
    if label and _other_rules(run, label, *watermarks(run, BEGUN)):
        require_approval(run)


def _label_on_record(store: Store) -> str | None:
    label: str | None = store.any_value(tables.IDENTIFIER, "rule_set")
    return label


def _other_rules(run: Run, label: str | None, begun: Marks) -> bool:
    last_begun = max(begun, key=begun.__getitem__, default=None)
    return {label, last_begun} != {run.conf.rules.label}


def gather(run: Run, step: Step) -> IdentityInput:
    """Bring identity.evidence up to date, and determine the affected identifiers.

    All are affected in a full refresh: when the run asks for one, on the first run, and when the rule set or the birth
    dates that are too frequent differ from the last run. Otherwise only identifiers of silver rows inserted, changed or
    deleted are affected, and those of links that expire or no longer do.
    """
    versions = {table.full_name: run.store.version(table) for table in CONSUMED}
    label, (marks, begun, dated) = _label_on_record(run.store), watermarks(run, CONSUMER, BEGUN, DATES)
    other_rules, records = _other_rules(run, label, begun), tables.PROFILE_RECORD.full_name
    dates, pending = dates_in_force(run, dated, changed=other_rules or marks.get(records) != versions[records])
    rules = ruled_without(run.conf.rules, dates)
    if run.full_refresh or not marks or other_rules or pending:
        advance(run, {BEGUN: {run.conf.rules.label: max(begun.values(), default=0) + 1}}, known={BEGUN: begun})
        rows = _evidence(run, rules, {table: run.store.read(table) for table in CARRIERS}, whole=True)
        descriptions, agreements = describe_all(run, rules)
        if agreements is not None:
            rows = rows.unionByName(agreements)
        step.wrote("evidence", run.store.sync(tables.EVIDENCE, rows))
        cause = "rule" if label and other_rules else "data"
        return IdentityInput(None, versions, marks, cause, dates=pending, known_dates=dated, descriptions=descriptions)
    carried, descriptions = _carried(run, step, rules, marks, versions)
    found = [carried, _compared(run, marks, versions), _expired(run)]
    if all(ends.values is not None for ends in found):
        causes: defaultdict[int, set[str]] = defaultdict(set)
        for identifier_id, cause in (row for ends in found for row in ends.values or ()):
            causes[identifier_id].add(cause)
        step.results.append(f"{len(causes):,} identifiers affected")
        return IdentityInput(None, versions, marks, causes=causes, is_empty=not causes, descriptions=descriptions)
    reasons, _ = run.store.stage("reasons", reduce(DataFrame.unionByName, (e.frame(run) for e in found)).distinct())
    affected, count = run.store.stage("affected", reasons.select("identifier_id").distinct())
    step.results.append(f"{count:,} identifiers affected")
    return IdentityInput(affected, versions, marks, reasons=reasons, is_empty=not count, descriptions=descriptions)


def in_frames(run: Run, change: IdentityInput) -> IdentityInput:
    """The same changes for Spark: with `affected` and `reasons` where they are given as `causes`."""
    if change.causes is None:
        return change
    rows = [(identifier_id, cause) for identifier_id, causes in change.causes.items() for cause in causes]
    reasons, _ = run.store.stage("reasons", Ends(rows).frame(run))
    affected, _ = run.store.stage("affected", reasons.select("identifier_id").distinct())
    return replace(change, affected=affected, reasons=reasons, causes=None)


def _evidence(run: Run, rules: RuleSet, carriers: Mapping[Table, DataFrame], *, whole: bool) -> DataFrame:
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


@dataclass(frozen=True)
class Ends:
    """Affected `identifier_id, cause`, as `values` if they are few, else as `rows`."""

    values: Sequence[tuple[int, str]] | None
    rows: DataFrame | None = None

    @classmethod
    def staged(cls, run: Run, name: str, rows: DataFrame) -> "Ends":
        """The rows, computed once."""
        kept, _, values = run.store.stage_rows(name, rows, most=run.conf.platform.components.small_change_rows)
        return cls(values, kept)

    def frame(self, run: Run) -> DataFrame:
        """The same for Spark."""
        if self.values is None and self.rows is not None:
            return self.rows
        return run.spark.createDataFrame([*(self.values or ())], "identifier_id long, cause string")


def _carried(run: Run, step: Step, rules: RuleSet, marks: Marks, versions: Marks) -> tuple[Ends, Descriptions | None]:
    """Write the evidence of sets, records and pairs that changed."""
    if all(marks.get(table.full_name, -1) == versions[table.full_name] for table in CARRIERS):
        return Ends([]), None
    images = {}
    for table in CARRIERS:
        since, until = marks.get(table.full_name, -1), versions[table.full_name]
        found = run.store.images(table, since=since, until=until)
        # The members of a set never change: its former image says nothing more.
        images[table] = found.where(F.col(STATE) != "former") if table is tables.IDENTIFIER_SET else found
    shared = describe_changed(run, rules, images[tables.PROFILE_RECORD])
    return _changed(run, step, rules, images, shared), shared.descriptions


def _changed(
    run: Run, step: Step, rules: RuleSet, images: Mapping[Table, DataFrame], shared: Shared | SharedFrames
) -> Ends:
    """Write the evidence of changed rows of the three tables, and of the identifiers that their records share."""
    stated = {t: i.withColumn(t.key[0], F.concat_ws(":", STATE, t.key[0])).drop(STATE) for t, i in images.items()}
    told = _evidence(run, rules, stated, whole=False)
    state, own_id = (
        F.substring_index("evidence_id", ":", 1),
        F.expr("substring(evidence_id, instr(evidence_id, ':') + 1)"),
    )
    cause = F.when(state == "gone", "erasure").when(state == "former", "data")
    named = told.withColumns({"cause": cause, "evidence_id": own_id})
    names, most = tables.EVIDENCE.column_names, run.conf.platform.components.small_change_rows
    rows, _, values = run.store.stage_rows("evidence", named.select(*names, "cause"), most=most)
    if values is not None and isinstance(shared, Shared):
        having = {"evidence_id": {row[0] for row in values}.union(shared.evidence_ids)}
        old_rows = run.store.lookup(tables.EVIDENCE, *names, having=having, most=most)
        now_rows = [*(row[:-1] for row in values if row[-1] is None), *shared.evidence]
        # Two rows have one key where two identifiers have one id: Spark's way finds that, and raises C503.
        is_unique = len({row[: len(tables.EVIDENCE.key)] for row in now_rows}) == len(now_rows)
        if old_rows is not None and is_unique:
            step.wrote("evidence", run.store.sync_rows(tables.EVIDENCE, now_rows, old=old_rows))
            hub, member = names.index("hub_id"), names.index("member_id")
            ends = [(row[end], row[-1] or "data") for row in values for end in (hub, member)]
            return Ends([*ends, *((identifier_id, "data") for identifier_id in shared.affected)])
    frames = shared.in_frames(run) if isinstance(shared, Shared) else shared
    ids = rows.select("evidence_id").unionByName(frames.evidence_ids).distinct()
    old = run.store.read(tables.EVIDENCE).join(ids, "evidence_id", "left_semi")
    now = rows.where("cause IS NULL").drop("cause").unionByName(frames.evidence)
    step.wrote("evidence", run.store.sync(tables.EVIDENCE, now, old=old))
    affected = frames.affected.withColumn("cause", F.lit("data"))
    return Ends(None, _ends(rows, F.coalesce("cause", F.lit("data"))).unionByName(affected))


def _ends(rows: DataFrame, cause: Column) -> DataFrame:
    """`identifier_id, cause` of both ends of links or evidence."""
    left, right = ("left_id", "right_id") if "left_id" in rows.columns else ("hub_id", "member_id")
    return rows.select(F.explode(F.array(left, right)).alias("identifier_id"), cause.alias("cause"))


def _key(table: Table, images: DataFrame) -> DataFrame:
    return images.select(F.col(table.key[0]).alias("evidence_id"))


def _compared(run: Run, marks: Marks, versions: Marks) -> Ends:
    """Identifiers of records that compare otherwise than before: whether their groups agree as a whole may change."""
    name = tables.COMPARED.full_name
    since, until = marks.get(name, -1), versions[name]
    if since == until or not run.conf.rules.probabilistic:
        return Ends([])
    changed = run.store.images(tables.COMPARED, since=since, until=until).select("identifier_id").distinct()
    return Ends.staged(run, "changed compared records", changed.withColumn("cause", F.lit("data")))


def _expired(run: Run) -> Ends:
    """Ends of links recorded as valid that have expired, or the other way round."""
    rules = run.conf.rules
    links = run.store.read(tables.LINK).where("NOT coalesce(reason, '') LIKE 'blocked:%'")
    over, recorded = expiry(rules, as_of=run.as_of), F.coalesce(F.col("reason"), F.lit("")).like("expired:%")
    ends = _ends(links.where(over.isNotNull() != recorded), F.lit("expiry"))
    timed = any(space.expires_after_days for space in rules.namespaces.values())
    if not (timed or rules.bridges or rules.force_links or rules.never_links):
        return Ends([])
    return Ends.staged(run, "expired", ends)
