"""Up-casts: steps that convert a record of the previous major version into the contract version that declares them.

Steps run in order on the delivered text. Properties have their names in the contract, with dots where they are nested.
A step does nothing if the record lacks its source property.
"""

from typing import Any

from pydantic import Field, model_validator

from c360_spark.config.yaml.model import Camel


class Rename(Camel):
    """Moves the value of `source` to `target`."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")


class Default(Camel):
    """Sets `target` to `value` where the record has no value."""

    target: str = Field(alias="property")
    value: str


class Split(Camel):
    """Splits `source` into `targets`; the last target takes the rest, and targets without a part stay absent."""

    source: str = Field(alias="from")
    targets: tuple[str, ...] = Field(alias="to", min_length=2)
    separator: str = Field(min_length=1)


class Convert(Camel):
    """Maps the values of `target` by `value_map`; a value that is not in it stays unchanged."""

    target: str = Field(alias="property")
    value_map: dict[str, str] = Field(alias="valueMap", min_length=1)


Step = Rename | Default | Split | Convert


class Upcast(Camel):
    """One entry of `upcasts`: exactly one of rename, default, split, convert."""

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
    """The property that a step reads; None for a default, which reads none."""
    if isinstance(step, Default):
        return None
    return step.target if isinstance(step, Convert) else step.source


def makes(step: Step) -> tuple[str, ...]:
    """The properties that a step writes."""
    return step.targets if isinstance(step, Split) else (step.target,)
