"""gold.yml: whose an event is, what a session is, who lives together."""

from pydantic import Field, NonNegativeInt, PositiveInt

from c360_spark.config.model import Model
from c360_spark.config.part import KeyPart


class Events(Model):
    """How events are attributed to persons.

    `devices` are the namespaces of cookies and devices; an event with no other identifier is anonymous, and follows a
    late identification for `reattribute_days` after it happened, or always where that is null.
    """

    devices: tuple[str, ...] = ()
    reattribute_days: NonNegativeInt | None = None


class Sessions(Model):
    """What ends a session of a person. `time_zones` gives that of a region, for midnight; UTC where it is not listed.

    `passive_events` are names of events that belong to no session, such as a message that was sent.
    """

    inactivity_minutes: PositiveInt = 30
    cut_at_midnight: bool = True
    time_zones: dict[str, str] = {}
    cut_at_campaign: bool = False
    passive_events: tuple[str, ...] = ()


class Households(Model):
    """Who lives together: persons whose profiles agree on all parts of `address` and on `surname`, and persons who
    share an identifier of `shared_identifiers`, which is crowded then.

    The guards: a group above `max_size` is no household, nor is any at an address of more than `max_per_address`
    persons; a person with fewer customer records than `min_records` is in none.
    """

    address: tuple[KeyPart, ...] = Field(min_length=1)
    surname: KeyPart
    shared_identifiers: tuple[str, ...] = ()
    max_size: int = Field(default=8, ge=2)
    max_per_address: int = Field(default=60, ge=2)
    min_records: PositiveInt = 1

    @property
    def parts(self) -> tuple[KeyPart, ...]:
        """What persons must agree on: the address, then the surname."""
        return *self.address, self.surname


class GoldRules(Model):
    """The whole of gold.yml. Without `households` there are none."""

    events: Events = Events()
    sessions: Sessions = Sessions()
    households: Households | None = None
