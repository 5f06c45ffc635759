"""Current identifiers and attributes of each profile of a CDP, and attributes that differ from those of its person."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.normalize import OF_LETTERS
from c360_spark.columns.record import arrival, current, said_at
from c360_spark.config.rules.survivorship import ATTRIBUTES, ENTRIES, ENTRY

GONE = ("merged", "deleted")


def living(versions: DataFrame) -> DataFrame:
    """Current rows of silver.cdp_profile of one CDP, without those that the CDP marks as merged or deleted.

    A row keyed by the profile alone applies to the whole profile, any other row to one identity of it. The profile that
    another was merged into lists the other's identifiers itself.
    """
    rows = current(versions)
    gone = F.coalesce(F.col("status").isin(*GONE), F.lit(False))
    whole = rows.where(gone & (F.col("source_key") == F.col("profile_id"))).select("profile_id").distinct()
    return rows.where(~gone).join(whole, "profile_id", "left_anti")


def identities(rows: DataFrame) -> DataFrame:
    """Identifiers of the profiles in `living`: `profile_id, identifier_id`, each pair once.

    A profile without identifiers has one row with null.
    """
    exploded = rows.select("profile_id", F.explode_outer("identifiers").alias("member"))
    found = exploded.select("profile_id", F.col("member.identifier_id").alias("identifier_id"))
    return found.distinct()


def attributes(rows: DataFrame) -> DataFrame:
    """The newest value of each attribute of gold.profile among the rows of a profile, by `profile_id`."""
    order = F.struct(said_at(rows.columns), arrival())

    def newest(name: str) -> Column:
        return F.max_by(name, F.when(F.col(name).isNotNull(), order)).alias(name)

    return rows.groupBy("profile_id").agg(*(newest(name) for name in (*ATTRIBUTES, ENTRIES)))


# Normalisers by which two values are compared; all other attributes ignore case and surplus blanks.
COMPARED = {
    "given_name": "name",
    "family_name": "name",
    "street": "name",
    "city": "name",
    "phone": "digits",
    "postcode": "postcode",
}
PAIRS = "array<struct<attribute: string, our_value: string, their_value: string>>"


def mismatches(pairs: DataFrame, theirs: DataFrame, profiles: DataFrame) -> DataFrame:
    """gold.cdp_mismatch without `source`: attributes that both sides have and that differ after normalisation.

    `pairs` has `profile_id, person_id`, `theirs` is what `attributes` gives for the rows of a CDP, `profiles` is
    gold.profile. An attribute that one side lacks is no mismatch.
    """
    columns = (*ATTRIBUTES, ENTRIES)
    ours = profiles.select("person_id", F.struct(*columns).alias("ours"))
    told = theirs.select("profile_id", F.struct(*columns).alias("theirs"))
    both = pairs.select("profile_id", "person_id").join(told, "profile_id").join(ours, "person_id")
    own = [
        _differing(F.lit(name), F.col(f"ours.{name}"), F.col(f"theirs.{name}"), COMPARED.get(name, "lower"))
        for name in ATTRIBUTES
    ]
    return both.select("profile_id", "person_id", F.inline(F.array_compact(F.concat(F.array(*own), _entries()))))


def _entries() -> Column:
    """The same for the entries of the map that both sides have."""
    ours, theirs = F.col(f"ours.{ENTRIES}"), F.col(f"theirs.{ENTRIES}")
    shared = F.array_sort(F.array_intersect(F.map_keys(ours), F.map_keys(theirs)))
    found = F.transform(
        shared, lambda name: _differing(F.concat(F.lit(ENTRY), name), ours[name], theirs[name], "lower")
    )
    return F.coalesce(found, F.array().cast(PAIRS))


def _differing(attribute: Column, ours: Column, theirs: Column, rule: str) -> Column:
    """Attribute and both values as text; null where they agree, or one side has no value to compare."""
    values = [side.cast("string") for side in (ours, theirs)]
    left, right = map(OF_LETTERS[rule], values)  # silver has spelled both
    told = F.struct(attribute.alias("attribute"), values[0].alias("our_value"), values[1].alias("their_value"))
    return F.when(left != right, told)
