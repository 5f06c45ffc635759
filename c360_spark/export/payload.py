"""The payload that a destination is sent for a person, or the reasons why the person cannot be sent.

Coverage tells how well the destination can recognise the persons that it is sent, by their match keys.
"""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import TimestampType

from c360_spark.columns.destination import escaped, in_units, problem, sent, text
from c360_spark.columns.keys import digest
from c360_spark.config.activation.activation import REVENUE, Destination
from c360_spark.config.activation.destination_kinds import KINDS

NO_MATCH_KEY = "no_match_key:any"


def payloads(
    profiles: DataFrame, destination: Destination, *, currencies: Mapping[str, str] | None = None
) -> DataFrame:
    """The payload of each person: `person_id, payload, payload_hash, match_keys, reasons, left_out`.

    payload: the values of mapped fields that can be sent, as texts, in the order of their names · match_keys: names of
    those that the person has · reasons: why the person cannot be sent, as `code:field`, empty when the person can; a
    required field is wrong, or there is no match key (`no_match_key:any`), and they include what is wrong with any
    field · left_out: what is wrong with fields that the person is sent without. Codes are those of
    `columns.destination.problem`.

    Money is sent in units of its currency, `19.99`: revenue, and the metrics in `currencies`, which are amounts.
    """
    names = sorted(destination.fields)
    moments = {field.name for field in profiles.schema if isinstance(field.dataType, TimestampType)}
    columns = {n: destination.fields[n].column for n in names}
    given = {
        n: _moment(column) if column in moments else _amount(column, currencies or {}) for n, column in columns.items()
    }
    texts = [text(given[n], destination.field(n)).alias(f"text_{n}") for n in names]
    values = [sent(F.col(f"text_{n}"), destination.field(n)).alias(f"sent_{n}") for n in names]
    # In three steps: each one uses columns of the one before more than once.
    rows = profiles.select("person_id", *texts).select("*", *values)
    rows = rows.select(
        "person_id",
        _payload(names, destination).alias("payload"),
        _compact(_keys(destination)).alias("match_keys"),
        _compact([_wrong(n, destination) for n in names if destination.fields[n].required]).alias("required"),
        _compact([_wrong(n, destination) for n in names]).alias("wrong"),
    )
    keyless = F.lit(bool(KINDS[destination.kind].match_keys)) & (F.size("match_keys") == 0)
    refused = F.when(keyless, F.concat("wrong", F.array(F.lit(NO_MATCH_KEY)))).when(
        F.size("required") > 0, F.col("wrong")
    )
    return rows.select(
        "person_id",
        "payload",
        F.substring(digest(F.to_json("payload")), 1, 32).alias("payload_hash"),
        "match_keys",
        F.coalesce(refused, _nothing()).alias("reasons"),
        F.when(refused.isNull(), F.col("wrong")).otherwise(_nothing()).alias("left_out"),
    )


def consented(rows: DataFrame, consents: DataFrame, destination: Destination) -> DataFrame:
    """Rows of `payloads` with a reason `no_consent:<purpose>` for each purpose that the person did not grant.

    `consents` is gold.consent_state. A person who cannot be sent has no payload here.
    """
    named = consents.where((F.col("status") == "granted") & F.col("purpose").isin(*destination.purposes))
    granted = named.groupBy("person_id").agg(F.collect_set("purpose").alias("granted"))
    denied = [
        F.when(~F.coalesce(F.array_contains("granted", purpose), F.lit(False)), F.lit(f"no_consent:{purpose}"))
        for purpose in sorted(destination.purposes)
    ]
    joined = rows.join(granted, "person_id", "left")
    told = joined.withColumn("reasons", F.concat("reasons", _compact(denied)))
    fine = F.size("reasons") == 0
    return told.select(
        "person_id",
        F.when(fine, F.col("payload")).alias("payload"),
        F.when(fine, F.col("payload_hash")).alias("payload_hash"),
        F.when(fine, F.col("match_keys")).otherwise(_nothing()).alias("match_keys"),
        "reasons",
        F.when(fine, F.col("left_out")).otherwise(_nothing()).alias("left_out"),
    )


def _moment(column: str) -> Column:
    """A time in UTC with a Z, so that the receiver need not guess its zone: `2026-01-02T15:31:29Z`."""
    return F.concat(F.replace(F.col(column).cast("string"), F.lit(" "), F.lit("T")), F.lit("Z"))


def _amount(column: str, currencies: Mapping[str, str]) -> Column:
    """The value of a column; money is in units of its currency, with all decimal digits that the currency has."""
    whole, _, code = column.partition(".")
    if whole == REVENUE:
        return in_units(F.col(whole)[code], code)
    return in_units(F.col(column), currencies[column]) if column in currencies else F.col(column)


def _payload(names: list[str], destination: Destination) -> Column:
    values = [F.col(f"sent_{n}") for n in names]
    if KINDS[destination.kind].for_people:
        values = [escaped(value) for value in values]
    pairs = [part for n, value in zip(names, values, strict=True) for part in (F.lit(n), value)]
    return F.map_filter(F.create_map(*pairs), lambda _, value: value.isNotNull())


def _keys(destination: Destination) -> list[Column]:
    found = []
    for key, fields in KINDS[destination.kind].match_keys.items():
        if set(fields) <= set(destination.fields):
            whole = reduce(lambda a, b: a & b, [F.col(f"sent_{field}").isNotNull() for field in fields])
            found.append(F.when(whole, F.lit(key)))
    return found


def _wrong(name: str, destination: Destination) -> Column:
    """What is wrong with a field, as `code:field`; a missing value is wrong only where the field is required."""
    code = problem(F.col(f"text_{name}"), F.col(f"sent_{name}"), destination.field(name))
    counts = F.lit(True) if destination.fields[name].required else code != "missing"
    return F.when(counts, F.concat(code, F.lit(f":{name}")))


def _compact(codes: list[Column]) -> Column:
    return F.array_compact(F.array(*codes)) if codes else _nothing()


def _nothing() -> Column:
    return F.array().cast("array<string>")


ANY = "any"


def coverage(rows: DataFrame, destination: Destination) -> DataFrame:
    """`destination, match_key, persons`: how many sent persons have each match key of the kind.

    The match key `any` counts those with at least one. `rows` are those of `consented`.
    """
    keys = list(KINDS[destination.kind].match_keys)
    sent = rows.where(F.size("reasons") == 0)
    counts = [F.count(F.when(F.array_contains("match_keys", key), 1)).alias(key) for key in keys]
    figures = sent.agg(F.count(F.when(F.size("match_keys") > 0, 1)).alias(ANY), *counts)
    each = F.explode(
        F.array(*(F.struct(F.lit(key).alias("match_key"), F.col(key).alias("persons")) for key in (*keys, ANY)))
    )
    return figures.select(F.lit(destination.name).alias("destination"), each.alias("of")).select("destination", "of.*")


def left_out(rows: DataFrame) -> DataFrame:
    """`reason, persons`: how many persons are sent without a field because of a problem with it, as `code:field`."""
    reasons = rows.select(F.explode("left_out").alias("reason"))
    return reasons.groupBy("reason").agg(F.count(F.lit(1)).alias("persons"))
