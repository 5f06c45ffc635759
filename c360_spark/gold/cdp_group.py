"""Reconciles persons with the profiles of a CDP: which are the same, and where one side joins what the other separates.

A person and a profile that hold the same identifier are connected. All that is connected, over any number of steps, is
a group. A group has one verdict, by its number of persons and of profiles. An identifier that guards take out belongs
to no person, so it connects nothing.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

AGREE, MISMATCH = "agree", "attribute_mismatch"
MERGES, SPLITS, BOTH = "cdp_merges_more", "cdp_splits_more", "cdp_merges_and_splits"
MISSING_HERE, MISSING_IN_CDP = "missing_here", "missing_in_cdp"
VERDICTS = (AGREE, MISMATCH, MERGES, SPLITS, BOTH, MISSING_HERE, MISSING_IN_CDP)


def placed(identities: DataFrame, identifiers: DataFrame, membership: DataFrame) -> DataFrame:
    """The person of each identifier of a profile: `profile_id, identifier_id, person_id, status`.

    `identities` are of one CDP, `identifiers` is identity.identifier, `membership` has the current rows of
    identity.membership. An identifier of no person has no person_id; one that was never seen here has no `status`
    either.
    """
    held = membership.select("identifier_id", "person_id")
    seen = identifiers.select("identifier_id", "status")
    return identities.join(seen, "identifier_id", "left").join(held, "identifier_id", "left")


def pairs(placed: DataFrame) -> DataFrame:
    """Profiles and persons that share an identifier directly, one row for each pair.

    Columns: `profile_id, person_id`; `profile_node, person_node`, an identifier that represents each; `persons,
    profiles`, how many each has on the other side. A node is the smallest identifier that connects a profile or person
    with any on the other side. Two profiles may have the same node: then they have a person in common too.
    """
    met = placed.where("person_id IS NOT NULL").groupBy("profile_id", "person_id")
    lowest = met.agg(F.min("identifier_id").alias("lowest"))
    profile, person = Window.partitionBy("profile_id"), Window.partitionBy("person_id")
    return lowest.select(
        "profile_id",
        "person_id",
        F.min("lowest").over(profile).alias("profile_node"),
        F.min("lowest").over(person).alias("person_node"),
        F.count(F.lit(1)).over(profile).alias("persons"),
        F.count(F.lit(1)).over(person).alias("profiles"),
    )


def one_to_one() -> Column:
    """Whether a row of `pairs` is a group by itself."""
    return (F.col("persons") == 1) & (F.col("profiles") == 1)


def tangled(pairs: DataFrame) -> DataFrame:
    """Edges `left_id, right_id`, whose connected components are the groups of more than two."""
    joined = pairs.where(~one_to_one() & (F.col("profile_node") != F.col("person_node")))
    return joined.select(F.col("profile_node").alias("left_id"), F.col("person_node").alias("right_id")).distinct()


def grouped(pairs: DataFrame, components: DataFrame) -> DataFrame:
    """`pairs` with `group_id`, `profile_count` and `person_count` of their group.

    `group_id` is the smallest identifier of the group that both sides have. `components` (`identifier_id,
    component_id`) are the connected components of `tangled`.
    """
    named = pairs.join(components.withColumnRenamed("identifier_id", "profile_node"), "profile_node", "left")
    known = named.withColumn("group_id", F.coalesce("component_id", "profile_node"))
    counts = known.groupBy("group_id").agg(
        F.countDistinct("profile_id").alias("profile_count"), F.countDistinct("person_id").alias("person_count")
    )
    return known.join(counts, "group_id").drop("component_id")


def verdicts(placed: DataFrame, groups: DataFrame, mismatches: DataFrame, people: DataFrame) -> DataFrame:
    """gold.cdp_reconciliation without `source`: one row for each profile and one for each person.

    `groups` is what `grouped` gives, `mismatches` gold.cdp_mismatch of the CDP; `people` are the active persons, as
    `person_id` and `reachable`: whether they hold an identifier of a kind that the CDP sends.
    """
    unlike = mismatches.select("profile_id", F.lit(True).alias("differs")).distinct()
    of_pair = groups.join(unlike, "profile_id", "left").withColumn("verdict", _verdict())
    columns = ("group_id", "profile_count", "person_count", "verdict")
    connected = of_pair.groupBy("profile_id").agg(*(F.max(name).alias(name) for name in columns))
    theirs = (
        _counted(placed)
        .join(connected, "profile_id", "left")
        .select(
            F.lit("cdp").alias("side"),
            F.col("profile_id").alias("subject_id"),
            F.coalesce("verdict", F.lit(MISSING_HERE)).alias("verdict"),
            F.when(F.col("verdict").isNull(), _why_missing_here()).alias("reason"),
            "group_id",
            F.coalesce("profile_count", F.lit(1)).alias("profile_count"),
            F.coalesce("person_count", F.lit(0)).alias("person_count"),
            "shared_count",
            "refused_count",
            "unknown_count",
        )
    )
    met = of_pair.groupBy("person_id").agg(*(F.max(name).alias(name) for name in columns))
    nothing = F.lit(None).cast("long")
    why = F.when(F.col("reachable"), "unknown").otherwise("other_namespaces")
    ours = people.join(met, "person_id", "left").select(
        F.lit("person").alias("side"),
        F.col("person_id").alias("subject_id"),
        F.coalesce("verdict", F.lit(MISSING_IN_CDP)).alias("verdict"),
        F.when(F.col("verdict").isNull(), why).alias("reason"),
        "group_id",
        F.coalesce("profile_count", F.lit(0)).alias("profile_count"),
        F.coalesce("person_count", F.lit(1)).alias("person_count"),
        *(nothing.alias(f"{name}_count") for name in ("shared", "refused", "unknown")),
    )
    return theirs.unionByName(ours)


def _verdict() -> Column:
    several_persons, several_profiles = F.col("person_count") > 1, F.col("profile_count") > 1
    return (
        F.when(several_persons & several_profiles, BOTH)
        .when(several_persons, MERGES)
        .when(several_profiles, SPLITS)
        .when(F.col("differs"), MISMATCH)
        .otherwise(AGREE)
    )


def _counted(placed: DataFrame) -> DataFrame:
    """Each profile with the number of its identifiers that belong to a person, are refused, or were never seen here."""
    somebodys, seen = F.col("person_id").isNotNull(), F.col("status").isNotNull()
    given = F.col("identifier_id").isNotNull()
    return placed.groupBy("profile_id").agg(
        F.count_if(somebodys).alias("shared_count"),
        F.count_if(~somebodys & seen).alias("refused_count"),
        F.count_if(given & ~seen & ~somebodys).alias("unknown_count"),
    )


def _why_missing_here() -> Column:
    unknown, refused = F.col("unknown_count") > 0, F.col("refused_count") > 0
    return F.when(unknown, "unknown").when(refused, "refused").otherwise("no_identifiers")
