"""Combines a date with sibling properties that hold its time of day and its time zone."""

from collections.abc import Sequence

from c360_spark.config.contract.odcs import TIME_ZONES
from c360_spark.contracts.onboarding.guess import NO_ZONE, Guess, Proposed, of
from c360_spark.contracts.onboarding.names import tokens
from c360_spark.contracts.onboarding.values import CLOCKS, like, share

# Zone names that points of sale and shops of the United States use.
ZONES = {
    "Eastern Time (US & Canada)": "America/New_York",
    "Central Time (US & Canada)": "America/Chicago",
    "Mountain Time (US & Canada)": "America/Denver",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Arizona": "America/Phoenix",
    "Alaska": "America/Anchorage",
    "Hawaii": "Pacific/Honolulu",
}


def with_clock(date: Proposed, props: Sequence[Proposed]) -> None:
    """Turns a date into a timestamp if a sibling property with a matching name holds its time of day."""
    words = tokens(date.seen.path[-1:])
    time = _beside(date, props, ["time" if word == "date" else word for word in words])
    if date.type.value != "date" or "date" not in words or time is None:
        return
    clock = next((name for name, pattern, _ in CLOCKS if share(like(pattern[1:]), time.seen.texts) >= 0.95), None)
    if clock is None or not time.seen.complete:
        return
    days = date.settings["formats"].value if "formats" in date.settings else ["yyyy-MM-dd"]
    sure = date.type.confidence
    date.type = Guess("timestamp", sure, f"a date, and {time.seen.name} is its time of day")
    date.settings["formats"] = Guess([f"{day}{clock}" for day in days], sure, "of both together")
    date.settings["timeFrom"] = Guess(time.seen.name, 0.8, of(1.0, time.seen, "are times of day"))
    _zone(date, _beside(date, props, ["time", "zone"]) or _beside(date, props, ["timezone"]))


def _zone(date: Proposed, zone: Proposed | None) -> None:
    names = set(zone.seen.texts) if zone else set()
    if zone and zone.seen.complete and names <= TIME_ZONES | ZONES.keys():
        date.settings["zoneFrom"] = Guess(zone.seen.name, 0.7, of(1.0, zone.seen, "are zones"))
        if named := {name: ZONES[name] for name in sorted(names & ZONES.keys())}:
            date.settings["zones"] = Guess(named, 0.9, "what its zones are called elsewhere")
    else:
        date.settings["zone"] = Guess("UTC", 0.3, "assumed: its times tell no zone")
        date.notes.append(NO_ZONE)


def _beside(date: Proposed, props: Sequence[Proposed], words: list[str]) -> Proposed | None:
    above = date.seen.path[:-1]
    return next((m for m in props if m.seen.path[:-1] == above and tokens(m.seen.path[-1:]) == words), None)
