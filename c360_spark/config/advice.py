"""Warnings about settings in conf/ that are valid but may be unintended."""

from collections.abc import Iterator

from c360_spark.config.conf import Conf


def advice(conf: Conf) -> Iterator[str]:
    """Yields one line for each dataset with identifiers but without a country, because the region then is a default."""
    for (source, dataset), contract in sorted(conf.contracts.items()):
        given = {field.settings.canonical for field in contract.fields} | set(contract.constants)
        if contract.uses and "country" not in given and contract.settings.default_country is None:
            region = conf.rules.default_region
            yield f"{source}.{dataset} has no country: all its identifiers are in region {region} (defaultCountry)"
