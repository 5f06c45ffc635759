"""support/case: the support cases opened on a day, as JSON lines."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import catalogue, chance
from c360_spark.synth.delivery import json_lines, sent
from c360_spark.synth.person import customer_id, each_day
from c360_spark.synth.record import with_contact
from c360_spark.synth.world import World, iso

CASE_RATE = 0.025  # cases per person and day
CHANNELS = ("email", "email", "phone", "chat")
STATUSES = ("new", "new", "open", "open", "pending", "solved")
PRIORITIES = ("normal", "normal", "normal", "low", "high", "urgent")
CASE = ("person_no", "day")


def case(people: DataFrame, world: World) -> DataFrame:
    """One delivered line per case. A caller leaves a phone number, a writer an e-mail address; some agents add the
    customer id.
    """
    seed, col = world.seed, F.col
    opened = each_day(people, world).where(chance.uniform(seed, "opens a case", *CASE) < CASE_RATE)
    number = chance.shuffled("person_no - 1", world.people, seed, "case") + 1
    day = F.date_format(world.date("day"), "yyMMdd")
    keyed = opened.select(
        "*",
        F.concat(F.lit("S"), day, F.format_string("-%07d", number)).alias("key"),
        world.moment(col("day"), chance.whole(seed, "second of case", 0, 86_399, *CASE)).alias("moment"),
        chance.pick(CHANNELS, seed, "case channel", *CASE).alias("channel"),
    )
    rows = with_contact(
        *(keyed, world, "support", *CASE),
        as_of=col("day"),
        other=chance.uniform(seed, "case, other e-mail", *CASE) < 0.1,
        asks_mail=col("channel") != "phone",
        asks_phone=col("channel") == "phone",
    )
    found = col("in_crm") & (chance.uniform(seed, "customer looked up", *CASE) < 0.5)
    return json_lines(
        sent(rows, world, "support/case", "key"),
        world,
        "support/case",
        col("key").alias("case_id"),
        iso(col("moment")).alias("opened_at"),
        col("channel"),
        col("email"),
        col("phone"),
        F.when(found, customer_id(world, "1")).alias("customer_id"),
        chance.pick(chance.words(catalogue.SUBJECTS), seed, "subject", *CASE).alias("subject"),
        chance.pick(PRIORITIES, seed, "priority", *CASE).alias("priority"),
        chance.pick(STATUSES, seed, "case status", *CASE).alias("status"),
        col("country"),
    )
