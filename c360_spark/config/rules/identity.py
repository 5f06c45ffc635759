"""identity.yml: the rule set for identity resolution, which links identifiers into persons."""

import hashlib
import json
from datetime import date
from typing import Any

from pydantic import Field, PositiveInt

from c360_spark.config.rules.key_part import KeyPart, Normalizer
from c360_spark.config.rules.probabilistic import Probabilistic
from c360_spark.config.yaml.model import Model

# Settings excluded from the fingerprint, because they do not change which persons result.
UNTOLD = dict.fromkeys(("engine", "local_max_records", "seed", "train_on"), True) | {
    "model": {"version": True, "trained": True}
}


class Namespace(Model):
    """A kind of identifier. Higher `trust` means stronger evidence.

    `crowd_limit`: an identifier linked to more identifiers than this of any one more trusted namespace is crowded, that
    is shared by many, and links nobody. `max_per_person` limits the identifiers of this namespace per person.
    `expires_after_days`: a link expires so long after it was last seen. `unique`: a person with such an identifier is
    known, and the match model never joins two known persons.
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
    """A match key: an identifier derived from attributes. Records that have all parts and agree on them are linked."""

    namespace: str
    parts: tuple[KeyPart, ...] = Field(min_length=1)


class Contradictions(Model):
    """Identifiers of these namespaces do not link records that contradict each other on name and birth date.

    The parts are columns of silver.profile_record.
    """

    namespaces: tuple[str, ...] = Field(min_length=1)
    given_name: KeyPart = KeyPart(column="given_name")
    family_name: KeyPart = KeyPart(column="family_name")
    birth_date: KeyPart = KeyPart(column="birth_date", normalize="digits")

    @property
    def parts(self) -> dict[str, KeyPart]:
        return {name: getattr(self, name) for name in ("given_name", "family_name", "birth_date")}


class Named(Model):
    """A reference to one identifier. Its value is normalised by the rule of its namespace."""

    namespace: str
    region: str
    value: str


class Pair(Model):
    """A manual decision about two identifiers (force-link or never-link), valid until `expires` (exclusive)."""

    left: Named
    right: Named
    author: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    added: date
    expires: date | None = None


class Bridge(Model):
    """Links equal identifiers of these namespaces across these regions, until `expires` (exclusive)."""

    namespaces: tuple[str, ...] = Field(min_length=1)
    regions: tuple[str, ...] = Field(min_length=2)
    legal_basis: str = Field(min_length=1)
    author: str = Field(min_length=1)
    added: date
    expires: date


class Promotion(Model):
    """Limits of change beyond which `c360 rules promote` refuses a rule set."""

    max_moved_share: float = Field(default=0.05, ge=0, le=1)
    max_person_size: PositiveInt = 200


class RuleSet(Model):
    """The whole of identity.yml. The `fingerprint` ignores the order of lists and keys, except for parts of match keys
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
    contradictions: Contradictions | None = None
    probabilistic: Probabilistic | None = None
    bridges: dict[str, Bridge] = {}
    force_links: tuple[Pair, ...] = ()
    never_links: tuple[Pair, ...] = ()
    promotion: Promotion = Promotion()

    @property
    def fingerprint(self) -> str:
        """A hash of twelve hex digits that changes when, and only when, a rule changes."""
        # A block that a rule set lacks is left out, so older rule sets keep their fingerprint.
        apart: dict[str, Any] = {
            "version": True,
            "promotion": True,
            "probabilistic": UNTOLD if self.probabilistic else True,
        }
        if self.contradictions is None:
            apart["contradictions"] = True
        text = json.dumps(_unordered(self.model_dump(mode="json", exclude=apart)), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def label(self) -> str:
        """Version and fingerprint, as recorded in the rows that the rule set produced."""
        return f"{self.version}+{self.fingerprint}"

    @property
    def derived(self) -> frozenset[str]:
        """The namespaces of match keys."""
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
