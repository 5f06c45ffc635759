"""Parts of match keys, blocking keys and household keys, and the placeholder values that make no key.

Humans and systems enter placeholder values when they have no value: they never count as agreement. They are compared
with the whole trimmed text, ignoring case; patterns respect case. `Null` is a real family name, `NULL` and `null` are
placeholders.
"""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import PositiveInt, SerializerFunctionWrapHandler, model_serializer

from c360_spark.config.yaml.model import Model

Normalizer = Literal["trim", "lower", "upper", "email", "phone", "name", "soundex", "postcode", "digits", "domain"]
PhoneFormat = Literal["national", "international"]


class KeyPart(Model):
    """One normalised column of silver.profile_record as part of a key; with `prefix`, only its first characters.

    A placeholder value makes no key. Placeholders are those of PLACEHOLDERS except `allowed_values`,
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


@dataclass(frozen=True)
class Placeholders:
    """The placeholders of one column of silver.profile_record."""

    values: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()


ABSENT = (
    "n/a|n.a.|n. a.|none|nil|unknown|unbekannt|inconnu|inconnue|desconocido|desconocida|sconosciuto|onbekend|undefined|"
    "not given|not provided|not available|not applicable|not specified|keine angabe|k.a.|k. a.|no name|noname|"
    "anonymous|anonym|anonyme|anonimo|dummy|test|testing|asdf|qwerty|xx|xxx|xxxx|xxxxx|tbd|empty|blank|missing|(null)|[null]|#n/a|"
    "#null!|nan|?|??|???|-|--|---|.|..|..."
).split("|")
NO_NAME = (r"^(.)\1{3,}$", r"^[^\p{L}]+$")  # aaaa, 123

NAMES_OF_GIVEN = "null|tester|first name|firstname|vorname|given name|prénom|prenom|nombre|voornaam|fname"
NAMES_OF_FAMILY = "last name|lastname|nachname|surname|family name|familyname|achternaam|apellido|apellidos|lname"
# Minimum, maximum and default dates of databases, spreadsheets and forms.
DATES = (
    "0001-01-01 1111-11-11 1582-10-15 1753-01-01 1800-01-01 1899-12-30 1899-12-31 1900-01-01 1900-01-02 1901-01-01 "
    "1904-01-01 1911-11-11 1970-01-01 1980-01-01 2000-01-01 2079-06-06 2099-12-31 9999-12-31"
).split()

PLACEHOLDERS: dict[str, Placeholders] = {
    "given_name": Placeholders((*ABSENT, *NAMES_OF_GIVEN.split("|")), NO_NAME),
    "family_name": Placeholders((*ABSENT, *NAMES_OF_FAMILY.split("|")), ("^(null|NULL)$", *NO_NAME)),
    "birth_date": Placeholders(tuple(DATES)),
    "postcode": Placeholders((*ABSENT, "null", "12345", "na"), (r"^0+(-0+)?$", r"^9{4,}$", r"^[xX]+$")),
    "street": Placeholders((*ABSENT, "null", "street", "straße", "strasse"), (r"^[^\p{L}\p{N}]+$",)),
    "city": Placeholders((*ABSENT, "null", "city", "ort", "stadt"), (r"^[^\p{L}]+$",)),
}
NOTHING = Placeholders()
