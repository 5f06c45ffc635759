"""The identifiers a record carries, normalised by their namespace and keyed by region."""

from collections.abc import Iterator

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest, identifier_id
from c360_spark.columns.normalize import normalized
from c360_spark.config import Contract, Field
from c360_spark.config.identity import RuleSet
from c360_spark.config.odcs import IdentifierUse
from c360_spark.silver.parse import text


def identifiers(contract: Contract, rules: RuleSet, *, secret: str) -> Column:
    """silver.MEMBERS of a parsed row that has `region` and `country`: distinct, ordered by identifier_id."""
    members = [member for field, use in contract.uses for member in _members(contract, field, use, rules, secret)]
    if not members:
        return F.array()
    return F.array_sort(F.array_distinct(F.array_compact(F.array(*members))))


def _members(contract: Contract, field: Field, use: IdentifierUse, rules: RuleSet, secret: str) -> Iterator[Column]:
    value = text(field)
    if use.namespace:
        yield member(use.namespace, value, rules, secret=secret, verified=use.verified)
    if use.namespace_from:
        kind = next(text(f) for f in contract.fields if f.name == use.namespace_from)
        for name, namespace in use.namespaces.items():
            yield member(namespace, F.when(kind == name, value), rules, secret=secret, verified=use.verified)


def member(namespace: str, value: Column, rules: RuleSet, *, secret: str, verified: bool = False) -> Column:
    """One silver.MEMBER in the row's `region`, or null where the value is not usable."""
    usable = normalized(rules.namespaces[namespace].normalize, value, F.col("country"))
    return F.when(
        usable.isNotNull(),
        F.struct(
            identifier_id(secret, F.lit(namespace), F.col("region"), usable).alias("identifier_id"),
            F.lit(namespace).alias("namespace"),
            F.col("region").alias("region"),
            usable.alias("value"),
            F.lit(verified).alias("verified"),
        ),
    )


def identifier_set_id() -> Column:
    """Key of the row's `identifiers` within its dataset; null when it carries none."""
    ids = F.transform("identifiers", lambda m: F.concat_ws(":", m.identifier_id, m.verified))
    key = F.substring(digest(F.col("source"), F.col("dataset"), F.array_join(ids, " ")), 1, 32)
    return F.when(F.size("identifiers") > 0, key)
