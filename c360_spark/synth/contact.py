"""The e-mail addresses and phone numbers of a person, and the home address of a household in its country's format."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.synth import chance, places
from c360_spark.synth.spelling import mail_letters
from c360_spark.synth.world import World

USUAL, NEXT, OTHER, SHARED = range(1, 5)  # positions in `mailboxes`
LANDLINE, STRANGERS = 3, 4  # positions in `phones`, after USUAL and NEXT


def letters() -> list[Column]:
    """given_letters, family_letters, household_letters: names as in an e-mail address; only one of two family names."""
    first = "if(country = 'ES', split_part({0}, ' ', 1), {0})"
    return [
        mail_letters("given_name").alias("given_letters"),
        mail_letters(first.format("family_name")).alias("family_letters"),
        mail_letters(first.format("household_name")).alias("household_letters"),
    ]


def mailboxes(world: World) -> Column:
    """array<string>: the usual address, the address after a change, a second address, the address of the household.

    Each address contains a number derived from person or household, so it is unique among any number of namesakes.
    """
    return F.array(*[_mailbox(world, slot) for slot in (USUAL, NEXT, OTHER)], _family_mailbox(world))


def _mailbox(world: World, slot: int) -> Column:
    style = chance.whole(world.seed, f"style of mailbox {slot}", 0, 5, "person_no")
    local = F.element_at(
        F.expr(
            "array(concat_ws('.', given_letters, family_letters), concat_ws('.', given_letters, family_letters),"
            " concat_ws('.', left(given_letters, 1), family_letters), concat_ws('_', family_letters, given_letters),"
            " concat(given_letters, left(family_letters, 1)), given_letters)"
        ),
        style + 1,
    )
    number = chance.shuffled(f"(person_no - 1) * 4 + {slot - 1}", 4 * world.people, world.seed, "mailbox") + 1
    host = chance.of_country(places.MAIL_HOSTS, world.seed, f"host of mailbox {slot}", "person_no", skew=1.5)
    return F.concat(local, number.cast("string"), F.lit("@"), host)


def _family_mailbox(world: World) -> Column:
    number = chance.shuffled(f"(household_no - 1) * 4 + {SHARED - 1}", 4 * world.people, world.seed, "mailbox") + 1
    family = F.element_at(chance.listed(list(places.FAMILY_MAIL.values())), F.col("country_no"))
    host = chance.of_country(places.MAIL_HOSTS, world.seed, "host of family mailbox", "household_no", skew=1.5)
    return F.concat(family, F.col("household_letters"), number.cast("string"), F.lit("@"), host)


def phones(world: World) -> Column:
    """array<struct<dial, trunk, area, three, four>>: mobile number, mobile number after a change, household landline,
    landline of a stranger, whose household is the first of a hundred persons; those of its country give one number.

    three and four are the last seven digits, which do not begin with 0 or 1 and are unique in the world.
    """
    seed = world.seed
    stranger = "(person_no - pmod(person_no - 1, 100))"
    mobile, landline = places.MOBILE, places.LANDLINE
    owners = (0, "person_no", mobile), (1, "person_no", mobile), (2, "household_no", landline), (2, stranger, landline)
    numbers = []
    for slot, owner, prefixes in owners:
        digits = (chance.shuffled(f"({owner} - 1) * 3 + {slot}", 8_000_000, seed, "phone") + 2_000_000).cast("string")
        parts = {
            "dial": F.element_at(chance.listed(list(places.DIAL.values())), F.col("country_no")),
            "trunk": F.element_at(chance.listed(list(places.TRUNK.values())), F.col("country_no")),
            "area": chance.of_country(prefixes, seed, f"prefix of phone {slot}", owner),
            "three": digits.substr(1, 3),
            "four": digits.substr(4, 4),
        }
        numbers.append(F.struct(*[part.alias(name) for name, part in parts.items()]))
    return F.array(*numbers)


DUTCH_LETTERS = chance.words("AB BC CD DE EK GH HJ KL LM NP PR RS ST TV VW WX XZ ZB")
FLAT_SHARE = 0.2  # share of American homes that are flats


def home(seed: int, salt: str) -> Column:
    """struct<street, city, postcode> of a household; `salt` distinguishes the home before and after a move."""
    owner = "household_no"
    city = F.split(chance.of_country(places.CITIES, seed, f"{salt} city", owner), ":")
    street = chance.of_country(places.STREETS, seed, f"{salt} street", owner)
    digits = F.lpad(chance.whole(seed, f"{salt} postcode", 1, 99_999, owner).cast("string"), 5, "0")
    letters = chance.pick(DUTCH_LETTERS, seed, f"{salt} letters", owner)
    dutch = F.concat(digits.substr(1, 1), F.lit(" "), letters)
    rest = digits.substr(F.lit(1), F.lit(5) - F.length(city[1]))
    return F.struct(
        _line(seed, salt, street).alias("street"),
        city[0].alias("city"),
        F.concat(city[1], F.when(F.col("country") == "NL", dutch).otherwise(rest)).alias("postcode"),
    )


def _line(seed: int, salt: str, street: Column) -> Column:
    """Street and house number: the number is first in France and the US, after a comma in Spain, else last."""
    owner, country = "household_no", F.col("country")
    number = chance.whole(seed, f"{salt} number", 1, 160, owner).cast("string")
    block = (chance.whole(seed, f"{salt} block", 1, 99, owner) * 100 + number.cast("int")).cast("string")
    flat = F.concat(F.lit(", Apt "), chance.whole(seed, f"{salt} flat", 1, 30, owner).cast("string"))
    in_flat = chance.uniform(seed, f"{salt} in flat", owner) < FLAT_SHARE
    return (
        F.when(country == "US", F.concat(block, F.lit(" "), street, F.when(in_flat, flat).otherwise("")))
        .when(country == "FR", F.concat(number, F.lit(" "), street))
        .when(country == "ES", F.concat(street, F.lit(", "), number))
        .otherwise(F.concat(street, F.lit(" "), number))
    )
