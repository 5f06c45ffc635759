"""Finds the properties of a contract that hold phone numbers."""

from c360_spark.config.contract.contract import Contract, Field
from c360_spark.config.rules.identity import RuleSet


def phone_fields(contract: Contract, rules: RuleSet) -> list[Field]:
    """Properties of the record normalised as phone numbers, by the contract or by their namespace in the rule set."""
    return [field for field in contract.fields if _is_phone(field, rules)]


def _is_phone(field: Field, rules: RuleSet) -> bool:
    use = field.settings.identifier
    spaces = [use.namespace, *use.namespaces.values()] if use else []
    named = [rules.namespaces[space].normalize for space in spaces if space in rules.namespaces]
    return "phone" in (field.settings.normalize, *named)
