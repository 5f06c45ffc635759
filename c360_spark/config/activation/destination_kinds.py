"""Destination kinds: the fields each accepts, how each field is normalised and hashed, and its match keys.

Each destination hashes a differently normalised value, so a hash made for one matches nobody at another.
docs/destinations.md shows this table with its sources, the titles of public pages.
"""

from dataclasses import dataclass

RULES = {
    "as_is": "as it is",
    "text": "blanks trimmed and collapsed",
    "text_35": "blanks trimmed and collapsed, at most 35 characters",
    "text_50": "blanks trimmed and collapsed, at most 50 characters",
    "lower": "lower case, blanks trimmed and collapsed",
    "digits": "digits only",
    "email": "lower case, without blanks; must be local@domain.tld",
    "email_google": "lower case, without blanks; for gmail.com and googlemail.com also without dots and +suffix before "
    "the @",
    "phone_plus": "E.164 with +; without a country code (+ or 00) it is refused",
    "phone_digits": "E.164 without +; without a country code (+ or 00) it is refused",
    "name": "blanks trimmed and collapsed",
    "name_untitled": "lower case, accents kept, without Mr., Jr. and the like",
    "name_plain": "lower case, accents kept, without punctuation",
    "place": "lower case, accents kept, letters and digits only",
    "postcode": "upper case, blanks and dashes kept",
    "postcode_plain": "lower case, letters and digits only; of a ZIP+4 the first five digits",
    "country_upper": "two letters, upper case",
    "country_lower": "two letters, lower case",
    "birth_date": "YYYY-MM-DD, from 1900",
    "birth_date_plain": "YYYYMMDD, from 1900",
    "gender": "m or f; male and female are read too",
    "mobile_ad_id": "lower case, 8-4-4-4-12 hexadecimal digits, not all zeros",
}


@dataclass(frozen=True)
class FieldRule:
    """How one field is sent: normalised by a rule of RULES, then SHA-256 (64 lower-case hex digits) if `hashed`.

    For a hashed field, a value that already is a SHA-256 is sent unchanged, in lower case.
    """

    rule: str
    hashed: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of destination.

    `match_keys` (name → fields that are all needed): a person who has none of these keys cannot be matched there and is
    not sent; a kind without match keys receives all persons. `purposes` must be named by every destination of the kind.
    `others`: also accepts impersonal columns of gold.profile under any field name. `for_people`: the output is opened
    in spreadsheets. `calls`: persons are sent as identify calls and events as track calls.
    """

    source: str
    fields: dict[str, FieldRule]
    match_keys: dict[str, tuple[str, ...]]
    purposes: tuple[str, ...] = ()
    others: bool = False
    for_people: bool = False
    calls: bool = False


ADVERTISING = ("ad_user_data", "ad_personalization")
ADDRESS = ("given_name", "family_name", "country", "postcode")


def _each(*fields: str) -> dict[str, tuple[str, ...]]:
    return {field: (field,) for field in fields}


READABLE = {
    "external_id": FieldRule("text"),
    "email": FieldRule("email"),
    "phone": FieldRule("phone_plus"),
    "given_name": FieldRule("name"),
    "family_name": FieldRule("name"),
    "birth_date": FieldRule("birth_date"),
    "gender": FieldRule("text"),
    "street": FieldRule("text"),
    "city": FieldRule("text"),
    "postcode": FieldRule("postcode"),
    "state": FieldRule("text"),
    "country": FieldRule("country_upper"),
}

KINDS = {
    "generic": Kind("this project", {}, {}, others=True),
    "google_customer_match": Kind(
        "Google Data Manager API, Format user data",
        {
            "email": FieldRule("email_google", hashed=True),
            "phone": FieldRule("phone_plus", hashed=True),
            "given_name": FieldRule("name_untitled", hashed=True),
            "family_name": FieldRule("name_untitled", hashed=True),
            "country": FieldRule("country_upper"),
            "postcode": FieldRule("postcode"),
        },
        _each("email", "phone") | {"address": ADDRESS},
        purposes=ADVERTISING,
    ),
    "meta_custom_audience": Kind(
        "Meta Conversions API, Customer Information Parameters",
        {
            "email": FieldRule("email", hashed=True),
            "phone": FieldRule("phone_digits", hashed=True),
            "given_name": FieldRule("name_plain", hashed=True),
            "family_name": FieldRule("name_plain", hashed=True),
            "birth_date": FieldRule("birth_date_plain", hashed=True),
            "gender": FieldRule("gender", hashed=True),
            "city": FieldRule("place", hashed=True),
            "state": FieldRule("place", hashed=True),
            "postcode": FieldRule("postcode_plain", hashed=True),
            "country": FieldRule("country_lower", hashed=True),
            "external_id": FieldRule("text", hashed=True),
            "mobile_ad_id": FieldRule("mobile_ad_id"),
        },
        _each("email", "phone", "external_id", "mobile_ad_id") | {"address": ADDRESS},
        purposes=ADVERTISING,
    ),
    "tiktok": Kind(
        "TikTok Business Help Center, List of supported IDs and formats for a customer file",
        {
            "email": FieldRule("email", hashed=True),
            "phone": FieldRule("phone_plus", hashed=True),
            "external_id": FieldRule("text", hashed=True),
            "mobile_ad_id": FieldRule("mobile_ad_id", hashed=True),
        },
        _each("email", "phone", "mobile_ad_id"),
        purposes=ADVERTISING,
    ),
    "snap": Kind(
        "Snap Marketing API, Conversions API Best Practices, Data Hygiene",
        {
            "email": FieldRule("email", hashed=True),
            "phone": FieldRule("phone_digits", hashed=True),
            "mobile_ad_id": FieldRule("mobile_ad_id", hashed=True),
        },
        _each("email", "phone", "mobile_ad_id"),
        purposes=ADVERTISING,
    ),
    "pinterest": Kind(
        "Pinterest REST API v5, Create customer lists",
        {"email": FieldRule("email", hashed=True), "mobile_ad_id": FieldRule("mobile_ad_id", hashed=True)},
        _each("email", "mobile_ad_id"),
        purposes=ADVERTISING,
    ),
    "linkedin": Kind(
        "LinkedIn Marketing API, DMP Segment Users",
        {
            "email": FieldRule("email", hashed=True),
            "mobile_ad_id": FieldRule("mobile_ad_id"),
            "given_name": FieldRule("text_35"),
            "family_name": FieldRule("text_35"),
            "job_title": FieldRule("text_50"),
            "company": FieldRule("text_50"),
            "country": FieldRule("country_upper"),
        },
        _each("email", "mobile_ad_id") | {"name": ("given_name", "family_name")},
        purposes=ADVERTISING,
    ),
    "crm_jdbc": Kind("this project", READABLE, _each("external_id", "email", "phone"), others=True),
    "email_jsonl": Kind("this project", READABLE, _each("email"), others=True),
    "csv": Kind("OWASP, CSV Injection", READABLE, _each("external_id", "email", "phone"), others=True, for_people=True),
    "cdp": Kind(
        "Twilio Segment, Spec: Common fields, Identify, Track",
        {name: rule for name, rule in READABLE.items() if name != "external_id"},
        {},
        others=True,
        calls=True,
    ),
}
