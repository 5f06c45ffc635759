"""Reads a sample file into records as silver would read it, without a JVM.

A file that cannot be landed raises InputError C302, which names the line but never its content.
"""

import base64
import csv
import io
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from c360_spark.config.contract.odcs import TIME_ZONES
from c360_spark.config.contract.sources import Source
from c360_spark.contracts.onboarding.observed import Leaf, Sample
from c360_spark.contracts.onboarding.values import is_number, is_value
from c360_spark.errors import InputError
from c360_spark.landing.claim import HIDDEN
from c360_spark.landing.detected import ENDINGS, PACKED, detected, ending
from c360_spark.landing.prepared import decoded, read
from c360_spark.landing.split import NoRecords
from c360_spark.packing import HEAD, packing, unpacked

MOST_RECORDS = 10_000
MOST_DEPTH = 50
MOST_ABOVE = 50  # lines above a header
MOST_BYTES = 1_000_000  # of one line
Record = dict[str, Any]


class _Broken(Exception):
    """A line that cannot be parsed as a record."""


def arrival_of(path: Path) -> Source:
    """Detected format and encoding of a file, from its content and its extension, in any case and before .gz or .zst.

    Raises InputError C302 for a missing, empty or unreadable file, or an unsupported format.
    """
    if ending(path) not in ENDINGS:
        hint = f"give a file whose name ends in {', '.join(ENDINGS)}, or in one of these with {' or '.join(PACKED)}"
        raise _refused(path, f"the suite reads csv, json, jsonl and parquet, not '{path.suffix}'", hint)
    readable(path)
    try:
        found = detected(path)
    except OSError as error:
        raise _unreadable(path, error) from None
    assert found is not None
    return found


def glob_of(path: Path) -> str:
    """A glob for deliveries like this file: all files with its extension; hidden ones only if it is hidden."""
    hidden = path.name[0] if path.name.startswith(HIDDEN) else ""
    return f"{hidden}*{ending(path)}"


def sample(path: Path) -> Sample:
    """The first records of a file, at most MOST_RECORDS, with how it is written. Raises InputError C302."""
    arrival = arrival_of(path)
    notes = [f"{name} is {value!r}, as it seems" for name, value in arrival.written.items()]
    try:
        if arrival.format == "parquet":
            records = _parquet(path, notes)
        else:
            records = (_csv if arrival.format == "csv" else _jsonl)(path, arrival, notes)
    except OSError as error:
        raise _unreadable(path, error) from None
    if not records:
        raise _refused(path, "it holds no records", "give a sample with some records")
    if len(records) == MOST_RECORDS:
        notes.append(f"only the first {MOST_RECORDS:,} records were looked at")
    _alike(path, records)
    return Sample(arrival.format, records, tuple(notes), glob_of(path), arrival.written, _zone_above(path, arrival))


def readable(path: Path) -> None:
    """Raises InputError C302 for a missing or empty file."""
    if not path.is_file():
        raise _refused(path, "there is no such file", "give the path of a sample of the source")
    if not path.stat().st_size:
        raise _refused(path, "it is empty", "give a sample with some records")


def _refused(path: Path, cause: str, hint: str) -> InputError:
    return InputError("C302", f"{path}: {cause}", hint=hint)


def _unreadable(path: Path, error: OSError) -> InputError:
    hint = "see who may read the file" if error.errno else "it is damaged, or was cut: export it again"
    return _refused(path, f"it cannot be read: {error.strerror or error}", hint)


def _records(path: Path, arrival: Source) -> list[tuple[int, str]]:
    """Records as they would be landed, numbered from 1; for CSV the header comes first."""
    with path.open("rb") as packed, unpacked(packed) as file, decoded(file, arrival) as text:
        try:
            header, found = read(text, arrival)
            records = [(number + 1, record) for number, record in itertools.islice(found, MOST_RECORDS + 1)]
            return records if header is None else [(1, header), *records]
        except NoRecords as error:
            raise _refused(path, str(error), "is the format what the ending of its name says?") from None
        except UnicodeError:
            raise _refused(path, f"it is not {arrival.encoding} to its end", "export it as UTF-8") from None


