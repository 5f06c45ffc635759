"""consent/statement: consent statements of persons, as JSON lines. The mailing system uses them too."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import chance
from c360_spark.synth.delivery import json_lines, sent
from c360_spark.synth.record import with_contact
from c360_spark.synth.world import DAY_SECONDS, World, iso

# purpose → share of grants among persons who were asked, in the EU and in the US
PURPOSES = {
    "marketing_email": (0.62, 0.85),
    "analytics": (0.70, 0.90),
    "personalisation": (0.58, 0.85),
    "ad_user_data": (0.42, 0.75),
    "ad_personalization": (0.38, 0.72),
}
SPEAKS = (0.75, 0.35)  # share of persons in the EU and in the US who ever make a statement
ASKED_SHARE = 0.7  # share of purposes that such a person is asked about
WITHDRAWAL_RATE = 0.015  # withdrawals per grant and day
ACCOUNT_SOURCES = ("account_settings", "account_settings", "web_banner", "app")
OTHER_SOURCES = ("newsletter_form", "newsletter_form", "store_form", "call_centre")
SAYING = ("person_no", "purpose", "turn")


def by_region(shares: tuple[float, float]) -> Column:
    """The share for the region of a row."""
    return F.when(F.col("region") == "EU", shares[0]).otherwise(shares[1])


def speaks(world: World) -> Column:
    """Whether a person makes consent statements. A person known only by a cookie or a device never does."""
    known = F.col("in_crm") | F.col("in_loyalty") | F.col("has_account")
    return known & (chance.uniform(world.seed, "speaks", "person_no") < by_region(SPEAKS))


def answer(world: World, purpose: str) -> Column:
    """struct<purpose, asked, granted, withdrawn_on> of a person for one purpose; withdrawn_on is a day or null."""
    seed = world.seed
    asked = speaks(world) & (chance.uniform(seed, f"asked {purpose}", "person_no") < ASKED_SHARE)
    granted = chance.uniform(seed, f"grants {purpose}", "person_no") < by_region(PURPOSES[purpose])
    quits = chance.first_day(seed, f"withdraws {purpose}", WITHDRAWAL_RATE, "person_no")
    return F.struct(
        F.lit(purpose).alias("purpose"),
        asked.alias("asked"),
        granted.alias("granted"),
        F.when(granted, F.greatest(quits, F.col("arrived_on") + 1)).alias("withdrawn_on"),
    )


def statement(people: DataFrame, world: World) -> DataFrame:
    """One delivered line per statement: on day 1 all earlier statements, then the statements of each day."""
    answers = F.explode(F.array(*[answer(world, purpose) for purpose in PURPOSES])).alias("said")
    asked = people.where(speaks(world)).select("*", answers).where("said.asked")
    turns = F.expr("explode(if(said.withdrawn_on IS NULL, array(1), array(1, 2)))").alias("turn")
    said = asked.select("*", "said.*", turns)
    dated = said.withColumn("day", F.expr("if(turn = 1, greatest(1, arrived_on), withdrawn_on)"))
    typed = dated.withColumn("subject_type", _subject_type(world.seed))
    rows = with_contact(
        *(typed, world, "consent", "person_no", "turn"),
        as_of=F.col("day"),
        asks_mail=F.col("subject_type") == "email",
        asks_phone=F.col("subject_type") == "phone",
        gaps=False,
    )
    second = chance.whole(world.seed, "second of withdrawal", 0, DAY_SECONDS - 1, "person_no")
    timed = rows.select(
        "*",
        chance.uuid(world.seed, "statement", *SAYING).alias("key"),
        F.when(F.col("turn") == 1, F.col("since")).otherwise(world.moment(F.col("day"), second)).alias("moment"),
    )
    return json_lines(sent(timed, world, "consent/statement", "key"), world, "consent/statement", *_fields(world.seed))


def _subject_type(seed: int) -> Column:
    """The identifier type of a statement: mostly the account for account holders, rarely a phone, else an e-mail."""
    chosen = chance.uniform(seed, "consent subject", "person_no", "turn")
    return F.when(F.col("has_account") & (chosen < 0.55), "account_id").when(chosen > 0.92, "phone").otherwise("email")


def _fields(seed: int) -> list[Column]:
    col = F.col
    logged_in = chance.pick(ACCOUNT_SOURCES, seed, "consent source", "person_no", "turn")
    elsewhere = chance.pick(OTHER_SOURCES, seed, "consent source", "person_no", "turn")
    account = F.when(col("subject_type") == "account_id", col("account_id"))
    return [
        col("key").alias("statement_id"),
        col("subject_type"),
        F.coalesce(account, col("email"), col("phone")).alias("subject_value"),
        col("purpose"),
        F.when(col("turn") == 2, "withdrawn").when(col("granted"), "granted").otherwise("denied").alias("status"),
        col("country"),
        F.when(account.isNotNull(), logged_in).otherwise(elsewhere).alias("source"),
        iso(col("moment")).alias("effective_from"),
    ]
