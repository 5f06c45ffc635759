"""Data contracts of conf/contracts: the promises of a dataset, and the mapping of its properties to silver."""

from dataclasses import dataclass
from datetime import date, timedelta

from c360_spark.config.contract.lifecycle import END, ContractSettings, Quality, Sla
from c360_spark.config.contract.money import AMOUNTS
from c360_spark.config.contract.odcs import Element, IdentifierUse, Odcs, PropertySettings
from c360_spark.config.contract.upcast import Step
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.yaml.document import Document, Loc

Path = tuple[str, ...]


@dataclass(frozen=True)
class Entries:
    """An array of key-value pairs, whose keys are properties. `path` leads to the array; `key` and `values` are paths
    within a pair, and the value is the first present one of `values`.
    """

    path: Path
    loc: Loc
    key: Path
    values: tuple[Path, ...]


@dataclass(frozen=True)
class Field:
    """One scalar property of a delivered record. `path` leads to it from the record; `loc` is its place in the contract
    file; `listed` are the values of its `reference` list. `time_path` and `zone_path` lead to the properties that hold
    its time of day and its time zone. With `is_nulled` a value that does not fit is taken as unknown, and the record
    stays.
    """

    path: tuple[str, ...]
    loc: Loc
    element: Element
    settings: PropertySettings
    listed: tuple[str, ...] = ()
    time_path: tuple[str, ...] | None = None
    zone_path: tuple[str, ...] | None = None
    is_nulled: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def alias_paths(self) -> list[Path]:
        """The paths under its alternative names."""
        return [(*self.path[:-1], alias) for alias in self.settings.aliases]

    @property
    def is_amount(self) -> bool:
        """Whether it maps to an amount column of a canonical table."""
        return self.settings.canonical in AMOUNTS

    @property
    def is_money(self) -> bool:
        return self.is_amount or self.settings.amount_in is not None

    @property
    def in_major_units(self) -> bool:
        """Whether it is an amount delivered in major units of its currency, such as euros."""
        return self.settings.amount_in == "major" or (self.is_amount and self.settings.scale > 1)

    @property
    def is_required(self) -> bool:
        """Whether every record must have a value: the primary key always must, even if the contract does not say so."""
        return self.element.required or self.element.primary_key

    @property
    def is_local(self) -> bool:
        """Whether the contract assigns times without a zone to a time zone other than UTC."""
        return self.zone_path is not None or self.settings.zone not in (None, "UTC")

    def place(self, setting: str) -> Loc:
        """The place of one of its settings in the contract file; its own place if it lacks the setting."""
        names = [given.property for given in self.element.custom_properties]
        return (*self.loc, "customProperties", names.index(setting)) if setting in names else self.loc


@dataclass(frozen=True)
class Lines:
    """An array of the record whose items become rows of another table. With `rows_by` no array is delivered: delivered
    rows with the same value of that property form one record, and each of these rows becomes one of its lines.
    """

    path: tuple[str, ...]
    loc: Loc
    table: str
    constants: dict[str, str]
    fields: tuple[Field, ...]
    rows_by: str | None = None


@dataclass(frozen=True)
class Contract:
    """One version of a dataset's contract. With `explode` each item of the array at that path becomes a record."""

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
    one_per_person: bool = False

    @property
    def name(self) -> str:
        return f"{self.source}.{self.dataset}"

    @property
    def number(self) -> tuple[int, ...]:
        """The version as sortable numbers: major, minor, patch."""
        return tuple(map(int, self.version.split(".")))

    @property
    def status(self) -> str:
        return self.odcs.status

    @property
    def released(self) -> bool:
        """Whether it is more than a draft or proposal: others rely on it, so its promises no longer change."""
        return self.status not in ("draft", "proposed")

    @property
    def owner(self) -> str | None:
        """The team that owns the dataset."""
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
        """The promised duration of `latency` or `retention`; None without such a promise."""
        sla = self._sla(name)
        return sla.duration if sla else None

    def _sla(self, name: str) -> Sla | None:
        return next((sla for sla in self.odcs.sla_properties if sla.name == name), None)

    @property
    def upcasts(self) -> tuple[Step, ...]:
        """The up-cast steps from the previous major version to this one, in order."""
        return tuple(upcast.step for upcast in self.settings.upcasts)

    @property
    def rules(self) -> tuple[Quality, ...]:
        """Quality rules that every record must satisfy: `name` and `implementation` (the condition)."""
        return tuple(rule for rule in self.odcs.schema_[0].quality if rule.type == "custom")

    def accepted(self, day: date) -> bool:
        """Whether records of this version are accepted on `day`; after its end of support only if that is a warning."""
        ended = self.end_of_support is not None and day > self.end_of_support
        return self.status in ("active", "deprecated") and not (ended and self.settings.after_end_of_support != "warn")

    @property
    def primary_key(self) -> tuple[Field, ...]:
        keyed = [f for f in self.fields if f.element.primary_key]
        return tuple(sorted(keyed, key=lambda f: f.element.primary_key_position or 1))

    @property
    def key_namespace(self) -> str | None:
        """The namespace of the primary key, if that is one identifier of a person."""
        uses = [field.settings.identifier for field in self.primary_key]
        return uses[0].namespace if len(uses) == 1 and uses[0] else None

    @property
    def uses(self) -> list[tuple[Field, IdentifierUse]]:
        """The properties that hold identifiers of a person."""
        return [(f, f.settings.identifier) for f in self.fields if f.settings.identifier]


Versions = dict[tuple[str, str], tuple[Contract, ...]]


def phone_fields(contract: Contract, rules: RuleSet) -> list[Field]:
    """Properties of the record normalised as phone numbers, by the contract or by their namespace in the rule set."""
    return [field for field in contract.fields if _is_phone(field, rules)]


def _is_phone(field: Field, rules: RuleSet) -> bool:
    use = field.settings.identifier
    spaces = [use.namespace, *use.namespaces.values()] if use else []
    named = [rules.namespaces[space].normalize for space in spaces if space in rules.namespaces]
    return "phone" in (field.settings.normalize, *named)
