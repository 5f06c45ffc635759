"""Accuracy of identity against a truth: pairwise and B³ precision, recall and F1, and which pairs are wrong or missed.

B³ (B-cubed, Bagga and Baldwin 1998) takes the mean over records of the share of a record's found person that is its
true person, and the other way round. So a large person that is wrong costs as much as its records, where pairwise
figures take the square of them.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

from rapidfuzz.distance import JaroWinkler

MOST_OF_ONE = 200  # wrong or missed pairs that are looked at of one person
SIZES, MORE = ((1, "1"), (2, "2"), (4, "3 to 4"), (9, "5 to 9")), "10 or more"
ALIKE = 0.92  # Jaro-Winkler similarity of two names


class Key(NamedTuple):
    """A record."""

    source: str
    dataset: str
    source_key: str

    @property
    def of(self) -> str:
        """The name of its dataset."""
        return f"{self.source}.{self.dataset}"


@dataclass(frozen=True)
class Judged:
    """A record with its true person and the person it was resolved to; None where it has none."""

    key: Key
    truth: str
    found: str | None


@dataclass(frozen=True)
class Figures:
    """Pairs of records: true ones, found ones, and those that are both; and B³ precision and recall over records."""

    records: int
    true_pairs: int
    found_pairs: int
    right_pairs: int
    b3_precision: float
    b3_recall: float

    @property
    def precision(self) -> float:
        """1 where nothing was found: that is no mistake."""
        return self.right_pairs / self.found_pairs if self.found_pairs else 1.0

    @property
    def recall(self) -> float:
        """1 where there is nothing to find."""
        return self.right_pairs / self.true_pairs if self.true_pairs else 1.0

    @property
    def f1(self) -> float:
        return f1(self.precision, self.recall)

    def as_dict(self) -> dict[str, float]:
        """All figures by name."""
        pairs = {"true_pairs": self.true_pairs, "found_pairs": self.found_pairs, "right_pairs": self.right_pairs}
        rates = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        b3 = {"b3_precision": self.b3_precision, "b3_recall": self.b3_recall}
        return {"records": self.records, **pairs, **rates, **b3, "b3_f1": f1(self.b3_precision, self.b3_recall)}


def f1(precision: float, recall: float) -> float:
    """The harmonic mean."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def figures(records: Sequence[Judged]) -> Figures:
    """The figures of all pairs among the records."""
    return _figures(records)


def by_dataset(records: Sequence[Judged]) -> dict[str, Figures]:
    """The figures of pairs with at least one record of a dataset; B³ over its own records."""
    names = sorted({record.key.of for record in records})
    return {name: _figures(records, {r.key for r in records if r.key.of == name}) for name in names}


def by_size(records: Sequence[Judged]) -> dict[str, Figures]:
    """The figures by the number of records of the true person."""
    sizes = Counter(record.truth for record in records)
    bins: defaultdict[str, set[Key]] = defaultdict(set)
    for record in records:
        bins[_bin(sizes[record.truth])].add(record.key)
    return {name: _figures(records, bins[name]) for name in (*(name for _, name in SIZES), MORE) if bins[name]}


def _bin(size: int) -> str:
    return next((name for most, name in SIZES if size <= most), MORE)


def _figures(records: Sequence[Judged], chosen: Collection[Key] | None = None) -> Figures:
    """Figures of pairs with at least one `chosen` record, and of B³ over the chosen ones; None chooses all."""
    whole = _Counts(records)
    picked = [record for record in records if chosen is None or record.key in chosen]
    rest = _Counts([] if chosen is None else [record for record in records if record.key not in chosen])
    precision = recall = 0.0
    for record in picked:
        # A record without a person is found alone.
        same = whole.right[record.truth, record.found] if record.found is not None else 1
        precision += same / (whole.found[record.found] if record.found is not None else 1)
        recall += same / whole.true[record.truth]
    count = max(len(picked), 1)
    return Figures(
        len(picked),
        _pairs(whole.true) - _pairs(rest.true),
        _pairs(whole.found) - _pairs(rest.found),
        _pairs(whole.right) - _pairs(rest.right),
        precision / count,
        recall / count,
    )


class _Counts:
    """Records of each true person, of each found person, and of both together."""

    def __init__(self, records: Iterable[Judged]) -> None:
        self.true: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.right: Counter[tuple[str, str]] = Counter()
        for record in records:
            self.true[record.truth] += 1
            if record.found is not None:
                self.found[record.found] += 1
                self.right[record.truth, record.found] += 1


