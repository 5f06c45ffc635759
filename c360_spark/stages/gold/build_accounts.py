"""build_accounts: profiles and records of companies → gold.account with its members, and gold.subscription.

The companies that a person may belong to are computed for affected persons, and kept in gold.account_key. Accounts are
grouped from these keys for all persons. Subscriptions are recomputed for all too: they begin and end by time alone.
"""

from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.rules.gold import Accounts
from c360_spark.config.rules.survivorship import ENTRY
from c360_spark.gold.account import Grouping, account_members, account_records, accounts, belonging
from c360_spark.gold.subscription import subscriptions
from c360_spark.run.context import Run, Step, in_parallel, sync
from c360_spark.run.pending_changes import PendingChanges, pending_changes, restrict_to
from c360_spark.stages.silver.delivered_properties import current_rows

READ = (tables.PROFILE_ATTRIBUTE, tables.ACCOUNT, tables.SUBSCRIPTION, tables.PERSON_XREF)
MADE = (tables.ACCOUNT_KEY, tables.GOLD_ACCOUNT, tables.ACCOUNT_MEMBER, tables.ACCOUNT_XREF, tables.GOLD_SUBSCRIPTION)


def build_accounts(run: Run) -> None:
    """Recompute accounts and subscriptions, and write the differences; no accounts without rules in gold.yml."""
    grouping = _grouping(run)
    rules = f"{run.conf.gold.accounts} {grouping} {run.conf.gold.subscriptions}"
    pending = pending_changes(run, "build_accounts", rules, reads=READ, makes=MADE)
    if pending.up_to_date:
        pending.rest()
    else:
        with run.step("build_accounts") as step:
            made = account_records(current_rows(run, tables.ACCOUNT, run.store.read(tables.ACCOUNT)), grouping)
            records, _ = run.store.stage("account records", made if run.conf.gold.accounts else made.where("false"))
            work = [partial(_subscriptions, run, step, records, grouping)]
            if pending.moved(tables.ACCOUNT) or pending.moved(tables.PROFILE_ATTRIBUTE):
                work.append(partial(_accounts, run, step, pending, records, grouping))
            if pending.moved(tables.ACCOUNT):
                work.append(partial(sync, run, step, tables.ACCOUNT_XREF, records))
            in_parallel(work)
    pending.done()


def _grouping(run: Run) -> Grouping:
    rules, lists = run.conf.gold.accounts or Accounts(), run.conf.references
    if rules.domains is None:
        return Grouping(rules)
    suffixes = lists[rules.domains.suffixes].values if rules.domains.suffixes else ()
    return Grouping(rules, lists[rules.domains.free_mail].values, suffixes)


def _accounts(run: Run, step: Step, pending: PendingChanges, records: DataFrame, grouping: Grouping) -> None:
    if _keys(run, step, pending, records, grouping) or pending.moved(tables.ACCOUNT):
        people = run.store.read(tables.ACCOUNT_KEY)
        sync(run, step, tables.GOLD_ACCOUNT, accounts(records, people, grouping))
        members = account_members(people, run.store.read(tables.GOLD_ACCOUNT))  # as written: both tables agree
        sync(run, step, tables.ACCOUNT_MEMBER, members)


def _keys(run: Run, step: Step, pending: PendingChanges, records: DataFrame, grouping: Grouping) -> bool:
    """Update gold.account_key for affected persons; False if there are none.

    Affected are persons with another e-mail address or company, and persons of a company with a changed record.
    """
    store, names = run.store, ("email", f"{ENTRY}{grouping.rules.named_by}")
    said, affected = store.read(tables.PROFILE_ATTRIBUTE).where(F.col("attribute").isin(*names)), None
    if not pending.full_refresh:
        moved = pending.changed_values(tables.PROFILE_ATTRIBUTE, "attribute", "person_id").where(
            F.col("attribute").isin(*names)
        )
        companies = pending.changed_values(tables.ACCOUNT, "source_key").select(
            F.col("source_key").alias("attribute_value")
        )
        theirs = said.where(F.col("attribute") == names[1]).join(companies, "attribute_value", "left_semi")
        people = moved.select("person_id").unionByName(theirs.select("person_id")).distinct()
        affected, count = store.stage("people of companies", people)
        step.results.append(f"{count:,} persons affected")
        if not count:
            return False
    made = belonging(restrict_to(said, affected), records, grouping)
    sync(run, step, tables.ACCOUNT_KEY, made, restrict_to(store.read(tables.ACCOUNT_KEY), affected))
    return True


def _subscriptions(run: Run, step: Step, records: DataFrame, grouping: Grouping) -> None:
    read = run.store.read
    now = current_rows(run, tables.SUBSCRIPTION, read(tables.SUBSCRIPTION))
    xref, settings = read(tables.PERSON_XREF), run.conf.gold.subscriptions
    made = subscriptions(now, xref, records, settings, grouping, as_of=run.as_of)
    sync(run, step, tables.GOLD_SUBSCRIPTION, made)
