"""Contract versions: lifts records of older versions to the newest, whose contract then reads them.

A record has the version that it claims, where the contract names the property of the version, and else the newest
version that it fits. Within a major version the newest contract reads older records too. Between major versions the
up-casts of the newer contract apply.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, StructType

from c360_spark.config import Contract, Field
from c360_spark.config.contract.upcast import Convert, Default, Rename, Split, Step
from c360_spark.silver.parse import parsed, text
from c360_spark.silver.reasons import HELPERS, INVALID, reasons, with_values

Values = dict[str, Column]
DELIVERED = "_delivered"  # `fields` as they are before values that do not fit are taken out


@dataclass(frozen=True)
class Reading:
    """One way to read a record: by `contract`, lifted by `steps`.

    `contract` is the newest accepted version of its major version, `versions` are all accepted ones, the newest first.
    """

    contract: Contract
    versions: tuple[str, ...]
    steps: tuple[Step, ...] = ()


def readings(accepted: Sequence[Contract], versions: Sequence[Contract]) -> list[Reading]:
    """One reading for each accepted major version from which up-casts lead to the newest, the newest first.

    `accepted` has the newest first, `versions` all versions of the dataset, the newest last. Where none is accepted,
    the newest released version reads on, and takes no record that claims a version.
    """
    released = [contract for contract in versions if contract.released]
    if not accepted:
        return [Reading(released[-1], ())]
    chain, steps = [], list[Step]()
    majors = sorted({contract.number[0] for contract in released}, reverse=True)
    for major in majors:
        own = [contract for contract in accepted if contract.number[0] == major]
        if own:
            chain.append(Reading(own[0], tuple(contract.version for contract in own), tuple(steps)))
        lifting = next((v.upcasts for v in reversed(released) if v.number[0] == major and v.upcasts), None)
        if chain and lifting is None:
            break
        steps = [*(lifting or ()), *steps] if chain else []
    return chain


def read(rows: DataFrame, ways: Sequence[Reading], *, headers: Sequence[str] | None, separator: str = ",") -> DataFrame:
    """Bronze rows with `fields` in the shape of the newest reading, `contract_version` and `refused`.

    `refused` is the reason why the version that a record claims is not accepted, else null.
    """
    newest, nothing = ways[0].contract, F.lit(None).cast("string")
    claim = newest.settings.version_from
    rows = parsed(rows, newest, headers=headers, separator=separator)
    if len(ways) == 1 and claim is None:
        return rows.withColumns({"contract_version": F.lit(newest.version), "refused": nothing})
    shape = rows.schema["fields"].dataType
    field = next((f for f in newest.fields if f.name == claim), None)
    claimed = F.regexp_replace(F.lower(text(field)), "^v", "") if field else nothing
    rows = rows.withColumn("claimed", claimed)
    for number, way in enumerate(ways):
        if number:
            rows = parsed(rows, way.contract, headers=headers, separator=separator).withColumn(
                "fields", _lifted(way, shape)
            )
        rows = _tried(rows, way, newest, alone=len(ways) == 1).withColumnRenamed("way", f"way_{number}")
    return _chosen(rows, ways, claim)


def _tried(rows: DataFrame, way: Reading, newest: Contract, *, alone: bool) -> DataFrame:
    """Rows with `way`: the fields, whether they fit the newest contract, and the version that the record claims.

    The version is null where it is not of this reading. 2 and 2.1 stand for the newest version that begins so. A
    reading that is `alone` need not fit.
    """
    valued = rows.withColumn(DELIVERED, F.col("fields"))
    valued = valued if alone else with_values(valued, newest)
    version = F.lit(None).cast("string")
    for known in reversed(way.versions):  # in reverse, so that the newest is tested first
        version = F.when(F.lit(f"{known}.").startswith(F.concat("claimed", F.lit("."))), known).otherwise(version)
    fits = F.lit(True) if alone else F.size(reasons(newest)) == 0
    if INVALID in valued.columns:  # an older version may know a value that this one would take as unknown
        fits &= F.size(INVALID) == 0
    way_column = F.struct(F.col(DELIVERED).alias("fields"), fits.alias("fits"), version.alias("version")).alias("way")
    return valued.select(*(c for c in valued.columns if c not in ("fields", DELIVERED, *HELPERS)), way_column)


def _chosen(rows: DataFrame, ways: Sequence[Reading], claim: str | None) -> DataFrame:
    """Rows by the reading whose version a record claims.

    Without a claim the first reading that the record fits is chosen. If none applies, it is the first reading.
    """
    unclaimed, choices = F.col("claimed").isNull(), []
    for number, way in enumerate(ways):
        reading = F.col(f"way_{number}")
        plain = F.struct(reading.fields.alias("fields"), F.lit(way.contract.version).alias("version"))
        claimed = F.struct(reading.fields.alias("fields"), reading.version.alias("version"))
        choices.append(F.when(unclaimed & reading.fits, plain).when(reading.version.isNotNull(), claimed))
    first = F.struct(F.col("way_0.fields").alias("fields"), F.lit(ways[0].contract.version).alias("version"))
    known = F.coalesce(*(F.col(f"way_{number}.version") for number in range(len(ways)))).isNotNull()
    return (
        rows.select(
            *(c for c in rows.columns if not c.startswith("way_") and c != "claimed"),
            F.coalesce(*choices, first).alias("chosen"),
            F.when(~unclaimed & ~known, F.lit(f"unsupported:{claim}")).alias("refused"),
        )
        .select("*", "chosen.fields", F.col("chosen.version").alias("contract_version"))
        .drop("chosen")
    )


def _lifted(way: Reading, shape: DataType) -> Column:
    """`fields` of the reading's contract in the shape of the newest; null where the payload is malformed."""
    values: Values = {field.name: _raw(field) for field in way.contract.fields}
    for step in way.steps:
        values = _stepped(values, step)
    lines = way.contract.lines
    own = ".".join(lines.path) if lines else ""
    assert isinstance(shape, StructType)
    return F.when(F.col("fields").isNotNull(), _built(shape, "", values, own)).cast(shape)


