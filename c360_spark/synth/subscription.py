"""commerce/subscription: subscriptions of account holders, some for their company. A weekly extract, as JSON lines."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import chance
from c360_spark.synth.company import account_key, employed, employer, weekly, written
from c360_spark.synth.world import DAY_SECONDS, World, iso

SHARE = 0.12  # share of account holders who subscribe
OLDEST_DAYS = 700  # the oldest subscriptions began this many days before day 1
AHEAD_DAYS = 5  # a subscription is known this many days before it begins
CANCEL_RATE = 0.001  # cancellations per subscription and day
PAUSED_SHARE = 0.06
PLANS = ("socks:1:990", "socks:1:990", "shoes:3:8900", "shoes:12:29900", "coach:1:1490", "coach:12:14900")


def subscribed(people: DataFrame, world: World) -> DataFrame:
    """One row per subscription and extract that contains it: the person's columns, and key, plan, starts_on,
    cancelled_on, day.
    """
    chosen = people.where("has_account").where(chance.uniform(world.seed, "subscribes", "person_no") < SHARE)
    number = chance.shuffled("person_no - 1", world.people, world.seed, "subscription") + 1
    drawn = chosen.select(
        *("person_no", "account_id", "country", "region", "since", "arrived_on"),
        F.format_string("B%07d", number).alias("key"),
        F.split(chance.pick(PLANS, world.seed, "plan", "person_no"), ":").alias("plan"),
        *_times(world),
    )
    return weekly(drawn, world).where(f"arrived_on <= day AND starts_on <= day + {AHEAD_DAYS}")


def subscription(people: DataFrame, world: World) -> DataFrame:
    """One delivered row per subscription and extract, with its state at that time."""
    known = subscribed(people, world)
    cancelled = F.coalesce(F.col("cancelled_on") <= F.col("day"), F.lit(False))
    paused = chance.uniform(world.seed, "paused", "person_no") < PAUSED_SHARE
    started = F.greatest("since", world.moment(F.col("starts_on"), F.lit(0)))
    ended = F.greatest(started, world.moment(F.col("cancelled_on"), F.lit(3600)))
    return written(
        known,
        F.col("key").alias("subscription_id"),
        "account_id",
        F.when(F.col("in_office"), account_key(employer(world))).alias("company"),
        F.col("plan")[0].alias("plan"),
        F.when(cancelled, "cancelled").when(paused, "paused").otherwise("active").alias("status"),
        iso(started).alias("started_at"),
        F.when(cancelled, iso(ended)).alias("cancelled_at"),
        F.when(cancelled, iso(ended + 30 * DAY_SECONDS)).alias("ends_at"),
        F.col("plan")[1].cast("int").alias("period_months"),
        F.col("plan")[2].cast("long").alias("amount_cents"),
        F.when(F.col("region") == "EU", "EUR").otherwise("USD").alias("currency"),
        "country",
    )


def _times(world: World) -> list[Column]:
    """starts_on and cancelled_on (days of the world), in_office (the company pays)."""
    starts = chance.whole(world.seed, "subscription starts", -OLDEST_DAYS, AHEAD_DAYS * 4, "person_no")
    late = chance.first_day(world.seed, "cancels", CANCEL_RATE, "person_no") + starts
    office = employed(world) & F.col("in_crm") & (chance.uniform(world.seed, "office", "person_no") < 0.5)
    return [starts.alias("starts_on"), late.alias("cancelled_on"), office.alias("in_office")]
