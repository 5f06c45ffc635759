"""Placeholder values, which humans and systems enter when they have no value: they never count as agreement.

Values are compared with the whole trimmed text, ignoring case; patterns respect case. `Null` is a real family name,
`NULL` and `null` are placeholders.
"""

from dataclasses import dataclass


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
