"""Probabilistic pairs: the records that a model may compare, and its scores as rows of identity.pair."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.probabilistic import Probabilistic
from c360_spark.identity.evidence import is_blocked, trust
from c360_spark.identity.match_weight import compared_columns


def comparable(records: DataFrame, rules: RuleSet) -> DataFrame:
    """Records that the model may compare: current rows of silver.profile_record in regions where it may work.

    Adds `purpose`, which the region needs consent for (null for none), `member`, the strongest identifier of the
    record, and `seen_at`.
    """
    model = rules.probabilistic
    assert model is not None
    purposes = [F.lit(part).cast("string") for named in model.regions.items() for part in named]
    order = F.transform(
        "identifiers",
        lambda m: F.struct(
            is_blocked(m.namespace, m.value, rules), -trust(m.namespace, rules), m.identifier_id, m.alias("member")
        ),
    )
    within = records.where(F.col("region").isin(*model.regions) & (F.size("identifiers") > 0))
    return within.withColumns(
        {
            "purpose": F.create_map(*purposes)[F.col("region")],
            "member": F.array_min(order).getField("member"),
            "seen_at": F.coalesce("updated_at", "created_at", "received_at"),
        }
    )


def statements_of(records: DataFrame, statements: DataFrame) -> DataFrame:
    """Rows of silver.consent with the `bronze_id` of every record that shares an identifier with them."""
    of_record = records.select("bronze_id", F.explode("identifiers.identifier_id").alias("identifier_id"))
    said = statements.drop("bronze_id").withColumn("identifier_id", F.explode("identifiers.identifier_id"))
    columns = ["bronze_id", "purpose", "identifier_set_id", "effective_from", "status"]
    return said.join(of_record, "identifier_id").select(*columns).distinct()


def pair_rows(scored: DataFrame, records: DataFrame, *, model: str) -> DataFrame:
    """Rows of identity.pair from scored pairs of `comparable` records.

    `scored` has `left_id, right_id, probability`, by bronze_id. Two records with the same strongest identifier are left
    out: the graph joins them without the model.
    """
    names = ("member", "seen_at", "received_at")
    sides = {
        side: records.select(
            F.col("bronze_id").alias(f"{side}_id"), *(F.col(name).alias(f"{side}_{name}") for name in names)
        )
        for side in ("left", "right")
    }
    both = scored.join(sides["left"], "left_id").join(sides["right"], "right_id")
    return both.where("left_member.identifier_id <> right_member.identifier_id").select(
        F.substring(digest(F.col("left_id"), F.col("right_id")), 1, 32).alias("pair_id"),
        F.col("left_id").alias("left_bronze_id"),
        F.col("right_id").alias("right_bronze_id"),
        F.array("left_member", "right_member").alias("members"),
        "probability",
        F.lit(model).alias("model"),
        F.least("left_seen_at", "right_seen_at").alias("first_seen_at"),
        F.greatest("left_seen_at", "right_seen_at").alias("last_seen_at"),
        F.least("left_received_at", "right_received_at").alias("first_recorded_at"),
    )


def compared_rows(prepared: DataFrame, records: DataFrame, rules: Probabilistic) -> DataFrame:
    """identity.compared_record of `comparable` records, given as `probabilistic.prepared` has them, too."""
    values = F.array(*compared_columns(rules)).alias("compared_values")
    member = records.select(F.col("bronze_id").alias("record_id"), F.col("member.identifier_id").alias("identifier_id"))
    return prepared.join(member, "record_id").select(F.col("record_id").alias("bronze_id"), "identifier_id", values)


def review_rows(links: DataFrame, pairs: DataFrame, membership: DataFrame) -> DataFrame:
    """The review queue (identity.review): links that wait for a decision and have none yet.

    `membership` has the current rows of identity.membership. Where several pairs of records support a link, the row
    shows the most probable pair. Identifiers that are one person already need no decision.
    """
    keys = ["left_id", "right_id"]
    decided = links.where("kind IN ('manual', 'never') AND NOT coalesce(reason, '') LIKE 'expired:%'")
    open_links = links.where("status = 'review'").join(decided.select(*keys), keys, "left_anti")
    swapped = F.col("members")[0]["identifier_id"] > F.col("members")[1]["identifier_id"]
    sides = {"left": F.when(swapped, 1).otherwise(0), "right": F.when(swapped, 0).otherwise(1)}
    records = {"left": ("right_bronze_id", "left_bronze_id"), "right": ("left_bronze_id", "right_bronze_id")}
    known = pairs.select(
        *(F.col("members")[place]["identifier_id"].alias(f"{side}_id") for side, place in sides.items()),
        *(
            F.col("members")[place][name].alias(f"{side}_{name}")
            for side, place in sides.items()
            for name in ("namespace", "region", "value")
        ),
        *(
            F.when(swapped, F.col(there)).otherwise(F.col(here)).alias(f"_{side}_bronze_id")
            for side, (there, here) in records.items()
        ),
        "probability",
        "model",
        "pair_id",
    )
    row = F.struct(*(c for c in known.columns if c not in keys))
    best = known.groupBy(*keys).agg(F.max_by(row, F.struct("probability", "pair_id")).alias("best"))
    best = best.select(*keys, "best.*")
    for side in ("left", "right"):
        person = membership.select(
            F.col("identifier_id").alias(f"{side}_id"), F.col("person_id").alias(f"{side}_person_id")
        )
        best = best.join(person, f"{side}_id", "left").withColumnRenamed(f"_{side}_bronze_id", f"{side}_bronze_id")
    best = best.where("NOT coalesce(left_person_id = right_person_id, false)")
    reasons = open_links.groupBy(*keys).agg(F.max("reason").alias("reason"))
    named = F.substring(digest(F.col("left_id"), F.col("right_id")), 1, 12)
    return best.join(reasons, keys).withColumn("review_id", named)
