"""What each source says of a person now, value by value, and since when.

A record that is sent again with a newer time and an old value says nothing new of that value.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.survivorship import ATTRIBUTES, ENTRIES, ENTRY


def fields(versions: DataFrame) -> DataFrame:
    """One row for each value that the current version of a source record has.

    Columns: source, dataset, source_key, bronze_id, identifier_set_id, attribute, attribute_value (text), changed_at,
    verified.
    `versions` are all rows of silver.profile_record. `changed_at` is when the field became this value: the earliest
    time by the source's clock among the versions from the current one back to the last that had another value or none.
    `verified` says whether the value is a verified identifier of the record.
    """
    version = F.struct(
        "received_at",
        "bronze_id",
        "identifier_set_id",
        F.coalesce("updated_at", "created_at", "received_at").alias("at"),
        _values().alias("values"),
        F.transform(F.filter("identifiers", lambda m: m.verified), lambda m: m.value).alias("verified"),
    )
    # The newest first. A bronze_id is that of one version, so what comes after it in the struct is never compared.
    histories = versions.groupBy("source", "dataset", "source_key").agg(
        F.sort_array(F.collect_list(version), asc=False).alias("versions")
    )
    now = F.col("versions")[0]
    said = F.transform(
        now["values"],
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
    """The row's values that are not null: structs of attribute and text."""
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


def _since(value: Column) -> Column:
    """The earliest time of the newest `versions` that have `value`, up to the first that has not."""
    start = F.struct(F.lit(None).cast("timestamp").alias("at"), F.lit(True).alias("unbroken"))

    def back(found: Column, version: Column) -> Column:
        unbroken = found.unbroken & F.array_contains(version["values"], value)
        at = F.when(unbroken, F.least(found.at, version["at"])).otherwise(found.at)
        return F.struct(at.alias("at"), unbroken.alias("unbroken"))

    return F.aggregate("versions", start, back, lambda found: found.at)
