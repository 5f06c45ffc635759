"""YAML that is written: files that people keep are changed with their comments and their order, new ones are laid out.

A text is quoted unless a reader of YAML 1.1, as ours is, and one of 1.2 take it for the same text: `no`, `12:30` and
`1_000` are texts to one of them only.
"""

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString

WIDTH = 1 << 20  # no line is broken: a value stays on the line of its comment
BARE = re.compile(r"[A-Za-z_][\w./\- ]*|<[a-z][\w ,\-]*>", re.ASCII)


def edited(text: str, change: Callable[[CommentedMap], None]) -> str:
    """The text of a YAML file after `change` of its mapping; all else, comments too, is as it was."""
    data = _yaml().load(text)
    if data is None:  # nothing but comments, if anything
        data = CommentedMap()
        change(data)
        return text.rstrip() + "\n" * bool(text.strip()) + dumped(data)
    change(data)
    return dumped(data)


def dumped(data: Any) -> str:
    """As text, which ends with a line break."""
    out = io.StringIO()
    _yaml().dump(data, out)
    return out.getvalue()


def block(**values: Any) -> CommentedMap:
    """A mapping over several lines."""
    return CommentedMap({name: scalar(value) for name, value in values.items()})


def flow(value: Any) -> Any:
    """A value on one line: mappings in braces, lists in brackets."""
    made: Any
    if isinstance(value, Mapping):
        made = CommentedMap({quoted(str(name)): flow(inner) for name, inner in value.items()})
    elif isinstance(value, Sequence) and not isinstance(value, str):
        made = CommentedSeq(flow(inner) for inner in value)
    else:
        return scalar(value)
    made.fa.set_flow_style()
    return made


def scalar(value: Any) -> Any:
    """A single value; anything else as it is."""
    return quoted(value) if isinstance(value, str) and type(value) is str else value


def quoted(text: str) -> str:
    """A text in quotes where it needs them. Patterns stand in single ones, where a backslash is a backslash."""
    if text.startswith("^") and "'" not in text and text.isprintable():
        single: str = SingleQuotedScalarString(text)
        return single
    is_bare = BARE.fullmatch(text) and text == text.strip() and yaml.safe_load(text) == text
    made: str = text if is_bare else DoubleQuotedScalarString(text)
    return made


def say(container: CommentedMap | CommentedSeq, key: str | int, words: str) -> None:
    """Have a comment stand behind an entry."""
    container.yaml_add_eol_comment(words, key, column=0)


def become(data: CommentedMap, wanted: Mapping[str, Any]) -> None:
    """Make a mapping equal to another one, and keep what is said about entries that stay."""
    for name in [name for name in data if name not in wanted]:
        del data[name]
    for name, value in wanted.items():
        if isinstance(value, Mapping) and isinstance(data.get(name), CommentedMap):
            become(data[name], value)
        elif name not in data or json.dumps(data[name], default=str) != json.dumps(value, default=str):
            data[name] = value


def _yaml() -> YAML:
    made = YAML()
    made.preserve_quotes = True
    made.width = WIDTH
    made.indent(mapping=2, sequence=4, offset=2)
    return made
