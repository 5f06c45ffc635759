"""What `c360 check` tells of valid settings that may be unintended."""

from dataclasses import replace
from pathlib import Path

from c360_spark.config import load
from c360_spark.config.advice import advice

SHIPPED = load(Path(__file__).parents[2] / "conf", "dev")


def told(**settings: str) -> list[str]:
    """The advice on the shipped conf/ with other settings of crm.customer and web.event, which has no country."""
    changed = {}
    for names in (("crm", "customer"), ("web", "event")):
        contract = SHIPPED.contracts[names]
        fields = tuple(field for field in contract.fields if field.settings.canonical != "country")
        kept = contract.fields if names[0] == "crm" else fields
        changed[names] = replace(contract, settings=contract.settings.model_copy(update=settings), fields=kept)
    return list(advice(replace(SHIPPED, contracts={**SHIPPED.contracts, **changed})))


def test_identifiers_that_are_in_no_region_for_want_of_a_country_are_told() -> None:
    assert list(advice(SHIPPED)) == []
    assert told() == ["web.event has no country: all its identifiers are in region OTHER (defaultCountry)"]


def test_a_default_country_in_no_region_is_told() -> None:
    assert told(default_country="DE") == []
    where = "has default country MX, which identity.yml lists in no region:"
    assert told(default_country="MX") == [
        f"crm.customer {where} identifiers of its records without a country are in region OTHER",
        f"web.event {where} all its identifiers are in region OTHER",
    ]
