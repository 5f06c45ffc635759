"""Customer records as a system has them on file: which contact data it knows, and with which errors."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import chance, spelling
from c360_spark.synth.contact import LANDLINE, NEXT, OTHER, SHARED, STRANGERS, USUAL
from c360_spark.synth.world import World

POISON_MAILS = ("test@test.com", "noreply@shop.example", "none@none.com", "null", "test@test.com", "a@a.com")
POISON_PHONES = ("0000000000", "0000000000", "1234567890", "null", "+15555555555")


def with_contact(
    rows: DataFrame,
    world: World,
    system: str,
    *key: str,
    as_of: Column,
    other: Column | None = None,
    asks_mail: Column | None = None,
    asks_phone: Column | None = None,
    gaps: bool = True,
) -> DataFrame:
    """Adds `email` and `phone` as the system has them on file, and a flag for each kind of noise in them: formats,
    missing, poison, changed_contact, family_email, household_phone, strangers_phone.

    key: the entity that keeps its spelling or gap for ever, such as one customer row. as_of: the last day on which the
    system learned of changes. other: the person gave the second mailbox. asks_…: the system asks for the value. gaps:
    the value may be missing.
    """
    noise, seed = world.noise, world.seed
    told = rows.select(
        "*",
        F.coalesce(as_of >= F.col("changed_on"), F.lit(False)).alias("changed"),
        (F.lit(False) if other is None else other).alias("email_other"),
        (F.lit(True) if asks_mail is None else asks_mail).alias("email_asked"),
        (F.lit(True) if asks_phone is None else asks_phone).alias("phone_asked"),
        chance.hit(seed, f"poison {system}", noise.poison, *key).alias("poisoned"),
        (chance.uniform(seed, f"poison in e-mail {system}", *key) < 0.6).alias("poison_in_mail"),
    )
    rate = noise.missing if gaps else 0.0
    drawn = told.select("*", *_fate(world, "email", system, rate, *key), *_fate(world, "phone", system, rate, *key))
    return _on_file(_meant(drawn), seed, *key)


def _fate(world: World, value: str, system: str, missing: float, *key: str) -> list[Column]:
    """<value>_new, _poisoned, _missing, _style of a requested value. A new value is never missing or a placeholder."""
    new = F.expr(f"{value}_asked AND changed AND changed_what = '{value}'")
    poison = F.expr(f"{value}_asked AND poisoned AND {'' if value == 'email' else 'NOT'} poison_in_mail")
    ways = spelling.MAIL_STYLES if value == "email" else spelling.PHONE_STYLES
    style = chance.whole(world.seed, f"{value} style {system}", 0, ways - 1, *key)
    styled = chance.hit(world.seed, f"{value} format {system}", world.noise.formats, *key)
    gap = chance.hit(world.seed, f"no {value} {system}", missing, *key)
    return [
        new.alias(f"{value}_new"),
        (poison & ~new).alias(f"{value}_poisoned"),
        (F.col(f"{value}_asked") & gap & ~poison & ~new).alias(f"{value}_missing"),
        F.when(styled, style).otherwise(-1).alias(f"{value}_style"),
    ]


def _meant(drawn: DataFrame) -> DataFrame:
    """Adds mailbox and dialled, the contact data the person intends to give. The person's own new contact replaces a
    shared one.
    """
    mail = f"if(email_new, {NEXT}, if(shares_email, {SHARED}, if(email_other, {OTHER}, {USUAL})))"
    own = f"if(shares_phone, {LANDLINE}, {USUAL})"
    phone = f"if(phone_new, {NEXT}, if(gives_strangers, {STRANGERS}, {own}))"
    return drawn.select(
        "*",
        F.expr(f"element_at(mailboxes, {mail})").alias("mailbox"),
        F.expr(f"element_at(phones, {phone})").alias("dialled"),
        F.expr("email_asked AND NOT email_poisoned AND NOT email_missing").alias("email_shown"),
        F.expr("phone_asked AND NOT phone_poisoned AND NOT phone_missing").alias("phone_shown"),
    )


def _on_file(meant: DataFrame, seed: int, *key: str) -> DataFrame:
    """Adds the values on file. Precedence of noise: placeholder, gap, spelling; a value not asked for has no noise."""
    poison_mail = chance.pick(POISON_MAILS, seed, "poison e-mail", *key)
    poison_phone = chance.pick(POISON_PHONES, seed, "poison phone", *key)
    flags = {
        "formats": "(email_shown AND email_style >= 0) OR (phone_shown AND phone_style >= 0)",
        "missing": "email_missing OR phone_missing",
        "poison": "email_poisoned OR phone_poisoned",
        "changed_contact": "email_new OR phone_new",
        "family_email": "email_shown AND shares_email AND NOT email_new",
        "household_phone": "phone_shown AND shares_phone AND NOT phone_new AND NOT gives_strangers",
        "strangers_phone": "phone_shown AND gives_strangers AND NOT phone_new",
    }
    return meant.select(
        "*",
        F.when(F.col("email_poisoned"), poison_mail).when(F.col("email_shown"), spelling.mail_written()).alias("email"),
        F.when(F.col("phone_poisoned"), poison_phone)
        .when(F.col("phone_shown"), spelling.phone_written())
        .alias("phone"),
        *[F.expr(condition).alias(kind) for kind, condition in flags.items()],
    )


def with_typos(rows: DataFrame, world: World, rate: Column, *key: str) -> DataFrame:
    """Replaces `given_name` and `family_name` by the names as typed, at most one misspelt; adds the flag `typos`."""
    seed = world.seed
    wrong = F.when(chance.uniform(seed, "typo in given name", *key) < 0.5, "given_name").otherwise("family_name")
    drawn = rows.select(
        "*",
        (chance.uniform(seed, "typos", *key) < rate).alias("typos"),
        wrong.alias("typo_in"),
        chance.whole(seed, "typo style", 0, spelling.TYPO_STYLES - 1, *key).alias("typo_style"),
        chance.whole(seed, "typo place", 0, 10_000, *key).alias("typo_draw"),
    )
    place = F.expr("2 + pmod(typo_draw, greatest(1, length(if(typo_in = 'given_name', given_name, family_name)) - 2))")
    placed = drawn.withColumn("typo_place", place)
    return placed.withColumns(
        {
            name: F.when(F.expr(f"typos AND typo_in = '{name}'"), spelling.misspelt(name)).otherwise(F.col(name))
            for name in ("given_name", "family_name")
        }
    )


def with_home(rows: DataFrame, world: World, system: str, *key: str, as_of: Column) -> DataFrame:
    """Adds `street`, `city`, `postcode`, `birth_date` (a date) as on file, and the flag `moves`; updates the flags
    formats and missing. as_of: the last day on which the system learned of changes of the household.
    """
    noise, seed = world.noise, world.seed
    style = chance.whole(seed, f"postcode style {system}", 0, spelling.POSTCODE_STYLES - 1, *key)
    styled = chance.hit(seed, f"postcode format {system}", noise.formats, *key)
    drawn = rows.select(
        "*",
        F.coalesce(as_of >= F.col("moved_on"), F.lit(False)).alias("moves"),
        F.when(styled, style).otherwise(-1).alias("postcode_style"),
        chance.hit(seed, f"no postcode {system}", noise.missing, *key).alias("postcode_forgotten"),
        chance.hit(seed, f"no birth date {system}", noise.missing, *key).alias("birth_date_missing"),
    )
    placed = drawn.select(
        "*",
        F.expr("postcode_forgotten AND NOT moves").alias("postcode_missing"),
        *[F.expr(f"if(moves, next_home.{part}, home.{part})").alias(part) for part in ("street", "city", "postcode")],
    )
    return placed.withColumns(
        {
            "postcode": F.when(~F.col("postcode_missing"), spelling.postcode_written()),
            "birth_date": F.when(~F.col("birth_date_missing"), F.col("birth_date")),
            "formats": F.expr("formats OR (postcode_style >= 0 AND NOT postcode_missing)"),
            "missing": F.expr("missing OR postcode_missing OR birth_date_missing"),
        }
    )
