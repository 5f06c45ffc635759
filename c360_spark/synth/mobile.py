"""mobile/event: app events on phones and on tablets in stores, as JSON lines."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import catalogue, chance
from c360_spark.synth.delivery import json_lines, sent
from c360_spark.synth.person import each_day
from c360_spark.synth.world import World

OWN, TABLET = 1, 2
PEOPLE_PER_TABLET = 2000
STAYS_LOGGED_IN_SHARE = 0.6  # share of account holders with the app who stay logged in
POISON_DEVICE = "00000000-0000-0000-0000-000000000000"  # the id that a phone reports when tracking is off
POISON_USER = "null"
SESSION = ("person_no", "day", "session")


def sessions(people: DataFrame, world: World) -> DataFrame:
    """One row per session: person_no, day, session (OWN, TABLET), device_id, steps, starts (second), pace (seconds),
    login_step (0: already logged in, null: anonymous), kiosk, untracked (the device hides its id), no_user (the user id
    is a placeholder).
    """
    seed = world.seed
    keen = chance.uniform(seed, "keen on the app", "person_no") * 0.7 + 0.25
    days = each_day(people, world).select(
        "*",
        (chance.uniform(seed, "opens the app", "person_no", "day") < keen).alias("opens"),
        # of four shared devices three are browsers and one is a tablet
        chance.hit(seed, "tablet", world.noise.kiosk / 3, "person_no", "day").alias("at_tablet"),
        chance.whole(seed, "which device", 0, 1, "person_no", "day").alias("device"),
    )
    kinds = f"if(devices > 0 AND opens, {OWN}, NULL), if(has_account AND at_tablet, {TABLET}, NULL)"
    opened = days.select("*", F.expr(f"explode(array_compact(array({kinds})))").alias("session"))
    device = "pmod(device, greatest(1, devices))"
    tablet = f"pmod(person_no, {world.people // PEOPLE_PER_TABLET + 1})"
    own, shared = chance.uuid(seed, "device", "person_no", device), chance.uuid(seed, "tablet", tablet)
    kiosk = F.col("session") == TABLET
    return opened.select(
        "*",
        kiosk.alias("kiosk"),
        F.upper(F.when(kiosk, shared).otherwise(own)).alias("device_id"),
        (~kiosk & chance.hit(seed, "untracked", world.noise.poison, "person_no", device)).alias("untracked"),
        (chance.whole(seed, "app steps", 1, 5, *SESSION) + kiosk.cast("int") * 2).alias("steps"),
        chance.whole(seed, "app pace", 4, 60, *SESSION).alias("pace"),
        chance.whole(seed, "app start", 0, 85_800, *SESSION).alias("starts"),
        _login_step(seed, kiosk).alias("login_step"),
        chance.hit(seed, "poison app user", world.noise.poison, *SESSION).alias("no_user"),
    )


def _login_step(seed: int, kiosk: Column) -> Column:
    stays = chance.uniform(seed, "stays logged in", "person_no") < STAYS_LOGGED_IN_SHARE
    logs_in = chance.uniform(seed, "logs in to the app", *SESSION) < 0.3
    return F.when(kiosk, 2).when(F.col("has_account") & stays, 0).when(F.col("has_account") & logs_in, 2)


def event(people: DataFrame, world: World) -> DataFrame:
    """One delivered line per event and copy; a session without network is delivered as a whole one day late."""
    seed = world.seed
    stepped = sessions(people, world).select("*", F.expr("explode(sequence(1, steps))").alias("step"))
    logged_in = F.coalesce(F.col("step") >= F.col("login_step"), F.lit(False))
    no_user = logged_in & F.col("no_user")
    rows = stepped.select(
        "*",
        chance.uuid(seed, "app event", *SESSION, "step").alias("key"),
        world.moment(F.col("day"), F.col("starts") + (F.col("step") - 1) * F.col("pace")).alias("moment"),
        _event_name(seed).alias("event"),
        F.when(no_user, POISON_USER).when(logged_in, F.col("account_id")).alias("user_id"),
        (no_user | F.col("untracked")).alias("poison"),
    )
    return json_lines(sent(rows, world, "mobile/event", *SESSION), world, "mobile/event", *_fields(seed))


def _event_name(seed: int) -> Column:
    step = F.col("step")
    whim = chance.uniform(seed, "app action", *SESSION, "step")
    pushed = chance.uniform(seed, "came by push", *SESSION) < 0.15
    return (
        F.when(step == 1, F.when(pushed & ~F.col("kiosk"), "push_opened").otherwise("app_opened"))
        .when(step == F.col("login_step"), "account_logged_in")
        .when(whim < 0.45, "product_viewed")
        .otherwise("screen_viewed")
    )


def _fields(seed: int) -> list[Column]:
    event = F.col("event")
    screen = chance.pick(catalogue.SCREENS.split(), seed, "screen", *SESSION, "step")
    shown = (
        F.when(event == "product_viewed", "product")
        .when(event == "account_logged_in", "login")
        .when(event == "app_opened", "home")
        .otherwise(screen)
    )
    millis = chance.whole(seed, "millisecond", 0, 999, *SESSION, "step")
    version = chance.pick(catalogue.APP_VERSIONS.split(), seed, "app version", "device_id")
    return [
        F.col("key").alias("event_id"),
        event,
        (F.col("moment") * 1000 + millis).alias("ts"),
        F.when(F.col("untracked"), POISON_DEVICE).otherwise(F.col("device_id")).alias("device_id"),
        F.col("user_id"),
        F.col("country"),
        version.alias("app_version"),
        shown.alias("screen"),
    ]
