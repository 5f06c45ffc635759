"""Accounts (companies) and their persons: by the company that a record names, then by the domain of an address.

Accounts never merge persons. All company records with one domain are one account, together with the persons of that
domain.
"""

from collections.abc import Collection
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.domain import company_domain
from c360_spark.columns.keys import digest
from c360_spark.columns.record import RECORD_KEY, said_at
from c360_spark.config.rules.gold import Accounts
from c360_spark.config.rules.survivorship import ENTRY

NEWEST = ("name", "industry", "country", "parent_account_id")


@dataclass(frozen=True)
class Grouping:
    """The rules with the lists that they name: free mail domains, and suffixes under which others register domains."""

    rules: Accounts
    free_mail: Collection[str] = ()
    suffixes: Collection[str] = ()

    def keys_of(self, source: Column) -> Column:
        """The source whose company keys a record of `source` uses."""
        return F.lit(self.rules.keys_of) if self.rules.keys_of else source

    def domain(self, value: Column) -> Column:
        """The company domain of an address or website, else null."""
        none = F.lit(None).cast("string")
        return company_domain(value, self.free_mail, self.suffixes) if self.rules.domains else none


def account_records(records: DataFrame, grouping: Grouping) -> DataFrame:
    """Current rows of silver.account with their `account_id`, one row per record.

    Columns: `source, dataset, source_key, parent_key, account_id, domain, name, industry, country, newest`. The record
    with the greatest `newest` is the latest.
    """
    own, records = F.col("domain"), records.withColumn("domain", grouping.domain(F.col("domain")))
    alone = _account_id(F.lit("record"), *(F.col(name) for name in RECORD_KEY))
    return records.select(
        *(*RECORD_KEY, "parent_key", F.when(own.isNotNull(), _of_domain(own)).otherwise(alone).alias("account_id")),
        *("domain", "name", "industry", "country"),
        F.struct(said_at(records.columns).alias("at"), *RECORD_KEY).alias("newest"),
    )


def belonging(values: DataFrame, records: DataFrame, grouping: Grouping) -> DataFrame:
    """gold.account_key: the one account that each person may belong to.

    `values` are rows of gold.profile_attribute, `records` is what `account_records` gives. A company that a record
    names takes precedence over any address, and a value of a higher rank over one of a lower rank.
    """
    names, of = f"{ENTRY}{grouping.rules.named_by or ''}", grouping.keys_of(F.col("source"))
    mail = F.when(F.col("attribute") == "email", F.col("attribute_value"))
    key = F.when(F.col("attribute") == names, F.col("attribute_value"))
    said = values.select("person_id", "rank", of.alias("of"), key.alias("key"), grouping.domain(mail).alias("domain"))
    companies = records.select(F.col("source").alias("in"), F.col("source_key").alias("key"), "account_id")
    same = F.col("of").isNull() | (F.col("of") == F.col("in"))  # an override has no source
    named = F.when(same, F.col("account_id"))
    choices = (
        said.where("key IS NOT NULL OR domain IS NOT NULL")
        .join(companies, "key", "left")
        .select(
            "person_id",
            F.struct(
                F.col("domain").isNotNull().alias("by_domain"),
                "rank",
                F.when(F.col("domain").isNull(), named).otherwise(_of_domain(F.col("domain"))).alias("account_id"),
                F.when(F.col("domain").isNull(), "crm_account").otherwise("domain").alias("rule"),
                "domain",
            ).alias("to"),
        )
    )
    first = choices.where("to.account_id IS NOT NULL").groupBy("person_id").agg(F.min("to").alias("to"))
    return first.select("person_id", "to.account_id", "to.rule", "to.domain")


def accounts(records: DataFrame, people: DataFrame, grouping: Grouping) -> DataFrame:
    """gold.account from `records`, which `account_records` gives, and `people`, which is gold.account_key."""
    by_domain = F.count_if(F.col("rule") == "domain")
    groups = people.groupBy("account_id").agg(
        F.count(F.lit(1)).alias("all"), by_domain.alias("by_domain"), F.max("domain").alias("of")
    )
    parents = records.select(
        *("source", "dataset", F.col("source_key").alias("parent_key"), F.col("account_id").alias("parent_id"))
    )
    above = F.when(F.col("parent_id") != F.col("account_id"), F.col("parent_id"))
    placed = records.join(parents, ["source", "dataset", "parent_key"], "left").withColumn("parent_account_id", above)
    newest = (F.max_by(name, F.when(F.col(name).isNotNull(), F.col("newest"))).alias(name) for name in NEWEST)
    on_file = placed.groupBy("account_id").agg(
        F.max("domain").alias("domain"), F.count(F.lit(1)).alias("record_count"), *newest
    )
    least, most = _limits(grouping)
    known, crowded = F.col("record_count").isNotNull(), F.coalesce(F.col("by_domain") > most, F.lit(False))
    refused = crowded & ~known
    counted = F.when(crowded & known, F.col("all") - F.col("by_domain")).otherwise(F.col("all"))
    every = on_file.join(groups, "account_id", "full").where(known | (F.col("by_domain") >= least))
    return every.select(
        *("account_id", F.when(known, "crm_account").otherwise("domain").alias("rule")),
        *("name", F.coalesce("domain", "of").alias("domain"), "industry", "country", "parent_account_id"),
        F.coalesce("record_count", F.lit(0)).alias("record_count"),
        F.coalesce(counted, F.lit(0)).alias("person_count"),
        F.when(refused, "refused").otherwise("active").alias("status"),
        F.when(crowded, "crowded").alias("reason"),
    )


def account_members(people: DataFrame, made: DataFrame) -> DataFrame:
    """gold.account_member: the persons of gold.account_key whose account is in gold.account (`made`) and not crowded.

    A person whose record names the company belongs to a crowded account too.
    """
    of_account = made.select("account_id", "reason")
    named = F.col("rule") == "crm_account"
    members = people.join(of_account, "account_id").where(named | F.col("reason").isNull())
    return members.select("person_id", "account_id", "rule")


def _limits(grouping: Grouping) -> tuple[int, int]:
    domains = grouping.rules.domains
    return (domains.min_persons, domains.max_persons) if domains else (1, 1)


def _of_domain(domain: Column) -> Column:
    return _account_id(F.lit("domain"), domain)


def _account_id(*parts: Column) -> Column:
    return F.concat(F.lit("a"), F.substring(digest(*parts), 1, 24))
