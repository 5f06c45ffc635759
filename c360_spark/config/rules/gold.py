"""gold.yml: whose an event is, what a session is, who lives together, who belongs to which company."""

from pydantic import Field, NonNegativeInt, PositiveInt

from c360_spark.config.rules.key_part import KeyPart
from c360_spark.config.yaml.model import Model


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


class Domains(Model):
    """Who has an address of a company's domain belongs to it. `free_mail` and `suffixes` are lists of reference.yml:
    domains where anybody has an address, and endings of two parts under which others register, such as co.uk.

    The guards: fewer than `min_persons` make no company unless a source has it on file, and of more than `max_persons`
    none belongs to it by the domain.
    """

    free_mail: str
    suffixes: str | None = None
    min_persons: PositiveInt = 2
    max_persons: PositiveInt = 1000


class Accounts(Model):
    """Which company a person belongs to: that whose key is `attributes.<named_by>` of a customer record, else that of
    the domain. The key is one of the source `keys_of`, or of the record's own source where that is not given. Without
    `domains` nobody belongs to one by an address.
    """

    named_by: str | None = None
    keys_of: str | None = None
    domains: Domains | None = None


class Subscriptions(Model):
    """What is not active whatever its times: subscriptions of these statuses, spelt as silver holds them."""

    inactive_statuses: tuple[str, ...] = ()


class GoldRules(Model):
    """The whole of gold.yml. Without `households` there are none, and without `accounts` none of these."""

    events: Events = Events()
    sessions: Sessions = Sessions()
    households: Households | None = None
    accounts: Accounts | None = None
    subscriptions: Subscriptions = Subscriptions()
