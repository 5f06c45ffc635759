"""Audience membership: who is in an audience, since when, and why; and how the size of the audience changed.

Each stay has a cause of its beginning and, once it has ended, one of its end: `data` the profile changed
(gold/late_data.py finds the changes by overdue data) · `rule` the definition changed · `merge`, `split`, `move` the
person's identifiers did so · `consent` consent was granted or withdrawn · `expired` the longest stay was over ·
`retired`, `erasure` the person no longer exists.

All audiences are evaluated in one pass: rows are of an `audience` and a `person_id`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.activation.activation import Audience

IDENTITY = {"merged": "merge", "split": "split", "moved": "move", "retired": "retired"}
GRAVEST = ("erasure", *IDENTITY.values())
KEY = ["audience", "person_id"]
Times = Mapping[str, datetime]  # by audience


def judged(
    profiles: DataFrame,
    consents: DataFrame,
    audiences: Sequence[Audience],
    *,
    as_of: datetime,
    before: Mapping[str, Audience] | None = None,
) -> DataFrame:
    """Evaluates audiences for every person, a row for each audience and person.

    Columns: `audience, person_id, qualifies, leaves, qualified, left, consented, consented_from`. `profiles` is
    gold.profile, `consents` gold.consent_state. A person who meets the exit condition does not qualify. `qualified` and
    `left` are by the definition in `before`, for an audience with another one now.
    """
    pairs = [(now, (before or {}).get(now.name, now)) for now in audiences]
    verdicts = [
        F.struct(
            F.lit(now.name).alias("audience"),
            F.lit(now.purpose).alias("purpose"),
            *(value.alias(name) for name, value in zip(("qualifies", "leaves"), _verdict(now), strict=True)),
            *(value.alias(name) for name, value in zip(("qualified", "left"), _verdict(old), strict=True)),
        )
        for now, old in pairs
    ]
    rows = profiles.withColumn("as_of", F.lit(as_of)).select("person_id", F.inline(F.array(*verdicts)))
    granted = consents.where("status = 'granted'").select(
        "person_id", "purpose", F.lit(True).alias("consented"), F.col("effective_from").alias("consented_from")
    )
    found = rows.join(granted, ["person_id", "purpose"], "left").drop("purpose")
    return found.fillna(False, subset=["consented"])


def _verdict(audience: Audience) -> tuple[Column, Column]:
    """Whether a person qualifies, and whether a member leaves."""
    qualifies = _holds(audience.where)
    leaves = _holds(audience.exit) if audience.exit else ~qualifies
    return qualifies & ~leaves, leaves


def _holds(condition: str) -> Column:
    return F.coalesce(F.expr(condition), F.lit(False))


def moves(changes: DataFrame, *, since: Times) -> DataFrame:
    """Identity changes of persons after the last evaluation of each audience, from identity.change.

    Columns: `audience, person_id, identity`. A person with several changes has the gravest of them.
    """
    kinds = F.create_map(*(F.lit(part) for pair in IDENTITY.items() for part in pair))
    cause = F.when((F.col("kind") == "retired") & (F.col("cause") == "erasure"), "erasure").otherwise(
        kinds[F.col("kind")]
    )
    names: dict[datetime, list[str]] = {}
    for name, at in since.items():
        names.setdefault(at, []).append(name)
    told = [F.when(F.col("occurred_at") > F.lit(at), F.array(*map(F.lit, each))) for at, each in names.items()]
    nobody = F.array().cast("array<string>")
    recent = changes.where(F.col("occurred_at") > F.lit(min(names))) if names else changes.where("false")
    whom = recent.select(
        F.explode(F.concat(nobody, *(F.coalesce(each, nobody) for each in told))).alias("audience"),
        "from_person_id",
        "to_person_id",
        cause.alias("identity"),
    )
    ends = F.explode(F.array("from_person_id", "to_person_id")).alias("person_id")
    found = whom.select("audience", ends, "identity").where("person_id IS NOT NULL AND identity IS NOT NULL")
    grave = F.create_map(*(F.lit(part) for place, cause in enumerate(GRAVEST) for part in (cause, place)))[
        F.col("identity")
    ]
    return found.groupBy(*KEY).agg(F.min_by("identity", grave).alias("identity"))


def stays(
    members: DataFrame,
    now: DataFrame,
    moved: DataFrame,
    audiences: Sequence[Audience],
    *,
    as_of: datetime,
    since: Times,
) -> DataFrame:
    """Rows to upsert into gold.audience_member: who enters and who leaves at `as_of`.

    `members` is the table so far, `now` is `judged`, `moved` is `moves`; `since` is when each audience was last
    evaluated.
    """
    own = members.where(F.col("audience").isin([audience.name for audience in audiences]))
    open_ = own.where("exited_at IS NULL").select(*KEY, "entered_at", "entered_cause")
    past = own.where("exited_at IS NOT NULL").groupBy(*KEY).agg(F.max("exited_at").alias("left_at"))
    rows = now.join(open_, KEY, "full").join(past, KEY, "left").join(moved, KEY, "left")
    enters, exits = _enters(audiences, as_of=as_of, since=since), _exits(audiences, as_of=as_of)
    told = rows.select("*", enters.alias("enters"), exits.alias("exits")).where(
        "enters IS NOT NULL OR exits IS NOT NULL"
    )
    begins = F.col("enters").isNotNull()
    return told.select(
        *KEY,
        F.when(begins, F.lit(as_of)).otherwise(F.col("entered_at")).alias("entered_at"),
        F.when(~begins, F.lit(as_of)).alias("exited_at"),
        F.coalesce("enters", "entered_cause").alias("entered_cause"),
        F.col("exits").alias("exited_cause"),
    )


def _setting(audiences: Sequence[Audience], value: Callable[[Audience], Any]) -> Column:
    """A setting of the row's audience; null where it has none."""
    given = {audience.name: value(audience) for audience in audiences}
    known = {name: setting for name, setting in given.items() if setting is not None}
    chosen = F.lit(None)
    # Audiences with equal settings share a branch: most have the same.
    for setting in dict.fromkeys(known.values()):
        names = [name for name, each in known.items() if each == setting]
        chosen = F.when(F.col("audience").isin(names), F.lit(setting)).otherwise(chosen)
    return chosen


