"""Audience membership: who is in an audience, since when, and why; and how the size of the audience changed.

Each stay has a cause of its beginning and, once it has ended, one of its end: `data` the profile changed
(gold/late_data.py finds the changes by overdue data) · `rule` the definition changed · `merge`, `split`, `move` the
person's identifiers did so · `consent` consent was granted or withdrawn · `expired` the longest stay was over ·
`retired`, `erasure` the person no longer exists.
"""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.activation.activation import Audience

IDENTITY = {"merged": "merge", "split": "split", "moved": "move", "retired": "retired"}
GRAVEST = ("erasure", *IDENTITY.values())


def judged(profiles: DataFrame, consents: DataFrame, audience: Audience, *, as_of: datetime) -> DataFrame:
    """Evaluates an audience for every person: `person_id, qualifies, leaves, consented, consented_from`.

    `profiles` is gold.profile, `consents` gold.consent_state. A person who meets the exit condition does not qualify.
    """
    allowed = consents.where((F.col("purpose") == audience.purpose) & (F.col("status") == "granted"))
    granted = allowed.select(
        "person_id", F.lit(True).alias("consented"), F.col("effective_from").alias("consented_from")
    )
    qualifies = _holds(audience.where)
    leaves = _holds(audience.exit) if audience.exit else ~qualifies
    rows = profiles.withColumn("as_of", F.lit(as_of)).select(
        "person_id", (qualifies & ~leaves).alias("qualifies"), leaves.alias("leaves")
    )
    return rows.join(granted, "person_id", "left").fillna(False, subset=["consented"])


def _holds(condition: str) -> Column:
    return F.coalesce(F.expr(condition), F.lit(False))


def moves(changes: DataFrame, *, since: datetime | None) -> DataFrame:
    """Identity changes of persons after `since`, from identity.change: `person_id, identity`.

    A person with several changes has the gravest of them.
    """
    kinds = F.create_map(*(F.lit(part) for pair in IDENTITY.items() for part in pair))
    cause = F.when((F.col("kind") == "retired") & (F.col("cause") == "erasure"), "erasure").otherwise(
        kinds[F.col("kind")]
    )
    recent = changes.where(F.col("occurred_at") > F.lit(since)) if since else changes.where("false")
    ends = F.explode(F.array("from_person_id", "to_person_id")).alias("person_id")
    found = recent.select(ends, cause.alias("identity")).where("person_id IS NOT NULL AND identity IS NOT NULL")
    grave = F.create_map(*(F.lit(part) for place, cause in enumerate(GRAVEST) for part in (cause, place)))[
        F.col("identity")
    ]
    return found.groupBy("person_id").agg(F.min_by("identity", grave).alias("identity"))


def stays(
    members: DataFrame,
    now: DataFrame,
    moved: DataFrame,
    audience: Audience,
    *,
    as_of: datetime,
    since: datetime | None,
    before: DataFrame | None = None,
) -> DataFrame:
    """Rows to upsert into gold.audience_member: who enters and who leaves at `as_of`.

    `members` is the table so far, `now` is `judged`, `moved` is `moves`; `since` is when the audience was last
    evaluated. Where its definition has changed since, `before` is `judged` by the old definition.
    """
    own = members.where(F.col("audience") == audience.name)
    open_ = own.where("exited_at IS NULL").select("person_id", "entered_at", "entered_cause")
    past = own.where("exited_at IS NOT NULL").groupBy("person_id").agg(F.max("exited_at").alias("left_at"))
    rows = now.join(open_, "person_id", "full").join(past, "person_id", "left").join(moved, "person_id", "left")
    if before is None:
        rows = rows.withColumns({"qualified": F.col("qualifies"), "left": F.col("leaves")})
    else:
        old = before.select("person_id", F.col("qualifies").alias("qualified"), F.col("leaves").alias("left"))
        rows = rows.join(old, "person_id", "left")
    enters, exits = _enters(audience, as_of=as_of, since=since), _exits(audience, as_of=as_of)
    told = rows.select("*", enters.alias("enters"), exits.alias("exits")).where(
        "enters IS NOT NULL OR exits IS NOT NULL"
    )
    begins = F.col("enters").isNotNull()
    return told.select(
        F.lit(audience.name).alias("audience"),
        "person_id",
        F.when(begins, F.lit(as_of)).otherwise(F.col("entered_at")).alias("entered_at"),
        F.when(~begins, F.lit(as_of)).alias("exited_at"),
        F.coalesce("enters", "entered_cause").alias("entered_cause"),
        F.col("exits").alias("exited_cause"),
    )


