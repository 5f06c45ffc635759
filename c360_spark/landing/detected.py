"""Detects format, encoding and separator of a sample file for its entry of sources.yml. Not used for deliveries."""

import codecs
import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

from c360_spark.config.contract.sources import Source
from c360_spark.packing import unpacked

HEAD = 1 << 20
LINES = 50
SEPARATORS = ",;\t|"
ENDINGS = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    ".json": "json",
    ".parquet": "parquet",
}
PACKED = (".gz", ".zst")


def ending(path: Path) -> str:
    """The file extension in lower case, without a compression suffix (.gz, .zst)."""
    name = path.name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    return name[name.rfind(".") :] if "." in name else ""


def detected(path: Path) -> Source | None:
    """The detected arrival settings of a file, compressed or not; None if its extension is of no known format.

    Raises OSError; without an errno if the file is compressed and damaged.
    """
    format = ENDINGS.get(ending(path))
    if format in (None, "parquet"):
        return Source.model_validate({"format": format, "path": ""}) if format else None
    with path.open("rb") as packed, unpacked(packed) as file:
        head = file.read(HEAD)
    found: dict[str, Any] = {"format": format, "path": ""}
    encoding = _encoding(head)
    if encoding != "utf-8":
        found["encoding"] = encoding
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head).lstrip("\ufeff")
    found |= _csv(text) if format == "csv" else _json(path, text, encoding)
    return Source.model_validate(found)


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # incremental, because the head may end within a character
        return "utf-8"
    except UnicodeDecodeError:
        return "cp1252"


def _csv(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines()[:LINES] if line.strip()]
    usual = {each: _usual(lines, each) for each in SEPARATORS}
    separator = max(SEPARATORS, key=lambda each: (usual[each][0] > 1, usual[each][1], usual[each][0]))
    count = usual[separator][0]
    if count < 2:
        return {}
    found = {"separator": separator} if separator != "," else {}
    rows = [next(csv.reader([line], delimiter=separator), []) for line in lines]
    header = next((n for n, row in enumerate(rows) if len(row) == count and _is_full(row)), 0)
    if header and not (len(rows[0]) == count and _is_full(rows[0])):
        found["header_starts"] = rows[header][0].strip()
    return found


def _usual(lines: list[str], separator: str) -> tuple[int, int]:
    """The most frequent number of cells per line, and how many lines have it."""
    counts = Counter(len(next(csv.reader([line], delimiter=separator), [])) for line in lines)
    return max(counts.items(), key=lambda each: (each[0] > 1, each[1]), default=(0, 0))


def _is_full(row: list[str]) -> bool:
    """Whether most cells are filled, as in a header; titles and parameters above a header fill few cells."""
    return sum(bool(cell.strip()) for cell in row) * 2 > len(row)


def _json(path: Path, text: str, encoding: str) -> dict[str, str]:
    """Distinguishes a JSON array, an object that contains one array of records, and one record per line."""
    start = text.lstrip()[:1]
    if start == "[":
        return {"format": "json"}
    lines = text.split("\n", 2)
    if start != "{" or (len(lines) > 1 and lines[1].strip() and _is_object(lines[0])):
        return {"format": "jsonl"}
    try:
        with path.open("rb") as packed, unpacked(packed) as file:
            whole = json.loads(file.read().decode(encoding).lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return {"format": "jsonl"}
    arrays = {name: value for name, value in whole.items() if isinstance(value, list) and _records(value)}
    alone = max(arrays, key=lambda name: len(arrays[name]), default=None)
    is_page = alone is not None and len(arrays) == 1 and (ending(path) == ".json" or len(lines) > 1)
    return {"format": "json", "records": str(alone)} if is_page else {"format": "jsonl"}


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _records(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(each, dict) for each in values)
