"""taxonomy.yml and reference.yml: the words that all sources share."""

import re
from typing import Annotated, Literal

from pydantic import Field, RootModel

from c360_spark.config.yaml.model import Model

EVENT_NAME = r"^[a-z][a-z0-9]*(_[a-z0-9]+)+$"  # object_action


def words(name: str) -> str:
    """A name without what sources differ in: its words in lower case, with _ between them."""
    parted = re.sub("([a-z])([A-Z])", r"\1_\2", name)
    return re.sub("[^A-Za-z0-9]+", " ", parted).lower().strip().replace(" ", "_")


class Event(Model):
    """One event: what it means, and the properties it must bring along from each channel that may send it.

    `aliases` are other words for it. Capitals and what stands between words never matter. `refers_to` names the
    property that holds the number of an order: by it the order finds its session.
    """

    description: str = Field(min_length=1)
    stage: str
    owner: str
    channels: dict[str, tuple[str, ...]] = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    refers_to: dict[Literal["order"], str] = {}


class Taxonomy(Model):
    """taxonomy.yml. `stages` are those of a customer's life, in their order."""

    stages: tuple[str, ...] = ()
    events: dict[Annotated[str, Field(pattern=EVENT_NAME)], Event] = {}

    @property
    def names(self) -> dict[str, str]:
        """Every name and alias → the event's name."""
        return {word: name for name, event in self.events.items() for word in (name, *event.aliases)}

    @property
    def order_numbers(self) -> dict[str, str]:
        """Event → its property that holds the number of an order."""
        return {name: event.refers_to["order"] for name, event in self.events.items() if "order" in event.refers_to}


class Reference(Model):
    """A list of values that properties may have."""

    description: str
    owner: str
    values: tuple[str, ...] = Field(min_length=1)


class References(RootModel[dict[str, Reference]]):
    """reference.yml: name → list."""
