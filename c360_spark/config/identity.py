"""identity.yml: the rule set by which identifiers become persons."""

import hashlib
import json
from typing import Literal

from pydantic import Field, PositiveInt

from c360_spark.config.model import Model

Normalizer = Literal["trim", "lower", "upper", "email", "phone", "name", "soundex", "postcode", "digits"]


class Namespace(Model):
    """A kind of identifier. More trust means stronger evidence.

    `crowd_limit` is how many identifiers of any one more trusted namespace it may be linked to before it counts as
    shared by many and links nobody.
    """

    trust: int = Field(ge=1, le=100)
    normalize: Normalizer = "trim"
    crowd_limit: PositiveInt | None = None
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


class RuleSet(Model):
    """The whole of identity.yml. Order of lists and keys does not matter to `fingerprint`, save match-key parts."""

    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    regions: dict[str, tuple[str, ...]]
    default_region: str
    blocked_values: tuple[str, ...] = ()
    blocked_patterns: tuple[str, ...] = ()
    namespaces: dict[str, Namespace]
    match_keys: dict[str, MatchKey] = {}

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change when, and only when, a rule changes."""
        text = json.dumps(_unordered(self.model_dump(mode="json", exclude={"version"})), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def label(self) -> str:
        """What rows are stamped with: version and fingerprint."""
        return f"{self.version}+{self.fingerprint}"


def _unordered(value: object) -> object:
    if isinstance(value, dict):
        return {name: item if name == "parts" else _unordered(item) for name, item in value.items()}
    return sorted(set(value)) if isinstance(value, list) else value
