"""Survivorship (gold.profile_attribute): which value of an attribute survives, which lose, and by which criterion.

Manual overrides are candidates too, which compete with the values of records.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from c360_spark.columns.keys import identifier_id, with_key
from c360_spark.columns.normalize import by_namespace
from c360_spark.columns.record import RECORD_KEY
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.survivorship import ENTRIES, ENTRY, Criterion, ProfileRules

MANY = 1_000_000  # more than there are datasets
RECORD = ("source", "dataset", "source_key", "changed_at", "bronze_id")


def ranked(said: DataFrame, decided: DataFrame, rules: ProfileRules) -> DataFrame:
    """gold.profile_attribute: the values of each attribute of a person, ranked by the survivorship rules.

    `said` has the `fields` of records with a `person_id`, `decided` the `overrides`. Records compete by the first
    criterion of the attribute's order that distinguishes them, then by the names of source and dataset and the source
    key, the greatest first. A value has the place of its strongest record.
    """
    own = said.withColumn("override", F.lit(False))
    given = decided.withColumns({"override": F.lit(True), "verified": F.lit(False)})
    # All later steps are by person, so one shuffle is enough.
    claims = own.unionByName(given, allowMissingColumns=True).repartition("person_id")
    claim = F.struct(_strength(rules).alias("strength"), F.struct(*RECORD).alias("record"))
    values = claims.groupBy("person_id", "attribute", "attribute_value").agg(
        F.max(claim).alias("best"),
        F.count("bronze_id").alias("record_count"),
        F.size(F.collect_set(F.when(~F.col("override"), _dataset()))).alias("dataset_count"),
    )
    places = Window.partitionBy("person_id", "attribute").orderBy(
        F.desc("strength"), *(F.desc(f"best.record.{name}") for name in RECORD_KEY), F.desc("attribute_value")
    )
    return (
        values.withColumn("strength", _counted(rules))
        .withColumns({"rank": F.row_number().over(places), "next": F.lead("strength").over(places)})
        .withColumn("rule", F.when(F.col("next").isNotNull(), _decisive(rules)).when(F.col("rank") == 1, "only"))
        .select(
            *("person_id", "attribute", "attribute_value", "rank", "rule"),
            *(f"best.record.{name}" for name in RECORD),
            "record_count",
        )
    )


def _strength(rules: ProfileRules) -> Column:
    """The strength of a record by each criterion of its attribute's order; more is better."""

    def measure(criterion: Criterion, name: str) -> Column:
        found = {
            "override": lambda: F.col("override"),
            "verified": lambda: F.col("verified"),
            "priority": lambda: _place(rules.priority(name)),
            "recency": lambda: F.unix_micros("changed_at"),
            "frequency": lambda: F.lit(0),  # known once values are counted
            "longest": lambda: F.length("attribute_value"),
        }
        return found[criterion]().cast("long")

    return _by_attribute(rules, lambda name: F.array(*(measure(each, name) for each in rules.order(name))))


def _counted(rules: ProfileRules) -> Column:
    """The strength of a value: that of its best record, and its frequency (records, then datasets)."""
    frequency = F.col("record_count") * MANY + F.col("dataset_count")

    def full(name: str) -> Column:
        order = enumerate(rules.order(name))
        return F.array(*(frequency if c == "frequency" else F.get("best.strength", F.lit(i)) for i, c in order))

    return _by_attribute(rules, full)


def _decisive(rules: ProfileRules) -> Column:
    """The first criterion by which a value differs from the next one; `tie` where none does."""

    def first_apart(name: str) -> Column:
        order = enumerate(rules.order(name))
        apart = (F.when(F.get("strength", F.lit(i)) != F.get("next", F.lit(i)), c) for i, c in order)
        return F.coalesce(*apart, F.lit("tie"))

    return _by_attribute(rules, first_apart)


def _by_attribute(rules: ProfileRules, ask: Callable[[str], Column]) -> Column:
    """The expression that `ask` gives for the row's attribute.

    `ask` is called once for each attribute with a rule of its own.
    """
    attribute = F.col("attribute")
    found = F.when(attribute.startswith(ENTRY), ask(ENTRY)).otherwise(ask(""))
    for name in rules.attributes:
        if name != ENTRIES:
            found = F.when(attribute == name, ask(name)).otherwise(found)
    return found


def _place(priority: Sequence[str]) -> Column:
    """0 for the first dataset, -1 for the next; datasets that are not listed come last."""
    place = F.lit(-len(priority))
    for i, name in enumerate(priority):
        place = F.when(_dataset() == name, -i).otherwise(place)
    return place


def _dataset() -> Column:
    return F.concat_ws(".", "source", "dataset")


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
