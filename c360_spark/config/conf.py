"""conf/ as one frozen value."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from c360_spark.config.activation import ConsentRules, Destination
from c360_spark.config.audience import Audience
from c360_spark.config.contract import Contract, Versions
from c360_spark.config.document import did_you_mean
from c360_spark.config.gold import GoldRules
from c360_spark.config.identity import RuleSet
from c360_spark.config.metrics import MetricRules
from c360_spark.config.platform import Platform
from c360_spark.config.schedule import Schedule
from c360_spark.config.sources import Source
from c360_spark.config.survivorship import ProfileRules
from c360_spark.config.vocabulary import Reference, Taxonomy
from c360_spark.errors import InputError


@dataclass(frozen=True)
class Conf:
    """Everything a team has decided. Made by `load`, which has checked it.

    `contracts` holds the newest version of each dataset, by which silver is made; `versions` holds all of them.
    """

    platform: Platform
    sources: dict[tuple[str, str], Source]
    contracts: dict[tuple[str, str], Contract]
    rules: RuleSet
    profile: ProfileRules
    gold: GoldRules
    consent: ConsentRules
    audiences: dict[str, Audience]
    destinations: dict[str, Destination]
    schedule: Schedule
    taxonomy: Taxonomy
    references: dict[str, Reference]
    versions: Versions = field(default_factory=dict)
    metrics: MetricRules = field(default_factory=MetricRules)

    def accepted(self, source: str, dataset: str, *, as_of: date) -> tuple[Contract, ...]:
        """The versions of which records are taken on the day `as_of`, the newest first."""
        return tuple(c for c in reversed(self.versions[source, dataset]) if c.accepted(as_of))

    def datasets(self, only: str | None = None) -> Iterator[tuple[str, str, Source, Contract]]:
        """Each dataset's source, name, arrival and contract; `only` is `source` or `source.dataset`.

        Raises InputError C203 when nothing has that name.
        """
        names = [(s, d) for s, d in self.sources if only in (None, s, f"{s}.{d}")]
        if only and not names:
            known = {s for s, _ in self.sources} | {f"{s}.{d}" for s, d in self.sources}
            hint = did_you_mean(only, known).lstrip("; ")
            raise InputError("C203", f"no source or dataset '{only}' in sources.yml", hint=hint)
        for source, dataset in names:
            yield source, dataset, self.sources[source, dataset], self.contracts[source, dataset]