def _zone_above(path: Path, arrival: Source) -> str:
    """The time zone named above the header, as in `Parameters:TimeZone=Europe/Berlin`; empty for none or several."""
    header = arrival.header_starts
    if not header:
        return ""
    with path.open("rb") as packed, unpacked(packed) as file, decoded(file, arrival) as text:
        above = itertools.takewhile(lambda line: not line.lstrip('\ufeff"').startswith(header), text)
        named = set(re.findall(r"[A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)+", " ".join(itertools.islice(above, MOST_ABOVE))))
    zones = named & TIME_ZONES
    return zones.pop() if len(zones) == 1 else ""


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Decoded lines, numbered from 1. Raises InputError C302 for a line over MOST_BYTES before it fills the memory."""
    with path.open("rb") as packed, unpacked(packed) as file:
        for number in range(1, MOST_RECORDS + 2):
            line = file.readline(MOST_BYTES + 1)
            if not line:
                return
            if len(line) > MOST_BYTES:
                raise _refused(path, f"line {number} is longer than {MOST_BYTES:,} bytes", "is it one record a line?")
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                cause = f"line {number} is not UTF-8, at byte {error.start + 1} of the line"
                raise _refused(path, cause, "export it as UTF-8, or: iconv -f latin1 -t utf-8") from None
            if "\0" in text:
                raise _refused(path, f"line {number} holds bytes of zero", "export it as UTF-8, not as UTF-16")
            yield number, text.rstrip("\r\n")


def _told(path: Path, broken: dict[int, str], good: int, notes: list[str]) -> None:
    """Notes broken lines; raises InputError C302 when at least half of the lines are broken: it is another format."""
    if not broken:
        return
    number, why = next(iter(broken.items()))
    if len(broken) >= max(good, 1):
        cause = f"{len(broken):,} of {len(broken) + good:,} lines are no records; line {number}: {why}"
        raise _refused(path, cause, "is the format what the ending of its name says? one record a line is wanted")
    notes.append(f"{len(broken):,} lines are no records and would be quarantined; the first is line {number}: {why}")


def _jsonl(path: Path, arrival: Source, notes: list[str]) -> list[Record]:
    records, broken, twice = [], dict[int, str](), Counter[str]()
    for number, text in _texts(path) if arrival.is_by_line else _records(path, arrival):
        try:
            records.append(_object(text, twice))
        except _Broken as error:
            broken[number] = str(error)
    _told(path, broken, len(records), notes)
    notes += [f"'{name}' stands twice in {n:,} records: which one counts is not promised" for name, n in twice.items()]
    return records[:MOST_RECORDS]


def _object(text: str, twice: Counter[str]) -> Record:
    def once(pairs: list[tuple[str, Any]]) -> Record:
        names = Counter(name for name, _ in pairs)
        twice.update(name for name, count in names.items() if count > 1 and _writable(name))
        return {name: value for name, value in pairs if _writable(name)}

    try:
        value = json.loads(
            text,
            object_pairs_hook=once,
            parse_int=lambda digits: Leaf(digits, "integer"),
            parse_float=lambda digits: Leaf(digits, "number"),
            parse_constant=lambda name: Leaf(name, "string"),
        )
        value = _leaves(value)
    except (ValueError, RecursionError) as error:
        said = f"column {error.colno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        raise _Broken("empty" if not text.strip() else said) from None
    if not isinstance(value, dict):
        raise _Broken("JSON, but not an object")
    return value


def _leaves(value: Any, depth: int = 0) -> Any:
    """The value with every scalar as a Leaf. Values of Parquet get the text that Spark writes for them in JSON."""
    if depth > MOST_DEPTH:
        raise RecursionError
    if value is None or isinstance(value, Leaf):
        return value
    if isinstance(value, dict):
        return {str(name): _leaves(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_leaves(inner, depth + 1) for inner in value]
    if isinstance(value, bool):
        return Leaf(str(value).lower(), "boolean")
    if isinstance(value, int):
        return Leaf(str(value), "integer")
    if isinstance(value, float | Decimal):
        return Leaf(str(value), "number")
    if isinstance(value, datetime | date):
        return Leaf(value.isoformat(), "string")
    if isinstance(value, bytes):
        return Leaf(base64.b64encode(value).decode(), "string")
    return Leaf(str(value), "string")


def _csv(path: Path, arrival: Source, notes: list[str]) -> list[Record]:
    header: list[str] = []
    records, broken = [], dict[int, str]()
    for place, (number, text) in enumerate(_records(path, arrival)):
        try:
            cells = next(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=arrival.separator, strict=True), [])
        except csv.Error as error:
            cells, broken[number] = [], str(error)
            if place:
                continue
        if not text.isprintable() and (unfit := _unfit(text)):
            raise _refused(path, f"line {number} {unfit}", "export it as UTF-8")
        if not place:
            header = _header(path, cells)
        elif len(cells) != len(header):
            broken[number] = f"{len(cells)} cells below {len(header)} names"
        else:
            records.append({name: Leaf(cell, "string") for name, cell in zip(header, cells, strict=True)})
    _told(path, broken, len(records), notes)
    return records[:MOST_RECORDS]


def _writable(name: str) -> bool:
    """Whether a draft may contain the property name: some objects use personal values, such as addresses, as names."""
    return name.isprintable() and 0 < len(name) <= 200 and not is_value(name)


def _unfit(text: str) -> str:
    """Why a record is not valid text; empty if it is."""
    if any("\udc80" <= letter <= "\udcff" for letter in text):
        return "is not UTF-8"
    return "holds bytes of zero" if "\0" in text else ""


def _header(path: Path, cells: list[str]) -> list[str]:
    names = [name.strip() for name in cells]
    hint = "the first line must hold the names of the columns"
    if any(map(is_value, names)) or sum(map(is_number, names)) * 2 > len(names):
        raise _refused(path, "its first line looks like values", hint)
    if not all(map(_writable, names)):
        raise _refused(path, "a column of the first line has no name", hint)
    if again := sorted(name for name, count in Counter(names).items() if count > 1):
        raise _refused(path, f"two columns are called '{again[0]}'", "give each column a name of its own")
    return names


def _parquet(path: Path, notes: list[str]) -> list[Record]:
    try:
        file = pq.ParquetFile(_whole(path) if _is_packed(path) else path)
        for place in range(len(file.schema)):
            column = file.schema.column(place)
            # Spark reads nanoseconds only in the legacy type INT96.
            if column.physical_type == "INT64" and "timeUnit=nanoseconds" in str(column.logical_type):
                hint = "write it with microseconds (pyarrow, pandas: coerce_timestamps='us')"
                raise _refused(path, f"'{column.path}' counts nanoseconds, which Spark does not read", hint)
        rows: list[Record] = []
        for batch in file.iter_batches(batch_size=1_000):
            rows += batch.to_pylist()
            if len(rows) >= MOST_RECORDS:
                break
    except pa.ArrowException as error:
        raise _refused(path, f"it is no parquet file: {str(error).splitlines()[0][:120]}", "export it again") from None
    names = [name for name in file.schema_arrow.names if not _writable(name)]
    if names:
        notes.append(f"{len(names)} columns have names that cannot be written; they are left out")
    return [{name: _leaves(value) for name, value in row.items() if name not in names} for row in rows[:MOST_RECORDS]]


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return packing(file.read(HEAD)) is not None


def _whole(path: Path) -> pa.BufferReader:
    with path.open("rb") as packed, unpacked(packed) as file:
        return pa.BufferReader(file.read())


def _alike(path: Path, records: list[Record]) -> None:
    """Raises InputError C302 when two property names differ by case only, which Spark cannot tell apart."""
    names = sorted({name for record in records for name in record})
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            hint = "rename one of them in the export"
            raise _refused(path, f"'{other}' and '{name}' differ by case only: Spark cannot tell them apart", hint)
