"""Validates a YAML document with pydantic into a frozen value, and maps each error to its line."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError
from pydantic.alias_generators import to_camel

from c360_spark.config.yaml.document import Document, Loc, Problems, did_you_mean


class Model(BaseModel):
    """Base model: frozen, and unknown names are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Camel(Model):
    """Like `Model`, with camelCase names, as the Open Data Contract Standard writes them."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


M = TypeVar("M", bound=BaseModel)
SECRETS = ("env", "dsn_env", "insecure_default")  # errors do not show these values, which may be secrets


def parse(document: Document, model: type[M], problems: Problems) -> M | None:
    """The document as `model`; None if it is invalid, with every error added to `problems` at its line."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        problems.found += [document.problem(loc, message) for loc, message in complaints(model, error)]
        return None


def complaints(model: type[BaseModel], error: ValidationError) -> Iterator[tuple[Loc, str]]:
    """Yields pydantic's errors as (location, message), worded for the author of the file."""
    for complaint in error.errors():
        loc = tuple(complaint["loc"])
        yield loc, _message(model, loc, complaint)


def _message(model: type[BaseModel], loc: Loc, complaint: Any) -> str:
    name = ".".join(map(str, loc))
    if complaint["type"] == "extra_forbidden":
        return f"unknown name '{loc[-1]}'{did_you_mean(str(loc[-1]), _known(model, loc[:-1]))}"
    if complaint["type"] == "missing":
        return f"'{name}' is missing"
    if complaint["type"] == "literal_error":
        expected = complaint["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f"'{name}' cannot be '{complaint['input']}'{did_you_mean(str(complaint['input']), expected)}"
    if complaint["type"] == "string_type" and loc and loc[-1] in SECRETS:
        return f"'{name}' must be text in quotes"
    if complaint["type"] == "string_type" and not isinstance(complaint["input"], dict | list):
        return f"'{name}' must be text, but YAML reads it as {complaint['input']}; put it in quotes"
    message = complaint["msg"].removeprefix("Value error, ")
    return f"'{name}': {message}" if name else message


def _known(model: Any, loc: Loc) -> list[str]:
    """The valid names at a location, found by walking the type annotations along its path."""
    for step in loc:
        model = next((inner for choice in _choices(model) for inner in _inner(choice, step)), None)
    return [field.alias or name for choice in _choices(model) for name, field in _fields(choice).items()]


def _choices(annotation: Any) -> list[Any]:
    """The members of a union, with root models replaced by the type they hold."""
    if get_origin(annotation) in (Union, UnionType):
        return [choice for member in get_args(annotation) for choice in _choices(member)]
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _choices(annotation.model_fields["root"].annotation)
    return [annotation]


def _inner(annotation: Any, step: str | int) -> list[Any]:
    if get_origin(annotation) in (dict, list, tuple):
        return [get_args(annotation)[1 if get_origin(annotation) is dict else 0]]
    return [field.annotation for name, field in _fields(annotation).items() if step in (name, field.alias)]


def _fields(annotation: Any) -> dict[str, Any]:
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return dict(annotation.model_fields) if is_model else {}
