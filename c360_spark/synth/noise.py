"""The kinds of noise and their rates. The count of a kind is the number of delivered rows that carry it.

typos            of customer rows: one misspelt given or family name
formats          of values: e-mail, phone, postcode written another way (case, blanks, dashes, (0), 00, country letters)
missing          of values: e-mail, phone, birth date, postcode left empty
changed_contact  of persons per day: a new e-mail or phone from then on; the CRM knows at once, other systems lag
moves            of households per day: a new address from then on; the loyalty programme lags
family_email     of households of two or more: all use one mailbox
household_phone  of households of two or more: all give one landline
strangers_phone  of persons: they give the landline of a household they do not belong to; off unless asked for
kiosk            of account holders per day: a visit on a shared device in a store
poison           of rows: a placeholder instead of the e-mail, phone, user id or device id
duplicates       of events and orders: delivered a second time, on the same or the next day; counts the second copies
late             of events, visits and orders: delivered a day after they happened
out_of_order     of events: up to six hours away from their place in the file
malformed        of lines: truncated JSON, CSV rows with too few or too many columns or an impossible birth date
"""

from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches

from c360_spark.errors import InputError


@dataclass(frozen=True)
class Noise:
    """The rate of each kind of noise, from 0 (off) to 1."""

    typos: float = 0.03
    formats: float = 0.30
    missing: float = 0.05
    changed_contact: float = 0.02
    moves: float = 0.01
    family_email: float = 0.08
    household_phone: float = 0.12
    strangers_phone: float = 0.0
    kiosk: float = 0.02
    poison: float = 0.006
    duplicates: float = 0.01
    late: float = 0.02
    out_of_order: float = 0.03
    malformed: float = 0.003

    def __post_init__(self) -> None:
        wrong = [f"{kind} is {rate}" for kind, rate in asdict(self).items() if not 0 <= rate <= 1]
        if wrong:
            raise InputError("C303", "noise: " + ", ".join(wrong), hint="a rate is a number from 0 to 1")

    def without(self, *kinds: str) -> "Noise":
        """The same noise with some kinds switched off."""
        for kind in kinds:
            if kind not in KINDS:
                near = get_close_matches(kind, KINDS, n=1)
                hint = f"did you mean {near[0]}?" if near else "one of " + ", ".join(KINDS)
                raise InputError("C303", f"noise: no kind is called {kind!r}", hint=hint)
        return replace(self, **dict.fromkeys(kinds, 0.0))

    @classmethod
    def none(cls) -> "Noise":
        """A world without noise."""
        return cls(**dict.fromkeys(KINDS, 0.0))


KINDS = tuple(field.name for field in fields(Noise))
