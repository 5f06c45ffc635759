"""identity.yml: the rule set by which identifiers become persons."""

import hashlib
import json
from datetime import date
from typing import Any

from pydantic import Field, PositiveInt

from c360_spark.config.rules.key_part import KeyPart, Normalizer
from c360_spark.config.rules.probabilistic import Probabilistic
from c360_spark.config.yaml.model import Model

# What may differ between two rule sets that give the same persons.
UNTOLD = dict.fromkeys(("engine", "local_max_records", "seed", "train_on"), True) | {
    "model": {"version": True, "trained": True}
}


class Namespace(Model):
    """A kind of identifier. More trust means stronger evidence.

    `crowd_limit` is how many identifiers of any one more trusted namespace it may be linked to before it counts as
    shared by many and links nobody. `max_per_person` is how many of this namespace one person can have.
    `expires_after_days` is how long a link of it holds after it was last seen. A person with a `unique` one is known:
    no probabilistic link joins two of them.
    """

    trust: int = Field(ge=1, le=100)
    normalize: Normalizer = "trim"
    crowd_limit: PositiveInt | None = None
    max_per_person: PositiveInt | None = None
    expires_after_days: PositiveInt | None = None
    unique: bool = False
    blocked_values: tuple[str, ...] = ()
    blocked_patterns: tuple[str, ...] = ()


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
    """The whole of identity.yml. Order of lists and keys does not matter to `fingerprint`, save parts of match keys
    and columns of comparisons.
    """

    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    regions: dict[str, tuple[str, ...]]
    default_region: str
    component_limit: PositiveInt | None = None
    blocked_values: tuple[str, ...] = ()
    blocked_patterns: tuple[str, ...] = ()
    namespaces: dict[str, Namespace]
    match_keys: dict[str, MatchKey] = {}
    probabilistic: Probabilistic | None = None
    bridges: dict[str, Bridge] = {}
    force_links: tuple[Pair, ...] = ()
    never_links: tuple[Pair, ...] = ()
    promotion: Promotion = Promotion()

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change when, and only when, a rule changes."""
        # A rule set without the block has the fingerprint it had before there were such blocks.
        apart: dict[str, Any] = {
            "version": True,
            "promotion": True,
            "probabilistic": UNTOLD if self.probabilistic else True,
        }
        text = json.dumps(_unordered(self.model_dump(mode="json", exclude=apart)), sort_keys=True)
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
    def unique_namespaces(self) -> list[str]:
        return [name for name, space in self.namespaces.items() if space.unique]

    @property
    def region_names(self) -> frozenset[str]:
        return frozenset(self.regions) | {self.default_region}


def _unordered(value: object) -> object:
    if isinstance(value, dict):
        return {name: item if name in ("parts", "columns") else _unordered(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(_unordered(item), sort_keys=True) for item in value})
    return value
