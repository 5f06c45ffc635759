"""Guesses with confidence and reason, and the inference of type, formats and PII class of a single property."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from c360_spark.contracts.onboarding.names import DIRECT, GROWING, INDIRECT, THINGS, known, tokens
from c360_spark.contracts.onboarding.observed import Observed
from c360_spark.contracts.onboarding.values import (
    EPOCHS,
    days,
    holds_email,
    is_bit,
    is_code,
    is_email,
    is_flag,
    is_hash,
    is_integer,
    is_international,
    is_ip,
    is_local,
    is_number,
    is_whole,
    like,
    moments,
    numbers_written,
    share,
)

MERGES = 0.8  # the highest confidence of a guess that can merge persons, so that a reviewer always decides
FITS = 0.9  # below this share a property is typed as text, because values that do not fit a type are quarantined
MOST_ENUM = 12
IDENTIFYING = (
    "id",
    "no",
    "nr",
    "number",
    "key",
    "uuid",
    "guid",
    "code",
    "sku",
    "ean",
    "zip",
    "plz",
    "postcode",
    "phone",
)
TIMELY = frozenset(
    "ts time timestamp at on date day created updated modified changed start started end ended sent received occurred "
    "opened closed gmt utc micros millis".split()
)
DATED = ("date", "day", "birthday", "dob", "on", "at", "datum", "geburtsdatum")


NO_ZONE = "times without a zone are taken as UTC: ask, and say zone: Europe/Berlin if they are local"


@dataclass(frozen=True)
class Guess:
    """A value of a contract with its confidence, from 0 to 1, and its reason, a text without values of the sample."""

    value: Any
    confidence: float
    why: str

    def __str__(self) -> str:
        return f"{min(self.confidence, 0.99):.2f}: {self.why}"


@dataclass
class Proposed:
    """All guesses about one property. `settings` are the suite's settings by name; `notes` become comments above it."""

    seen: Observed
    type: Guess
    facts: dict[str, Guess] = field(default_factory=dict)  # required, primaryKey, classification, logicalTypeOptions
    settings: dict[str, Guess] = field(default_factory=dict)
    namespace: Guess | None = None  # proposed in a comment, not applied
    namespace_is_new: bool = True  # identity.yml lacks it
    notes: list[str] = field(default_factory=list)
    misfits: float = 0.0  # share of its values that silver could not read

    @property
    def personal(self) -> bool:
        return "classification" in self.facts

    @property
    def is_direct(self) -> bool:
        """Whether its values name persons."""
        return self.personal and self.facts["classification"].value == "direct"


def capped(guess: Guess) -> Guess:
    """A guess that can merge persons, with its confidence limited to MERGES."""
    return Guess(guess.value, min(guess.confidence, MERGES), guess.why)


def percent(part: float) -> str:
    """A share as a whole percentage; 100 % only for all and 0 % only for none."""
    return f"{min(99, max(1, round(100 * part)))} %" if 0 < part < 1 else f"{part:.0%}".replace("%", " %")


def of(part: float, seen: Observed, what: str) -> str:
    """A reason such as `98 % of 1,000 values are e-mail addresses`."""
    return f"{percent(part)} of {len(seen.texts):,} values {what}"


def propose(seen: Observed, *, within: str = "") -> Proposed:
    """Infers type, formats, presence and PII class of a scalar property; `within` is its parent if not the record."""
    prop = Proposed(seen, _type(seen))
    _formats(prop)
    part = len(seen.texts) / seen.records if seen.records else 0.0
    if seen.complete:
        # If one record in twenty lacked it, a sample of this size would show that with this probability.
        sure = 1 - 0.95**seen.records
        if sure >= 0.75:  # a wrong guess would quarantine records
            prop.facts["required"] = Guess(True, sure, f"in all {seen.records:,} records")
    elif seen.texts:
        prop.notes.append(f"in {percent(part)} of {seen.records:,} records")
    else:
        prop.notes.append(f"without a value in all {seen.records:,} records: its type is not known")
    if len(seen.shapes) > 1:
        prop.notes.append(f"mixed shapes ({_counted(seen.shapes)}): read as text")
    found = _class(seen, within)
    if found:
        prop.facts["classification"] = found
    return prop