def _enters(audience: Audience, *, as_of: datetime, since: datetime | None) -> Column:
    """The cause of entry; null for a person who does not enter."""
    cool = F.col("left_at").isNull()
    if audience.requalify:
        # Not at the moment of the exit: a repeated run must not let persons in again that it took out.
        cool |= (F.col("left_at") < F.lit(as_of)) & (_after(F.col("left_at"), audience.cooldown_days) <= F.lit(as_of))
    new = F.coalesce(F.col("qualifies") & F.col("consented"), F.lit(False)) & F.col("entered_at").isNull() & cool
    agreed = F.col("consented_from") > F.lit(since) if since else F.lit(False)
    cause = (
        F.when(~F.coalesce("qualified", F.lit(False)), "rule")
        .when(F.col("identity").isNotNull(), F.col("identity"))
        .when(agreed, "consent")
        .otherwise("data")
    )
    return F.when(new, cause)


def _exits(audience: Audience, *, as_of: datetime) -> Column:
    """The cause of exit; null for a person who does not leave."""
    inside, gone = F.col("entered_at").isNotNull(), F.col("qualifies").isNull()
    settled = _after(F.col("entered_at"), audience.min_stay_days) <= F.lit(as_of)
    cause = F.when(gone, F.coalesce("identity", F.lit("retired"))).when(~F.col("consented"), "consent")
    if audience.max_stay_days is not None:
        cause = cause.when(_after(F.col("entered_at"), audience.max_stay_days) <= F.lit(as_of), "expired")
    cause = cause.when(
        F.col("leaves") & settled,
        F.when(~F.col("left"), "rule").when(F.col("identity").isNotNull(), F.col("identity")).otherwise("data"),
    )
    return F.when(inside, cause)


def _after(moment: Column, days: int) -> Column:
    return moment + F.expr(f"INTERVAL {days} DAYS")


def audience_size(
    members: DataFrame,
    audience: Audience,
    *,
    size_before: int,
    since: datetime | None,
    as_of: datetime,
    run_id: str,
    metrics_hash: str | None = None,
) -> DataFrame:
    """The row of gold.audience_size for `as_of`, from gold.audience_member after that evaluation.

    `size_before` is the recorded size at `since`, the previous evaluation: the causes must add up from it to the size
    of the table now. So changes count here that a run wrote before it died, without recording a size. `metrics_hash` is
    that of the metrics that the conditions read.
    """
    own, moment = members.where(F.col("audience") == audience.name), F.lit(as_of)

    def fresh(column: str) -> Column:
        lower = F.col(column) > F.lit(since) if since else F.col(column) >= moment
        return lower & (F.col(column) <= moment)

    begun = own.where(fresh("entered_at")).selectExpr("entered_cause AS cause", "1 AS step")
    ended = own.where(fresh("exited_at")).selectExpr("exited_cause AS cause", "-1 AS step")
    by_cause = begun.unionByName(ended).groupBy("cause").agg(F.sum("step").alias("net"))
    entries = F.array_sort(F.collect_list(F.struct("cause", F.col("net").cast("long"))))
    inside = (F.col("entered_at") <= moment) & (F.col("exited_at").isNull() | (F.col("exited_at") > moment))
    figures = own.agg(
        F.count(F.when(fresh("entered_at"), 1)).alias("entered"),
        F.count(F.when(fresh("exited_at"), 1)).alias("exited"),
        F.count(F.when(inside, 1)).alias("size_after"),
    )
    return figures.crossJoin(by_cause.agg(F.map_from_entries(entries).alias("causes"))).select(
        F.lit(audience.name).alias("audience"),
        moment.alias("evaluated_at"),
        F.lit(run_id).alias("run_id"),
        F.lit(audience.where).alias("qualifies"),
        F.lit(audience.exit).cast("string").alias("leaves"),
        F.lit(metrics_hash).cast("string").alias("metrics_hash"),
        F.lit(size_before).cast("long").alias("size_before"),
        "entered",
        "exited",
        "size_after",
        "causes",
    )
