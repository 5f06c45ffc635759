"""consent.yml, audiences/*.yml and destinations/*.yml: purposes of consent, audiences, destinations, and dispatch."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from c360_spark.config.activation.destination_kinds import KINDS, FieldRule
from c360_spark.config.platform import SecretName
from c360_spark.config.rules.expression import used
from c360_spark.config.yaml.model import Model


class Purpose(Model):
    """One purpose of consent. A person without a statement counts as not consenting."""

    description: str


class ConsentRules(Model):
    """The whole of consent.yml."""

    purposes: dict[str, Purpose]


class Destination(Model):
    """One destination of an audience: payload field → column of gold.profile or metric. `kind` is a name of KINDS.

    Only persons who granted every one of `purposes` are sent.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: str
    description: str
    owner: str
    audience: str
    purposes: tuple[str, ...] = Field(min_length=1)
    fields: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], "Mapping"] = Field(min_length=1)
    deliver: "Deliver | None" = None
    events: "Events | None" = None

    def field(self, name: str) -> FieldRule:
        """How a mapped field is sent: by the rule of the kind where it has one, else by the mapping."""
        mapping = self.fields[name]
        plain = FieldRule(GENERIC[mapping.normalize or "none"], hashed=mapping.hash == "sha256")
        return KINDS[self.kind].fields.get(name, plain)


class Mapping(Model):
    """One field to send. A person whose `required` field is missing or invalid is not sent; an optional field in that
    state is left out. `normalize` and `hash` are for the generic kind: `hash: sha256` sends the hex digest of the
    normalised value.
    """

    column: str
    required: bool = False
    normalize: Literal["none", "trim_lower", "digits"] | None = None
    hash: Literal["none", "sha256"] | None = None


class Events(Model):
    """Events to send for the persons that are sent: `names` of taxonomy.yml from the last `days` before a run, with
    only these `properties` of silver.event.
    """

    names: tuple[str, ...] = Field(min_length=1)
    properties: tuple[str, ...] = ()
    days: int = Field(30, ge=1, le=3650)


def _shaped(pattern: str, what: str) -> AfterValidator:
    """A validator for text that matches `pattern`. Its error does not show the value, which may be a misplaced secret
    such as a connection string.
    """

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"give {what}")
        return value

    return AfterValidator(check)


TableName = Annotated[str, _shaped(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?", "table or schema.table in lower case")]
Folder = Annotated[str, _shaped(r"\w[\w.-]*(/\w[\w.-]*)*", "a folder below the root, such as crm/changes")]


class Deliver(Model):
    """How the outbox of a destination is delivered. NEEDS lists the settings that each `to` requires.

    A batch of `batch_rows` changes is tried up to `attempts` times with exponential backoff: `backoff_s` seconds, then
    twice as long, and so on. `rows_per_second` limits the average rate.
    """

    to: Literal["postgres", "jsonl", "csv"]
    dsn_env: SecretName | None = None
    table: TableName | None = None
    folder: Folder | None = None
    batch_rows: int = Field(1_000, ge=1, le=10_000)
    attempts: int = Field(5, ge=1, le=20)
    backoff_s: float = Field(1, ge=0, le=60)
    rows_per_second: float | None = Field(None, gt=0)


NEEDS = {"postgres": ("dsn_env", "table"), "jsonl": ("folder",), "csv": ("folder",)}
# Columns that delivery fills itself, in addition to the fields of the destination.
OWN_COLUMNS = {
    "postgres": ("person_id", "sequence"),
    "jsonl": (),  # nests the fields in an object of their own, so names cannot collide
    "csv": ("idempotency_key", "sequence", "person_id", "operation", "cause", "created_at"),
}
REVENUE = "revenue_minor"  # a map of gold.profile by currency; a destination maps one entry, such as revenue_minor.EUR
GENERIC = {"none": "as_is", "trim_lower": "lower", "digits": "digits"}


class Audience(Model):
    """One audience: `where` is a SQL condition over gold.profile, metrics and `as_of`; `purpose` must be granted.

    `exit` is the condition for leaving; by default a person leaves when `where` no longer holds. A stay lasts at least
    `min_stay_days`, unless consent is withdrawn or the person ceases to exist, and at most `max_stay_days`. A person
    who left can re-enter after `cooldown_days`, or never if `requalify` is false. `every_hours` is the refresh
    interval: runs in between skip the audience. `sla_hours` is the maximum age of the audience when it is read.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str
    owner: str
    purpose: str
    where: str
    exit: str | None = None
    min_stay_days: int = Field(0, ge=0)
    max_stay_days: int | None = Field(None, ge=1)
    cooldown_days: int = Field(0, ge=0)
    requalify: bool = True
    every_hours: int = Field(0, ge=0)
    sla_hours: int | None = Field(None, ge=1)

    @property
    def definition(self) -> str:
        """The conditions as text."""
        return self.where if self.exit is None else f"{self.where}; out when {self.exit}"

    @property
    def moves_with_time(self) -> bool:
        """Whether a person can enter or leave merely because time passes, without a change of data."""
        timed = self.min_stay_days or self.max_stay_days or self.cooldown_days
        return bool(timed) or bool(used(f"{self.where} {self.exit or ''}", ("as_of",)))