def _raw(field: Field) -> Column:
    value = F.col("fields")
    for name in field.path:
        value = value.getField(name)
    return value


def _stepped(values: Values, step: Step) -> Values:
    """Values after one up-cast. A step does nothing where the record lacks its source."""
    known = dict(values)
    nothing = F.lit(None).cast("string")
    if isinstance(step, Default):
        known[step.target] = F.coalesce(F.nullif(F.trim(known.get(step.target, nothing)), F.lit("")), F.lit(step.value))
    elif isinstance(step, Convert):
        pairs = F.create_map(*(F.lit(part) for pair in step.value_map.items() for part in pair))
        known[step.target] = F.coalesce(pairs[F.trim(known[step.target])], known[step.target])
    elif isinstance(step, Rename):
        known[step.target] = F.coalesce(known.pop(step.source), known.get(step.target, nothing))
    elif isinstance(step, Split):
        parts = F.split(F.trim(known[step.source]), re.escape(step.separator), len(step.targets))
        known |= {target: F.get(parts, F.lit(place)) for place, target in enumerate(step.targets)}
    return known


def _built(shape: StructType, prefix: str, values: Values, lines: str) -> Column:
    """A struct of `shape` from values by dotted name; a member without a value is null."""
    members = []
    for member in shape:
        name = f"{prefix}{member.name}"
        if isinstance(member.dataType, StructType):
            value = _built(member.dataType, f"{name}.", values, lines)
        elif isinstance(member.dataType, ArrayType):
            value = _items(member.dataType, name) if name == lines else F.lit(None).cast(member.dataType)
        else:
            value = values.get(name, F.lit(None).cast("string"))
        members.append(value.alias(member.name))
    return F.struct(*members)


def _items(type: ArrayType, name: str) -> Column:
    """Lines unchanged: up-casts do not apply to them."""
    return F.from_json(F.to_json(F.col(f"fields.{name}")), type)
