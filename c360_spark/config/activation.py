"""consent.yml, audiences/*.yml, destinations/*.yml: what is allowed, and who is sent where."""

from typing import Annotated, Literal

from pydantic import Field

from c360_spark.config.kinds import KINDS, FieldRule
from c360_spark.config.model import Model


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


GENERIC = {"none": "as_is", "trim_lower": "lower", "digits": "digits"}
