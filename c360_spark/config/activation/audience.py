"""audiences/*.yml: the entry and exit conditions of an audience, and how long a membership lasts."""

from pydantic import Field

from c360_spark.config.rules.expression import used
from c360_spark.config.yaml.model import Model


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
