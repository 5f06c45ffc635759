"""identity.yml: the rule set by which identifiers become persons."""

import hashlib
import json
from datetime import date
from typing import Literal

from pydantic import Field, PositiveInt

from c360_spark.config.model import Model

Normalizer = Literal["trim", "lower", "upper", "email", "phone", "name", "soundex", "postcode", "digits"]


class Namespace(Model):
    """A kind of identifier. More trust means stronger evidence.

    `crowd_limit` is how many identifiers of any one more trusted namespace it may be linked to before it counts as
    shared by many and links nobody. `max_per_person` is how many of this namespace one person can have.
    `expires_after_days` is how long a link of it holds after it was last seen.
    """

    trust: int = Field(ge=1, le=100)
    normalize: Normalizer = "trim"
    crowd_limit: PositiveInt | None = None
    max_per_person: PositiveInt | None = None
    expires_after_days: PositiveInt | None = None
    blocked_values: tuple[str, ...] = ()
    blocked_patterns: tuple[str, ...] = ()


class KeyPart(Model):
    """One column of silver.profile_record in a match key."""

    column: str
    normalize: Normalizer = "name"
    prefix: PositiveInt | None = None


class MatchKey(Model):
    """A derived identifier: all parts must be present, and records that agree on all of them are linked."""

    namespace: str
    parts: tuple[KeyPart, ...] = Field(min_length=1)


class Named(Model):
    """One identifier by its value, which is normalised as its namespace says."""

    namespace: str
    region: str
    value: str


class Pair(Model):
    """A decision of a person about two identifiers, until `expires` (exclusive)."""

    left: Named
    right: Named
    author: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    added: date
    expires: date | None = None


class Bridge(Model):
    """Identifiers of these namespaces are one across these regions, until `expires` (exclusive)."""

    namespaces: tuple[str, ...] = Field(min_length=1)
    regions: tuple[str, ...] = Field(min_length=2)
    legal_basis: str = Field(min_length=1)
    author: str = Field(min_length=1)
    added: date
    expires: date


class Promotion(Model):
    """How much the next rule set may change before `c360 rules promote` refuses it."""

    max_moved_share: float = Field(default=0.05, ge=0, le=1)
    max_person_size: PositiveInt = 200


class RuleSet(Model):
    """The whole of identity.yml. Order of lists and keys does not matter to `fingerprint`, save match-key parts."""

    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    regions: dict[str, tuple[str, ...]]
    default_region: str
    component_limit: PositiveInt | None = None
    blocked_values: tuple[str, ...] = ()
    blocked_patterns: tuple[str, ...] = ()
    namespaces: dict[str, Namespace]
    match_keys: dict[str, MatchKey] = {}
    bridges: dict[str, Bridge] = {}
    force_links: tuple[Pair, ...] = ()
    never_links: tuple[Pair, ...] = ()
    promotion: Promotion = Promotion()

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change when, and only when, a rule changes."""
        text = json.dumps(_unordered(self.model_dump(mode="json", exclude={"version", "promotion"})), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def label(self) -> str:
        """What rows are stamped with: version and fingerprint."""
        return f"{self.version}+{self.fingerprint}"

    @property
    def derived(self) -> frozenset[str]:
        """Namespaces of match keys."""
        return frozenset(key.namespace for key in self.match_keys.values())

    @property
    def region_names(self) -> frozenset[str]:
        return frozenset(self.regions) | {self.default_region}


def _unordered(value: object) -> object:
    if isinstance(value, dict):
        return {name: item if name == "parts" else _unordered(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(_unordered(item), sort_keys=True) for item in value})
    return value
