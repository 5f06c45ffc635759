"""What is allowed in conf/ and yet may not be meant."""

from collections.abc import Iterator

from c360_spark.config.conf import Conf


def advice(conf: Conf) -> Iterator[str]:
    """One line for each dataset whose records have identifiers and no country."""
    for (source, dataset), contract in sorted(conf.contracts.items()):
        given = {field.settings.canonical for field in contract.fields} | set(contract.constants)
        if contract.uses and "country" not in given and contract.settings.default_country is None:
            region = conf.rules.default_region
            yield f"{source}.{dataset} has no country: all its identifiers are in region {region} (defaultCountry)"
