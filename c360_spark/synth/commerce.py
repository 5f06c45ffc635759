"""commerce/order: the orders of a day, as Parquet. Other systems derive from this who bought, where and when.

commerce/subscription: subscriptions of account holders, some for their company. A weekly extract, as JSON lines.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import catalogue, chance
from c360_spark.synth.chance import Entity
from c360_spark.synth.company import account_key, employed, employer, weekly, written
from c360_spark.synth.delivery import sent
from c360_spark.synth.person import each_day
from c360_spark.synth.record import with_contact
from c360_spark.synth.world import DAY_SECONDS, World, iso

FIELDS = (
    *("order_id", "account_id", "email", "phone", "ordered_at", "status", "currency", "country", "channel"),
    *("total_cents", "lines"),
)
BUYS = "CASE WHEN has_account THEN 0.09D WHEN in_loyalty THEN 0.06D ELSE 0.03D END"  # purchase rate per person and day
SECOND_ORDER_SHARE = 0.06
STATUSES = ("placed", "paid", "paid", "paid", "shipped", "shipped", "cancelled")
PURCHASE = ("person_no", "day", "order_no")


def order_count(world: World, day: Entity) -> Column:
    """The number of orders of a person on a day: 0, 1 or 2."""
    buys = chance.uniform(world.seed, "buys", "person_no", day) < F.expr(BUYS)
    again = chance.uniform(world.seed, "buys again", "person_no", day) < SECOND_ORDER_SHARE
    return F.when(buys & again, 2).when(buys, 1).otherwise(0)


def purchase(world: World, order_no: str) -> list[Column]:
    """order_id, channel, second (of the day), is_guest of one order of a person on a day; order_no is SQL text."""
    entity = ("person_no", "day", order_no)
    place = chance.uniform(world.seed, "channel", *entity)
    channel = (
        F.when(place < 0.25, "store")
        .when((place < 0.5) & F.expr("devices > 0"), "mobile")
        .when(F.expr("cookies > 0"), "web")
        .when(F.expr("devices > 0"), "mobile")
        .otherwise("store")
    )
    careless = chance.uniform(world.seed, "guest checkout", *entity) < F.when(channel == "store", 0.6).otherwise(0.1)
    number = chance.shuffled(f"(person_no - 1) * 2 + {order_no} - 1", 2 * world.people, world.seed, "order") + 1
    day = F.date_format(world.date("day"), "yyMMdd")
    return [
        F.concat(F.lit("O"), day, F.format_string("-%06d", number)).alias("order_id"),
        channel.alias("channel"),
        chance.whole(world.seed, "second of order", 3600, 86_399, *entity).alias("second"),
        (~F.col("has_account") | careless).alias("is_guest"),
    ]


def orders(people: DataFrame, world: World) -> DataFrame:
    """One row per order, as placed: person_no, day, order_no and the columns of `purchase`."""
    counted = each_day(people, world).select("*", order_count(world, "day").alias("orders"))
    bought = counted.where("orders > 0").select("*", F.expr("explode(sequence(1, orders))").alias("order_no"))
    return bought.select("*", *purchase(world, "order_no"))


def order(people: DataFrame, world: World) -> DataFrame:
    """One delivered row per order and copy. Guests type their current contact data; accounts lag some days behind."""
    seed = world.seed
    lag = chance.whole(seed, "account lag", 0, 3, "person_no")
    contacted = with_contact(
        *(orders(people, world), world, "commerce", *PURCHASE),
        as_of=F.col("day") - F.when(F.col("is_guest"), 0).otherwise(lag),
        other=F.col("is_guest") & (chance.uniform(seed, "guest, other e-mail", "person_no") < 0.2),
        # a store asks for an e-mail address only to send the receipt
        asks_mail=F.expr("channel <> 'store'") | (chance.uniform(seed, "receipt by e-mail", *PURCHASE) < 0.5),
        asks_phone=chance.uniform(seed, "phone for the carrier", *PURCHASE) < 0.6,
    )
    rows = contacted.select(
        "*",
        F.col("order_id").alias("key"),
        world.moment(F.col("day"), F.col("second")).alias("moment"),
        _lines(seed).alias("lines"),
    )
    return sent(rows.withColumns(_rest(seed)), world, "commerce/order", "order_id")


def _rest(seed: int) -> dict[str, Column]:
    total = "aggregate(lines, 0L, (total, line) -> total + line.quantity * line.unit_price_cents)"
    return {
        "account_id": F.when(~F.col("is_guest"), F.col("account_id")),
        "ordered_at": F.timestamp_seconds("moment"),
        "status": chance.pick(STATUSES, seed, "order status", *PURCHASE),
        "currency": F.when(F.col("region") == "EU", "EUR").otherwise("USD"),
        "total_cents": F.expr(total),
    }


def _lines(seed: int) -> Column:
    """One to four order lines: array<struct<line_no:int, sku:string, quantity:int, unit_price_cents:long>>."""
    products = catalogue.PRODUCTS.split()
    count = F.floor(F.pow(chance.uniform(seed, "lines", *PURCHASE), F.lit(2)) * 4).cast("int") + 1

    def line(number: Column) -> Column:
        product = F.split(chance.pick(products, seed, "product", *PURCHASE, number), ":")
        quantity = chance.pick(("1",) * 9 + ("2", "2", "3"), seed, "quantity", *PURCHASE, number)
        return F.struct(
            number.alias("line_no"),
            product[0].alias("sku"),
            quantity.cast("int").alias("quantity"),
            product[2].cast("long").alias("unit_price_cents"),
        )

    return F.transform(F.sequence(F.lit(1), count), line)


SUBSCRIBER_SHARE = 0.12  # share of account holders who subscribe
OLDEST_DAYS = 700  # the oldest subscriptions began this many days before day 1
AHEAD_DAYS = 5  # a subscription is known this many days before it begins
CANCEL_RATE = 0.001  # cancellations per subscription and day
PAUSED_SHARE = 0.06
PLANS = ("socks:1:990", "socks:1:990", "shoes:3:8900", "shoes:12:29900", "coach:1:1490", "coach:12:14900")


def subscribed(people: DataFrame, world: World) -> DataFrame:
    """One row per subscription and extract that contains it: the person's columns, and key, plan, starts_on,
    cancelled_on, day.
    """
    chosen = people.where("has_account").where(chance.uniform(world.seed, "subscribes", "person_no") < SUBSCRIBER_SHARE)
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
