"""consent.yml, audiences/*.yml, destinations/*.yml: what is allowed, and who is sent where."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from c360_spark.config.activation.destination_kinds import KINDS, FieldRule
from c360_spark.config.secret import SecretName
from c360_spark.config.yaml.model import Model


class Purpose(Model):
    """One purpose of consent; without a statement the answer is always no."""

    description: str


class ConsentRules(Model):
    """consent.yml."""

    purposes: dict[str, Purpose]


class Destination(Model):
    """Where an audience is sent: payload field → gold.profile column. `kind` is a name of KINDS.

    Only those are sent who granted every one of `purposes`.
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
        """How a mapped field is sent: as the kind says, or else as the mapping does."""
        mapping = self.fields[name]
        plain = FieldRule(GENERIC[mapping.normalize or "none"], hashed=mapping.hash == "sha256")
        return KINDS[self.kind].fields.get(name, plain)


class Mapping(Model):
    """One field to send. A person whose `required` field is missing or unusable is not sent; any other field is left
    out. `normalize` and `hash` are for the generic kind: `hash: sha256` sends the hex digest of the normalised value.
    """

    column: str
    required: bool = False
    normalize: Literal["none", "trim_lower", "digits"] | None = None
    hash: Literal["none", "sha256"] | None = None


class Events(Model):
    """Events to send of those who are sent: names of taxonomy.yml, with these `properties` of silver.event and no
    others, of the last `days` before a run.
    """

    names: tuple[str, ...] = Field(min_length=1)
    properties: tuple[str, ...] = ()
    days: int = Field(30, ge=1, le=3650)


def _shaped(pattern: str, what: str) -> AfterValidator:
    """A text of this shape. What is given is not shown: it may be a connection string, put in the wrong place."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"give {what}")
        return value

    return AfterValidator(check)


TableName = Annotated[str, _shaped(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?", "table or schema.table in lower case")]
Folder = Annotated[str, _shaped(r"\w[\w.-]*(/\w[\w.-]*)*", "a folder below the root, such as crm/changes")]


class Deliver(Model):
    """How the outbox of a destination is delivered. NEEDS says which of the optional settings belong to which `to`.

    A batch of `batch_rows` changes is tried up to `attempts` times, after `backoff_s` seconds, then twice as many, and
    so on. No more than `rows_per_second` are sent on average.
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
# Columns that delivery itself fills, beside the fields of the destination.
OWN_COLUMNS = {
    "postgres": ("person_id", "sequence"),
    "jsonl": (),  # has the fields in an object of their own
    "csv": ("idempotency_key", "sequence", "person_id", "operation", "cause", "created_at"),
}
REVENUE = "revenue_minor"  # of gold.profile, by currency: a destination is sent that of one, as revenue_minor.EUR
GENERIC = {"none": "as_is", "trim_lower": "lower", "digits": "digits"}
