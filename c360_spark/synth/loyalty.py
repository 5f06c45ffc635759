"""loyalty/member: a daily full extract of all members enrolled by that day, as CSV."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import chance
from c360_spark.synth.commerce import order_count
from c360_spark.synth.delivery import csv_lines
from c360_spark.synth.person import each_day
from c360_spark.synth.record import with_contact, with_home, with_typos
from c360_spark.synth.world import DAY_SECONDS, World, date_of, iso

HEADER = (
    *("member_no", "full_name", "given_name", "family_name", "email", "phone", "birth_date"),
    *("postcode", "country", "tier", "points", "enrolled_on", "updated_at"),
)
OTHER_MAIL_SHARE = 0.15  # share of members who gave their second e-mail address


def member(people: DataFrame, world: World) -> DataFrame:
    """One delivered row per member and day. The programme learns of a new contact or a move some days later."""
    seed = world.seed
    rows = each_day(people.where("in_loyalty").withColumn("key", F.col("member_no")), world)
    lagged = rows.select(
        "*",
        chance.whole(seed, "contact lag of loyalty", 1, 6, "key").alias("contact_lag"),
        chance.whole(seed, "move lag of loyalty", 2, 12, "key").alias("move_lag"),
        _purchases(world).alias("purchases"),
    )
    other = chance.uniform(seed, "loyalty, other e-mail", "key") < OTHER_MAIL_SHARE
    contacted = with_contact(lagged, world, "loyalty", "key", as_of=F.expr("day - contact_lag"), other=other)
    homed = with_home(contacted, world, "loyalty", "key", as_of=F.expr("day - move_lag"))
    typed = with_typos(homed, world, F.lit(world.noise.typos), "key")
    return csv_lines(typed.withColumns(_rest(world)), world, "loyalty/member", HEADER)


def _purchases(world: World) -> Column:
    """The days, up to the row's day, on which the member bought something; each earns points."""
    days = F.expr("sequence(greatest(1, arrived_on), day)")
    return F.filter(days, lambda day: order_count(world, day) > 0)


def _rest(world: World) -> dict[str, Column]:
    """The other columns of the header. Half the stores write the family name first."""
    family_first = chance.uniform(world.seed, "family name first", "key") < 0.5
    full_name = F.expr("concat_ws(', ', family_name, given_name)"), F.expr("concat_ws(' ', given_name, family_name)")
    birth_date = "if(country = 'US', date_format(birth_date, 'MM/dd/yyyy'), date_format(birth_date, 'dd.MM.yyyy'))"
    return {
        "full_name": F.when(family_first, full_name[0]).otherwise(full_name[1]),
        "birth_date": F.expr(birth_date),
        "enrolled_on": date_of(F.col("since")).cast("string"),
        **_standing(world.seed),
        "updated_at": _updated_at(world),
    }


def _standing(seed: int) -> dict[str, Column]:
    """points, tier; a day with a purchase earns 5 to 150 points."""
    start = F.floor(F.pow(chance.uniform(seed, "points", "key"), F.lit(2)) * 1200).cast("int") * 5
    earned = F.aggregate(
        "purchases", F.lit(0), lambda points, day: points + chance.whole(seed, "points earned", 1, 30, "key", day) * 5
    )
    points = start + earned
    tier = F.when(points >= 4000, "platinum").when(points >= 2000, "gold").when(points >= 750, "silver")
    return {"points": points, "tier": tier.otherwise("basic")}


def _updated_at(world: World) -> Column:
    """The latest of enrolment, last purchase, and the day on which the programme learned of a new contact or a move."""
    second = chance.whole(world.seed, "second of update", 0, DAY_SECONDS - 1, "key")
    told = F.expr("changed_on + contact_lag"), F.expr("moved_on + move_lag")
    heard = [F.when(F.col("day") >= day, world.moment(day, second)) for day in told]
    return iso(F.greatest(F.col("since"), world.moment(F.array_max("purchases"), second), *heard))
