"""commerce/order: the orders of a day, as Parquet. Other systems derive from this who bought, where and when."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import catalogue, chance
from c360_spark.synth.chance import Entity
from c360_spark.synth.delivery import sent
from c360_spark.synth.person import each_day
from c360_spark.synth.record import with_contact
from c360_spark.synth.world import World

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
