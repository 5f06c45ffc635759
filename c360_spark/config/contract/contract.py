"""conf/contracts: what a dataset promises, and what each of its properties means in silver."""

from dataclasses import dataclass
from datetime import date, timedelta

from c360_spark.config.contract.lifecycle import END, ContractSettings, Quality, Sla
from c360_spark.config.contract.money import AMOUNTS
from c360_spark.config.contract.odcs import Element, IdentifierUse, Odcs, PropertySettings
from c360_spark.config.contract.upcast import Step
from c360_spark.config.yaml.document import Document, Loc

Path = tuple[str, ...]


@dataclass(frozen=True)
class Entries:
    """An array of pairs, whose keys are properties: paths to it, and within a pair to the key and to its values, of
    which the first that is given counts.
    """

    path: Path
    loc: Loc
    key: Path
    values: tuple[Path, ...]


@dataclass(frozen=True)
class Field:
    """One scalar of a delivered record. `path` leads to it from the record; `loc` is its place in the file; `listed`
    are the values of the list it names. `time_path` and `zone_path` lead to the properties that hold its time of day
    and its zone.
    """

    path: tuple[str, ...]
    loc: Loc
    element: Element
    settings: PropertySettings
    listed: tuple[str, ...] = ()
    time_path: tuple[str, ...] | None = None
    zone_path: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def alias_paths(self) -> list[Path]:
        """Where it may stand under another name."""
        return [(*self.path[:-1], alias) for alias in self.settings.aliases]

    @property
    def is_amount(self) -> bool:
        """Whether it becomes an amount of a canonical table."""
        return self.settings.canonical in AMOUNTS

    @property
    def is_money(self) -> bool:
        return self.is_amount or self.settings.amount_in is not None

    @property
    def in_major_units(self) -> bool:
        """Whether it is an amount that is delivered in units of its currency, such as euros."""
        return self.settings.amount_in == "major" or (self.is_amount and self.settings.scale > 1)

    @property
    def is_local(self) -> bool:
        """Whether its times without a zone are of a zone that the contract tells, other than UTC."""
        return self.zone_path is not None or self.settings.zone not in (None, "UTC")

    def place(self, setting: str) -> Loc:
        """Where one of its own settings stands."""
        names = [given.property for given in self.element.custom_properties]
        return (*self.loc, "customProperties", names.index(setting)) if setting in names else self.loc


@dataclass(frozen=True)
class Lines:
    """An array within the record whose items become rows of a table of their own. With `rows_by` there is no array:
    delivered rows with the same value of that property are one record, and its lines are made of these rows.
    """

    path: tuple[str, ...]
    loc: Loc
    table: str
    constants: dict[str, str]
    fields: tuple[Field, ...]
    rows_by: str | None = None


@dataclass(frozen=True)
class Contract:
    """One version of the contract of a dataset. Each item of the array at `explode` is a record of its own."""

    source: str
    dataset: str
    version: str
    document: Document
    table: str
    constants: dict[str, str]
    fields: tuple[Field, ...]
    lines: Lines | None
    odcs: Odcs
    settings: ContractSettings
    explode: Path | None = None
    entries: tuple[Entries, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.source}.{self.dataset}"

    @property
    def number(self) -> tuple[int, ...]:
        """The version in its order: major, minor, patch."""
        return tuple(map(int, self.version.split(".")))

    @property
    def status(self) -> str:
        return self.odcs.status

    @property
    def released(self) -> bool:
        """Others rely on it: what it promises no longer changes."""
        return self.status not in ("draft", "proposed")

    @property
    def owner(self) -> str | None:
        """The team that answers for the dataset."""
        return self.odcs.team.name if self.odcs.team else None

    @property
    def steward(self) -> str | None:
        members = self.odcs.team.members if self.odcs.team else []
        return next((member.username for member in members if member.role == "steward"), None)

    @property
    def end_of_support(self) -> date | None:
        """The last day of support."""
        sla = self._sla(END)
        return date.fromisoformat(sla.value) if sla else None

    def promise(self, name: str) -> timedelta | None:
        """`latency` or `retention`."""
        sla = self._sla(name)
        return sla.duration if sla else None

    def _sla(self, name: str) -> Sla | None:
        return next((sla for sla in self.odcs.sla_properties if sla.name == name), None)

    @property
    def upcasts(self) -> tuple[Step, ...]:
        """The steps from the previous major version to this one, in order."""
        return tuple(upcast.step for upcast in self.settings.upcasts)

    @property
    def rules(self) -> tuple[Quality, ...]:
        """Conditions that a record must fulfil: `name` and `implementation`."""
        return tuple(rule for rule in self.odcs.schema_[0].quality if rule.type == "custom")

    def accepted(self, day: date) -> bool:
        """Whether records of this version are taken on `day`: after its end only where that is a mere warning."""
        ended = self.end_of_support is not None and day > self.end_of_support
        return self.status in ("active", "deprecated") and not (ended and self.settings.after_end_of_support != "warn")

    @property
    def primary_key(self) -> tuple[Field, ...]:
        keyed = [f for f in self.fields if f.element.primary_key]
        return tuple(sorted(keyed, key=lambda f: f.element.primary_key_position or 1))

    @property
    def uses(self) -> list[tuple[Field, IdentifierUse]]:
        """The properties that identify somebody."""
        return [(f, f.settings.identifier) for f in self.fields if f.settings.identifier]


Versions = dict[tuple[str, str], tuple[Contract, ...]]