def _counted(shapes: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {shape}" for shape, count in sorted(shapes.items()))


def _type(seen: Observed) -> Guess:
    texts, words = seen.texts, _words(seen)
    if not texts or len(seen.shapes) > 1:
        return Guess("string", 0.3, "nothing to go by")
    # A number of 10 or 16 digits need not be a time: it may be a phone number or a card.
    numbered = TIMELY & set(tokens(seen.path[-1:])) or (seen.kinds == {"integer"} and len(texts[0]) == 13)
    if (found := moments(texts)) and (found[0][0] not in EPOCHS or (numbered and not _identifying(seen))):
        return Guess("timestamp", sum(p for _, p, _ in found), _said(found, seen))
    dated = words & set(DATED) or not texts[0].isdigit()
    if dated and (found := days(texts)):
        return Guess("date", sum(p for _, p, _ in found), _said(found, seen))
    if seen.kinds == {"boolean"} or (share(is_flag, texts) >= 0.98 and len(set(texts)) > 1):
        return Guess("boolean", 0.98, of(1.0, seen, "are true or false"))
    if words & {"is", "has"} and share(is_bit, texts) == 1:
        return Guess("boolean", 0.8, "0 or 1, and its name begins like a question")
    if _identifying(seen):
        return Guess("string", 0.9, "an id or code is text, even where it has digits only")
    if (part := share(is_integer, texts)) >= FITS and "number" not in seen.kinds:
        return Guess("integer", part, of(part, seen, "are whole numbers"))
    if share(is_whole, texts) == 1 and seen.kinds == {"string"} and not any(text.endswith(".00") for text in texts):
        return Guess("integer", 0.8, of(1.0, seen, "are whole numbers, written as floats"))
    if (part := share(is_number, texts)) >= FITS:
        return Guess("number", part, of(part, seen, "are numbers"))
    if written := numbers_written(texts):
        return Guess("number", written.share, of(written.share, seen, f"are numbers as in {written.locale}"))
    return Guess("string", *_text(seen))


def _text(seen: Observed) -> tuple[float, str]:
    part = share(is_number, seen.texts)
    if part >= 0.1:
        return 0.5, f"mixed: {of(part, seen, 'are numbers, the others are not')}"
    return 0.95, f"text in {len(seen.texts):,} values"


def _words(seen: Observed) -> set[str]:
    from_name = "".join(c if c.islower() or c.isdigit() else f" {c.lower()}" for c in seen.name)
    return set(from_name.replace("_", " ").replace("-", " ").split()) | {seen.name.lower()}


def _identifying(seen: Observed) -> bool:
    name = "".join(c for c in seen.name.lower() if c.isalnum())
    zeros = share(like(r"0\d+"), seen.texts) > 0
    return zeros or any(name.endswith(word) for word in IDENTIFYING)


def _said(found: list[tuple[str, float, str]], seen: Observed) -> str:
    return "; ".join(of(part, seen, said) for _, part, said in found)


def _formats(prop: Proposed) -> None:
    """Adds formats that differ from the default, and notes values that silver could not parse."""
    seen, kind = prop.seen, prop.type.value
    if kind in ("date", "timestamp"):
        found = moments(seen.texts) if kind == "timestamp" else days(seen.texts)
        names = [name for name, _, _ in found]
        total = sum(part for _, part, _ in found)
        if names not in (["iso"], ["yyyy-MM-dd"]):
            unsure = any("tells which" in said for _, _, said in found)
            prop.settings["formats"] = Guess(names, 0.5 if unsure else total, _said(found, seen))
            if unsure:
                prop.notes.append("whether the day or the month comes first cannot be told: ask, and mend formats")
        if total < 0.999:
            prop.misfits = 1 - total
    elif kind in ("integer", "number"):
        fits = share(is_whole, seen.texts) if kind == "integer" else prop.type.confidence
        prop.misfits = 1 - fits
    if kind == "number" and share(is_number, seen.texts) < FITS and (written := numbers_written(seen.texts)):
        sure = 0.5 if written.unsure else written.share
        prop.settings["locale"] = Guess(written.locale, sure, of(written.share, seen, "are written so"))
        if written.unsure:
            prop.notes.append(f"1,203 or 1.203 may be a thousand or one: by {written.locale}, or {written.unsure}; ask")
    if kind == "timestamp" and names[0] not in EPOCHS and (local := share(is_local, seen.texts)) > 0:
        prop.settings["zone"] = Guess("UTC", 0.3, f"assumed: {of(local, seen, 'tell no zone')}")
        prop.notes.append(NO_ZONE)


def _class(seen: Observed, within: str) -> Guess | None:
    """Infers the PII class from the name and the values of a property; None if it seems not personal."""
    texts = seen.texts
    for test, what in ((is_email, "are e-mail addresses"), (is_international, "are phone numbers with their country")):
        if (part := share(test, texts)) >= 0.5:
            return Guess("direct", part, of(part, seen, what))
    if (part := share(holds_email, texts)) > 0:
        return Guess("direct", 0.9, of(part, seen, "hold an e-mail address"))
    of_thing = THINGS & {within, *tokens(seen.path)}
    if not of_thing and (sure := known(seen.path, DIRECT)):
        return Guess("direct", sure * 0.9, "by its name")
    for technical, what in ((is_hash, "look like SHA-256"), (is_ip, "are addresses of the internet")):
        if texts and (part := share(technical, texts)) >= 0.5:
            return Guess("indirect", part, of(part, seen, what))
    if sure := known(seen.path, INDIRECT):
        return Guess("indirect", sure * 0.9, "by its name")
    return None


def allowed(prop: Proposed) -> Guess | None:
    """Infers `enum` for a non-personal property with few distinct codes, if the sample likely shows all of them."""
    texts = prop.seen.texts
    counts = Counter(texts)
    if prop.type.value != "string" or prop.personal or prop.namespace or len(texts) < 10 or len(counts) > MOST_ENUM:
        return None
    growing = GROWING & set(tokens(prop.seen.path[-1:]))
    if len(counts) < 2 or share(is_code, texts) < 1 or _identifying(prop.seen) or growing:
        return None
    once = sum(1 for count in counts.values() if count == 1)
    sure = 1 - once / len(texts)  # Good-Turing: the probability that the next value is among these
    if sure < 0.95:
        return None
    return Guess(sorted(counts), sure, f"{len(counts)} distinct among {len(texts):,} values")
