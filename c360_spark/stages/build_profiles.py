"""build_profiles: silver and persons → gold.person_xref, gold.profile_attribute, gold.profile, gold.consent_state."""

from functools import partial, reduce

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.gold.consent import consent_state
from c360_spark.gold.field import fields
from c360_spark.gold.override import OVERRIDES, in_force, overrides
from c360_spark.gold.owner import current, owners, person_xref
from c360_spark.gold.profile import (
    case_figures,
    event_figures,
    order_figures,
    profiles,
    record_figures,
    surviving,
)
from c360_spark.gold.survivorship import ranked
from c360_spark.stages.run import Run, Step, together


def build_profiles(run: Run) -> None:
    """Recompute profiles, record keys and consent, and write what differs."""
    membership = run.store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL")
    owned, _ = run.store.stage("owners", owners(run.store.read(tables.IDENTIFIER_SET), membership, run.conf.rules))
    together([partial(build, run, owned) for build in (_profiles, _keys, _consent)])


def _attributes(run: Run, owned: DataFrame) -> None:
    with run.step("build_profiles attributes") as step:
        said = _owned(fields(run.store.read(tables.PROFILE_RECORD)), owned)
        made = ranked(said, _decided(run, step), run.conf.profile)
        step.wrote("profile_attribute", run.store.sync(tables.PROFILE_ATTRIBUTE, made))


def _decided(run: Run, step: Step) -> DataFrame:
    """Overrides that are in force, by person; tells how many of them reach nobody."""
    rows = in_force(run.conf.profile, as_of=run.as_of)
    named = run.spark.createDataFrame(rows, OVERRIDES)
    membership = run.store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL")
    reached = overrides(named, membership, run.conf.rules, secret=run.conf.platform.identity_key.secret())
    if not rows:
        return reached
    decided, count = run.store.stage("overrides", reached)
    step.results.append(f"{count:,} of {len(rows):,} overrides reach somebody")
    return decided


def _keys(run: Run, owned: DataFrame) -> None:
    with run.step("build_profiles keys") as step:
        keyed = [person_xref(current(run.store.read(table)), owned) for table in tables.VERSIONED]
        step.wrote("person_xref", run.store.sync(tables.PERSON_XREF, reduce(DataFrame.unionByName, keyed)))


def _profiles(run: Run, owned: DataFrame) -> None:
    _attributes(run, owned)
    read = run.store.read
    with run.step("build_profiles profiles") as step:
        records, orders, cases = (_owned(current(read(table)), owned) for table in tables.VERSIONED)
        made = profiles(
            read(tables.PERSON),
            surviving(read(tables.PROFILE_ATTRIBUTE)),  # as written, so that the two cannot disagree
            record_figures(records),
            order_figures(orders),
            event_figures(_owned(_event_sets(run), owned)),
            case_figures(cases),
        )
        step.wrote("profile", run.store.sync(tables.PROFILE, made))


def _consent(run: Run, owned: DataFrame) -> None:
    with run.step("build_profiles consent") as step:
        state = consent_state(_owned(run.store.read(tables.CONSENT), owned), as_of=run.as_of)
        step.wrote("consent_state", run.store.sync(tables.CONSENT_STATE, state))


def _owned(rows: DataFrame, owned: DataFrame) -> DataFrame:
    return rows.join(owned, "identifier_set_id")


def _event_sets(run: Run) -> DataFrame:
    """Identifier sets of datasets whose records are events: they count them, so events need not be read."""
    names = [f"{s}.{d}" for s, d, _, contract in run.conf.datasets() if contract.table == tables.EVENT.name]
    condition = " OR ".join(f"concat(source, '.', dataset) = '{name}'" for name in names)
    return run.store.read(tables.IDENTIFIER_SET).where(condition or "false")
