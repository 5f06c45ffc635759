"""web/event: browser events in the web shop, as JSON lines. Anonymous until a login, if there is one."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import catalogue, chance
from c360_spark.synth.commerce import order_count, purchase
from c360_spark.synth.contact import USUAL
from c360_spark.synth.delivery import json_lines, sent
from c360_spark.synth.person import each_day
from c360_spark.synth.world import World, iso

BROWSE, BUY, KIOSK = 1, 2, 3
PEOPLE_PER_KIOSK = 2000
LOGIN_SHARE = 0.45  # share of account holders' visits with a login
POISON_USER = "null"
VISIT = ("person_no", "day", "visit")


def visits(people: DataFrame, world: World) -> DataFrame:
    """One row per visit: person_no, day, visit (BROWSE, BUY, KIOSK), cookie_id, steps, login_step (null: anonymous),
    ends (second of the day), pace (seconds per step), order_id, kiosk, no_user (the user id is a placeholder).
    """
    seed = world.seed
    keen = F.pow(chance.uniform(seed, "keen on the web", "person_no"), F.lit(2)) * 0.7 + 0.2
    days = each_day(people, world).select(
        "*",
        *purchase(world, "1"),
        (order_count(world, "day") > 0).alias("buys"),
        (chance.uniform(seed, "browses", "person_no", "day") < keen).alias("browses"),
        chance.hit(seed, "kiosk", world.noise.kiosk, "person_no", "day").alias("at_kiosk"),
        chance.whole(seed, "which browser", 0, 5, "person_no", "day").alias("browser"),
    )
    kinds = (
        f"if(cookies > 0 AND browses, {BROWSE}, NULL), if(cookies > 0 AND buys AND channel = 'web', {BUY}, NULL), "
        f"if(has_account AND at_kiosk, {KIOSK}, NULL)"
    )
    visited = days.select("*", F.expr(f"explode(array_compact(array({kinds})))").alias("visit"))
    return visited.withColumns(_course(world)).withColumn("login_step", _login_step(seed))


def _course(world: World) -> dict[str, Column]:
    seed, visit = world.seed, F.col("visit")
    own = chance.uuid(seed, "cookie", "person_no", "pmod(browser, greatest(1, cookies))")
    kiosk = f"pmod(person_no, {world.people // PEOPLE_PER_KIOSK + 1})"
    depth = F.pow(chance.uniform(seed, "depth", *VISIT), F.lit(1.4))
    steps = F.when(visit == BROWSE, F.floor(depth * 14) + 1).otherwise(F.floor(depth * 5) + 4)
    return {
        "kiosk": visit == KIOSK,
        "cookie_id": F.when(visit == KIOSK, chance.uuid(seed, "kiosk cookie", kiosk)).otherwise(own),
        "steps": steps.cast("int"),
        "pace": chance.whole(seed, "pace", 8, 90, *VISIT),
        "ends": F.when(visit == BUY, F.col("second")).otherwise(_awake(seed, *VISIT)),
        "order_id": F.when(visit == BUY, F.col("order_id")),
        "no_user": chance.hit(seed, "poison user", world.noise.poison, *VISIT),
    }


def _awake(seed: int, *entity: str) -> Column:
    """A second of the UTC day, mostly in the region's afternoon and evening; late enough for a visit to end then."""
    hours = (chance.uniform(seed, "hour", *entity) + chance.uniform(seed, "more hours", *entity)) * 9
    start = F.when(F.col("region") == "EU", 6).otherwise(13)
    return F.greatest(F.lit(1800), F.pmod(((start + hours) * 3600).cast("int"), F.lit(86_400)))


def _login_step(seed: int) -> Column:
    step = chance.whole(seed, "login step", 2, 4, *VISIT)
    wants = chance.uniform(seed, "logs in", *VISIT) < LOGIN_SHARE
    return F.when(F.col("visit") == KIOSK, 2).when(
        F.when(F.col("visit") == BUY, ~F.col("is_guest")).otherwise(F.col("has_account") & wants), step
    )


