"""gold.yml: rules for event attribution, sessions, households, company accounts and subscriptions."""

from pydantic import Field, NonNegativeInt, PositiveInt

from c360_spark.config.rules.key_part import KeyPart
from c360_spark.config.yaml.model import Model


class Events(Model):
    """How events are attributed to persons.

    `devices` are the namespaces of cookies and devices. An event with no other identifier is anonymous: when its device
    is identified later, the event is re-attributed up to `reattribute_days` after it happened; null means always.
    """

    devices: tuple[str, ...] = ()
    reattribute_days: NonNegativeInt | None = None


class Sessions(Model):
    """What ends a session of a person. `time_zones` maps regions to the time zone of their midnight; default is UTC.

    `passive_events` are events that belong to no session, such as a message that was sent.
    """

    inactivity_minutes: PositiveInt = 30
    cut_at_midnight: bool = True
    time_zones: dict[str, str] = {}
    cut_at_campaign: bool = False
    passive_events: tuple[str, ...] = ()


class Households(Model):
    """How persons are grouped into households: persons whose profiles agree on all parts of `address` and on `surname`,
    and persons who share an identifier of the namespaces `shared_identifiers` that is crowded (above its crowd limit).

    Guards: a group of more than `max_size` persons is no household, and an address with more than `max_per_address`
    persons has none. A person with fewer than `min_records` customer records is in no household.
    """

    address: tuple[KeyPart, ...] = Field(min_length=1)
    surname: KeyPart
    shared_identifiers: tuple[str, ...] = ()
    max_size: int = Field(default=8, ge=2)
    max_per_address: int = Field(default=60, ge=2)
    min_records: PositiveInt = 1

    @property
    def parts(self) -> tuple[KeyPart, ...]:
        """The parts that members of a household agree on: the address, then the surname."""
        return *self.address, self.surname


class Domains(Model):
    """Assigns persons to a company by the domain of their e-mail address. `free_mail` and `suffixes` name lists of
    reference.yml: domains of free mail providers, and public suffixes of two parts, such as co.uk.

    Guards: a domain with fewer than `min_persons` persons makes no company unless a source has the company on file; a
    domain with more than `max_persons` assigns nobody.
    """

    free_mail: str
    suffixes: str | None = None
    min_persons: PositiveInt = 2
    max_persons: PositiveInt = 1000


class Accounts(Model):
    """How a person is assigned to a company: by the company key in `attributes.<named_by>` of a customer record, else
    by the e-mail domain. The key is one of the source `keys_of`, by default of the record's own source. Without
    `domains` nobody is assigned by e-mail address.
    """

    named_by: str | None = None
    keys_of: str | None = None
    domains: Domains | None = None


class Subscriptions(Model):
    """Statuses, spelt as in silver, that make a subscription inactive regardless of its start and end."""

    inactive_statuses: tuple[str, ...] = ()


class GoldRules(Model):
    """The whole of gold.yml. Without `households` or `accounts` no households or accounts are built."""

    events: Events = Events()
    sessions: Sessions = Sessions()
    households: Households | None = None
    accounts: Accounts | None = None
    subscriptions: Subscriptions = Subscriptions()
