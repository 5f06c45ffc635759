"""Splits files that are not one record per line (CSV, JSON arrays) into records, as unchanged text.

Streams one record at a time, so files may be of any size. Both readers yield each record with its 0-based position: the
number of its first line, or the index of the array element.
"""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import IO

MOST_CHARACTERS = 1 << 20  # of a multi-line record, so that an unclosed quote cannot swallow a whole file
MOST_ELEMENT = 1 << 26  # of an element of a JSON array
CHUNK = 1 << 16
QUOTED = re.compile(r'"[^"]*"')
BLANKS = " \t\r\n"
Placed = tuple[int, str]


class NoRecords(Exception):
    """The file does not have the format of its dataset; the message says why."""


class _State(Enum):
    CLOSED = "between records"
    OPEN = "within quotes"
    BROKEN = "a quote where none can be"


def lines_of(file: IO[str]) -> Iterator[Placed]:
    """Numbered lines without their line feed. `file` must be opened with newline="\\n"."""
    for number, line in enumerate(file):
        yield number, line.removesuffix("\n")


def below_header(lines: Iterable[Placed], *, starts: str | None, separator: str) -> tuple[str, Iterator[Placed]]:
    """The header of a CSV file and the records below it, by RFC 4180: quoted cells may contain line breaks.

    The header is the first line, or the first line that begins with `starts`. If closing an open quote does not give as
    many cells as the header has, the line alone is one malformed record, so that no other record is lost.
    """
    rest = iter(lines)
    above: list[str] = []
    for number, line in rest:
        text = line.lstrip("\ufeff") if number == 0 else line
        if starts is None or text.lstrip('"').startswith(starts):
            return _header(number, line, rest, separator)
        above.append(line)
        if len(above) > 1_000:
            break
    raise NoRecords(f"no line begins with '{starts}'" if starts else "it is empty")


def _header(number: int, line: str, rest: Iterator[Placed], separator: str) -> tuple[str, Iterator[Placed]]:
    waiting = deque([(number, line)])
    _, header = next(joined(rest, waiting, separator=separator, cells=None))
    if "\r" in QUOTED.sub("", header).replace("\r\n", "\n").removesuffix("\r"):
        raise NoRecords("its lines end in a carriage return alone; save it with line feeds")
    cells = _scanned(header.replace("\r\n", " ").replace("\n", " "), separator, is_open=False)[1]
    return header, joined(rest, waiting, separator=separator, cells=cells)


def joined(lines: Iterator[Placed], waiting: deque[Placed], *, separator: str, cells: int | None) -> Iterator[Placed]:
    """Joins lines into records of `cells` cells, rejoining lines split by a quoted line break. Takes `waiting` lines
    first.
    """
    while True:
        found = waiting.popleft() if waiting else next(lines, None)
        if found is None:
            return
        number, line = found
        if _scanned(line, separator, is_open=False)[0] is not _State.OPEN:
            yield number, line.removesuffix("\r")
            continue
        parts = _until_closed((number, line), waiting, lines, separator, cells)
        yield number, "\n".join(text for _, text in parts).removesuffix("\r")


def _until_closed(
    first: Placed, waiting: deque[Placed], lines: Iterator[Placed], separator: str, cells: int | None
) -> list[Placed]:
    """The lines of a record whose first line ends within quotes; only that line if the quotes do not close properly.
    Lines read in vain are put back into `waiting`.
    """
    parts, size, count = [first], len(first[1]), _scanned(first[1], separator, is_open=False)[1]
    while size <= MOST_CHARACTERS:
        following = waiting.popleft() if waiting else next(lines, None)
        if following is None:
            break
        parts.append(following)
        size += len(following[1]) + 1
        state, more = _scanned(following[1], separator, is_open=True)
        count += more - 1  # the continued cell was counted already
        if state is _State.OPEN:
            continue
        if state is _State.CLOSED and cells in (None, count):
            return parts
        break
    waiting.extendleft(reversed(parts[1:]))
    return parts[:1]


