"""`c360 reconcile`: compare the profiles of a CDP with the current persons, and report counts and samples."""

import json
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import Row as SparkRow
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.errors import InputError
from c360_spark.gold.cdp_group import VERDICTS
from c360_spark.gold.cdp_profile import living
from c360_spark.observe import cdp_page
from c360_spark.run.context import Run, hold
from c360_spark.stages.gold.reconcile import reconcile
from c360_spark.stages.identity.graph import current_membership

SAMPLES = 3  # of each verdict
ROWS = 8  # identifiers of one sample
HIDDEN, SUBJECT = "…", "subject_id"
Row = dict[str, Any]


def cdp_report(run: Run, cdp: str, *, form: str, values: bool) -> str:
    """Recompute the comparison with a CDP; returns it as `text`, `json` or `html`, personal values only with `values`.

    Raises InputError C304 when no persons were built yet, or nothing of the CDP has landed; BusyError C401 when another
    run holds the lake.
    """
    _require(run, cdp)
    with hold(run):
        reconcile(run)
    report = findings(run, cdp, values=values)
    if form == "html":
        page = Path(cdp_page.__file__).with_suffix(".html").read_text(encoding="utf-8")
        return cdp_page.as_html(report, page=page)
    return json.dumps(report, indent=2) if form == "json" else cdp_page.as_text(report)


def _require(run: Run, cdp: str) -> None:
    store = run.store
    if not store.exists(tables.PERSON):
        hint = "give the root of a lake that build_profiles has run on as --lake"
        raise InputError("C304", f"no table {tables.PERSON.full_name} in {store.lake}", hint=hint)
    if store.read(tables.CDP_PROFILE).where(F.col("source") == cdp).isEmpty():
        hint = "deliver its export to the landing folder, then c360 run"
        raise InputError("C304", f"nothing of {cdp} is in {tables.CDP_PROFILE.full_name}", hint=hint)


def findings(run: Run, cdp: str, *, values: bool) -> Row:
    """Figures of the stored comparison: `cdp`; `counts` by verdict and reason; `attributes` that differ, with pairs;
    `samples` of groups, the largest first; and `differences`, a few pairs of differing values.
    """
    read, own = run.store.read, F.col("source") == cdp
    rows, unlike = read(tables.CDP_RECONCILIATION).where(own), read(tables.CDP_MISMATCH).where(own)
    counts = _counts(rows)
    by_attribute = unlike.groupBy("attribute").agg(F.count("*").alias("pairs")).orderBy(F.desc("pairs"), "attribute")
    differences = unlike.orderBy("attribute", "profile_id").limit(SAMPLES * 3).collect()
    shown = ("our_value", "their_value")
    return {
        "cdp": cdp,
        "counts": counts,
        "attributes": [row.asDict() for row in by_attribute.collect()],
        "samples": _samples(run, cdp, rows, values=values),
        "differences": [
            {k: v if values or k not in shown else HIDDEN for k, v in row.asDict().items() if k != "source"}
            for row in differences
        ],
    }


def _counts(rows: DataFrame) -> list[Row]:
    """`verdict, reason, groups, profiles, persons`, one row per verdict and reason; profiles and persons count once."""
    grouped = rows.groupBy("verdict", "reason").agg(
        F.countDistinct("group_id").alias("groups"),
        F.count_if(F.col("side") == "cdp").alias("profiles"),
        F.count_if(F.col("side") == "person").alias("persons"),
    )
    found = [row.asDict() for row in grouped.collect()]
    return sorted(found, key=_order)


def _order(row: Row) -> tuple[int, str]:
    return VERDICTS.index(row["verdict"]), row["reason"] or ""


def _samples(run: Run, cdp: str, rows: DataFrame, *, values: bool) -> list[Row]:
    """The largest groups of each verdict and reason: `verdict, reason, profile_count, person_count`, a few `profiles`
    and `persons` of the group, and `identities`: identifiers of these profiles, each with its person here.
    """
    size, group = F.col("profile_count") + F.col("person_count"), F.coalesce(F.col("group_id").cast("string"), SUBJECT)
    largest = F.dense_rank().over(Window.partitionBy("verdict", "reason").orderBy(F.desc(size), "group"))
    few = F.row_number().over(Window.partitionBy("verdict", "group", "side").orderBy(SUBJECT))
    chosen = rows.withColumn("group", group).withColumn("place", largest).where(F.col("place") <= SAMPLES)
    samples: dict[tuple[str, str], Row] = {}
    for row in chosen.withColumn("few", few).where(F.col("few") <= ROWS).orderBy("place", "few").collect():
        figures = {name: row[name] for name in ("verdict", "reason", "profile_count", "person_count")}
        sample = samples.setdefault(
            (row.verdict, row.group), figures | {"profiles": [], "persons": [], "identities": []}
        )
        sample["profiles" if row.side == "cdp" else "persons"].append(row.subject_id)
    identities = _identities(run, cdp, [name for sample in samples.values() for name in sample["profiles"]])
    for sample in samples.values():
        own = [row for row in identities if row.profile_id in sample["profiles"]][:ROWS]
        sample["identities"] = [_identity(row, values=values) for row in own]
    return sorted(samples.values(), key=_order)


def _identities(run: Run, cdp: str, profiles: list[str]) -> list[SparkRow]:
    """A few identifiers of each profile with the person that holds it here, spread over as many persons as possible."""
    read = run.store.read
    rows = living(read(tables.CDP_PROFILE).where(F.col("source") == cdp)).where(F.col("profile_id").isin(profiles))
    held = rows.select("profile_id", F.inline("identifiers"))
    held = held.select("profile_id", "identifier_id", "namespace", "value").distinct()
    seen = read(tables.IDENTIFIER).select("identifier_id", "status")
    whose = current_membership(run).select("identifier_id", "person_id")
    joined = held.join(seen, "identifier_id", "left").join(whose, "identifier_id", "left")
    turn = F.row_number().over(Window.partitionBy("profile_id", "person_id").orderBy("identifier_id"))
    few = F.row_number().over(Window.partitionBy("profile_id").orderBy("turn", "identifier_id"))
    some = joined.withColumn("turn", turn).withColumn("few", few).where(F.col("few") <= ROWS)
    return some.orderBy("few", "profile_id").collect()


def _identity(row: SparkRow, *, values: bool) -> Row:
    value = row.value if values else f"{HIDDEN}{str(row.identifier_id)[-6:]}"
    here = row.person_id or row.status or "unknown"
    return {"profile_id": row.profile_id, "identifier": f"{row.namespace}:{value}", "here": here}
