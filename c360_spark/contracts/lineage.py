"""Column-level lineage: from the properties of contracts to their dependents, and back."""

from collections.abc import Iterator
from dataclasses import dataclass

from c360_spark.config import Conf, Contract, Field
from c360_spark.contracts.dependents import dependents
from c360_spark.contracts.gate.difference import Difference


@dataclass(frozen=True)
class Use:
    """One property of a contract, or one constant (which has no `field`), with its dependents.

    `name` is its name in the contract, for a line such as `lines[].sku`; `table` is its silver table; `dependents` are
    ordered from silver outwards.
    """

    contract: Contract
    name: str
    table: str
    field: Field | None
    dependents: tuple[str, ...]


def uses(conf: Conf, contract: Contract) -> list[Use]:
    """The properties, line properties and constants of a contract, in the order of the contract."""
    return [*_properties(conf, contract), *_constants(conf, contract)]


def fed(conf: Conf) -> dict[str, list[Use]]:
    """Reverse lineage: the uses that each dependent relies on, by the current contracts. A dependent entry of a map
    column also counts for the column.
    """
    found: dict[str, list[Use]] = {}
    for _, contract in sorted(conf.contracts.items()):
        for use in uses(conf, contract):
            for name in dict.fromkeys([*use.dependents, *map(column_of, use.dependents)]):
                found.setdefault(name, []).append(use)
    return found


def column_of(dependent: str) -> str:
    """`silver.order.attributes` for `silver.order.attributes.shop`; a dependent outside silver stays unchanged."""
    return ".".join(dependent.split(".")[:3]) if dependent.startswith("silver.") else dependent


def _properties(conf: Conf, contract: Contract) -> Iterator[Use]:
    for field in contract.fields:
        kinds = ["property.removed", *(["primary_key.changed"] if field in contract.primary_key else [])]
        found = [each for kind in kinds for each in dependents(conf, Difference(kind, field.name), contract)]
        yield Use(contract, field.name, contract.table, field, tuple(dict.fromkeys(found)))
    if contract.lines:
        for field in contract.lines.fields:
            name = f"{'.'.join(contract.lines.path)}[].{field.name}"
            found = dependents(conf, Difference("property.removed", name), contract)
            yield Use(contract, name, contract.lines.table, field, tuple(found))


def _constants(conf: Conf, contract: Contract) -> Iterator[Use]:
    given = [("", contract.table, column) for column in contract.constants]
    if contract.lines:
        within = f"{'.'.join(contract.lines.path)}[]"
        given += [(within, contract.lines.table, column) for column in contract.lines.constants]
    for prefix, table, column in given:
        found = dependents(conf, Difference("constant.changed", f"{prefix}{column}"), contract)
        yield Use(contract, f"{prefix}{'.' if prefix else ''}{column}", table, None, tuple(found))
