"""email/engagement: outcomes of the mailings of a day, as JSON lines of the mailing service."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import catalogue, chance
from c360_spark.synth.consent import answer
from c360_spark.synth.delivery import json_lines, sent
from c360_spark.synth.person import each_day
from c360_spark.synth.record import with_contact
from c360_spark.synth.world import World, iso

SEND_SHARE = 0.4  # share of the list that gets a mailing on a day
OPEN_SHARE, CLICK_SHARE, BOUNCE_SHARE = 0.34, 0.2, 0.015
MAILING = ("person_no", "day")


def engagement(people: DataFrame, world: World) -> DataFrame:
    """One delivered line per event and copy. The list is one day behind the CRM; an address just given up bounces."""
    col, seed = F.col, world.seed
    mailed = with_contact(
        *(_mailed(people, world), world, "email", "person_no"),
        as_of=col("day") - 1,
        asks_phone=F.lit(False),
        gaps=False,
    )
    given_up = F.expr("coalesce(changed_on = day AND changed_what = 'email', false)")
    started = mailed.select("*", chance.whole(seed, "second of mailing", 6 * 3600, 17 * 3600, *MAILING).alias("second"))
    stepped = started.select("*", F.posexplode(_steps(seed, given_up)).alias("step", "what"))
    rows = stepped.select(
        "*",
        chance.uuid(seed, "mail event", *MAILING, "step").alias("key"),
        world.moment(col("day"), col("second") + col("what")["delay"]).alias("moment"),
    )
    mailing = chance.pick(catalogue.MAILINGS.split(), seed, "mailing", "day", "region")
    campaign = F.concat_ws("-", F.date_format(world.date("day"), "yyyyMMdd"), F.lower("region"), mailing)
    return json_lines(
        sent(rows, world, "email/engagement", "key"),
        world,
        "email/engagement",
        col("key").alias("event_id"),
        col("what")["type"].alias("type"),
        col("email"),
        campaign.alias("campaign_id"),
        iso(col("moment")).alias("at"),
        col("country"),
    )


def _mailed(people: DataFrame, world: World) -> DataFrame:
    """Persons who get a mailing on a day: known to CRM or loyalty programme, and with consent or, in the US, never
    asked for it.
    """
    listed = people.where("in_crm OR in_loyalty").select("*", answer(world, "marketing_email").alias("said"))
    allowed = listed.where("if(said.asked, said.granted, region = 'US')")
    written_to = each_day(allowed, world).where("said.withdrawn_on IS NULL OR day <= said.withdrawn_on")
    return written_to.where(chance.uniform(world.seed, "mailed", *MAILING) < SEND_SHARE)


def _steps(seed: int, given_up: Column) -> Column:
    """array<struct<type, delay>>: sent, then bounce or delivered, perhaps open and click; delay in seconds."""
    bounces = given_up | (chance.uniform(seed, "bounces", "person_no") < BOUNCE_SHARE)
    opens = ~bounces & (chance.uniform(seed, "opens", *MAILING) < OPEN_SHARE)
    clicks = opens & (chance.uniform(seed, "clicks", *MAILING) < CLICK_SHARE)
    arrival = chance.whole(seed, "delivery time", 1, 40, *MAILING)
    opening = arrival + chance.whole(seed, "opening time", 30, 6 * 3600, *MAILING)
    click = opening + chance.whole(seed, "click time", 3, 240, *MAILING)

    def step(name: str, delay: Column) -> Column:
        return F.struct(F.lit(name).alias("type"), delay.alias("delay"))

    last = F.when(bounces, step("bounce", arrival)).otherwise(step("delivered", arrival))
    found = F.when(opens, step("open", opening)), F.when(clicks, step("click", click))
    return F.array_compact(F.array(step("sent", F.lit(0)), last, *found))
