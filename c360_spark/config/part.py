"""A column of silver.profile_record as a part of a key."""

from typing import Literal

from pydantic import PositiveInt

from c360_spark.config.model import Model

Normalizer = Literal["trim", "lower", "upper", "email", "phone", "name", "soundex", "postcode", "digits", "domain"]
PhoneFormat = Literal["national", "international"]


class KeyPart(Model):
    """One column of silver.profile_record in a key, normalised; with `prefix`, only so many of its characters."""

    column: str
    normalize: Normalizer = "name"
    prefix: PositiveInt | None = None
