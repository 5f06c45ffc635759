"""profile.yml, consent.yml, audiences/*.yml, destinations/*.yml: what survives, what is allowed, who is sent where."""

from typing import Literal

from pydantic import Field

from c360_spark.config.model import Model


class Survivorship(Model):
    """How one attribute of the profile is chosen: by order of source, then by recency."""

    priority: tuple[str, ...]


class ProfileRules(Model):
    """profile.yml. `default_priority` holds for attributes without an entry; unlisted sources come last."""

    default_priority: tuple[str, ...]
    attributes: dict[str, Survivorship] = {}


class Purpose(Model):
    """One purpose of consent; without a statement the answer is always no."""

    description: str


class ConsentRules(Model):
    """consent.yml."""

    purposes: dict[str, Purpose]


class Audience(Model):
    """Who qualifies: `where` is a SQL condition over the columns of gold.profile; `purpose` must be granted."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str
    owner: str
    purpose: str
    where: str


class Destination(Model):
    """Where an audience is sent: payload field → gold.profile column, each with its normaliser."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str
    owner: str
    audience: str
    fields: dict[str, "Mapping"] = Field(min_length=1)


class Mapping(Model):
    """One field to send. `hash: sha256` sends the hex digest of the normalised value."""

    column: str
    normalize: Literal["none", "trim_lower", "digits"] = "none"
    hash: Literal["none", "sha256"] = "none"
