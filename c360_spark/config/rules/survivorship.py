"""profile.yml: which of the values that sources give survives in gold.profile, attribute by attribute."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from pydantic import Field

from c360_spark import tables
from c360_spark.config.rules.identity import Named
from c360_spark.config.yaml.model import Model

ENTRIES = "attributes"  # the map column; one entry of it is called attributes.<name>
ENTRY = f"{ENTRIES}."
ATTRIBUTES = tuple(
    name
    for name in tables.PROFILE.column_names
    if name in tables.PROFILE_RECORD.column_names and name not in ("region", ENTRIES)
)
Criterion = Literal["override", "verified", "priority", "recency", "frequency", "longest"]
ORDER: tuple[Criterion, ...] = ("override", "priority", "recency")


class Survivorship(Model):
    """How a value is chosen: by the first criterion of `order` that tells two records apart.

    `priority` lists datasets, the best first; others come after them. What is left out is as the default says.
    """

    order: tuple[Criterion, ...] | None = None
    priority: tuple[str, ...] | None = None


class Override(Model):
    """What a person decided that an attribute of `person` is, until `expires` (exclusive). `person` is whoever holds
    the identifier at the time of the run; `value` is spelt as gold.profile holds it.
    """

    person: Named
    attribute: str
    value: str = Field(min_length=1)
    author: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    added: date
    expires: date | None = None


class ProfileRules(Model):
    """profile.yml. An entry of the map `attributes` goes by its own rule, else by that of `attributes`, else by the
    default.
    """

    default: Survivorship = Survivorship()
    attributes: dict[str, Survivorship] = {}
    overrides: tuple[Override, ...] = ()

    def order(self, attribute: str) -> tuple[Criterion, ...]:
        """The criteria for an attribute, the decisive ones first."""
        return next((rule.order for rule in self._rules(attribute) if rule.order is not None), ORDER)

    def priority(self, attribute: str) -> tuple[str, ...]:
        """The datasets in their order for an attribute."""
        return next((rule.priority for rule in self._rules(attribute) if rule.priority is not None), ())

    def _rules(self, attribute: str) -> Iterator[Survivorship]:
        names = [attribute, *([ENTRIES] if attribute.startswith(ENTRY) else [])]
        yield from (self.attributes[name] for name in names if name in self.attributes)
        yield self.default
