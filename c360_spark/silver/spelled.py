"""The texts of a record in one spelling of letters, and its phone numbers: made once, and used several times."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.letters import letters
from c360_spark.columns.phone import phone
from c360_spark.config import Contract, Field
from c360_spark.config.identity import RuleSet
from c360_spark.config.phones import phone_fields
from c360_spark.silver.parse import text
from c360_spark.silver.typed import meant

TEXT, PHONE = "_text_", "_phone_"


def with_spelled(rows: DataFrame, contract: Contract, rules: RuleSet) -> DataFrame:
    """Parsed rows with `spelled` texts: of what is normalised, identifies somebody, is a country or part of a key."""
    parts = {part.column for key in rules.match_keys.values() for part in key.parts} | {"country"}
    wanted = [
        (i, field)
        for i, field in enumerate(contract.fields)
        if field.settings.normalize or field.settings.identifier or field.settings.canonical in parts
    ]
    return rows.withColumns({f"{TEXT}{i}": letters(text(field)) for i, field in wanted})


def spelled(contract: Contract, field: Field) -> Column:
    """The delivered text of a property in rows of `with_spelled`."""
    return F.col(f"{TEXT}{contract.fields.index(field)}")


def value_of(contract: Contract, field: Field) -> Column:
    """The value of a property as text: what it is mapped to, or its type, where it is more than text."""
    is_text = field.element.logical_type == "string" and not field.settings.value_map
    return spelled(contract, field) if is_text else meant(field).cast("string")


def with_phones(rows: DataFrame, contract: Contract, rules: RuleSet) -> DataFrame:
    """Rows of `with_spelled` that have `country`, with what `columns.phone` reads of each phone number."""
    read = {
        _phone(contract, field): phone(F.trim(spelled(contract, field)), F.col("country"), field.settings.phone_format)
        for field in phone_fields(contract, rules)
    }
    return rows.withColumns(read) if read else rows


def number_of(contract: Contract, field: Field) -> Column:
    """The number of a phone field, in rows of `with_phones`; null where it cannot be used."""
    return F.col(_phone(contract, field)).number


def problem_of(contract: Contract, field: Field) -> Column:
    """Why a phone field has no number; null where it has one, or there is no text."""
    return F.col(_phone(contract, field)).problem


def _phone(contract: Contract, field: Field) -> str:
    return f"{PHONE}{contract.fields.index(field)}"
