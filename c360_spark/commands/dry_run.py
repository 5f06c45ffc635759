"""`c360 source test`: a dry run of silver on a sample, with silver's own functions. Nothing is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.commands.sample import arrival_of, readable
from c360_spark.commands.source import newest_version
from c360_spark.config import Conf, Contract, load
from c360_spark.config.contract.sources import Source
from c360_spark.errors import InputError
from c360_spark.landing.intake import Missed, take
from c360_spark.landing.listing import Found, signature
from c360_spark.landing.records import bronze_records, records
from c360_spark.scratch import local_scratch
from c360_spark.session import session
from c360_spark.silver.canonical import TABLES, canonical
from c360_spark.silver.parse import text
from c360_spark.silver.remarks import LOST, WORDS
from c360_spark.silver.route import not_routed, routed_to
from c360_spark.silver.shape import ROWS, order_lines
from c360_spark.silver.verdict import NARROW, classified, verdicts, with_taken
from c360_spark.silver.version import read, readings
from c360_spark.stages.bronze.bronze_input import headers_of
from c360_spark.tables.model import STRING_MAP

Counts = dict[str, int]
BESIDE = {"reasons", "verdict", "written", "contradicts", "lines", "remarks", ROWS}  # not of silver


@dataclass(frozen=True)
class Outcome:
    """Counts of one dry run, without any value of a record.

    `rejected` and, for accepted records, `remarks` are by property and code; `filled` is by table and column of
    accepted records; `linked` is by namespace: identifiers that accepted records carry, and distinct ones.
    """

    contract: Contract
    verdicts: Counts
    present: Counts
    rejected: dict[str, Counts]
    remarks: dict[str, Counts]
    filled: dict[str, Counts]
    linked: dict[str, tuple[int, int]]


def dry_run(path: str, *, name: str, config: str, env: str) -> str:
    """Report of a dry run of a dataset's newest contract, also a draft, on the sample at `path`.

    Raises InputError C203 when there is no contract, C302 for a file that cannot be read, ConfigError C201 for an
    invalid conf/.
    """
    conf = load(Path(config), env)
    names = newest_version(conf, name)
    arrival = conf.sources.get(names) or conf.drafted.get(names) or arrival_of(Path(path))
    readable(Path(path))
    conf.platform.identity_key.secret()
    spark = session("c360 source test", conf.platform.spark, small=True)
    file = str(Path(path).resolve())
    as_of = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    return "\n".join(told(outcome(spark, file, arrival, conf=conf, names=names, as_of=as_of)))


def outcome(
    spark: SparkSession, path: str, arrival: Source, *, conf: Conf, names: tuple[str, str], as_of: datetime
) -> Outcome:
    """Run the sample through silver as if the newest contract were active."""
    folder = local_scratch().path("sample")
    versions = [*conf.versions[names]]
    newest = versions[-1]
    if not newest.released:
        versions[-1] = replace(newest, odcs=newest.odcs.model_copy(update={"status": "active"}))
    accepted = [each for each in reversed(versions) if each.accepted(as_of.date())]
    ways = readings(accepted, versions)
    (taken,) = take(spark, [Found(path, path, signature=signature(Path(path).stat()))], folder)
    if isinstance(taken, Missed):
        raise InputError("C302", f"{path}: {taken.reason}", hint="see who may read the file, and who writes to it")
    if taken.damage:
        raise InputError("C302", f"{path}: {taken.damage}", hint="it is damaged, or was cut: export it again")
    found = records(spark, folder, {taken.delivery_id: 0}, arrival)
    for problem in found.problems.values():
        hint = "docs/onboarding.md lists what sources.yml can say of a file"
        raise InputError("C302", f"{path}: {problem}", hint=hint)
    bronze = bronze_records(found.rows, source=names[0], dataset=names[1], as_of=as_of)
    way = conf.routed.get(names)
    bronze = routed_to(bronze, names[1], way) if way else not_routed(bronze, conf.routes_from(*names))
    fields = read(bronze, ways, headers=headers_of(bronze, arrival.format), separator=arrival.separator)
    secret = conf.platform.identity_key.secret()
    candidates = canonical(fields, ways[0].contract, conf.rules, conf.taxonomy, secret=secret).cache()
    try:
        used = next(each for each in conf.versions[names] if each.version == ways[0].contract.version)
        return _counted(used, fields, _classified(used, candidates))
    finally:
        candidates.unpersist()


def _classified(contract: Contract, candidates: DataFrame) -> DataFrame:
    """Each candidate with its verdict, as in an empty lake."""
    versioned = TABLES[contract.table] in tables.VERSIONED
    candidates = with_taken(candidates, candidates.where("false"), contract)
    fine = candidates.where(F.size("reasons") == 0).select(*NARROW)
    return classified(candidates, verdicts(fine, fine.where(F.lit(False)), versioned=versioned))


def _counted(contract: Contract, fields: DataFrame, rows: DataFrame) -> Outcome:
    found = rows.groupBy("verdict").count().collect()
    present = fields.agg(*(F.count(text(f)).alias(f"c{i}") for i, f in enumerate(contract.fields))).collect()[0]
    rejected: dict[str, Counts] = {}
    for row in rows.select(F.explode("reasons").alias("reason")).groupBy("reason").count().collect():
        code, _, name = row.reason.partition(":")
        rejected.setdefault(name or "record", {})[code] = row["count"]
    accepted = rows.where("verdict = 'accepted'")
    remarks: dict[str, Counts] = {}
    for row in accepted.select(F.explode("remarks").alias("remark")).groupBy("remark").count().collect():
        code, _, name = row.remark.partition(":")
        remarks.setdefault(name, {})[code] = row["count"]
    filled = {contract.table: _filled(accepted)}
    if contract.lines:
        filled["order_line"] = _filled(order_lines(accepted))
    members = accepted.select(F.explode("identifiers").alias("member")).groupBy("member.namespace")
    linked = members.agg(F.count(F.lit(1)).alias("of_all"), F.countDistinct("member.value").alias("distinct")).collect()
    return Outcome(
        contract,
        {row.verdict: row["count"] for row in found},
        {field.name: present[f"c{i}"] for i, field in enumerate(contract.fields)},
        rejected,
        remarks,
        filled,
        {row.namespace: (row.of_all, row.distinct) for row in linked},
    )


def _filled(rows: DataFrame) -> Counts:
    """Rows with a value by column, and all `rows`; each entry of a map column counts as a column."""
    known = {column.name for column in tables.PROVENANCE} - {"country", "updated_at"} | BESIDE
    own = [field for field in rows.schema if field.name not in known]
    flat = [field.name for field in own if field.dataType != STRING_MAP]
    one = rows.agg(F.count(F.lit(1)).alias("_rows"), *(F.count(name).alias(name) for name in flat)).collect()[0]
    counts = {"rows": one["_rows"]} | {name: one[name] for name in flat}
    for field in own:
        if field.dataType == STRING_MAP:
            entries = rows.select(F.explode(F.map_keys(field.name)).alias("entry")).groupBy("entry").count().collect()
            counts |= {f"{field.name}.{row.entry}": row["count"] for row in sorted(entries, key=lambda row: row.entry)}
    return counts


def told(found: Outcome) -> Iterator[str]:
    """The outcome as lines of text."""
    contract, total = found.contract, sum(found.verdicts.values())
    verdict = ", ".join(f"{count:,} {name}" for name, count in sorted(found.verdicts.items()))
    status = f"{contract.name} {contract.version} ({contract.status})"
    yield f"{status} on {total:,} records → silver.{contract.table}: {verdict or 'nothing'}"
    yield f"  {'property':<32} {'present':>8} {'accepted':>9} {'usable':>8}  rejected or not usable, by reason"
    names = [field.name for field in contract.fields]
    for name in names:
        wrong = found.rejected.get(name, {})
        # One value can fail several checks, so the largest count is a lower bound; a missing value is not a bad one.
        bad = max((count for code, count in wrong.items() if code != "missing"), default=0)
        remarks = found.remarks.get(name, {})
        lost = sum(count for code, count in remarks.items() if code in LOST)
        reasons = ", ".join(f"{code} {count:,}" for code, count in sorted((wrong | remarks).items()))
        fine = found.present[name] - bad
        yield f"  {name:<32} {found.present[name]:>8,} {fine:>9,} {fine - lost:>8,}  {reasons}".rstrip()
    for name in sorted(set(found.rejected) - set(names)):
        reasons = ", ".join(f"{code} {count:,}" for code, count in sorted(found.rejected[name].items()))
        yield f"  {name:<32} {'':>8} {'':>9} {'':>8}  {reasons} records"
    accepted = found.verdicts.get("accepted", 0)
    for name, remarks in sorted(found.remarks.items()):
        for code, count in sorted(remarks.items()):
            yield f"  {WORDS[code]} in {count:,} of {accepted:,} records ({name})"
    yield "  identifiers of accepted records"
    yield from _links(contract, found.linked)
    for table, counts in found.filled.items():
        yield f"  silver.{table}: {counts['rows']:,} rows; with a value in"
        yield from (f"    {name:<32} {count:>8,}" for name, count in counts.items() if name != "rows")


def _links(contract: Contract, linked: dict[str, tuple[int, int]]) -> Iterator[str]:
    named: Sequence[str] = sorted(
        {space for _, use in contract.uses for space in (use.namespace, *use.namespaces.values()) if space}
    )
    for space in named or ["none"]:
        count, distinct = linked.get(space, (0, 0))
        yield f"    {space:<32} {count:>8,} linked, {distinct:,} different" if named else "    none"
