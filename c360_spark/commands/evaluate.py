"""`c360 evaluate`: accuracy of identity against a truth, or a sheet of pairs to label where there is none. No JVM."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset

from c360_spark import tables
from c360_spark.config import load
from c360_spark.errors import InputError
from c360_spark.lookup import Lookup, Row, among
from c360_spark.observe import accuracy
from c360_spark.observe.accuracy import Figures, Judged, Key, Pair, interval

KEY, PERSONS = ("source", "dataset", "source_key"), ("person", "person_no", "person_id", "truth")
SIDES, LABEL = ("left", "right"), "same_person"
SHOWN = ("given_name", "family_name", "birth_date", "email", "phone", "street", "postcode", "city")
MOST_PAIRS = 2_000  # wrong and missed pairs whose kind is determined
YES, NO = frozenset("yes y true 1 ja".split()), frozenset("no n false 0 nein".split())


# Customer records that are not deleted: of them some belong to nobody.
PRESENT = """
    SELECT source, dataset, source_key FROM (
        SELECT *, row_number() OVER (PARTITION BY source, dataset, source_key ORDER BY received_at DESC, position DESC)
            AS place FROM p)
    WHERE place = 1 AND NOT is_deleted"""


@dataclass(frozen=True)
class Evaluation:
    """Figures, also by dataset and by size of the true person; kinds of wrong and missed pairs, with some of each."""

    whole: Figures
    datasets: Mapping[str, Figures]
    sizes: Mapping[str, Figures]
    kinds: Mapping[str, Mapping[str, int]]
    samples: Sequence[tuple[str, str, Pair]]
    left_out: Mapping[str, int]
    without_person: int


def evaluate(truth: str, *, config: str, env: str, lake: str | None, form: str, values: bool, samples: int) -> str:
    """The evaluation against a truth, or the precision by a labelled sheet, as `text` or `json`.

    A truth is a CSV or Parquet file (or folder) with `source, dataset, source_key` and the true person of each record.
    Records are compared as gold.person_xref has them. Raises InputError C302 for a file that is neither a truth nor a
    sheet, C304 before build_profiles has run.
    """
    lookup, rows = Lookup(load(Path(config), env, lake=lake).platform.lake), _read(Path(truth))
    names = set(rows.column_names)
    if LABEL in names:
        found = by_labels(_persons(lookup), rows.to_pylist(), truth)
        return json.dumps(found, indent=2) if form == "json" else _labels_as_text(found)
    person = next((name for name in PERSONS if name in names), None)
    if not set(KEY) <= names or person is None:
        hint = f"a truth has {', '.join(KEY)} and person; a sheet comes from c360 evaluate --sample"
        raise InputError("C302", f"{truth} has the columns {', '.join(sorted(names))}", hint=hint)
    persons = _true_persons(rows.select([*KEY, person]).to_pylist(), person, truth)
    result = evaluation(lookup, persons, samples=samples)
    if not result.whole.records:
        hint = "keys are those of the source, as gold.person_xref has them"
        raise InputError("C302", f"{truth} names no record of the lake", hint=hint)
    return _as_json(result, values=values) if form == "json" else as_text(result, values=values)


def _read(path: Path) -> pa.Table:
    try:
        if path.suffix == ".csv":
            keys = [*KEY, LABEL, *(f"{side}_{name}" for side in SIDES for name in KEY)]
            text = pa.csv.ConvertOptions(strings_can_be_null=True, column_types=dict.fromkeys(keys, pa.string()))
            return pa.csv.read_csv(path, convert_options=text)
        return pyarrow.dataset.dataset(path, format="parquet").to_table()
    except (OSError, pa.ArrowInvalid) as error:
        why = str(error).splitlines()[0].partition(". ")[0]
        raise InputError("C302", f"{path}: {why}", hint="give a CSV or Parquet file") from None


def _true_persons(rows: Sequence[Row], person: str, path: str) -> dict[Key, str]:
    """The true person of each record. Raises InputError C302 for a record without one, or with two."""
    said: dict[Key, str] = {}
    for number, row in enumerate(rows, 1):
        key, true = Key(*(row[name] for name in KEY)), row[person]
        if true is None or None in key or said.setdefault(key, str(true)) != str(true):
            what = "two persons" if key in said and true is not None else "no key or no person"
            raise InputError("C302", f"{path}: row {number} has {what}", hint="each record has one true person")
    return said


def evaluation(lookup: Lookup, said: Mapping[Key, str], *, samples: int) -> Evaluation:
    """The evaluation of all records of the truth that the lake has; the others are counted in `left_out`."""
    found = _persons(lookup)
    present = found.keys() | {Key(**row) for row in lookup.ask(PRESENT, p=tables.PROFILE_RECORD)}
    records = [Judged(key, true, found.get(key)) for key, true in sorted(said.items()) if key in present]
    left_out = Counter(key.of for key in said if key not in present)
    wrong = [*islice(accuracy.wrong_pairs(records), MOST_PAIRS)]
    missed = [*islice(accuracy.missed_pairs(records), MOST_PAIRS)]
    attributes = current_attributes(lookup, {side.key for pair in (*wrong, *missed) for side in pair})
    kinds, shown = {}, []
    for what, pairs in (("wrong", wrong), ("missed", missed)):
        told = [(accuracy.kind(*(attributes.get(side.key) for side in pair)), pair) for pair in pairs]
        kinds[what] = dict(Counter(kind for kind, _ in told).most_common())
        for kind in kinds[what]:
            shown += [(what, kind, pair) for name, pair in told if name == kind][:samples]
    return Evaluation(
        accuracy.figures(records),
        accuracy.by_dataset(records),
        accuracy.by_size(records),
        kinds,
        shown,
        left_out,
        sum(record.found is None for record in records),
    )


def _persons(lookup: Lookup) -> dict[Key, str]:
    """The person of each record."""
    rows = lookup.ask("SELECT source, dataset, source_key, person_id FROM x", x=tables.PERSON_XREF)
    return {Key(*(row[name] for name in KEY)): row["person_id"] for row in rows}


def current_attributes(lookup: Lookup, keys: Iterable[Key]) -> dict[Key, Row]:
    """The current version of customer records, by key."""
    wanted = set(keys)
    if not wanted:
        return {}
    columns = ", ".join((*KEY, *SHOWN, "identifiers", "updated_at", "created_at", "received_at", "position"))
    condition = among("source_key", sorted({key.source_key for key in wanted}))
    question = f"SELECT {columns} FROM p WHERE NOT is_deleted AND {condition}"
    found: dict[Key, Row] = {}
    for row in lookup.ask(question, p=tables.PROFILE_RECORD):
        key = Key(*(row[name] for name in KEY))
        if key in wanted and (key not in found or _said(found[key]) < _said(row)):
            found[key] = row
    return found


def _said(row: Row) -> tuple[Any, ...]:
    return (row["updated_at"] or row["created_at"] or row["received_at"], row["received_at"], row["position"])


def as_text(found: Evaluation, *, values: bool) -> str:
    """The evaluation as text; keys of records, which may be personal data, only with `values`."""
    lines = [_heading(), _line("all records", found.whole)]
    lines += ["", "by dataset (pairs with a record of it)"]
    lines += [_line(f"  {name}", each) for name, each in found.datasets.items()]
    lines += ["", "by records of the true person"]
    lines += [_line(f"  {name}", each) for name, each in found.sizes.items()]
    whole = found.whole
    totals = {"wrong": whole.found_pairs - whole.right_pairs, "missed": whole.true_pairs - whole.right_pairs}
    for what, kinds in found.kinds.items():
        looked = sum(kinds.values())
        part = "" if looked == totals[what] else f", {looked:,} of them looked at"
        lines += ["", f"{totals[what]:,} {what} pairs{part}"]
        for kind, count in kinds.items():
            lines.append(f"  {count:>7,}  {kind}")
            pairs = [pair for name, other, pair in found.samples if (name, other) == (what, kind)]
            lines += [f"           {_side(pair.left, values)} — {_side(pair.right, values)}" for pair in pairs]
    if found.without_person:
        lines += ["", f"{found.without_person:,} records belong to nobody: each counts as found alone"]
    if found.left_out:
        told = ", ".join(f"{name} {count:,}" for name, count in sorted(found.left_out.items()))
        lines += ["", f"left out, as the lake has no such record: {told}"]
    return "\n".join(lines)


def _heading() -> str:
    return f"{'':<24} {'records':>9} {'pairs':>9}  precision  recall      F1   B³: precision  recall      F1"


def _line(name: str, each: Figures) -> str:
    b3 = f"{each.b3_precision:>10.4f} {each.b3_recall:>7.4f} {accuracy.f1(each.b3_precision, each.b3_recall):>7.4f}"
    pairs = f"{each.precision:>10.4f} {each.recall:>7.4f} {each.f1:>7.4f}"
    return f"{name:<24} {each.records:>9,} {each.true_pairs:>9,} {pairs}      {b3}"


def _side(record: Judged, values: bool) -> str:
    key = f" {record.key.source_key}" if values else ""
    return f"{record.key.of}{key} ({record.found or 'nobody'})"


def _as_json(found: Evaluation, *, values: bool) -> str:
    samples = [
        {"what": what, "kind": kind} | {side: _side(record, values) for side, record in zip(SIDES, pair, strict=True)}
        for what, kind, pair in found.samples
    ]
    told = {
        "all": found.whole.as_dict(),
        "datasets": {name: each.as_dict() for name, each in found.datasets.items()},
        "sizes": {name: each.as_dict() for name, each in found.sizes.items()},
        "kinds": found.kinds,
        "samples": samples,
        "records_without_person": found.without_person,
        "left_out": dict(found.left_out),
    }
    return json.dumps(told, indent=2)


def write_sheet(out: str, count: int, *, config: str, env: str, lake: str | None) -> str:
    """Write a CSV of pairs of customer records to label: `same_person` is to be filled with yes or no.

    Half are pairs that one person has, of as many persons; half are pairs of two persons that look alike. Nothing in
    the sheet tells which: so labels are honest, and serve for later rule sets too. Raises InputError C303 when the file
    exists.
    """
    path = Path(out)
    if path.exists():
        raise InputError("C303", f"{out} exists already", hint="labels are work: choose another name, or remove it")
    lookup = Lookup(load(Path(config), env, lake=lake).platform.lake)
    pairs = [*_joined(lookup, count // 2 + count % 2), *_apart(lookup, count // 2)]
    pairs.sort(key=lambda pair: accuracy.digest("\0".join((*pair[0], *pair[1]))))
    attributes = current_attributes(lookup, {key for pair in pairs for key in pair})
    columns = [f"{side}_{name}" for name in (*KEY, *SHOWN) for side in SIDES]
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, [LABEL, *columns])
        sheet.writeheader()
        for pair in pairs:
            sides = zip(SIDES, pair, strict=True)
            told = {f"{side}_{name}": attributes[key][name] for side, key in sides for name in (*KEY, *SHOWN)}
            sheet.writerow({LABEL: ""} | told)
    return (
        f"wrote {len(pairs)} pairs to {out}, personal data that only you can read: "
        f"fill {LABEL} with yes or no, then c360 evaluate --truth {out}"
    )


PROFILES = """
    SELECT DISTINCT x.source, x.dataset, x.source_key, x.person_id{more} FROM x
    JOIN p ON x.source = p.source AND x.dataset = p.dataset AND x.source_key = p.source_key"""


def _joined(lookup: Lookup, count: int) -> list[tuple[Key, Key]]:
    """One pair of each of some persons, chosen by hash."""
    rows = lookup.ask(PROFILES.format(more=""), x=tables.PERSON_XREF, p=tables.PROFILE_RECORD)
    records = [Judged(Key(*(row[name] for name in KEY)), "", row["person_id"]) for row in rows]
    return [*islice(accuracy.one_pair_each(records), count)]


def _apart(lookup: Lookup, count: int) -> list[tuple[Key, Key]]:
    """Pairs of two persons with one family name and birth date, or one address, chosen by hash."""
    more = (
        ", lower(p.family_name) AS name, CAST(p.birth_date AS VARCHAR) AS born, lower(p.street) AS street, p.postcode"
    )
    rows = lookup.ask(PROFILES.format(more=more), x=tables.PERSON_XREF, p=tables.PROFILE_RECORD)
    return [*islice(accuracy.near_misses(rows, KEY), count)]


def by_labels(persons: Mapping[Key, str], rows: Sequence[Row], path: str) -> dict[str, Any]:
    """Labelled pairs: of those that are joined now and those that are not, how many are one person, with 95 % bounds.

    Raises InputError C302 for a label that is neither yes nor no; pairs without a label are counted.
    """
    counted: dict[str, Counter[str]] = {"joined": Counter(), "apart": Counter()}
    for number, row in enumerate(rows, 2):
        label = str(row[LABEL] if row[LABEL] is not None else "").strip().lower()
        if label and label not in YES | NO:
            raise InputError("C302", f"{path}:{number}: '{label}' is no label", hint="yes, no, or empty")
        left, right = (persons.get(Key(*(str(row[f"{side}_{name}"]) for name in KEY))) for side in SIDES)
        place = "joined" if left is not None and left == right else "apart"
        counted[place]["open" if not label else "yes" if label in YES else "no"] += 1
    told: dict[str, Any] = {}
    for found, counts in counted.items():
        labelled = counts["yes"] + counts["no"]
        bounds = interval(counts["yes"], labelled)
        told[found] = {"yes": counts["yes"], "no": counts["no"], "open": counts["open"], "bounds": bounds}
    return told


def _labels_as_text(found: Mapping[str, Any]) -> str:
    lines = []
    for name, what in (("joined", "precision of joined pairs"), ("apart", "one person, of pairs that look alike")):
        each = found[name]
        whole, (low, high) = each["yes"] + each["no"], each["bounds"]
        share = f"{each['yes'] / whole:.4f} (95 %: {low:.4f} to {high:.4f})" if whole else "no labels"
        lines.append(f"{what}: {share}, {whole:,} labelled, {each['open']:,} open")
    return "\n".join(lines)
