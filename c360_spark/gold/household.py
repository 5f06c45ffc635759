"""Households: persons who live together, by address and surname, then by shared identifiers.

Households never merge persons.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest, joined_list, keyed_digest, with_key
from c360_spark.columns.normalize import key_part
from c360_spark.config.rules.gold import Households

GROUP = ("household_id", "rule", "person_count", "reason")


def eligible(profiles: DataFrame, rules: Households) -> DataFrame:
    """gold.profile of the persons with enough records to be in a household."""
    return profiles.where(F.col("record_count") >= rules.min_records)


def address_keys(people: DataFrame, rules: Households, *, secret: str) -> DataFrame:
    """gold.household_key of `eligible` persons."""
    parts = [key_part(part, F.col("country")) for part in rules.parts]
    said = people.select("person_id", F.array(*parts).alias("parts"))
    whole = F.forall("parts", lambda part: part.isNotNull())
    address = joined_list(F.slice("parts", 1, len(rules.address)))
    return with_key(said, secret).select(
        "person_id",
        F.when(whole, keyed_digest(address)).alias("address_key"),
        F.when(whole, keyed_digest(joined_list(F.col("parts")))).alias("home_key"),
    )


def by_address(keys: DataFrame, rules: Households) -> DataFrame:
    """Groups of persons by gold.household_key: `home_key` and GROUP.

    `reason` is null for a household, else why the group is refused. A single person is no group.
    """
    groups = keys.where("home_key IS NOT NULL").groupBy("address_key", "home_key").agg(*_counted())
    addresses = groups.groupBy("address_key").agg(F.sum("person_count").alias("at_address"))
    reason = F.when(F.col("person_count") > rules.max_size, "crowded").when(
        F.col("at_address") > rules.max_per_address, "crowded_address"
    )
    household_id = _household_id(F.lit("address"), F.col("smallest"))
    found = groups.where("person_count > 1").join(addresses, "address_key")
    told = found.select("*", household_id.alias("household_id"), F.lit("address").alias("rule"), reason.alias("reason"))
    return told.select("home_key", *GROUP)


def at_address(keys: DataFrame, groups: DataFrame) -> DataFrame:
    """Members of the households among the groups `by_address`: `person_id, household_id, rule`."""
    homes = groups.where("reason IS NULL").select("home_key", "household_id", "rule")
    return keys.join(homes, "home_key").select("person_id", "household_id", "rule")


def sharing(links: DataFrame, membership: DataFrame, rules: Households) -> DataFrame:
    """Persons who share a crowded or divided identifier: `identifier_id, rule, person_id`.

    Several persons use such an identifier, so it is not one person's. `links` is identity.link, `membership` has the
    current rows of identity.membership; `rule` is the namespace.
    """
    crowded = links.where((F.col("kind") == "shared_record") & F.col("reason").rlike("^(crowded|contradiction):"))
    ends = F.array(_end("left", "right"), _end("right", "left"))
    used = crowded.select("reason", F.explode(ends).alias("end")).select("reason", "end.*")
    shared = used.where(
        F.col("rule").isin(*rules.shared_identifiers) & (F.substring_index("reason", ":", -1) == F.col("rule"))
    )
    people = membership.select(F.col("identifier_id").alias("other_id"), "person_id")
    return shared.join(people, "other_id").select("identifier_id", "rule", "person_id").distinct()


def by_sharing(shared: DataFrame, members: DataFrame, rules: Households) -> tuple[DataFrame, DataFrame]:
    """Groups and members that `shared` (of eligible persons) adds to the existing `members`.

    A person without a household joins that of the others. Where none of them has one, they make a new one. Where they
    have several, nothing changes. Nobody joins a household that would become larger than `max_size`.
    """
    groups = shared.groupBy("identifier_id", "rule").agg(*_counted()).where("person_count > 1")
    crowded = F.when(F.col("person_count") > rules.max_size, "crowded")
    new_id = _household_id(F.col("rule"), F.col("smallest"), F.col("identifier_id"))
    households = groups.select("*", new_id.alias("household_id"), crowded.alias("reason"))
    placed = shared.join(members.select("person_id", F.col("household_id").alias("home")), "person_id", "left")
    homes = placed.groupBy("identifier_id").agg(F.collect_set("home").alias("homes"))
    fine = households.where("reason IS NULL").join(homes, "identifier_id").where("size(homes) < 2")
    goal = F.coalesce(F.get("homes", F.lit(0)), F.col("household_id"))
    free = placed.where("home IS NULL").join(fine.select("identifier_id", goal.alias("goal")), "identifier_id")
    joining = free.groupBy("person_id").agg(F.min(F.struct("goal", "rule")).alias("to"))
    wanted = joining.select("person_id", F.col("to.goal").alias("household_id"), "to.rule")
    sizes = _sizes(members.unionByName(wanted)).where((F.col("n") > 1) & (F.col("n") <= rules.max_size))
    added = wanted.join(sizes.select("household_id"), "household_id", "left_semi")
    made = households.where("reason IS NOT NULL").unionByName(households.join(added, "household_id", "left_semi"))
    return made.select(*GROUP), added.select("person_id", "household_id", "rule")


def households(groups: DataFrame, members: DataFrame) -> DataFrame:
    """gold.household of all groups; a household counts its final members."""
    status = F.when(F.col("reason").isNull(), "active").otherwise("refused")
    counted = groups.join(_sizes(members), "household_id", "left").withColumn(
        "person_count", F.coalesce("n", "person_count")
    )
    return counted.select(*GROUP, status.alias("status"))


def _counted() -> tuple[Column, Column]:
    return F.count(F.lit(1)).alias("person_count"), F.min("person_id").alias("smallest")


def _sizes(members: DataFrame) -> DataFrame:
    return members.groupBy("household_id").agg(F.count(F.lit(1)).alias("n"))


def _household_id(*parts: Column) -> Column:
    return F.concat(F.lit("h"), F.substring(digest(*parts), 1, 24))


def _end(side: str, other: str) -> Column:
    return F.struct(
        F.col(f"{side}_id").alias("identifier_id"),
        F.col(f"{side}_namespace").alias("rule"),
        F.col(f"{other}_id").alias("other_id"),
    )