def _scanned(line: str, separator: str, *, is_open: bool) -> tuple[_State, int]:
    """The state at the end of a line, and its number of cells, including a cell continued from the line before."""
    if not is_open and '"' not in line:
        return _State.CLOSED, line.count(separator) + 1
    at, cells = 0, 1
    while True:
        if not is_open and line[at : at + 1] != '"':
            end = line.find(separator, at)
            if end < 0:
                return _State.CLOSED, cells
            at, cells = end + 1, cells + 1
            continue
        at += not is_open
        while (end := line.find('"', at)) >= 0 and line[end + 1 : end + 2] == '"':
            at = end + 2
        if end < 0:
            return _State.OPEN, cells
        is_open, after = False, line[end + 1 : end + 2]
        if after == separator:
            at, cells = end + 2, cells + 1
        else:
            return (_State.CLOSED if after == "" or line[end + 1 :] == "\r" else _State.BROKEN), cells


class _Text:
    """A forward-only buffer over a JSON text."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.text, self.at, self.ended = file, "", 0, False
        self.decoder = json.JSONDecoder()

    def more(self) -> bool:
        self.text, self.at = self.text[self.at :], 0
        found = self.file.read(max(CHUNK, len(self.text)))
        self.text += found
        self.ended = not found
        return not self.ended

    def peek(self) -> str:
        """The next non-blank character; empty at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in BLANKS:
                self.at += 1
            if self.at < len(self.text) or not self.more():
                return self.text[self.at : self.at + 1]

    def need(self, wanted: str) -> str:
        found = self.peek()
        if found not in wanted or not found:
            raise NoRecords(f"it is no JSON, or was cut: {' or '.join(wanted)} was expected")
        self.at += 1
        return found

    def value(self) -> str:
        """Reads the next JSON value and returns its text unchanged."""
        self.peek()
        while True:
            try:
                _, end = self.decoder.raw_decode(self.text, self.at)
                if end < len(self.text) or self.ended:  # a number at the end of the buffer may continue
                    start, self.at = self.at, end
                    return self.text[start:end]
            except RecursionError:
                raise NoRecords("it is nested too deeply") from None
            except ValueError:
                if self.ended:
                    raise NoRecords("it is no JSON, or was cut") from None
            if len(self.text) - self.at > MOST_ELEMENT:
                raise NoRecords("it is no JSON, or one record is larger than 64 million characters")
            self.more()


def elements(file: IO[str], *, path: tuple[str, ...] = ()) -> Iterator[Placed]:
    """The elements of a JSON array as unchanged text; the array is the whole file, or is at `path` in an object.

    Raises NoRecords if there is no such array or the text is not JSON.
    """
    text = _Text(file)
    for name in path:
        _into(text, name)
    if text.peek() != "[":
        where = f"'{'.'.join(path)}'" if path else "the file"
        raise NoRecords(f"{where} is no array: say in sources.yml where it is, such as records: data")
    text.need("[")
    number, end = 0, text.peek()
    if end == "]":
        text.need("]")
    while end != "]":
        yield number, text.value()
        number, end = number + 1, text.need(",]")
    _ended(text, len(path))


def _into(text: _Text, name: str) -> None:
    if text.peek() != "{":
        raise NoRecords(f"there is no object with '{name}'")
    text.need("{")
    while text.peek() == '"':
        key = json.loads(text.value())
        text.need(":")
        if key == name:
            return
        text.value()
        if text.need(",}") == "}":
            break
    raise NoRecords(f"there is no '{name}'")


def _ended(text: _Text, depth: int) -> None:
    """Reads to the end of the file after the array, because a truncated file is not a complete delivery."""
    for _ in range(depth):
        while text.need(",}") == ",":
            text.value()
            text.need(":")
            text.value()
    if text.peek():
        raise NoRecords("something stands behind its end")
