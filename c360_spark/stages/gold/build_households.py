"""build_households: profiles, and identifiers that several persons use → gold.household and its members.

Address keys are computed for affected persons, and kept in gold.household_key. Households are grouped from these keys
for all persons, unless no input has changed.
"""

from functools import partial

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.config.rules.gold import Households
from c360_spark.gold.household import address_keys, at_address, by_address, by_sharing, eligible, households, sharing
from c360_spark.run.context import Run, Step, in_parallel, sync
from c360_spark.run.pending_changes import PendingChanges, pending_changes, restrict_to
from c360_spark.stages.identity.graph import current_membership

READ = (tables.PROFILE, tables.LINK, tables.MEMBERSHIP)
MADE = (tables.HOUSEHOLD_KEY, tables.HOUSEHOLD, tables.HOUSEHOLD_MEMBER)


def build_households(run: Run) -> None:
    """Recompute households and write the differences; none, if gold.yml has no rules for them."""
    pending = pending_changes(run, "build_households", str(run.conf.gold.households), reads=READ, makes=MADE)
    if pending.no_new_versions:
        pending.rest()
    else:
        with run.step("build_households") as step:
            _write(run, step, pending)
    pending.done()


def _write(run: Run, step: Step, pending: PendingChanges) -> None:
    rules = run.conf.gold.households
    if rules:
        _keys(run, step, pending, rules)
        groups, members = _found(run, rules)
        made = [(tables.HOUSEHOLD, households(groups, members)), (tables.HOUSEHOLD_MEMBER, members)]
    else:
        made = [(table, run.store.read(table).where("false")) for table in MADE]
    in_parallel([partial(sync, run, step, table, rows) for table, rows in made])


def _keys(run: Run, step: Step, pending: PendingChanges, rules: Households) -> None:
    """Update gold.household_key for affected persons only: normalising addresses costs more than all the rest."""
    store, secret, affected = run.store, run.conf.platform.identity_key.secret(), None
    if not pending.full_refresh:
        # Staged, so that Spark knows how few they are.
        affected, count = store.stage("affected profiles", pending.changed_values(tables.PROFILE, "person_id"))
        step.results.append(f"{count:,} persons affected")
        if not count:
            return
    made = address_keys(eligible(restrict_to(store.read(tables.PROFILE), affected), rules), rules, secret=secret)
    sync(run, step, tables.HOUSEHOLD_KEY, made, restrict_to(store.read(tables.HOUSEHOLD_KEY), affected))


def _found(run: Run, rules: Households) -> tuple[DataFrame, DataFrame]:
    """Groups and members of households by all rules."""
    read = run.store.read
    people = read(tables.HOUSEHOLD_KEY)  # as written, so that the tables cannot disagree
    found, _ = run.store.stage("groups by address", by_address(people, rules))  # for both tables
    groups, members = found.drop("home_key"), at_address(people, found)
    if not rules.shared_identifiers:
        return groups, members
    held = current_membership(run)
    shared = sharing(read(tables.LINK), held, rules).join(people, "person_id", "left_semi")
    users, count = run.store.stage("users of shared identifiers", shared)
    if not count:
        return groups, members
    placed, _ = run.store.stage("members by address", members)
    more_groups, more_members = by_sharing(users, placed, rules)
    every, _ = run.store.stage("household members", placed.unionByName(more_members))
    return groups.unionByName(more_groups), every
