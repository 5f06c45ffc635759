"""Writes YAML: edits existing files without losing comments or order (round trip), and formats new ones.

A text is quoted unless YAML 1.1 parsers (such as ours) and YAML 1.2 parsers both read it as the same text: `no`,
`12:30` and `1_000` are text in only one of the two.
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

WIDTH = 1 << 20  # never wrap a line: a value must stay on the line of its comment
BARE = re.compile(r"[A-Za-z_][\w./\- ]*|<[a-z][\w ,\-]*>", re.ASCII)


def edited(text: str, change: Callable[[CommentedMap], None]) -> str:
    """The text of a YAML file after `change` has edited its mapping; everything else is kept, including comments."""
    data = _yaml().load(text)
    if data is None:  # the file is empty or holds only comments
        data = CommentedMap()
        change(data)
        return text.rstrip() + "\n" * bool(text.strip()) + dumped(data)
    change(data)
    return dumped(data)


def dumped(data: Any) -> str:
    """The YAML text of `data`, ending with a line break."""
    out = io.StringIO()
    _yaml().dump(data, out)
    return out.getvalue()


def block(**values: Any) -> CommentedMap:
    """A mapping in block style, one entry per line."""
    return CommentedMap({name: scalar(value) for name, value in values.items()})


def flow(value: Any) -> Any:
    """A value in flow style, on one line: mappings in braces, lists in brackets."""
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
    """A text quoted where it needs quotes; any other value unchanged."""
    return quoted(value) if isinstance(value, str) and type(value) is str else value


def quoted(text: str) -> str:
    """A text, quoted where it needs quotes. Patterns get single quotes, in which a backslash is literal."""
    if text.startswith("^") and "'" not in text and text.isprintable():
        single: str = SingleQuotedScalarString(text)
        return single
    is_bare = BARE.fullmatch(text) and text == text.strip() and yaml.safe_load(text) == text
    made: str = text if is_bare else DoubleQuotedScalarString(text)
    return made


def say(container: CommentedMap | CommentedSeq, key: str | int, words: str) -> None:
    """Adds an end-of-line comment to an entry."""
    container.yaml_add_eol_comment(words, key, column=0)


def become(data: CommentedMap, wanted: Mapping[str, Any]) -> None:
    """Updates a mapping in place to equal `wanted`, and keeps the comments of entries that remain."""
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
