"""platform.yml: where the lake is, how much machine there is. `platform.<env>.yml` overlays it."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt

from c360_spark.config.model import Model
from c360_spark.errors import SetupError


def absolute(location: str) -> str:
    """A location with a scheme as it is, a path as an absolute one: Delta takes no other."""
    return location if re.match(r"^[a-z][a-z0-9+.-]*:", location) else str(Path(location).absolute())


class Spark(Model):
    """Sizes of the Spark session; `conf` is passed on as it is."""

    driver_memory: str = Field("4g", pattern=r"^\d+[mg]$")
    shuffle_partitions: PositiveInt = 4
    conf: dict[str, str] = {}


class Components(Model):
    """Which engine computes connected components; `auto` takes `local` up to `local_max_links` links."""

    engine: Literal["auto", "local", "graphframes"] = "auto"
    local_max_links: PositiveInt = 20_000_000


class IdentityKey(Model):
    """Where the secret of keyed hashes comes from. `insecure_default` is refused in any environment but dev."""

    env: str = "C360_IDENTITY_KEY"
    insecure_default: str | None = None

    def secret(self) -> str:
        """The key itself. Raises SetupError C105 when it is not set or shorter than 16 characters."""
        value = os.environ.get(self.env) or self.insecure_default
        if not value or len(value) < 16:
            raise SetupError(
                "C105",
                f"{self.env} is {'too short' if value else 'not set'}",
                hint=f"export {self.env} (16 characters or more) from your secret store; another key makes other ids",
            )
        return value


class Platform(Model):
    """The whole of platform.yml. Either `catalog` names the tables, or they lie in folders below `lake`.

    `outgoing` is the root of the folders that files are delivered to, for destinations that take files.
    """

    lake: Annotated[str, AfterValidator(absolute)]
    landing: Annotated[str, AfterValidator(absolute)]
    outgoing: Annotated[str, AfterValidator(absolute)] | None = None
    catalog: str | None = None
    spark: Spark = Spark()
    components: Components = Components()
    identity_key: IdentityKey = IdentityKey()
