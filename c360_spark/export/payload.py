"""What a destination is sent of a person."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest
from c360_spark.columns.normalize import digits, lower
from c360_spark.config.activation import Destination, Mapping


def payloads(profiles: DataFrame, destination: Destination) -> DataFrame:
    """`person_id, payload, payload_hash`: the mapped fields as texts, in the order of their names, without nulls."""
    fields = [part for name in sorted(destination.fields) for part in (F.lit(name), _field(destination.fields[name]))]
    payload = F.map_filter(F.create_map(*fields), lambda _, value: value.isNotNull())
    rows = profiles.select("person_id", payload.alias("payload"))
    return rows.withColumn("payload_hash", F.substring(digest(F.to_json("payload")), 1, 32))


def _field(mapping: Mapping) -> Column:
    value = F.col(mapping.column).cast("string")
    if mapping.normalize == "trim_lower":
        value = lower(value)
    elif mapping.normalize == "digits":
        value = digits(value)
    return F.sha2(value, 256) if mapping.hash == "sha256" else value
