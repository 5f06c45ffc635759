"""Checks the time zones and times of day of a contract."""

from collections.abc import Iterator

from c360_spark.config.contract.contract import Contract, Field
from c360_spark.config.contract.time_zones import TIME_ZONES
from c360_spark.config.yaml.document import Document, Problem

SETTINGS = ("zone", "zoneFrom", "zones", "timeFrom")


def check_times(contract: Contract) -> Iterator[Problem]:
    """Yields every problem of the time zones and times of day of a contract."""
    for field in (*contract.fields, *(contract.lines.fields if contract.lines else ())):
        yield from _of(contract.document, field)


def _of(document: Document, field: Field) -> Iterator[Problem]:
    settings, kind = field.settings, field.element.logical_type
    given = {
        "zone": settings.zone,
        "zoneFrom": settings.zone_from,
        "zones": settings.zones,
        "timeFrom": settings.time_from,
    }
    for name, value in given.items():
        if value and kind != "timestamp":
            yield document.problem(field.place(name), f"{name} is for timestamp, not for {kind}")
    if settings.zones and not settings.zone_from:
        yield document.problem(field.place("zones"), "zones are names in the property of zoneFrom, which is missing")
    for name, zone in [("zone", settings.zone or "UTC"), *(("zones", zone) for zone in settings.zones.values())]:
        yield from document.unknown(field.place(name), zone, TIME_ZONES, "zone of IANA")
    epochs = [each for each in settings.formats if each.startswith("epoch_")]
    if epochs and len(epochs) == len(settings.formats) and (field.is_local or settings.time_from):
        yield document.problem(field.place("formats"), f"{epochs[0]} counts from 1970 in UTC: leave out the zone")
