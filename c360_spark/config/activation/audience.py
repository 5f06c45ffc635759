"""audiences/*.yml: who qualifies, and how long a stay lasts."""

from pydantic import Field

from c360_spark.config.rules.expression import used
from c360_spark.config.yaml.model import Model


class Audience(Model):
    """Who qualifies: `where` is a SQL condition over the columns of gold.profile; `purpose` must be granted.

    `exit` is the condition to leave by, where it is not just that `where` no longer holds. A stay lasts `min_stay_days`
    at least, unless consent or the person goes, and `max_stay_days` at most. Who left may come back after
    `cooldown_days`, or never where `requalify` is false. `every_hours` is the schedule: runs in between leave the
    audience alone. `sla_hours` is how old it may be when it is looked at.
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
        """The conditions, in words."""
        return self.where if self.exit is None else f"{self.where}; out when {self.exit}"

    @property
    def moves_with_time(self) -> bool:
        """Whether somebody may enter or leave by nothing but time going by."""
        timed = self.min_stay_days or self.max_stay_days or self.cooldown_days
        return bool(timed) or bool(used(f"{self.where} {self.exit or ''}", ("as_of",)))
