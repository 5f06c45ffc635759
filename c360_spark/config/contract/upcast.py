"""Up-casts: how a record of the previous major version becomes one of the version that declares them.

Steps run in order on the delivered text. Properties bear the names of the contract, with dots where they are nested.
A step whose source a record lacks does nothing.
"""

from typing import Any

from pydantic import Field, model_validator

from c360_spark.config.yaml.model import Camel


class Rename(Camel):
    """The value of `source` moves to `target`."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")


class Default(Camel):
    """`target` gets `value` where the record has none."""

    target: str = Field(alias="property")
    value: str


class Split(Camel):
    """The parts of `source` move to `targets`; the last takes all the rest, and those without a part stay absent."""

    source: str = Field(alias="from")
    targets: tuple[str, ...] = Field(alias="to", min_length=2)
    separator: str = Field(min_length=1)


class Convert(Camel):
    """Values of `target` become others; one that `value_map` lacks stays as it is."""

    target: str = Field(alias="property")
    value_map: dict[str, str] = Field(alias="valueMap", min_length=1)


Step = Rename | Default | Split | Convert


class Upcast(Camel):
    """One entry of `upcasts`: exactly one of its names is given."""

    rename: Rename | None = None
    default: Default | None = None
    split: Split | None = None
    convert: Convert | None = None

    @model_validator(mode="before")
    @classmethod
    def _one(cls, given: Any) -> Any:
        if isinstance(given, dict) and len(given) != 1:
            raise ValueError("an up-cast is one of rename, default, split, convert")
        return given

    @property
    def step(self) -> Step:
        return next(step for step in (self.rename, self.default, self.split, self.convert) if step is not None)


def reads(step: Step) -> str | None:
    """The property a step takes its value from."""
    if isinstance(step, Default):
        return None
    return step.target if isinstance(step, Convert) else step.source


def makes(step: Step) -> tuple[str, ...]:
    """The properties a step gives."""
    return step.targets if isinstance(step, Split) else (step.target,)
