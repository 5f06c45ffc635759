"""crm/account and crm/contact: companies, and the persons who work for them. Weekly extracts, as JSON lines.

Companies do not change the persons themselves: their records and addresses are the same as without companies.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import chance, names, places
from c360_spark.synth.person import EU_SHARE, customer_id
from c360_spark.synth.spelling import mail_letters
from c360_spark.synth.world import DAY_SECONDS, World, iso

PEOPLE_PER_COMPANY = 40
EMPLOYED_SHARE = 0.2  # share of persons in the CRM whose company it knows
DOMAIN_SHARE = 0.8  # share of companies with a domain on file
CHILD_SHARE = 0.1  # share of companies that are subsidiaries of the first company
WEEK = 7  # days from one extract to the next
TRADES = ("Logistik", "Consulting", "Foods", "Energy", "Software", "Media", "Textil", "Medical")
TITLES = ("buyer", "buyer", "office manager", "managing director", "accountant", "engineer")


def account(people: DataFrame, world: World) -> DataFrame:
    """One delivered row per company and extract."""
    numbers = people.sparkSession.range(1, _count(world) + 1, 1, 1).withColumnRenamed("id", "company_no")
    keyed = weekly(numbers, world).select("*", *_place(world), account_key(F.col("company_no")).alias("key"))
    named = keyed.select(
        "*",
        chance.of_country(names.FAMILY, world.seed, "company name", "company_no", skew=1.1).alias("founder"),
        chance.pick(TRADES, world.seed, "company trade", "company_no").alias("industry"),
    )
    has_domain = chance.uniform(world.seed, "company domain", "company_no") < DOMAIN_SHARE
    site = F.concat(F.lit("www."), mail_letters("founder"), F.lit("-"), F.col("company_no"), F.lit(".example"))
    is_child = F.expr("company_no > 1") & (chance.uniform(world.seed, "child", "company_no") < CHILD_SHARE)
    age = chance.whole(world.seed, "age of company", 1, 3000, "company_no")
    return written(
        named,
        F.col("key").alias("account_id"),
        F.concat_ws(" ", "founder", "industry").alias("name"),
        F.when(has_domain, site).alias("website"),
        F.lower("industry").alias("industry"),
        F.when(is_child, account_key(F.lit(1))).alias("parent_id"),
        "country",
        iso(world.moment(-age, F.lit(0))).alias("created_at"),
    )


def contact(people: DataFrame, world: World) -> DataFrame:
    """One delivered row per extract and customer who works for a company."""
    known = weekly(people.where("in_crm").where(employed(world)), world).where("arrived_on <= day")
    return written(
        known.withColumn("key", F.concat(F.lit("K"), customer_id(world, "1"))),
        F.col("key").alias("contact_id"),
        customer_id(world, "1").alias("customer_id"),
        account_key(employer(world)).alias("account_id"),
        chance.pick(TITLES, world.seed, "job title", "person_no").alias("job_title"),
        "country",
        iso(F.col("since")).alias("created_at"),
    )


def employed(world: World) -> Column:
    """Whether a person works for a company that the CRM would know."""
    return chance.uniform(world.seed, "employed", "person_no") < EMPLOYED_SHARE


def employer(world: World) -> Column:
    """The number of the company that a person works for; the first companies are the largest."""
    place = F.pow(chance.uniform(world.seed, "employer", "person_no"), F.lit(2.0))
    return F.floor(place * _count(world)).cast("long") + 1


def account_key(number: Column) -> Column:
    """The CRM key of a company."""
    return F.format_string("ACC%06d", number)


def weekly(rows: DataFrame, world: World) -> DataFrame:
    """Repeats the rows for each weekly extract, with its `day`: on day 1 and every week after it."""
    return rows.select("*", F.expr(f"explode(sequence(1, {world.days}, {WEEK}))").alias("day"))


def written(rows: DataFrame, *fields: Column | str) -> DataFrame:
    """Turns rows (`key`, `day`) into deliveries at the end of the day; `value` is a whole JSON object without nulls."""
    return rows.select(
        *("key", "day", F.lit(DAY_SECONDS - 1).cast("long").alias("arrives_at"), F.lit(False).alias("duplicates")),
        F.to_json(F.struct(*fields)).alias("value"),
    )


def _count(world: World) -> int:
    return -(-world.people // PEOPLE_PER_COMPANY)


def _place(world: World) -> list[Column]:
    in_eu = chance.uniform(world.seed, "region of company", "company_no") < EU_SHARE
    in_europe = chance.weighted(places.EU_SHARES, world.seed, "country of company", "company_no") + 1
    number = F.when(in_eu, in_europe).otherwise(len(places.COUNTRIES))
    return [number.alias("country_no"), F.element_at(chance.listed(places.COUNTRIES), number).alias("country")]
