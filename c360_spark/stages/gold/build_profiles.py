"""build_profiles: silver and persons → profiles by survivorship, person_xref and consent_state.

Writes gold.person_xref, gold.profile_attribute, gold.profile and gold.consent_state. Recomputes affected persons; all
persons when the rules differ from last time.
"""

from dataclasses import dataclass
from functools import partial

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.columns.record import RECORD_KEY
from c360_spark.gold.consent import consent_state
from c360_spark.gold.field import fields
from c360_spark.gold.owner import narrowed, owned_records, person_xref
from c360_spark.gold.profile import event_figures, profiles, record_figures, surviving
from c360_spark.gold.survivorship import OVERRIDES, Overrides, in_force, overrides, ranked
from c360_spark.run.context import Run, Step, in_parallel
from c360_spark.run.pending_changes import PendingChanges, pending_changes, restrict_to
from c360_spark.stages.gold.affected_persons import READ, affected_persons, owned_sets
from c360_spark.stages.identity.graph import current_membership

MADE = (tables.PERSON_XREF, tables.PROFILE_ATTRIBUTE, tables.PROFILE, tables.CONSENT_STATE)


@dataclass(frozen=True)
class AffectedProfiles:
    """Persons to recompute: `person_id` of affected `persons`, None for all.

    `owned` are their identifier sets, `records` the current versions of their records.
    """

    persons: DataFrame | None
    owned: DataFrame
    records: DataFrame

    def theirs(self, rows: DataFrame) -> DataFrame:
        """Rows of the affected persons."""
        return restrict_to(rows, self.persons)

    def owned_rows(self, rows: DataFrame) -> DataFrame:
        """Rows with an identifier set that an affected person owns, with the `person_id`."""
        return rows.join(self.owned, "identifier_set_id")


def build_profiles(run: Run) -> None:
    """Recompute profiles, record keys and consent of affected persons, and write the differences."""
    decided = in_force(run.conf.profile, as_of=run.as_of)
    pending = pending_changes(run, "build_profiles", _rules(run, decided), reads=READ, makes=MADE)
    work = _work(run, pending)
    if work:
        in_parallel([partial(_attributes, run, work, decided), partial(_keys, run, work), partial(_consent, run, work)])
        _profiles(run, work)
    pending.done()


def _rules(run: Run, decided: Overrides) -> str:
    """What the result depends on besides the tables.

    Trust of namespaces is part of the rule set; contracts say which records are events.
    """
    rules = run.conf.profile.model_dump_json(exclude={"overrides"})
    return f"{run.conf.rules.fingerprint} {rules} {decided} {run.conf.datasets_of(tables.EVENT)}"


def _work(run: Run, pending: PendingChanges) -> AffectedProfiles | None:
    """The persons to recompute; None if there are none."""
    if pending.up_to_date:
        pending.rest()
        return None
    with run.step("build_profiles persons") as step:
        persons = None
        if not pending.full_refresh:
            persons, count = run.store.stage("affected persons", affected_persons(run, pending))
            step.results.append(f"{count:,} persons affected")
            if not count:
                return None
        owned, _ = run.store.stage("owners", owned_sets(run, persons))
        every = narrowed({table.name: run.store.read(table) for table in tables.OWNED})
        records, count = run.store.stage("owned records", owned_records(_versions(every, persons, owned), owned))
        step.results.append(f"{count:,} records are theirs")
        return AffectedProfiles(persons, owned, records)


def _versions(rows: DataFrame, persons: DataFrame | None, owned: DataFrame) -> DataFrame:
    """All versions of the records that have or had an identifier set of the persons."""
    if persons is None:
        return rows
    keys = rows.join(owned.select("identifier_set_id"), "identifier_set_id").select(*RECORD_KEY).distinct()
    return rows.join(keys, [*RECORD_KEY])  # not a semi-join: Spark would repeat it for each table of a union


def _attributes(run: Run, work: AffectedProfiles, decided: Overrides) -> None:
    with run.step("build_profiles attributes") as step:
        versions = _versions(run.store.read(tables.PROFILE_RECORD), work.persons, work.owned)
        said = work.owned_rows(fields(versions))
        made = ranked(said, _decided(run, step, work, decided), run.conf.profile)
        old = work.theirs(run.store.read(tables.PROFILE_ATTRIBUTE))
        step.wrote("profile_attribute", run.store.sync(tables.PROFILE_ATTRIBUTE, made, old=old))


def _decided(run: Run, step: Step, work: AffectedProfiles, decided: Overrides) -> DataFrame:
    """Overrides in force, by person; reports how many of them match a person."""
    named = run.spark.createDataFrame(decided, OVERRIDES)
    membership = current_membership(run)
    reached = overrides(named, membership, run.conf.rules, secret=run.conf.platform.identity_key.secret())
    if not decided:
        return reached
    staged, count = run.store.stage("overrides", reached)
    step.results.append(f"{count:,} of {len(decided):,} overrides reach somebody")
    return work.theirs(staged)


def _keys(run: Run, work: AffectedProfiles) -> None:
    with run.step("build_profiles keys") as step:
        old = work.theirs(run.store.read(tables.PERSON_XREF))
        step.wrote("person_xref", run.store.sync(tables.PERSON_XREF, person_xref(work.records), old=old))


def _profiles(run: Run, work: AffectedProfiles) -> None:
    read = run.store.read
    with run.step("build_profiles profiles") as step:
        made = profiles(
            work.theirs(read(tables.PERSON)),
            surviving(work.theirs(read(tables.PROFILE_ATTRIBUTE))),  # as written, so that the two cannot disagree
            record_figures(work.records),
            event_figures(work.owned_rows(_event_sets(run))),
        )
        step.wrote("profile", run.store.sync(tables.PROFILE, made, old=work.theirs(read(tables.PROFILE))))


def _consent(run: Run, work: AffectedProfiles) -> None:
    with run.step("build_profiles consent") as step:
        state = consent_state(work.owned_rows(run.store.read(tables.CONSENT)), as_of=run.as_of)
        old = work.theirs(run.store.read(tables.CONSENT_STATE))
        step.wrote("consent_state", run.store.sync(tables.CONSENT_STATE, state, old=old))


def _event_sets(run: Run) -> DataFrame:
    """Identifier sets of event datasets: they count their events, so the events need not be read."""
    condition = " OR ".join(f"concat(source, '.', dataset) = '{name}'" for name in run.conf.datasets_of(tables.EVENT))
    return run.store.read(tables.IDENTIFIER_SET).where(condition or "false")