def event(people: DataFrame, world: World) -> DataFrame:
    """One delivered line per event and copy; a visit has one event per step and ends with its order, if it has one."""
    seed = world.seed
    stepped = visits(people, world).select("*", F.expr("explode(sequence(1, steps))").alias("step"))
    # a step takes 0.5 to 1.5 times the pace; the last step ends on time
    dwell = chance.uniform(seed, "dwell", *VISIT, "step") - 0.5
    before = (F.expr("steps - step") + F.when(F.expr("step < steps"), dwell).otherwise(0)) * F.col("pace")
    product = chance.pick(catalogue.PRODUCTS.split(), seed, "looked at", *VISIT, "step")
    logged_in = F.coalesce(F.col("step") >= F.col("login_step"), F.lit(False))
    rows = stepped.select(
        "*",
        chance.uuid(seed, "web event", *VISIT, "step").alias("key"),
        world.moment(F.col("day"), F.col("ends") - before).alias("moment"),
        _event_name(seed).alias("event"),
        F.split(product, ":").alias("product"),
        (logged_in & F.col("no_user")).alias("poison"),
        F.when(logged_in, F.col("account_id")).alias("user"),
    )
    delivered = sent(rows, world, "web/event", *VISIT)
    return json_lines(delivered, world, "web/event", *_fields(seed))


def _event_name(seed: int) -> Column:
    step, buys = F.col("step"), F.col("visit") == BUY
    whim = chance.uniform(seed, "web action", *VISIT, "step")
    return (
        F.when(step == F.col("login_step"), "account_logged_in")
        .when(buys & (step == F.col("steps")), "order_completed")
        .when(buys & (step >= F.col("steps") - 2), "cart_updated")
        .when((step == 1) | (whim < 0.35), "page_viewed")
        .when(whim < 0.88, "product_viewed")
        .when(whim < 0.98, "cart_updated")
        .otherwise("newsletter_subscribed")
    )


def _fields(seed: int) -> list[Column]:
    col = F.col
    shop = col("event").isin("product_viewed", "cart_updated")
    campaign = chance.pick(catalogue.CAMPAIGNS.split(), seed, "campaign", *VISIT)
    properties = F.struct(
        F.when(shop, col("product")[0]).alias("sku"),
        F.when(shop, col("product")[2].cast("long")).alias("price_cents"),
        F.when(col("event") == "cart_updated", chance.whole(seed, "cart", 1, 2, *VISIT, "step")).alias("quantity"),
        F.when(col("event") == "order_completed", col("order_id")).alias("order_id"),
        F.when(col("event") == "account_logged_in", "password").alias("method"),
        F.when(col("event") == "newsletter_subscribed", F.col("mailboxes")[USUAL - 1]).alias("email"),
    )
    return [
        col("key").alias("event_id"),
        col("event"),
        iso(col("moment")).alias("occurred_at"),
        col("cookie_id"),
        F.when(col("poison"), POISON_USER).otherwise(col("user")).alias("user_id"),
        col("country"),
        _page(seed).alias("page_url"),
        F.when(chance.uniform(seed, "came by campaign", *VISIT) < 0.3, campaign).alias("campaign"),
        properties.alias("properties"),
    ]


def _page(seed: int) -> Column:
    event, shop = F.col("event"), F.concat(F.lit("https://shop.example/"), F.lower("country"))
    category = chance.pick(catalogue.CATEGORIES.split(), seed, "category", *VISIT, "step")
    landing = (F.col("step") == 1) & (chance.uniform(seed, "lands on home", *VISIT) < 0.5)
    path = (
        F.when(event == "product_viewed", F.concat(F.lit("/p/"), F.col("product")[1]))
        .when(event == "cart_updated", "/cart")
        .when(event == "account_logged_in", "/account/login")
        .when(event == "order_completed", "/checkout/thank-you")
        .when(landing, "/")
        .otherwise(F.concat(F.lit("/c/"), category))
    )
    return F.concat(shop, path)
