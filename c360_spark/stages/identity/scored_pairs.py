"""Probabilistic part of resolve_identity: pairs of records scored by a model, and pairs for manual review."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.gold.consent import consent_state
from c360_spark.identity.pair import comparable, compared_rows, pair_rows, review_rows, statements_of
from c360_spark.identity.probabilistic import crowded_blocks, pairs, prepared
from c360_spark.run.context import Run, Step
from c360_spark.stages.identity.graph import current_membership
from c360_spark.stages.silver.delivered_properties import current_rows


def score_pairs(run: Run) -> None:
    """Bring identity.pair and identity.compared_record up to date; empty them if the rule set has no model."""
    model = run.conf.rules.probabilistic
    if model is None:
        for table in (tables.COMPARED, tables.PAIR):
            if run.store.exists(table):
                run.store.sync(table, run.spark.createDataFrame([], table.schema))
        return
    with run.step("resolve_identity pairs") as step:
        found = comparable(
            current_rows(run, tables.PROFILE_RECORD, run.store.read(tables.PROFILE_RECORD)), run.conf.rules
        )
        records, count = run.store.stage("comparable records", _consented(run, found))
        named = records.withColumn("record_id", F.col("bronze_id"))
        ready, _ = run.store.stage("prepared records", prepared(named, model))
        shared = {row.blocking: row.records for row in crowded_blocks(ready, model).orderBy("blocking").collect()}
        engine = model.engine_for(count)
        step.results.append(f"{count:,} records compared by {engine}")
        step.results += [f"{n:,} have a {key} that too many share" for key, n in shared.items()]
        scored, _ = run.store.stage("scored pairs", pairs(ready, model, engine=engine))
        version = model.model.version if model.model else ""
        run.store.sync(tables.COMPARED, compared_rows(ready, records, model))
        step.wrote("pair", run.store.sync(tables.PAIR, pair_rows(scored, records, model=version)))


def _consented(run: Run, records: DataFrame) -> DataFrame:
    """Records that may be compared: they need no consent, or have it."""
    said = statements_of(records.where("purpose IS NOT NULL"), run.store.read(tables.CONSENT))
    state = consent_state(said.withColumnRenamed("bronze_id", "person_id"), as_of=run.as_of)
    granted = state.where("status = 'granted'").select(F.col("person_id").alias("bronze_id"), "purpose")
    with_consent = records.join(granted, ["bronze_id", "purpose"], "left_semi")
    return records.where("purpose IS NULL").unionByName(with_consent)


def queue_review(run: Run, step: Step) -> None:
    """Bring identity.review, the links that wait for a manual decision, up to date."""
    if not run.store.exists(tables.PAIR):
        return
    read = run.store.read
    rows = review_rows(read(tables.LINK), read(tables.PAIR), current_membership(run))
    step.wrote("review", run.store.sync(tables.REVIEW, rows))
