"""Deterministic pseudo-random draws as column expressions: hashes of entity, salt and seed.

A draw is independent of row order, partitioning and other draws. The salt identifies the variable that is drawn: equal
salt and entity give equal values. An entity is given as column names or SQL text.
"""

import zlib
from collections.abc import Mapping, Sequence
from math import gcd

from pyspark.sql import Column
from pyspark.sql import functions as F

Entity = str | Column  # SQL text; a Column only inside a lambda


def draw(seed: int, salt: str, *entity: Entity) -> Column:
    """64 uniformly distributed bits."""
    names = [part for part in entity if isinstance(part, str)]
    if len(names) == len(entity):  # one SQL text is one JVM call instead of a dozen, for hundreds of draws
        return F.expr(f"xxhash64({', '.join(names)}, '{salt}', {seed}L)")
    parts = [F.expr(part) if isinstance(part, str) else part for part in entity]
    return F.xxhash64(*parts, F.lit(salt), F.lit(seed).cast("long"))


def uniform(seed: int, salt: str, *entity: Entity) -> Column:
    """A number in [0, 1), from the upper 53 bits."""
    return F.shiftrightunsigned(draw(seed, salt, *entity), 11) * 2.0**-53


def whole(seed: int, salt: str, low: int, high: int, *entity: Entity) -> Column:
    """A whole number from `low` to `high`, both inclusive."""
    return (F.pmod(draw(seed, salt, *entity), F.lit(high - low + 1)) + low).cast("int")


def hit(seed: int, salt: str, rate: float, *entity: Entity) -> Column:
    """True with probability `rate`; a literal false if the rate is 0, so that disabled noise costs nothing."""
    return uniform(seed, salt, *entity) < rate if rate else F.lit(False)


def first_day(seed: int, salt: str, rate: float, *entity: Entity) -> Column:
    """The first day, from day 2 on, on which an event of probability `rate` per day happens; null if the rate is 0."""
    if not rate:
        return F.lit(None).cast("int")
    quiet = F.log(1 - uniform(seed, salt, *entity)) / F.log(F.lit(max(1 - rate, 1e-9)))
    return (F.least(F.floor(quiet), F.lit(100_000)) + 2).cast("int")


def weighted(shares: Sequence[float], seed: int, salt: str, *entity: Entity) -> Column:
    """A 0-based index, drawn with probability `shares[index]`; the last index takes the remaining probability."""
    chance = uniform(seed, salt, *entity)
    index = F.lit(len(shares) - 1)
    for i in reversed(range(len(shares) - 1)):
        index = F.when(chance < sum(shares[: i + 1]), i).otherwise(index)
    return index


def words(text: str) -> list[str]:
    """The words of a vocabulary; `_` stands for a blank inside a word."""
    return [word.replace("_", " ") for word in text.split()]


def listed(values: Sequence[str]) -> Column:
    """A literal array of texts, as a single expression of any length."""
    return F.split(F.lit("\n".join(values)), "\n")


def pick(values: Sequence[str], seed: int, salt: str, *entity: Entity) -> Column:
    """One of the values; a value listed twice is twice as likely."""
    return F.element_at(listed(values), whole(seed, salt, 1, len(values), *entity))


def of_country(table: Mapping[str, str], seed: int, salt: str, *entity: Entity, skew: float = 1.0) -> Column:
    """One of the words of a row's country (`country_no`, from 1 in the order of the table); a skew above 1 favours the
    first words."""
    lists = [words(text) for text in table.values()]
    size = F.element_at(F.expr(f"array({', '.join(str(len(values)) for values in lists)})"), F.col("country_no"))
    place = F.floor(F.pow(uniform(seed, salt, *entity), F.lit(skew)) * size).cast("int") + 1
    return F.element_at(F.element_at(F.array(*map(listed, lists)), F.col("country_no")), place)


def shuffled(number: str, size: int, seed: int, salt: str) -> Column:
    """A permutation of the numbers (SQL text) 0 … size-1: unique ids that reveal nothing about person or time."""
    step = max(1, int(size * 0.618)) | 1
    while gcd(step, size) > 1:
        step += 2
    offset = zlib.crc32(f"{salt} {seed}".encode())
    return F.expr(f"pmod(({number}) * {step}L + {offset}L, {size}L)")


def uuid(seed: int, salt: str, *entity: Entity) -> Column:
    """A version 4 UUID in lower case."""
    high, low = (F.lpad(F.hex(draw(seed, f"{salt} {half}", *entity)), 16, "0") for half in ("high", "low"))
    # the regular expression keeps 30 of the 32 digits and sets version and variant
    shape = F.regexp_replace(F.concat(high, low), "^(.{8})(.{4}).(.{3}).(.{3})(.{12})$", "$1-$2-4$3-a$4-$5")
    return F.lower(shape)
