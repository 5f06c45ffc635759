"""Postcode normaliser: one spelling, with the leading zeros restored that a spreadsheet has dropped."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# Countries whose postcodes have a fixed number of digits and may begin with 0: that number, and the smallest code.
DIGITS: dict[str, tuple[int, int]] = {
    "AU": (4, 200),
    "BR": (8, 1000000),
    "CN": (6, 10000),
    "CO": (6, 50001),
    "DE": (5, 1001),
    "DK": (4, 555),
    "DZ": (5, 1000),
    "ES": (5, 1001),
    "FI": (5, 100),
    "FR": (5, 1000),
    "IT": (5, 10),
    "JP": (7, 10000),
    "KR": (5, 1000),
    "LT": (5, 100),
    "MX": (5, 1000),
    "MY": (5, 1000),
    "NO": (4, 10),
    "PE": (5, 1000),
    "PL": (5, 10),
    "PR": (5, 600),
    "RO": (6, 10011),
    "SG": (6, 10000),
    "SK": (5, 1001),
    "TR": (5, 1000),
    "UA": (5, 1001),
    "US": (5, 501),
}
FLOAT = r"^(\d+)\.0+$"


def plain_postcode(text: Column, country: Column | None = None) -> Column:
    """A postcode in upper case, letters and digits only, without the ZIP+4 of a US code and without a float's `.0`.

    `text` has been through `letters`. A code that is too short for its `country` gets leading zeros where that makes it
    one of the country: 4329 in Germany becomes 04329; 329 stays as it is, as there is no 00329. Decision 0025.
    """
    return _plain(text) if country is None else _with_zeros(_plain(text), country)


def _plain(text: Column) -> Column:
    code = F.regexp_replace(F.regexp_replace(F.upper(text), r"\s", ""), FLOAT, "$1")
    code = F.regexp_replace(code, r"[^A-Z0-9-]", "")
    code = F.regexp_replace(F.regexp_replace(code, r"^(\d{5})-\d{4}$", "$1"), "-", "")
    return F.nullif(code, F.lit(""))


def _with_zeros(code: Column, country: Column) -> Column:
    shapes = ", ".join(f"'{name}', array{shape}" for name, shape in DIGITS.items())
    shape = F.expr(f"map({shapes})")[country]
    is_short = code.rlike(r"^[1-9]\d{0,6}$") & (F.length(code) < shape[0]) & (code.cast("int") >= shape[1])
    return F.when(is_short, F.lpad(code, 8, "0").substr(9 - shape[0], shape[0])).otherwise(code)
