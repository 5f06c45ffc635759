"""taxonomy.yml and reference.yml: the event taxonomy and the value lists that all sources share."""

import re
from typing import Annotated, Literal

from pydantic import Field, RootModel

from c360_spark.config.yaml.model import Model

EVENT_NAME = r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$"  # object_action


def words(name: str) -> str:
    """A name in snake_case, so that spellings of different sources compare equal."""
    parted = re.sub("([a-z])([A-Z])", r"\1_\2", name)
    return re.sub("[^A-Za-z0-9]+", " ", parted).lower().strip().replace(" ", "_")


class Event(Model):
    """One event of the taxonomy. `channels` maps each channel that may send it to the properties it must have there.

    `aliases` are other names of the event. Names match regardless of case and of separators between words. `refers_to`
    names the property that holds an order number, which attributes the order to a session.
    """

    description: str = Field(min_length=1)
    stage: str
    owner: str
    channels: dict[str, tuple[str, ...]] = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    refers_to: dict[Literal["order"], str] = {}


class Taxonomy(Model):
    """The whole of taxonomy.yml. `stages` are the stages of the customer lifecycle, in order."""

    stages: tuple[str, ...] = ()
    events: dict[Annotated[str, Field(pattern=EVENT_NAME)], Event] = {}

    @property
    def names(self) -> dict[str, str]:
        """Every name and alias → the name of the event."""
        return {word: name for name, event in self.events.items() for word in (name, *event.aliases)}

    @property
    def order_numbers(self) -> dict[str, str]:
        """Event → its property that holds an order number."""
        return {name: event.refers_to["order"] for name, event in self.events.items() if "order" in event.refers_to}


class Reference(Model):
    """A list of allowed values, which properties of contracts refer to."""

    description: str
    owner: str
    values: tuple[str, ...] = Field(min_length=1)


class References(RootModel[dict[str, Reference]]):
    """The whole of reference.yml: name → list."""
