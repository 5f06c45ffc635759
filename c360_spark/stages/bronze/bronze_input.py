"""Input of silver: the bronze records of a dataset, and the contract versions that read them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config import Contract
from c360_spark.config.contract.sources import Source
from c360_spark.run.context import Run
from c360_spark.silver.canonical import canonical, source_key
from c360_spark.silver.parse import parsed
from c360_spark.silver.route import not_routed, routed_to
from c360_spark.silver.version import Reading, read, readings
from c360_spark.tables import Table

CONSUMER = "canonicalise"  # of the watermarks on bronze


@dataclass(frozen=True)
class Input:
    """Bronze records of one dataset, up to a version of its bronze table.

    `parts` splits them by the day they were received, each part with the readings valid on these days: support of a
    contract version ends on a day.
    """

    contract: Contract
    arrival: Source
    version: int
    rows: DataFrame
    parts: tuple[tuple[tuple[Reading, ...], DataFrame], ...]

    @property
    def name(self) -> tuple[str, str]:
        return self.contract.source, self.contract.dataset


def bronze_of(run: Run, contract: Contract) -> Table:
    return tables.bronze(*run.conf.landed_as(contract.source, contract.dataset))


def bronze_input(run: Run, source: str, dataset: str, *, since: int, until: int) -> Input:
    """Records of the dataset among those appended to bronze after version `since`, up to `until`."""
    rows = run.store.changes(tables.bronze(*run.conf.landed_as(source, dataset)), since=since, until=until)
    way = run.conf.routed.get((source, dataset))
    own = routed_to(rows, dataset, way) if way else not_routed(rows, run.conf.routes_from(source, dataset))
    return input_of(run, source, dataset, own, version=until)


def input_of(run: Run, source: str, dataset: str, rows: DataFrame, *, version: int) -> Input:
    """Bronze records of a dataset, `rows`, with the readings valid for them.

    The contract versions that are accepted depend on the day a record was received, not on the day it is read, so
    reading it again gives the same result.
    """
    arrival, versions = run.conf.sources[source, dataset], run.conf.versions[source, dataset]
    parts, day = [], F.to_date("received_at")
    ends = sorted({version.end_of_support for version in versions if version.end_of_support})
    for after, last in zip([None, *ends], [*ends, None], strict=True):
        within = rows.where(day > F.lit(after)) if after else rows
        within = within.where(day <= F.lit(last)) if last else within
        accepted = run.conf.accepted(source, dataset, as_of=last or date.max)
        parts.append((tuple(readings(accepted, versions)), within))
    # After a rollback this may be a deprecated version, newer than the active one: silver is made by it all the same.
    contract = parts[-1][0][0].contract
    return Input(contract, arrival, version, rows, tuple(parts))


def headers_of(rows: DataFrame, format: str) -> list[str] | None:
    """The distinct header lines among delimited records; None for other formats."""
    if format != "csv":
        return None
    return sorted(row.header for row in rows.select("header").distinct().collect())


def keys(each: Input) -> DataFrame:
    """Distinct `delivery_id, source_key` of its records."""
    found = [rows.select("delivery_id", source_key(contract).alias("source_key")) for contract, rows in _fields(each)]
    return reduce(DataFrame.unionByName, found).distinct()


def candidates(run: Run, each: Input) -> DataFrame:
    """Candidate rows for the canonical table, with `reasons` for quarantine."""
    secret = run.conf.platform.identity_key.secret()
    found = [
        canonical(rows, contract, run.conf.rules, run.conf.taxonomy, secret=secret) for contract, rows in _fields(each)
    ]
    return reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), found)


def _fields(each: Input) -> Iterator[tuple[Contract, DataFrame]]:
    """Parsed records of each part, with the contract that reads them."""
    headers = headers_of(each.rows, each.arrival.format)
    for ways, rows in each.parts:
        yield ways[0].contract, read(rows, ways, headers=headers, separator=each.arrival.separator)


def records_in(each: Input) -> DataFrame:
    """Rows that accounting must balance: the delivered rows.

    If a delivered row holds several records, these count instead.
    """
    if not any(way.contract.explode for ways, _ in each.parts for way in ways):
        return each.rows
    headers = headers_of(each.rows, each.arrival.format)
    found = [
        parsed(rows, ways[0].contract, headers=headers, separator=each.arrival.separator).select("source", "dataset")
        for ways, rows in each.parts
    ]
    return reduce(DataFrame.unionByName, found)


def past_support(run: Run, inputs: list[Input], found: DataFrame) -> Iterator[str]:
    """Warnings about candidates of contract versions past their end of support that are accepted nevertheless."""
    for each in inputs:
        for version in run.conf.versions[each.name]:
            if version.end_of_support and version.settings.after_end_of_support == "warn":
                of_it = (F.col("source") == version.source) & (F.col("dataset") == version.dataset)
                late = F.to_date("received_at") > F.lit(version.end_of_support)
                count = found.where(of_it & late & (F.col("contract_version") == version.version)).count()
                if count:
                    yield f"{count:,} of {version.name} {version.version}, which ended on {version.end_of_support}"