def _pairs(counts: Counter[Any]) -> int:
    return sum(size * (size - 1) // 2 for size in counts.values())


class Pair(NamedTuple):
    """Two records."""

    left: Judged
    right: Judged


def wrong_pairs(records: Iterable[Judged]) -> Iterator[Pair]:
    """Pairs that were found and are not true, in an order by hash; up to MOST_OF_ONE of one found person."""
    return _pairs_within(records, lambda record: record.found, lambda a, b: a.truth != b.truth)


def missed_pairs(records: Iterable[Judged]) -> Iterator[Pair]:
    """Pairs that are true and were not found, in an order by hash; up to MOST_OF_ONE of one true person."""
    return _pairs_within(records, lambda record: record.truth, lambda a, b: a.found is None or a.found != b.found)


def _pairs_within(
    records: Iterable[Judged], group: Callable[[Judged], str | None], chosen: Callable[[Judged, Judged], bool]
) -> Iterator[Pair]:
    groups: defaultdict[str, list[Judged]] = defaultdict(list)
    for record in records:
        name = group(record)
        if name is not None:
            groups[name].append(record)
    for name in sorted(groups, key=digest):
        members, told = sorted(groups[name], key=lambda record: digest("\0".join(record.key))), 0
        for left, right in combinations(members, 2):
            if told == MOST_OF_ONE:
                break
            if chosen(left, right):
                told += 1
                yield Pair(left, right)


def digest(text: str) -> str:
    """A hash, by which samples are chosen: it depends on nothing but the text."""
    return hashlib.sha256(text.encode()).hexdigest()


Attributes = Mapping[str, Any]  # the current version of a customer record: columns of silver.profile_record


def kind(left: Attributes | None, right: Attributes | None) -> str:
    """What two records have in common: the first that applies.

    `household` family name and address, with another given name · `shared <namespace>` an identifier · `namesakes` both
    names and the birth date · `typo` at least two of given name, family name, birth date and postcode are alike ·
    `nothing shared` none of these · `no attributes` one of them is no customer record.
    """
    if left is None or right is None:
        return "no attributes"
    names = [_alike(left[name], right[name]) for name in ("given_name", "family_name")]
    born, lives = _equal(left, right, "birth_date"), _equal(left, right, "postcode")
    if names[1] and lives and _equal(left, right, "street") and names[0] is False:
        return "household"
    others = {found["identifier_id"] for found in right["identifiers"] or ()}
    spaces = {found["namespace"] for found in left["identifiers"] or () if found["identifier_id"] in others}
    if spaces:
        return f"shared {min(spaces)}"
    if all(names) and born:
        return "namesakes"
    return "typo" if sum(map(bool, (*names, born, lives))) >= 2 else "nothing shared"


def _alike(one: str | None, other: str | None) -> bool | None:
    """None where one is missing."""
    return None if not one or not other else JaroWinkler.similarity(one.lower(), other.lower()) >= ALIKE


def _equal(left: Attributes, right: Attributes, name: str) -> bool:
    return bool(left[name]) and left[name] == right[name]


def interval(part: int, whole: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share."""
    if not whole:
        return 0.0, 1.0
    z, share = 1.959964, part / whole
    centre, spread = share + z * z / (2 * whole), z * ((share * (1 - share) + z * z / (4 * whole)) / whole) ** 0.5
    scale = 1 + z * z / whole
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def one_pair_each(records: Iterable[Judged]) -> Iterator[tuple[Key, Key]]:
    """Two records of each found person that has several, in an order by hash."""
    groups: defaultdict[str, list[Key]] = defaultdict(list)
    for record in records:
        groups[record.found or ""].append(record.key)
    for name in sorted(groups, key=digest):
        keys = sorted(groups[name], key=lambda key: digest("\0".join(key)))
        if name and len(keys) > 1:
            yield keys[0], keys[1]


def near_misses(rows: Iterable[Mapping[str, Any]], key: Sequence[str]) -> Iterator[tuple[Key, Key]]:
    """Two records of two persons, for each family name and birth date, or address, that several persons have.

    `rows` have the columns of `key`, `person_id`, `name`, `born`, `street` and `postcode`. In an order by hash.
    """
    groups: defaultdict[tuple[str, ...], dict[str, Key]] = defaultdict(dict)
    for row in rows:
        for one, other in (("name", "born"), ("street", "postcode")):
            if row[one] and row[other]:
                persons = groups[one, row[one], row[other]]
                own = Key(*(row[column] for column in key))
                persons[row["person_id"]] = min(persons.get(row["person_id"], own), own)
    told = set()
    for group in sorted(groups, key=lambda group: digest("\0".join(group))):
        persons = groups[group]
        if len(persons) > 1:
            left, right = sorted(persons.values(), key=lambda key: digest("\0".join(key)))[:2]
            if (left, right) not in told:
                told.add((left, right))
                yield left, right
