"""build_profiles: silver and persons → gold.person_xref, gold.profile, gold.consent_state."""

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.gold.consent import consent_state
from c360_spark.gold.owner import current, owners, person_xref
from c360_spark.gold.profile import case_figures, event_figures, order_figures, profiles, surviving
from c360_spark.stages.run import Run


def build_profiles(run: Run) -> None:
    """Recompute profiles, record keys and consent, and write what differs."""
    read = run.store.read
    sets = read(tables.IDENTIFIER_SET)
    membership = read(tables.MEMBERSHIP).where("valid_to_run IS NULL")
    owned, _ = run.store.stage("owners", owners(sets, membership, run.conf.rules))
    records, orders, cases = (current(read(table)) for table in tables.VERSIONED)

    with run.step("build_profiles keys") as step:
        keyed = [person_xref(rows, owned) for rows in (records, orders, cases)]
        step.wrote(
            "person_xref", run.store.sync(tables.PERSON_XREF, keyed[0].unionByName(keyed[1]).unionByName(keyed[2]))
        )
    with run.step("build_profiles profiles") as step:
        made = profiles(
            read(tables.PERSON),
            surviving(_owned(records, owned), run.conf.profile),
            order_figures(_owned(orders, owned)),
            event_figures(_owned(_event_sets(run, sets), owned)),
            case_figures(_owned(cases, owned)),
        )
        step.wrote("profile", run.store.sync(tables.PROFILE, made))
    with run.step("build_profiles consent") as step:
        state = consent_state(_owned(read(tables.CONSENT), owned), as_of=run.as_of)
        step.wrote("consent_state", run.store.sync(tables.CONSENT_STATE, state))


def _owned(rows: DataFrame, owned: DataFrame) -> DataFrame:
    return rows.join(owned, "identifier_set_id")


def _event_sets(run: Run, sets: DataFrame) -> DataFrame:
    """Identifier sets of datasets whose records are events: they count them, so events need not be read."""
    names = [f"{s}.{d}" for s, d, _, contract in run.conf.datasets() if contract.table == tables.EVENT.name]
    condition = " OR ".join(f"concat(source, '.', dataset) = '{name}'" for name in names)
    return sets.where(condition or "false")
