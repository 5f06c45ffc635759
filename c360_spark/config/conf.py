"""The whole of conf/ as one frozen value."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from c360_spark import tables
from c360_spark.config.activation.activation import Audience, ConsentRules, Destination
from c360_spark.config.contract.contract import Contract, Versions
from c360_spark.config.contract.sources import Routed, Source
from c360_spark.config.contract.vocabulary import Reference, Taxonomy
from c360_spark.config.platform import Platform
from c360_spark.config.rules.gold import GoldRules
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.metrics import MetricRules
from c360_spark.config.rules.survivorship import ProfileRules
from c360_spark.config.schedule import Schedule
from c360_spark.config.yaml.document import Problem, did_you_mean
from c360_spark.errors import InputError


@dataclass(frozen=True)
class Conf:
    """All configuration of a team, loaded and checked by `load`.

    `contracts` holds the current contract version of each dataset, from which silver is built; `versions` holds all
    versions. `drafted` are entries of sources.yml whose contract is a draft: their files are not landed. Invalid drafts
    appear only in `draft_problems`. `routed` are datasets whose records arrive in the files of another dataset.
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
    drafted: dict[tuple[str, str], Source] = field(default_factory=dict)
    draft_problems: tuple[Problem, ...] = ()
    routed: dict[tuple[str, str], Routed] = field(default_factory=dict)

    def accepted(self, source: str, dataset: str, *, as_of: date) -> tuple[Contract, ...]:
        """The contract versions whose records are accepted on the day `as_of`, newest first."""
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

    def landed_as(self, source: str, dataset: str) -> tuple[str, str]:
        """The dataset whose bronze table holds the records of a dataset: its own, or the one it is routed from."""
        routed = self.routed.get((source, dataset))
        return (source, routed.dataset) if routed else (source, dataset)

    def landed(self, only: str | None = None) -> list[tuple[str, str]]:
        """The datasets that have bronze tables, as (source, name). Raises InputError C203 like `datasets`."""
        return list(dict.fromkeys(self.landed_as(source, dataset) for source, dataset, _, _ in self.datasets(only)))

    def routes_from(self, source: str, dataset: str) -> list[Routed]:
        """The routes from a dataset's records to other datasets. A dataset without a contract receives no records."""
        of_it = [(name, routed) for name, routed in self.routed.items() if name[0] == source and name in self.contracts]
        return [routed for _, routed in of_it if routed.dataset == dataset]

    def datasets_of(self, table: tables.Table) -> list[str]:
        """Datasets (`source.dataset`, sorted) whose records become rows of a canonical table."""
        return sorted(f"{s}.{d}" for s, d, _, contract in self.datasets() if contract.table == table.name)

    def cdps(self, only: str | None = None) -> dict[str, set[str]]:
        """Each source that is a CDP, with the namespaces of the identifiers it sends; `only` selects one source.

        Raises InputError C203 when no source, or no CDP, has that name.
        """
        found: dict[str, set[str]] = {}
        for source, _, _, contract in self.datasets():
            if contract.table == tables.CDP_PROFILE.name and only in (None, source):
                uses = [use for _, use in contract.uses]
                spaces = {space for use in uses for space in (use.namespace, *use.namespaces.values()) if space}
                found.setdefault(source, set()).update(spaces)
        if only and not found:
            if only not in {source for source, _ in self.sources}:
                known = self.cdps()
                hint = did_you_mean(only, known).lstrip("; ") or f"CDPs are: {', '.join(sorted(known)) or 'none'}"
                raise InputError("C203", f"no source '{only}' in sources.yml", hint=hint)
            made = sorted({f"silver.{c.table}" for s, _, _, c in self.datasets(only) if s == only})
            hint = f"the contract of a CDP's export says canonicalTable: {tables.CDP_PROFILE.name}; see docs/cdp.md"
            raise InputError("C203", f"source '{only}' is no CDP: it becomes {', '.join(made)}", hint=hint)
        return found
