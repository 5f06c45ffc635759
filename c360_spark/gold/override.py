"""Manual overrides of attribute values, as candidates that compete with the values of records."""

from datetime import date, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import identifier_id, with_key
from c360_spark.columns.normalize import by_namespace
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.survivorship import ProfileRules

OVERRIDES = (
    "namespace string, region string, identifier string, attribute string, attribute_value string, changed_at timestamp"
)


Overrides = list[tuple[object, ...]]  # rows of OVERRIDES


def in_force(rules: ProfileRules, *, as_of: datetime) -> Overrides:
    """The overrides that have not expired at `as_of`, as rows of OVERRIDES."""
    return [
        (
            *(each.person.namespace, each.person.region, each.person.value),
            each.attribute,
            each.value,
            _start(each.added),
        )
        for each in rules.overrides
        if each.expires is None or as_of < _start(each.expires)
    ]


def _start(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())


def overrides(rows: DataFrame, membership: DataFrame, rules: RuleSet, *, secret: str) -> DataFrame:
    """`person_id, attribute, attribute_value, changed_at` of the overrides whose identifier belongs to a person.

    `rows` are rows of OVERRIDES, `membership` has the current rows of identity.membership.
    """
    value = by_namespace(F.col("namespace"), F.col("identifier"), rules)
    key = identifier_id(F.col("namespace"), F.col("region"), F.col("identifier"))
    named = with_key(rows, secret).withColumn("identifier", value).withColumn("identifier_id", key)
    placed = named.join(membership.select("identifier_id", "person_id"), "identifier_id")
    return placed.select("person_id", "attribute", "attribute_value", "changed_at")
