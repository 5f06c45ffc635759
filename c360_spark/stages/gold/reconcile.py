"""reconcile: compares profiles of each CDP with persons → gold.cdp_reconciliation and gold.cdp_mismatch."""

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.gold.cdp_group import grouped, one_to_one, pairs, placed, tangled, verdicts
from c360_spark.gold.cdp_profile import attributes, identities, living, mismatches
from c360_spark.identity.components import COMPONENTS, components
from c360_spark.run.context import Run, sync
from c360_spark.stages.identity.graph import current_membership, engine_for
from c360_spark.tables import Table

MADE = (tables.CDP_RECONCILIATION, tables.CDP_MISMATCH)


def reconcile(run: Run) -> None:
    """Compare every CDP of conf/, or only `run.cdp`, with the current persons, and write the differences.

    A CDP without landed data is left out.
    """
    cdps = run.conf.cdps(run.cdp)
    if not cdps and not any(run.store.exists(table) for table in MADE):
        run.say(f"{'reconcile':<28} no source is a CDP")
        return
    landed = {row.source for row in run.store.read(tables.CDP_PROFILE).select("source").distinct().collect()}
    compared = [_compared(run, cdp, cdps[cdp]) for cdp in sorted(landed & cdps.keys())]
    with run.step("reconcile writing") as step:
        for table, rows in zip(MADE, zip(*compared, strict=True) if compared else ((), ()), strict=True):
            sync(run, step, table, _all(run, table, rows), _before(run, table))


def _all(run: Run, table: Table, rows: tuple[DataFrame, ...]) -> DataFrame:
    return reduce(DataFrame.unionByName, rows, run.spark.createDataFrame([], table.schema))


def _before(run: Run, table: Table) -> DataFrame:
    known = run.store.read(table)
    return known.where(F.col("source") == run.cdp) if run.cdp else known


def _compared(run: Run, cdp: str, namespaces: set[str]) -> tuple[DataFrame, DataFrame]:
    """The rows of one CDP for each table of MADE."""
    read, stage = run.store.read, run.store.stage
    membership, identifiers = current_membership(run), read(tables.IDENTIFIER)
    with run.step(f"reconcile {cdp}") as step:
        rows = living(read(tables.CDP_PROFILE).where(F.col("source") == cdp))
        known, count = stage(f"{cdp}.placed", placed(identities(rows), identifiers, membership))
        met, _ = stage(f"{cdp}.pairs", pairs(known))
        links, several = stage(f"{cdp}.links", tangled(met))
        labels = run.spark.createDataFrame([], COMPONENTS)
        if several:
            labels, _ = stage(f"{cdp}.components", components(links, engine=engine_for(run, links)))
        groups, _ = stage(f"{cdp}.groups", grouped(met, labels))
        alone = groups.where(one_to_one())
        unlike, differing = stage(f"{cdp}.mismatches", mismatches(alone, attributes(rows), read(tables.PROFILE)))
        step.results.append(f"{count:,} identities, {differing:,} attributes differ")
        sent = identifiers.where(F.col("namespace").isin(*namespaces)).select("identifier_id")
        reached = membership.join(sent, "identifier_id", "left_semi").select("person_id").distinct()
        people = read(tables.PERSON).where("status = 'active'").select("person_id")
        people = people.join(reached.withColumn("reached", F.lit(True)), "person_id", "left")
        reachable = people.select("person_id", F.coalesce("reached", F.lit(False)).alias("reachable"))
        found = verdicts(known, groups, unlike, reachable)
    return found.withColumn("source", F.lit(cdp)), unlike.withColumn("source", F.lit(cdp))
