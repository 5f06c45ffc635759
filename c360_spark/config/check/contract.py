"""Checks single contracts: amounts, shapes of delivered records, and times.

Amounts need a known unit (major or minor) and a currency. Shapes are explode, entries, rowsBy and aliases.
"""

from collections.abc import Iterator

from c360_spark import tables
from c360_spark.config.contract.contract import Contract, Field
from c360_spark.config.contract.money import DIGITS, writing
from c360_spark.config.contract.odcs import TIME_ZONES
from c360_spark.config.contract.sources import Source
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.yaml.document import Document, Loc, Problem, did_you_mean
from c360_spark.tables.model import LONG

NUMBERS = ("integer", "number")
WHOLE = {(table.name, column.name) for table in tables.CANONICAL for column in table.columns if column.type == LONG}


def check_money(contract: Contract) -> Iterator[Problem]:
    """Yields every problem of amounts, currencies and number formats."""
    lines, document = contract.lines, contract.document
    record: Loc = ("schema", 0)
    parts = [(contract.table, contract.fields, contract.constants, record)]
    parts += [(lines.table, lines.fields, lines.constants, lines.loc)] if lines else []
    given = False
    for table, fields, constants, loc in parts:
        given = given or "currency" in constants or any(f.settings.canonical == "currency" for f in fields)
        yield from _constant(document, loc, constants)
        for field in fields:
            yield from _number(document, table, field)
            if field.in_major_units and not given:
                place = field.place("amountIn" if field.settings.amount_in else "scale")
                yield document.problem(
                    place,
                    f"{field.name} is in units of a currency, and nothing says of which: map a property to "
                    "currency, or give it in constants, such as currency: EUR",
                )


def _constant(document: Document, loc: Loc, constants: dict[str, str]) -> Iterator[Problem]:
    code = constants.get("currency", "EUR")
    if code not in DIGITS and not code.startswith("<"):  # a <placeholder> of a draft is reported elsewhere
        yield document.problem(loc, f"'{code}' is no currency of ISO 4217{did_you_mean(code, DIGITS)}")


def _number(document: Document, table: str, field: Field) -> Iterator[Problem]:
    settings, kind = field.settings, field.element.logical_type
    for name, value in (("amountIn", settings.amount_in), ("locale", settings.locale)):
        if value is not None and kind not in NUMBERS:
            yield document.problem(field.place(name), f"{name} is for integer and number, not for {kind}")
    if settings.locale is not None:
        try:
            writing(settings.locale)
        except ValueError as error:
            yield document.problem(field.place("locale"), str(error))
    if settings.amount_in and settings.scale != 1:
        yield document.problem(field.place("scale"), "amountIn says it already; leave out scale")
    elif field.is_amount and settings.scale not in (1, 100):
        yield document.problem(field.place("scale"), "of an amount: say amountIn: major; its currency gives the factor")
    if kind == "number" and settings.scale == 1 and (table, settings.canonical) in WHOLE:
        if field.is_amount and settings.amount_in is None:
            message = f"{settings.canonical} is in minor units: say amountIn: major, or minor where it is so already"
            yield document.problem(field.place("canonical"), message)
        elif not field.is_amount:
            message = f"{settings.canonical} holds whole numbers: say logicalType integer"
            yield document.problem(field.place("canonical"), message)


def check_shapes(contract: Contract, arrival: Source | None) -> Iterator[Problem]:
    """Yields every problem of explode, entries, rowsBy and aliases."""
    yield from _aliases(contract)
    document, lines, record = contract.document, contract.lines, ("schema", 0)
    rows_by = lines.rows_by if lines else None
    if not (contract.explode or contract.entries or rows_by):
        return
    if arrival and arrival.format == "csv" and (contract.explode or contract.entries):
        yield document.problem(record, "a row of csv holds no arrays: explode and entries are for json")
    if (contract.explode or rows_by) and (contract.settings.version_from or contract.upcasts):
        yield document.problem(record, "explode and rowsBy go with no versionFrom and no upcasts")
    if contract.explode:
        within = len(contract.explode)
        if not any(field.path[:within] == contract.explode for field in contract.primary_key):
            message = f"the primaryKey needs a property of {'.'.join(contract.explode)}: its items would share one key"
            yield document.problem(record, message)
        if lines:
            yield document.problem(lines.loc, "a record that is exploded can have no lines")
    if lines and rows_by:
        names = [field.path[0] for field in contract.fields if len(field.path) == 1]
        yield from document.unknown(lines.loc, rows_by, names, "property for rowsBy")
        nested = [field for field in (*contract.fields, *lines.fields) if len(field.path) > 1]
        if nested or len(lines.path) > 1 or contract.entries:
            yield document.problem(lines.loc, "rowsBy is for flat rows: no property may stand within another")


def check_on_invalid(contract: Contract) -> Iterator[Problem]:
    """Yields every property that needs a value, and is said to do without one that does not fit."""
    for field in contract.fields:
        if field.is_nulled and field.is_required:
            yield contract.document.problem(field.place("onInvalid"), "onInvalid: null is for optional properties")
    for field in contract.lines.fields if contract.lines else ():
        if field.settings.on_invalid == "null":
            message = "onInvalid: null is for properties of the record, not for those of its lines"
            yield contract.document.problem(field.place("onInvalid"), message)


def check_one_per_person(contract: Contract, rules: RuleSet) -> Iterator[Problem]:
    """Yields every problem of the promise that a dataset has one record of each person."""
    if not contract.one_per_person:
        return
    document, record = contract.document, ("schema", 0)
    names = [given.property for given in contract.odcs.schema_[0].custom_properties]
    place = (*record, "customProperties", names.index("onePerPerson"))
    space = contract.key_namespace
    if contract.table != tables.PROFILE_RECORD.name:
        yield document.problem(place, f"onePerPerson is for profile_record, not for {contract.table}")
    elif space is None:
        yield document.problem(place, "onePerPerson needs a primaryKey that is one identifier, with its namespace")
    elif space in rules.namespaces and (rules.namespaces[space].max_per_person or 1) > 1:
        allowed = rules.namespaces[space].max_per_person
        message = f"onePerPerson contradicts max_per_person: {allowed} of '{space}' in identity.yml"
        yield document.problem(place, message)


def _aliases(contract: Contract) -> Iterator[Problem]:
    """Reports aliases that would never be read, or that are names of other properties."""
    document, paths = contract.document, {field.path for field in contract.fields}
    arrays = [*(each.path for each in contract.entries), *([contract.explode] if contract.explode else [])]
    within = contract.lines.fields if contract.lines else ()
    for field in (*contract.fields, *within):
        place = field.place("aliases")
        if field.alias_paths and (field in within or any(field.path[: len(array)] == array for array in arrays)):
            yield document.problem(place, "aliases are for properties of the record, not for those of an array")
        for path in field.alias_paths:
            if field not in within and path in paths:
                yield document.problem(place, f"'{path[-1]}' is a property by itself")


SETTINGS = ("zone", "zoneFrom", "zones", "timeFrom")


def check_times(contract: Contract) -> Iterator[Problem]:
    """Yields every problem of the time zones and times of day of a contract."""
    for field in (*contract.fields, *(contract.lines.fields if contract.lines else ())):
        yield from _zone_and_formats(contract.document, field)


def _zone_and_formats(document: Document, field: Field) -> Iterator[Problem]:
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
