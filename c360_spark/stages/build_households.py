"""build_households: profiles, and identifiers that several persons use → gold.household and its members.

Everything is computed anew, unless nothing that is read has changed.
"""

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.config.gold import Households
from c360_spark.gold.household import address_keys, by_address, by_sharing, eligible, households, sharing
from c360_spark.stages.increment import increment
from c360_spark.stages.run import Run, Step

READ = (tables.PROFILE, tables.LINK, tables.MEMBERSHIP)
MADE = (tables.HOUSEHOLD, tables.HOUSEHOLD_MEMBER)


def build_households(run: Run) -> None:
    """Recompute households and write what differs; none, where gold.yml has no rules for them."""
    news = increment(run, "build_households", str(run.conf.gold.households), reads=READ, makes=MADE)
    if news.idle:
        news.rest()
    else:
        with run.step("build_households") as step:
            _write(run, step)
    news.done()


def _write(run: Run, step: Step) -> None:
    store, rules = run.store, run.conf.gold.households
    if rules:
        groups, members = _found(run, rules)
        made = households(groups, members)
    else:
        made, members = (store.read(table).where("false") for table in MADE)
    step.wrote("household", store.sync(tables.HOUSEHOLD, made))
    step.wrote("household_member", store.sync(tables.HOUSEHOLD_MEMBER, members))


def _found(run: Run, rules: Households) -> tuple[DataFrame, DataFrame]:
    """Groups and members by all rules."""
    read = run.store.read
    # To normalise them costs more than all the rest: once.
    people, _ = run.store.stage("address keys", address_keys(eligible(read(tables.PROFILE), rules), rules))
    groups, members = by_address(people, rules)
    if not rules.shared_identifiers:
        return groups, members
    held = read(tables.MEMBERSHIP).where("valid_to_run IS NULL")
    shared = sharing(read(tables.LINK), held, rules).join(people, "person_id", "left_semi")
    users, count = run.store.stage("users of shared identifiers", shared)
    if not count:
        return groups, members
    placed, _ = run.store.stage("members by address", members)
    more_groups, more_members = by_sharing(users, placed, rules)
    every, _ = run.store.stage("household members", placed.unionByName(more_members))
    return groups.unionByName(more_groups), every
