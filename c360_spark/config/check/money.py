"""Checks the amounts of a contract: each needs a known unit (major or minor) and a currency."""

from collections.abc import Iterator

from c360_spark import tables
from c360_spark.config.contract.contract import Contract, Field
from c360_spark.config.contract.money import DIGITS, writing
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
