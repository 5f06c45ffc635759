"""Warnings about settings in conf/ that are valid but may be unintended."""

from collections.abc import Iterator

from c360_spark.config.conf import Conf
from c360_spark.config.contract.contract import Contract
from c360_spark.config.rules.identity import RuleSet


def advice(conf: Conf) -> Iterator[str]:
    """Yields a line for each draft, whose files are not landed, for each active contract with placeholders, and for
    each dataset with identifiers of which all, or those of records without a country, are in the default region.
    """
    for contract in (each for versions in conf.versions.values() for each in versions):
        lines = [str(contract.document.problem(loc, "").line) for loc, _ in contract.document.placeholders()]
        left = f"placeholders in <> at lines {', '.join(lines)}" if lines else "no placeholders are left"
        if contract.status == "draft":
            yield f"{contract.name} {contract.version} is a draft, which lands nothing; {left}"
        elif lines:
            yield f"{contract.name} {contract.version} has {left}"
    for _, contract in sorted(conf.contracts.items()):
        if contract.uses:
            yield from _of_region(contract, conf.rules)


def _of_region(contract: Contract, rules: RuleSet) -> Iterator[str]:
    is_given = any(field.settings.canonical == "country" for field in contract.fields)
    default = contract.constants.get("country") or contract.settings.default_country
    if not is_given and default is None:
        yield (
            f"{contract.name} has no country: all its identifiers are in region {rules.default_region} (defaultCountry)"
        )
    elif default is not None and not any(default in countries for countries in rules.regions.values()):
        which = "identifiers of its records without a country" if is_given else "all its identifiers"
        yield (
            f"{contract.name} has default country {default}, which identity.yml lists in no region: {which} are in "
            f"region {rules.default_region}"
        )
