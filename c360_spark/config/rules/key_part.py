"""Parts of match keys, blocking keys and household keys."""

from typing import Any, Literal

from pydantic import PositiveInt, SerializerFunctionWrapHandler, model_serializer

from c360_spark.config.yaml.model import Model

Normalizer = Literal["trim", "lower", "upper", "email", "phone", "name", "soundex", "postcode", "digits", "domain"]
PhoneFormat = Literal["national", "international"]


class KeyPart(Model):
    """One normalised column of silver.profile_record as part of a key; with `prefix`, only its first characters.

    A placeholder value makes no key. Placeholders are those of config/rules/placeholders.py except `allowed_values`,
    plus `blocked_values` and `blocked_patterns`. They are compared with the text in silver, before normalisation.
    """

    column: str
    normalize: Normalizer = "name"
    prefix: PositiveInt | None = None
    blocked_values: tuple[str, ...] = ()
    blocked_patterns: tuple[str, ...] = ()
    allowed_values: tuple[str, ...] = ()

    @model_serializer(mode="wrap")
    def _as_it_was(self, given: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omits empty lists, so that rule sets without them keep the fingerprint from before these lists existed."""
        lists = ("blocked_values", "blocked_patterns", "allowed_values")
        return {name: value for name, value in given(self).items() if value or name not in lists}
