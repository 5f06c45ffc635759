"""crm/customer: a daily full extract of all customers known on that day, as CSV."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import chance
from c360_spark.synth.delivery import csv_lines
from c360_spark.synth.person import customer_id, each_day
from c360_spark.synth.record import with_contact, with_home, with_typos
from c360_spark.synth.world import DAY_SECONDS, World, iso

HEADER = (
    *("customer_id", "given_name", "family_name", "email", "phone", "birth_date"),
    *("street", "city", "postcode", "country", "loyalty_number", "created_at", "updated_at"),
)
LOYALTY_NUMBER_SHARE = 0.25  # share of loyalty members whose card number is on file
OTHER_MAIL_SHARE = 0.6  # share of second rows with another e-mail address than the first row
CARELESS = 10  # factor of typos in second rows


def customer(people: DataFrame, world: World) -> DataFrame:
    """One delivered row per customer row and day. A person's second row is an old duplicate that is not maintained."""
    rows = people.where("in_crm").select("*", F.expr("explode(sequence(1, crm_rows))").alias("row"))
    keyed = each_day(rows.select("*", customer_id(world, "row").alias("key")), world)
    known = keyed.select("*", F.expr("if(row = 1, day, 0)").alias("known"))
    other = F.expr("row = 2") & (chance.uniform(world.seed, "second row, other e-mail", "key") < OTHER_MAIL_SHARE)
    typos = F.when(F.col("row") == 1, world.noise.typos).otherwise(min(1.0, CARELESS * world.noise.typos))
    contacted = with_contact(known, world, "crm", "key", as_of=F.col("known"), other=other)
    typed = with_typos(with_home(contacted, world, "crm", "key", as_of=F.col("known")), world, typos, "key")
    return csv_lines(typed.withColumns(_rest(world)), world, "crm/customer", HEADER)


def _rest(world: World) -> dict[str, Column]:
    """The other columns of the header. `updated_at` is the latest of creation, change of contact and move."""
    seed = world.seed
    has_number = chance.uniform(seed, "loyalty number on file", "key") < LOYALTY_NUMBER_SHARE
    second = chance.whole(seed, "second of update", 0, DAY_SECONDS - 1, "key")
    created = F.col("since") + F.when(F.col("row") == 1, 0).otherwise(chance.whole(seed, "row two", 60, 7200, "key"))
    days = ("changed_on", "moved_on")
    changes = [F.when(F.expr(f"known >= {day}"), world.moment(F.col(day), second)) for day in days]
    return {
        "customer_id": F.col("key"),
        "birth_date": F.col("birth_date").cast("string"),
        "loyalty_number": F.when(has_number, F.col("member_no")),
        "created_at": iso(created),
        "updated_at": iso(F.greatest(created, *changes)),
    }
