"""Parses YAML files with the file, line and column of every value, so that a problem is reported at its place."""

import difflib
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from c360_spark.errors import ConfigError

PLACEHOLDER = re.compile(r"<[a-z][^<>]*>")  # as drafts have them for what a person must fill in
MAX_BYTES = 1_000_000
MAX_NODES = 100_000  # aliases are expanded while counting, so a YAML bomb stops here
MAX_DEPTH = 50
FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML was built with libyaml
Loc = tuple[str | int, ...]
Mark = tuple[Path, int, int]  # file, line, column


@dataclass(frozen=True, order=True)
class Problem:
    """One problem at one place of one file."""

    path: Path
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


@dataclass
class Problems:
    """Collects the problems of all files, so that they are reported together."""

    found: list[Problem] = field(default_factory=list)

    def raise_any(self) -> None:
        """Raises ConfigError C201 with every problem, sorted by file and line; does nothing when there is none."""
        if self.found:
            lines = [str(problem) for problem in sorted(set(self.found))]
            count = f"{len(lines)} problem{'s' if len(lines) > 1 else ''}"
            raise ConfigError("C201", f"{count}\n  " + "\n  ".join(lines), hint="mend the lines named and run again")


@dataclass(frozen=True)
class Document:
    """The values of a YAML file and the place of each; the merged values of two files if one overlays the other."""

    path: Path
    data: Any
    marks: dict[Loc, Mark]

    def problem(self, loc: Loc, message: str) -> Problem:
        """A problem at `loc`, or at its nearest parent whose place is known."""
        while loc and loc not in self.marks:
            loc = loc[:-1]
        return Problem(*self.marks.get(loc, (self.path, 1, 1)), message)

    def placeholders(self) -> Iterator[tuple[Loc, str]]:
        """The place and text of every value that is a placeholder in <>, as drafts have them."""
        yield from _placeholders(self.data, ())

    def unknown(self, loc: Loc, word: str, known: Collection[str], what: str) -> Iterator[Problem]:
        """Yields a problem if `word` is not in `known`, with the closest known word as a suggestion."""
        if word not in known:
            yield self.problem(loc, f"unknown {what} '{word}'{did_you_mean(word, known)}")


def _placeholders(value: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _placeholders(each, (*loc, key))
    elif isinstance(value, str) and PLACEHOLDER.fullmatch(value):
        yield loc, value


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A suggestion to append to a message: the closest known word, else all known words if they are few."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(names)}" if 0 < len(names) <= 20 else ""


def read(path: Path, problems: Problems, *, within: Path | None = None) -> Document | None:
    """Parses a file; returns None and adds to `problems` if it is not valid.

    Refuses a symbolic link that leads out of the folder `within`.
    """
    try:
        text = _text(path, within)
        _measure(text)
        return _Reader(path, problems).document(_compose(text))
    except _Refused as refused:
        problems.found.append(Problem(path, refused.line, refused.column, str(refused)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problems.found.append(Problem(path, line, column, f"not valid YAML: {error.problem}"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.found.append(Problem(path, 1, 1, f"cannot be read: {error}"))
    except RecursionError:
        problems.found.append(Problem(path, 1, 1, "an alias of itself"))
    return None


class _Refused(Exception):
    """The file is refused before it is parsed."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line, self.column = line, column


def _text(path: Path, within: Path | None) -> str:
    if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe could block for ever
        raise _Refused("not a file")
    if within is not None and not path.resolve().is_relative_to(within.resolve()):
        raise _Refused(f"a link that leads out of {within}")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _Refused(f"larger than {MAX_BYTES} bytes")
    return data.decode("utf-8")


def _measure(text: str) -> None:
    """Refuses deep nesting before composing, because the fast composer would crash the process on it."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=FAST):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                mark = event.start_mark
                if depth > MAX_DEPTH and mark is not None:
                    raise _Refused(f"nested deeper than {MAX_DEPTH} levels", mark.line + 1, mark.column + 1)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return  # `_compose` reports it with a clearer message


def _compose(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=FAST)
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)  # fails too, with a clearer message


class _Reader:
    def __init__(self, path: Path, problems: Problems) -> None:
        self.path, self.problems = path, problems
        self.marks: dict[Loc, Mark] = {}
        self.nodes = 0
        self.scalars = yaml.SafeLoader("")

    def document(self, node: yaml.Node | None) -> Document | None:
        before = len(self.problems.found)
        data = {} if node is None else self._value(node, ())
        if len(self.problems.found) > before:
            return None
        return Document(self.path, data, self.marks)

    def _mark(self, node: yaml.Node) -> Mark:
        return self.path, node.start_mark.line + 1, node.start_mark.column + 1

    def _note(self, node: yaml.Node, message: str) -> None:
        self.problems.found.append(Problem(*self._mark(node), message))

    def _value(self, node: yaml.Node, loc: Loc) -> Any:
        self.nodes += 1
        if self.nodes >= MAX_NODES:
            if self.nodes == MAX_NODES:
                self._note(node, f"more than {MAX_NODES} values once aliases are expanded")
            return None
        self.marks.setdefault(loc, self._mark(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*loc, i)) for i, item in enumerate(node.value)]
        try:
            return self.scalars.construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, AttributeError) as error:  # `!!bool x` fails in PyYAML so
            self._note(node, f"not a plain value: {getattr(error, 'problem', node.value)}")
        return None

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
                self._note(key_node, "keys must be plain words, without merges")
                continue
            name = str(key_node.value)
            if name in values:
                self._note(key_node, f"'{name}' is given twice")
            self.marks[(*loc, name)] = self._mark(key_node)
            values[name] = self._value(value_node, (*loc, name))
        return values
