"""Generates households and persons: names, homes, the systems that know them, and the day of arrival.

Members of a household have consecutive numbers: a block of twenty persons is divided into households by one of
PATTERNS. So everything that a household shares is drawn from the number of its first member, without a join.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import chance, names, places
from c360_spark.synth.contact import home, letters, mailboxes, phones
from c360_spark.synth.world import DAY_SECONDS, World

PATTERNS = (
    (1, 2, 1, 4, 2, 3, 1, 2, 1, 3),
    (2, 1, 5, 1, 2, 1, 3, 1, 4),
    (1, 1, 2, 4, 1, 2, 1, 3, 2, 1, 1, 1),
    (3, 2, 1, 1, 2, 4, 1, 2, 2, 1, 1),
    (2, 4, 1, 1, 2, 1, 2, 1, 1, 5),
    (1, 2, 2, 1, 3, 1, 1, 4, 2, 1, 2),
)
BLOCK = 20  # persons per block; each pattern adds up to this
EU_SHARE = 0.6
BEFORE_SHARE = 0.9  # share of persons who arrived before day 1
ARRIVAL_RATE = 0.25  # share of the others who arrive each day
SYSTEM_SHARES = {"crm": 0.62, "loyalty": 0.36, "account": 0.45, "web": 0.62, "mobile": 0.28}
SECOND_ROW_SHARE = 0.05  # share of persons in the CRM with two rows there
OWN_NAME_SHARE = 0.3  # share of persons with another family name than their household
OLDEST_DAYS = 1500  # the first persons arrived this many days before day 1


def people(numbers: DataFrame, world: World) -> DataFrame:
    """One row per person who arrives by the last day, from `id` 1 … people; times are epoch seconds, days count from 1.

    person_no, household_no (number of its first member), member (from 1), household_size, region, country, country_no;
    arrived_on (0: before day 1), since; given_name, family_name, birth_date; mailboxes, phones; home, next_home (struct
    of street, city, postcode), moved_on; in_crm, crm_rows, in_loyalty, has_account, cookies, devices; account_id,
    member_no; changed_on, changed_what, shares_email, shares_phone, gives_strangers.
    """
    placed = _housed(numbers, world.seed).transform(lambda housed: housed.select("*", *_place(world)))
    arrived = placed.select("*", _arrival(world).alias("arrived_on")).where(F.col("arrived_on") <= world.days)
    named = arrived.select("*", *_name(world.seed), *_systems(world), *_changes(world))
    homes = home(world.seed, "home").alias("home"), home(world.seed, "next home").alias("next_home")
    housed = named.select("*", *letters(), *_since(world), *_ids(world), *homes)
    whole = housed.select("*", mailboxes(world).alias("mailboxes"), phones(world).alias("phones"))
    return whole.drop("household_name", "given_letters", "family_letters", "household_letters", "age_days")


def each_day(rows: DataFrame, world: World) -> DataFrame:
    """One row per person (or row of a person) and `day`, from the day of arrival to the last day."""
    return rows.select("*", F.expr(f"explode(sequence(greatest(1, arrived_on), {world.days}))").alias("day"))


def customer_id(world: World, row: str) -> Column:
    """The CRM key of a person's first or second row (SQL text for 1 or 2)."""
    number = chance.shuffled(f"(person_no - 1) * 2 + {row} - 1", 2 * world.people, world.seed, "customer") + 1
    return F.format_string("C%07d", number)


def _housed(numbers: DataFrame, seed: int) -> DataFrame:
    """person_no, household_no, member, household_size."""
    heads = [sum(p[:i]) for p in PATTERNS for i, size in enumerate(p) for _ in range(size)]
    sizes = [size for p in PATTERNS for size in p for _ in range(size)]
    pattern = chance.whole(seed, "household pattern", 0, len(PATTERNS) - 1, f"floor((id - 1) / {BLOCK})")
    blocked = numbers.select(
        F.col("id").alias("person_no"),
        F.expr(f"CAST(pmod(id - 1, {BLOCK}) AS INT)").alias("place"),
        (pattern * BLOCK).alias("pattern"),
    )
    return blocked.select(
        "person_no",
        F.expr(f"person_no - place + element_at(array{tuple(heads)}, pattern + place + 1)").alias("household_no"),
        F.expr(f"place - element_at(array{tuple(heads)}, pattern + place + 1) + 1").alias("member"),
        F.expr(f"element_at(array{tuple(sizes)}, pattern + place + 1)").alias("household_size"),
    )


