"""platform.yml: the location of the lake and the size of the Spark session. `platform.<env>.yml` overlays it.

conf/ holds the names of environment variables with secrets, never the secrets themselves.
"""

import os
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt

from c360_spark.config.yaml.model import Model
from c360_spark.errors import SetupError


def _name(given: str) -> str:
    """Validates the name of an environment variable. Words have at most 15 characters, which random keys exceed.

    The error does not show the value, because it may be the secret itself, put in the wrong place.
    """
    if not re.fullmatch(r"[A-Z][A-Z0-9]{0,14}(_[A-Z0-9]{1,15})*", given) or len(given) > 64:
        raise ValueError("give the name of an environment variable, such as CRM_DSN, not the secret itself")
    return given


SecretName = Annotated[str, AfterValidator(_name)]


REMOTE = re.compile(r"^(?!file:)[a-z][a-z0-9+.-]+:", re.IGNORECASE)
FILE_SCHEME = re.compile(r"^file:(//(localhost)?(?=/))?", re.IGNORECASE)
# Spark reads the first characters as glob patterns, SQL and Hadoop paths cannot hold the others, and delta-rs decodes
# percent escapes.
UNUSABLE = re.compile(r"[*?\[\]{}\\`:\x00-\x1f\x7f]|%[0-9A-Fa-f]{2}")


def is_remote(location: str) -> bool:
    """Whether a location has a scheme other than `file:`."""
    return REMOTE.match(location) is not None


def absolute(location: str) -> str:
    """One spelling per location: unchanged with a scheme, else the absolute path without symbolic links and `file:`.

    Two runs that spell the same lake differently must compete for the same lease.
    """
    return location if is_remote(location) else os.path.realpath(FILE_SCHEME.sub("", location))


def usable_root(location: str) -> str:
    """Like `absolute`, for a folder that Spark writes to. Raises ValueError for a path that Spark would misread."""
    unusable = UNUSABLE.search(FILE_SCHEME.sub("", location) if not is_remote(location) else REMOTE.sub("", location))
    if unusable:
        raise ValueError(f"a path without {unusable.group()!r} is needed: Spark reads it as something else")
    if not location.strip():
        raise ValueError("the path is empty")
    return absolute(location)


class Spark(Model):
    """Sizes of the Spark session; `conf` is passed to Spark unchanged."""

    driver_memory: str = Field("4g", pattern=r"^\d+[mg]$")
    shuffle_partitions: PositiveInt = 4
    conf: dict[str, str] = {}


class Components(Model):
    """The engine for connected components; `auto` uses `local` up to `local_max_links` links, else GraphFrames.

    On a laptop, a change that reaches no more than `small_change_rows` rows of any table is resolved without Spark, by
    a union-find in Python, unless the engine is `graphframes`.
    """

    engine: Literal["auto", "local", "graphframes"] = "auto"
    local_max_links: PositiveInt = 20_000_000
    small_change_rows: NonNegativeInt = 100_000


class IdentityKey(Model):
    """Where the secret for keyed hashes comes from. `insecure_default` is refused in any environment but dev."""

    env: SecretName = "C360_IDENTITY_KEY"
    insecure_default: str | None = None

    def secret(self) -> str:
        """Returns the key. Raises SetupError C105 when it is not set or shorter than 16 characters."""
        value = os.environ.get(self.env) or self.insecure_default
        if not value or len(value) < 16:
            raise SetupError(
                "C105",
                f"{self.env} is {'too short' if value else 'not set'}",
                hint=f"export {self.env} (16 characters or more) from your secret store; another key makes other ids",
            )
        return value


class Platform(Model):
    """The whole of platform.yml. With `catalog` tables are registered there, else they are folders below `lake`.

    `outgoing` is the root folder for destinations that receive files. On a laptop, tables of up to `small_table_mb` are
    merged without Spark, and a lake of up to `small_lake_mb`, together with its landing folder, gets a session tuned
    for little data; 0 turns each off.
    """

    lake: Annotated[str, AfterValidator(usable_root)]
    landing: Annotated[str, AfterValidator(absolute)]
    outgoing: Annotated[str, AfterValidator(absolute)] | None = None
    catalog: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,254}$")
    small_table_mb: NonNegativeInt = 64
    small_lake_mb: NonNegativeInt = 256
    spark: Spark = Spark()
    components: Components = Components()
    identity_key: IdentityKey = IdentityKey()
