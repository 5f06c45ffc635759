"""Warnings about settings in conf/ that are valid but may be unintended."""

from collections.abc import Iterator

from c360_spark.config.conf import Conf


def advice(conf: Conf) -> Iterator[str]:
    """Yields a line for each draft, whose files are not landed, for each active contract with placeholders, and for
    each dataset with identifiers but without a country, because the region then is a default.
    """
    for contract in (each for versions in conf.versions.values() for each in versions):
        lines = [str(contract.document.problem(loc, "").line) for loc, _ in contract.document.placeholders()]
        left = f"placeholders in <> at lines {', '.join(lines)}" if lines else "no placeholders are left"
        if contract.status == "draft":
            yield f"{contract.name} {contract.version} is a draft, which lands nothing; {left}"
        elif lines:
            yield f"{contract.name} {contract.version} has {left}"
    for (source, dataset), contract in sorted(conf.contracts.items()):
        given = {field.settings.canonical for field in contract.fields} | set(contract.constants)
        if contract.uses and "country" not in given and contract.settings.default_country is None:
            region = conf.rules.default_region
            yield f"{source}.{dataset} has no country: all its identifiers are in region {region} (defaultCountry)"
