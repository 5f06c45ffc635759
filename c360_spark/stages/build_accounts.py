"""build_accounts: profiles and records of companies → gold.account with its members, and gold.subscription.

Everything is computed anew, unless nothing that is read has changed; subscriptions begin and end by time alone.
"""

from functools import partial

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.gold import Accounts
from c360_spark.config.survivorship import ENTRY
from c360_spark.gold.account import Grouping, account_members, account_records, accounts, belonging
from c360_spark.gold.owner import current
from c360_spark.gold.subscription import subscriptions
from c360_spark.stages.increment import increment
from c360_spark.stages.run import Run, Step, together

READ = (tables.PROFILE_ATTRIBUTE, tables.ACCOUNT, tables.SUBSCRIPTION, tables.PERSON_XREF)
MADE = (tables.GOLD_ACCOUNT, tables.ACCOUNT_MEMBER, tables.ACCOUNT_XREF, tables.GOLD_SUBSCRIPTION)


def build_accounts(run: Run) -> None:
    """Recompute accounts and subscriptions and write what differs; without rules in gold.yml there are no accounts."""
    grouping = _grouping(run)
    rules = f"{run.conf.gold.accounts} {grouping} {run.conf.gold.subscriptions}"
    news = increment(run, "build_accounts", rules, reads=READ, makes=MADE)
    if news.unchanged:
        news.rest()
    else:
        with run.step("build_accounts") as step:
            made = account_records(current(run.store.read(tables.ACCOUNT)), grouping)
            records, _ = run.store.stage("account records", made if run.conf.gold.accounts else made.where("false"))
            parts = (_subscriptions,) if news.idle else (_accounts, _xref, _subscriptions)
            together([partial(part, run, step, records, grouping) for part in parts])
    news.done()


def _grouping(run: Run) -> Grouping:
    rules, lists = run.conf.gold.accounts or Accounts(), run.conf.references
    if rules.domains is None:
        return Grouping(rules)
    suffixes = lists[rules.domains.suffixes].values if rules.domains.suffixes else ()
    return Grouping(rules, lists[rules.domains.free_mail].values, suffixes)


def _accounts(run: Run, step: Step, records: DataFrame, grouping: Grouping) -> None:
    store, names = run.store, ("email", f"{ENTRY}{grouping.rules.named_by}")
    said = store.read(tables.PROFILE_ATTRIBUTE).where(F.col("attribute").isin(*names))
    people, _ = store.stage("people of accounts", belonging(said, records, grouping))
    step.wrote("account", store.sync(tables.GOLD_ACCOUNT, accounts(records, people, grouping)))
    members = account_members(people, store.read(tables.GOLD_ACCOUNT))  # as written, so that the two cannot disagree
    step.wrote("account_member", store.sync(tables.ACCOUNT_MEMBER, members))


def _xref(run: Run, step: Step, records: DataFrame, _: Grouping) -> None:
    step.wrote("account_xref", run.store.sync(tables.ACCOUNT_XREF, records))


def _subscriptions(run: Run, step: Step, records: DataFrame, grouping: Grouping) -> None:
    read = run.store.read
    now, xref, settings = current(read(tables.SUBSCRIPTION)), read(tables.PERSON_XREF), run.conf.gold.subscriptions
    made = subscriptions(now, xref, records, settings, grouping, as_of=run.as_of)
    step.wrote("subscription", run.store.sync(tables.GOLD_SUBSCRIPTION, made))
