"""Attribute values that each source has for a person now, and since when.

A record that is sent again with a newer time and the same value does not renew that value.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.record import RECORD_KEY, is_gone, said_at
from c360_spark.config.rules.survivorship import ATTRIBUTES, ENTRIES, ENTRY


def fields(versions: DataFrame) -> DataFrame:
    """One row for each value of the current version of a source record.

    Columns: source, dataset, source_key, bronze_id, identifier_set_id, attribute, attribute_value (text), changed_at,
    verified.

    `versions` are all rows of silver.profile_record. `changed_at` is when the field got this value: the earliest time
    by the source's clock among the versions from the current one back to the last with another value or none.
    `verified` is whether the value is a verified identifier of the record.
    """
    version = F.struct(
        said_at(versions.columns).alias("at"),
        "received_at",
        "position",
        "bronze_id",
        "identifier_set_id",
        _values().alias("values"),
        F.coalesce("unsaid", F.array().cast("array<string>")).alias("unsaid"),
        F.transform(F.filter("identifiers", lambda m: m.verified), lambda m: m.value).alias("verified"),
    )
    # The newest first. No two versions arrive at one position of one file, so the later fields are never compared.
    kept = F.collect_list(F.when(~F.col("is_deleted"), version))
    histories = versions.groupBy(*RECORD_KEY).agg(F.when(~is_gone(), F.sort_array(kept, asc=False)).alias("versions"))
    now = F.col("versions")[0]
    said = F.transform(
        F.concat(now["values"], _still()),
        lambda value: F.struct(
            value.attribute.alias("attribute"),
            value.attribute_value.alias("attribute_value"),
            _since(value).alias("changed_at"),
            F.coalesce(F.array_contains(now.verified, value.attribute_value), F.lit(False)).alias("verified"),
        ),
    )
    return histories.select(
        "source", "dataset", "source_key", now.bronze_id.alias("bronze_id"),
        now.identifier_set_id.alias("identifier_set_id"), F.inline(said),
    )  # fmt: skip


def _values() -> Column:
    """The values of the row that are not null: structs of attribute and text."""
    own = F.array(
        *(
            F.struct(F.lit(name).alias("attribute"), F.col(name).cast("string").alias("attribute_value"))
            for name in ATTRIBUTES
        )
    )
    free = F.transform(
        F.map_entries(F.coalesce(ENTRIES, F.create_map().cast("map<string,string>"))),
        lambda entry: F.struct(
            F.concat(F.lit(ENTRY), entry.key).alias("attribute"), entry.value.alias("attribute_value")
        ),
    )
    return F.filter(F.concat(own, free), lambda value: value.attribute_value.isNotNull())


def _still() -> Column:
    """Values of an earlier version, for attributes that the delivery of the current version does not have."""

    def last(attribute: Column) -> Column:
        telling = F.filter("versions", lambda version: ~F.array_contains(version.unsaid, attribute))
        return F.filter(F.get(telling, F.lit(0))["values"], lambda value: value.attribute == attribute)

    return F.coalesce(F.flatten(F.transform(F.col("versions")[0].unsaid, last)), F.array())


def _since(value: Column) -> Column:
    """The earliest time of the newest unbroken run of `versions` that have `value`."""
    start = F.struct(F.lit(None).cast("timestamp").alias("at"), F.lit(True).alias("unbroken"))

    def back(found: Column, version: Column) -> Column:
        has = F.array_contains(version["values"], value)
        unbroken = found.unbroken & (has | F.array_contains(version.unsaid, value.attribute))
        at = F.when(unbroken & has, F.least(found.at, version["at"])).otherwise(found.at)
        return F.struct(at.alias("at"), unbroken.alias("unbroken"))

    return F.aggregate("versions", start, back, lambda found: found.at)
