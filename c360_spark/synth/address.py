"""Generates the home address of a household, in the format of its country."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.synth import chance, places

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
