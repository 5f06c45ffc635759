"""Outbox rows as the calls that customer data platforms take: identify a person, track what a person did.

The shape is that of Segment's public Spec, which other platforms share: type, userId, messageId, timestamp, context,
and traits or an event with properties.
"""

from datetime import datetime
from typing import Any

from pyspark.sql import Row

from c360_spark import tables
from c360_spark.config.activation.activation import Destination
from c360_spark.tables.model import INTEGER, LONG

# Names of our fields in the Spec. Other fields keep their names.
TRAITS = {
    "given_name": ("firstName",),
    "family_name": ("lastName",),
    "birth_date": ("birthday",),
    "street": ("address", "street"),
    "city": ("address", "city"),
    "postcode": ("address", "postalCode"),
    "state": ("address", "state"),
    "country": ("address", "country"),
}
WHOLE = {column.name for column in tables.PROFILE.columns if column.type in (LONG, INTEGER)}
Call = dict[str, Any]


def call(row: Row, destination: Destination) -> Call:
    """A row of an outbox of persons or of events, as one call."""
    own = {"type": "track" if row["operation"] == "track" else "identify", "userId": row["person_id"]}
    own |= {"messageId": row["idempotency_key"], "channel": "server"}
    return own | (_track(row) if row["operation"] == "track" else _identify(row, destination))


def _identify(row: Row, destination: Destination) -> Call:
    """An identify call with every mapped field, so that a field that the person no longer has is null.

    A removal sets all fields to null, and the audience to false.
    """
    here = row["operation"] != "remove"
    traits: Call = {}
    for field in sorted(destination.fields):
        value = row["payload"].get(field) if here else None
        *outer, last = TRAITS.get(field, (field,))
        inside = traits.setdefault(outer[0], {}) if outer else traits
        inside[last] = int(value) if value and destination.fields[field].column in WHOLE else value
    told = {name: row[name] for name in ("operation", "cause", "sequence")}
    return {
        "timestamp": _time(row["created_at"]),
        "traits": traits | {destination.audience: here},
        "context": {"c360": told},
    }


def _track(row: Row) -> Call:
    context: Call = {"campaign": {"name": row["campaign"]}} if row["campaign"] else {}
    channel = {"channel": row["channel"]} if row["channel"] else {}
    return {
        "event": row["event_name"],
        "timestamp": _time(row["occurred_at"]),
        "properties": channel | row["payload"],
        "context": context,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds") + "Z"
