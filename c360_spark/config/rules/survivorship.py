"""profile.yml: survivorship rules, which choose the value of each attribute in gold.profile."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from pydantic import Field

from c360_spark import tables
from c360_spark.config.rules.identity import Named
from c360_spark.config.yaml.model import Model

ENTRIES = "attributes"  # the map column; an entry of it is written attributes.<name>
ENTRY = f"{ENTRIES}."
ATTRIBUTES = tuple(
    name
    for name in tables.PROFILE.column_names
    if name in tables.PROFILE_RECORD.column_names and name not in ("region", ENTRIES)
)
Criterion = Literal["override", "verified", "priority", "recency", "frequency", "longest"]
ORDER: tuple[Criterion, ...] = ("override", "priority", "recency")


class Survivorship(Model):
    """A survivorship rule: the first criterion of `order` that distinguishes two records decides between them.

    `priority` lists datasets, best first; datasets that are not listed come last. Omitted settings are inherited.
    """

    order: tuple[Criterion, ...] | None = None
    priority: tuple[str, ...] | None = None


class Override(Model):
    """A manual value for an attribute of `person`, valid until `expires` (exclusive). `person` is the person who has
    that identifier at the time of the run; `value` is spelt as in gold.profile.
    """

    person: Named
    attribute: str
    value: str = Field(min_length=1)
    author: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    added: date
    expires: date | None = None


class ProfileRules(Model):
    """The whole of profile.yml. An entry of the map `attributes` inherits from the rule of `attributes`, every rule
    from the default.
    """

    default: Survivorship = Survivorship()
    attributes: dict[str, Survivorship] = {}
    overrides: tuple[Override, ...] = ()

    def order(self, attribute: str) -> tuple[Criterion, ...]:
        """The survivorship criteria of an attribute, in order of precedence."""
        return next((rule.order for rule in self._rules(attribute) if rule.order is not None), ORDER)

    def priority(self, attribute: str) -> tuple[str, ...]:
        """The source priority of an attribute: datasets, best first."""
        return next((rule.priority for rule in self._rules(attribute) if rule.priority is not None), ())

    def _rules(self, attribute: str) -> Iterator[Survivorship]:
        names = [attribute, *([ENTRIES] if attribute.startswith(ENTRY) else [])]
        yield from (self.attributes[name] for name in names if name in self.attributes)
        yield self.default
