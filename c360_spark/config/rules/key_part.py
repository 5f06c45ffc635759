"""A column of silver.profile_record as a part of a key."""

from typing import Any, Literal

from pydantic import PositiveInt, SerializerFunctionWrapHandler, model_serializer

from c360_spark.config.yaml.model import Model

Normalizer = Literal["trim", "lower", "upper", "email", "phone", "name", "soundex", "postcode", "digits", "domain"]
PhoneFormat = Literal["national", "international"]


class KeyPart(Model):
    """One column of silver.profile_record in a key, normalised; with `prefix`, only so many of its characters.

    A value that stands for nothing makes no key: those of config/rules/placeholders.py, but for `allowed_values`, and
    those that `blocked_values` and `blocked_patterns` add. They are held against the text of silver, not the
    normalised one.
    """

    column: str
    normalize: Normalizer = "name"
    prefix: PositiveInt | None = None
    blocked_values: tuple[str, ...] = ()
    blocked_patterns: tuple[str, ...] = ()
    allowed_values: tuple[str, ...] = ()

    @model_serializer(mode="wrap")
    def _as_it_was(self, given: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without lists that are empty: a rule set that has none has the fingerprint it had before there were any."""
        lists = ("blocked_values", "blocked_patterns", "allowed_values")
        return {name: value for name, value in given(self).items() if value or name not in lists}
