"""Amounts of money in units of their currency, from the minor units in which they are stored and added."""

from decimal import Decimal

from pyspark.sql import Column

from c360_spark.config.contract.money import DIGITS


def in_units(minor: Column, currency: str) -> Column:
    """Minor units as text in units of the currency, with the decimal digits of ISO 4217.

    1999 EUR is `19.99`, 5000 JPY is `5000`, 1500 KWD is `1.500`.
    """
    digits = DIGITS[currency]
    return (minor.cast("decimal(19,0)") * Decimal(1).scaleb(-digits)).cast(f"decimal(24,{digits})").cast("string")
