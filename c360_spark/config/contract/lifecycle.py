"""Team, service levels, quality rules and lifecycle of a contract: the parts of the standard besides the schema."""

import datetime
import difflib
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictStr, model_validator

from c360_spark.config.contract.upcast import Upcast
from c360_spark.config.yaml.model import Camel

HOURS = {
    **dict.fromkeys(("h", "hour", "hours"), 1),
    **dict.fromkeys(("d", "day", "days"), 24),
    **dict.fromkeys(("y", "yr", "year", "years"), 24 * 365),
}
DURATIONS = ("latency", "retention")
END = "endOfSupport"


def _day(value: Any) -> Any:
    """Parses a date from quoted text. The standard is JSON, which has no dates, so an unquoted YAML date is refused."""
    if not isinstance(value, str):
        raise ValueError(f"must be a date in quotes, such as '2027-12-31', not {value}")
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"'{value}' is not a date such as '2027-12-31'") from None


Day = Annotated[datetime.date, BeforeValidator(_day)]


class TeamMember(Camel):
    """One member of a team. The member with the role `steward` answers questions about the data."""

    id: str | None = None
    username: str
    name: str | None = None
    description: str | None = None
    role: str | None = None
    date_in: str | None = None
    date_out: str | None = None
    replaced_by_username: str | None = None
    tags: list[str] = []
    custom_properties: list[Any] = []
    authoritative_definitions: list[Any] = []


class Team(Camel):
    """The team that owns the dataset."""

    id: str | None = None
    name: str | None = None
    description: str | None = None
    members: list[TeamMember] = []
    tags: list[str] = []
    custom_properties: list[Any] = []
    authoritative_definitions: list[Any] = []


class Sla(Camel):
    """One service level. `latency` and `retention` are a number and a unit (h, d, y), `endOfSupport` is a date.

    Other service levels are accepted and ignored.
    """

    id: str | None = None
    name: str = Field(alias="property")
    value: Any
    value_ext: Any = None
    unit: str | None = None
    element: str | None = None
    driver: str | None = None
    description: str | None = None
    scheduler: str | None = None
    schedule: str | None = None

    @model_validator(mode="after")
    def _readable(self) -> "Sla":
        ours = (*DURATIONS, END)
        close = difflib.get_close_matches(self.name, ours, n=1, cutoff=0.8)
        if close and self.name not in ours:
            raise ValueError(f"unknown promise '{self.name}'; did you mean '{close[0]}'?")
        if self.name == END:
            _day(self.value)
        if self.name in DURATIONS:
            if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not 0 < self.value < 1e6:
                raise ValueError(f"{self.name} must be a positive number, not '{self.value}'")
            if self.unit not in HOURS:
                raise ValueError(f"the unit of {self.name} must be h, d or y, not '{self.unit}'")
        return self

    @property
    def duration(self) -> timedelta:
        return timedelta(hours=self.value * HOURS[self.unit or ""])


class Quality(Camel):
    """A quality rule of a record. `custom`: `implementation` is a condition over its properties. `text`: words only,
    which nothing checks.
    """

    id: str | None = None
    type: Literal["text", "custom"]
    name: str | None = None
    description: str | None = None
    engine: Literal["c360"] | None = None
    implementation: StrictStr | None = None
    dimension: str | None = None
    business_impact: str | None = None
    severity: str | None = None
    tags: list[str] = []
    authoritative_definitions: list[Any] = []


class Reviewed(Camel):
    """The last review of the contract. The key is `date` because YAML reads `on` as a boolean."""

    by: str = Field(min_length=1)
    date: Day


class ContractSettings(Camel):
    """The suite's settings of a contract.

    `afterEndOfSupport` tells how records of this version are treated after its end of support. `versionFrom` names the
    delivered property that holds the contract version of a record. `defaultCountry` applies to records without a
    country. `upcasts` convert a record of the previous major version; `noUpcast` gives the reason why that is
    impossible. `headers` tells whether column names in delimited files are matched regardless of case.
    """

    after_end_of_support: Literal["warn", "quarantine"] = "quarantine"
    reviewed: Reviewed | None = None
    version_from: str | None = None
    default_country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    upcasts: tuple[Upcast, ...] = ()
    headers: Literal["exact", "ignore_case"] = "exact"
    no_upcast: str | None = Field(default=None, min_length=1)