def _enters(audiences: Sequence[Audience], *, as_of: datetime, since: Times) -> Column:
    """The cause of entry; null for a person who does not enter."""
    cooldown = _setting(audiences, lambda audience: audience.cooldown_days)
    # Not at the moment of the exit: a repeated run must not let persons in again that it took out.
    again = (F.col("left_at") < F.lit(as_of)) & (_after(F.col("left_at"), cooldown) <= F.lit(as_of))
    cool = F.col("left_at").isNull() | (_setting(audiences, lambda audience: audience.requalify) & again)
    new = F.coalesce(F.col("qualifies") & F.col("consented"), F.lit(False)) & F.col("entered_at").isNull() & cool
    last = _setting(audiences, lambda audience: since.get(audience.name)).cast("timestamp")
    cause = (
        F.when(~F.coalesce("qualified", F.lit(False)), "rule")
        .when(F.col("identity").isNotNull(), F.col("identity"))
        .when(F.col("consented_from") > last, "consent")
        .otherwise("data")
    )
    return F.when(new, cause)


def _exits(audiences: Sequence[Audience], *, as_of: datetime) -> Column:
    """The cause of exit; null for a person who does not leave."""
    inside, gone = F.col("entered_at").isNotNull(), F.col("qualifies").isNull()
    shortest = _setting(audiences, lambda audience: audience.min_stay_days)
    longest = _setting(audiences, lambda audience: audience.max_stay_days).cast("int")
    settled = _after(F.col("entered_at"), shortest) <= F.lit(as_of)
    cause = (
        F.when(gone, F.coalesce("identity", F.lit("retired")))
        .when(~F.col("consented"), "consent")
        .when(_after(F.col("entered_at"), longest) <= F.lit(as_of), "expired")
        .when(
            F.col("leaves") & settled,
            F.when(~F.col("left"), "rule").when(F.col("identity").isNotNull(), F.col("identity")).otherwise("data"),
        )
    )
    return F.when(inside, cause)


def _after(moment: Column, days: Column) -> Column:
    return moment + F.make_dt_interval(days)


def audience_moves(members: DataFrame, audiences: Sequence[Audience], *, since: Times, as_of: datetime) -> DataFrame:
    """Figures of each audience at `as_of`, from gold.audience_member after that evaluation.

    Columns: `audience, entered, exited, size_after, causes`, the net change by cause as an array of structs. An
    audience that never had a member has no row. Counted from the previous evaluation (`since`), so changes count that a
    run wrote before it died, without recording a size: the causes must add up from the size then to that now.
    """
    own, moment = members.where(F.col("audience").isin([audience.name for audience in audiences])), F.lit(as_of)
    last = _setting(audiences, lambda audience: since.get(audience.name)).cast("timestamp")

    def fresh(column: str) -> Column:
        lower = F.when(last.isNull(), F.col(column) >= moment).otherwise(F.col(column) > last)
        return F.coalesce(lower & (F.col(column) <= moment), F.lit(False))

    inside = (F.col("entered_at") <= moment) & (F.col("exited_at").isNull() | (F.col("exited_at") > moment))
    steps = F.array(
        F.struct(F.when(fresh("entered_at"), F.col("entered_cause")).alias("cause"), F.lit(1).alias("step")),
        F.struct(F.when(fresh("exited_at"), F.col("exited_cause")).alias("cause"), F.lit(-1).alias("step")),
        F.struct(F.lit(None).cast("string").alias("cause"), F.lit(0).alias("step")),
    )
    rows = own.select("audience", inside.alias("inside"), F.inline(steps))
    by_cause = (
        rows.where("cause IS NOT NULL OR step = 0")
        .groupBy("audience", "cause")
        .agg(
            F.sum("step").alias("net"),
            F.count(F.when(F.col("step") == 1, 1)).alias("entered"),
            F.count(F.when(F.col("step") == -1, 1)).alias("exited"),
            F.count(F.when(F.col("inside") & (F.col("step") == 0), 1)).alias("inside"),
        )
    )
    told = F.when(F.col("cause").isNotNull(), F.struct("cause", "net"))
    return by_cause.groupBy("audience").agg(
        F.sum("entered").alias("entered"),
        F.sum("exited").alias("exited"),
        F.sum("inside").alias("size_after"),
        F.sort_array(F.collect_list(told)).alias("causes"),
    )
