"""Internationalised domain names (RFC 3492): decodes `xn--mller-kva.de` to `müller.de`.

Built-in expressions only. A label that is not well formed stays as it is.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.once import once

PREFIX = "xn--"
BASE, FIRST, LAST, SKEW, DAMP, BIAS, START = 36, 1, 26, 38, 700, 72, 128
MOST = 2**31  # far above any well-formed label: a cap, so that others do not overflow
DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"
WHOLE = r"^[\p{L}\p{M}\p{N}\u00b7\u30fb-]+\z"
STATE = ("text", "code", "place", "bias", "weight", "step", "before")


def unicode_host(host: Column) -> Column:
    """A lower-case host with its labels decoded to letters."""

    def decoded(host: Column) -> Column:
        return F.array_join(F.transform(F.split(host, r"\."), lambda each: F.coalesce(_decoded(each), each)), ".")

    return F.when(host.contains(PREFIX), once(host, decoded)).otherwise(host)


def _decoded(label: Column) -> Column:
    """The decoded label; null where it is plain or not well formed."""
    given = F.substring(label, len(PREFIX) + 1, 63)
    coded = F.substring_index(given, "-", -1)
    plain = F.when(given.contains("-"), given.substr(F.lit(1), F.length(given) - F.length(coded) - 1)).otherwise("")
    start = _state(plain, F.lit(START), F.lit(0), F.lit(BIAS), F.lit(1), F.lit(BASE), F.lit(0))
    read = F.aggregate(F.split(coded, ""), start, _digit, lambda made: made.text)
    is_coded = label.startswith(PREFIX) & coded.rlike(r"^[a-z0-9]+\z")
    return once(F.when(is_coded, read), lambda text: F.when(text.rlike(WHOLE) & text.rlike(r"[^ -~]"), text))


def _digit(made: Column, digit: Column) -> Column:
    """The state after one more digit of a number. Its last digit completes it, which gives a letter and its place."""
    value = F.position(digit, F.lit(DIGITS)) - 1
    place = F.least(made.place + value * made.weight, F.lit(MOST))
    limit = F.least(F.greatest(made.step - made.bias, F.lit(FIRST)), F.lit(LAST))
    size = F.length(made.text) + 1
    code, at = made.code + F.floor(place / size), (place % size).cast("int")
    # Beyond 16 bits, as emoji are, it is no letter: the label stays encoded.
    letter = F.when(code < 2**16, F.decode(F.unhex(F.lpad(F.hex(code), 4, "0")), "UTF-16BE")).otherwise("\ufffd")
    text = F.concat(made.text.substr(F.lit(1), at), letter, made.text.substr(at + 1, size))
    bias = _bias(F.floor((place - made.before) / F.when(made.before == 0, DAMP).otherwise(2)), size)
    whole = _state(text, code, at + 1, bias, F.lit(1), F.lit(BASE), at + 1)
    more = _state(
        made.text,
        made.code,
        place,
        made.bias,
        F.least(made.weight * (BASE - limit), F.lit(MOST)),
        made.step + BASE,
        made.before,
    )
    return F.when(value < limit, whole).otherwise(more)


def _bias(delta: Column, size: Column) -> Column:
    """Bias adaptation (section 6.1): how large the digits of the next number are likely to be."""
    first = F.struct((delta + F.floor(delta / size)).alias("delta"), F.lit(0).cast("bigint").alias("steps"))

    def smaller(made: Column, _: Column) -> Column:
        less = F.struct(F.floor(made.delta / (BASE - FIRST)).alias("delta"), (made.steps + BASE).alias("steps"))
        return F.when(made.delta > ((BASE - FIRST) * LAST) // 2, less).otherwise(made)

    return F.aggregate(
        F.sequence(F.lit(1), F.lit(6)),
        first,
        smaller,
        lambda made: made.steps + F.floor((BASE - FIRST + 1) * made.delta / (made.delta + SKEW)),
    )


def _state(*values: Column) -> Column:
    text, *numbers = values
    named = zip(STATE[1:], numbers, strict=True)
    return F.struct(text.alias(STATE[0]), *(number.cast("bigint").alias(name) for name, number in named))