def _place(world: World) -> list[Column]:
    """region, country_no (from 1), country, and own_name: whether the family name differs from the household's."""
    in_eu = chance.uniform(world.seed, "region", "household_no") < EU_SHARE
    in_europe = chance.weighted(places.EU_SHARES, world.seed, "country", "household_no") + 1
    country_no = F.when(in_eu, in_europe).otherwise(len(places.COUNTRIES))
    return [
        F.when(in_eu, "EU").otherwise("US").alias("region"),
        country_no.alias("country_no"),
        F.element_at(chance.listed(places.COUNTRIES), country_no).alias("country"),
        (chance.uniform(world.seed, "own family name", "person_no") < OWN_NAME_SHARE).alias("own_name"),
    ]


def _arrival(world: World) -> Column:
    new = chance.uniform(world.seed, "is new", "person_no") >= BEFORE_SHARE
    day = chance.first_day(world.seed, "arrival", ARRIVAL_RATE, "person_no") - 1
    return F.when(new, day).otherwise(0)


def _name(seed: int) -> list[Column]:
    """Names and age. The first two members of a household are adults of any age, the others nearly grown up."""
    namesake = "if(own_name, person_no, household_no)"
    family = chance.of_country(names.FAMILY, seed, "family name", namesake, skew=1.3)
    second = chance.of_country(names.FAMILY, seed, "second family name", namesake, skew=1.3)
    grown = chance.whole(seed, "age of a grown-up", 24 * 365, 82 * 365, "person_no")
    child = chance.whole(seed, "age of a child", 16 * 365, 24 * 365, "person_no")
    return [
        chance.of_country(names.GIVEN, seed, "given name", "person_no", skew=1.2).alias("given_name"),
        F.when(F.col("country") == "ES", F.concat_ws(" ", family, second)).otherwise(family).alias("family_name"),
        chance.of_country(names.FAMILY, seed, "family name", "household_no", skew=1.3).alias("household_name"),
        F.when(F.col("member") <= 2, grown).otherwise(child).alias("age_days"),
    ]


def _systems(world: World) -> list[Column]:
    """The systems that know a person, at least one: a person in no other system visits the web shop."""
    knows = {name: chance.hit(world.seed, f"in {name}", share, "person_no") for name, share in SYSTEM_SHARES.items()}
    alone = ~(knows["crm"] | knows["loyalty"] | knows["account"] | knows["mobile"])
    cookies = chance.pick(("1", "1", "2", "3"), world.seed, "cookies", "person_no").cast("int")
    devices = chance.pick(("1", "1", "1", "1", "2"), world.seed, "devices", "person_no").cast("int")
    twice = chance.hit(world.seed, "second CRM row", SECOND_ROW_SHARE, "person_no")
    return [
        knows["crm"].alias("in_crm"),
        F.when(knows["crm"] & twice, 2).when(knows["crm"], 1).otherwise(0).alias("crm_rows"),
        knows["loyalty"].alias("in_loyalty"),
        knows["account"].alias("has_account"),
        F.when(knows["web"] | alone, cookies).otherwise(0).alias("cookies"),
        F.when(knows["mobile"], devices).otherwise(0).alias("devices"),
    ]


def _since(world: World) -> list[Column]:
    """since, birth_date."""
    second = chance.whole(world.seed, "second of arrival", 0, DAY_SECONDS - 1, "person_no")
    days_ago = F.floor(F.pow(chance.uniform(world.seed, "days before", "person_no"), F.lit(1.5)) * OLDEST_DAYS)
    day = F.when(F.col("arrived_on") == 0, -days_ago).otherwise(F.col("arrived_on"))
    return [
        world.moment(day, second).alias("since"),
        F.date_sub(F.lit(world.start), F.col("age_days")).alias("birth_date"),
    ]


def _ids(world: World) -> list[Column]:
    """account_id, member_no."""
    account = chance.shuffled("person_no - 1", world.people, world.seed, "account") + 1
    member = chance.shuffled("person_no - 1", world.people, world.seed, "member") + 1
    return [
        F.when(F.col("has_account"), F.format_string("A%07d", account)).alias("account_id"),
        F.when(F.col("in_loyalty"), F.format_string("L%07d", member)).alias("member_no"),
    ]


def _changes(world: World) -> list[Column]:
    noise, seed = world.noise, world.seed
    shared = F.col("household_size") > 1
    return [
        chance.first_day(seed, "changed_contact", noise.changed_contact, "person_no").alias("changed_on"),
        chance.pick(("email", "phone"), seed, "what changes", "person_no").alias("changed_what"),
        chance.first_day(seed, "moves", noise.moves, "household_no").alias("moved_on"),
        (shared & chance.hit(seed, "family_email", noise.family_email, "household_no")).alias("shares_email"),
        (shared & chance.hit(seed, "household_phone", noise.household_phone, "household_no")).alias("shares_phone"),
        chance.hit(seed, "strangers_phone", noise.strangers_phone, "person_no").alias("gives_strangers"),
    ]
