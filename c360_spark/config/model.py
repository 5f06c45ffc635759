"""How a document becomes a frozen value: pydantic checks it, and each complaint finds its line."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from c360_spark.config.document import Document, Loc, Problems, did_you_mean


class Model(BaseModel):
    """A frozen value that refuses unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Camel(Model):
    """The same for standards that write camelCase."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


M = TypeVar("M", bound=BaseModel)


def parse(document: Document, model: type[M], problems: Problems) -> M | None:
    """The document as `model`, or None with every complaint noted at its place."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        for complaint in error.errors():
            loc = tuple(complaint["loc"])
            problems.found.append(document.problem(loc, _message(model, loc, complaint)))
        return None


def _message(model: type[BaseModel], loc: Loc, complaint: Any) -> str:
    name = ".".join(map(str, loc))
    if complaint["type"] == "extra_forbidden":
        return f"unknown name '{loc[-1]}'{did_you_mean(str(loc[-1]), _known(model, loc[:-1]))}"
    if complaint["type"] == "missing":
        return f"'{name}' is missing"
    if complaint["type"] == "literal_error":
        expected = complaint["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f"'{name}' cannot be '{complaint['input']}'{did_you_mean(str(complaint['input']), expected)}"
    message = complaint["msg"].removeprefix("Value error, ")
    return f"'{name}': {message}" if name else message


def _known(model: Any, loc: Loc) -> list[str]:
    """Names that stand beside an unknown one: walk the annotations along its path."""
    for step in loc:
        model = _inner(model, step)
    models = [m for m in _models(model) if m is not None]
    return [field.alias or name for m in models for name, field in m.model_fields.items()]


def _inner(annotation: Any, step: str | int) -> Any:
    for model in _models(annotation):
        for name, field in model.model_fields.items():
            if step in (name, field.alias):
                return field.annotation
    return annotation


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for argument in getattr(annotation, "__args__", ()) for m in _models(argument)]
