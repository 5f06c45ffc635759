"""Advice about blocking keys: records that are compared with no other, what a key costs, and keys that would help."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from c360_spark.config.rules.key_part import KeyPart
from c360_spark.config.rules.probabilistic import Probabilistic, usual_keys

Parts = tuple[KeyPart, ...]
Flags = npt.NDArray[np.bool_]


def candidates(rules: Probabilistic) -> dict[str, Parts]:
    """Blocking keys that the rules lack, to be tried: by name, birth date, postcode, phone and e-mail."""
    dates = [comparison.of(name)[0] for name, comparison in rules.comparisons.items() if comparison.kind == "date"]
    born = KeyPart(column=dates[0] if dates else "birth_date", normalize="digits")
    given = KeyPart(column="given_name")
    sound, postcode = (
        KeyPart(column="family_name", normalize="soundex"),
        KeyPart(column="postcode", normalize="postcode"),
    )
    known: dict[str, Parts] = usual_keys(rules.comparisons.items()) | {
        "full_name": (given, KeyPart(column="family_name")),
        "birth_date": (born,),
        "given_birth": (given, born),
        "sound_birth": (sound, born),
        "sound_postcode": (sound, postcode),
        "birth_postcode": (born, postcode),
        "phone": (KeyPart(column="phone", normalize="digits"),),
        "email": (KeyPart(column="email", normalize="email"),),
    }
    taken = {frozenset(_spelled(parts)) for parts in rules.blocking.values()}
    return {
        name: parts
        for name, parts in known.items()
        if frozenset(_spelled(parts)) not in taken and name not in rules.blocking
    }


def _spelled(parts: Parts) -> list[str]:
    return [f"{part.column} {part.normalize} {part.prefix}" for part in parts]


@dataclass(frozen=True)
class Key:
    """One blocking key on some records: those that have it, those it compares, pairs, records of crowded values."""

    name: str
    records: int
    compared: Flags
    pairs: int
    crowded: int


def keys_of(blocks: pd.DataFrame, rules: Probabilistic) -> dict[str, Key]:
    """The keys of `blocks`: one row a record, one column a key, null where a record lacks it."""
    return {str(name): _key(str(name), blocks[name], rules.max_block_pairs) for name in blocks.columns}


def _key(name: str, values: "pd.Series[int]", most: int) -> Key:
    sizes = values.map(values.value_counts()).fillna(0).to_numpy(dtype=np.int64)
    crowded = sizes * (sizes - 1) // 2 > most
    compared = (sizes > 1) & ~crowded
    # Each value is counted by each of its records.
    pairs = int(np.sum((sizes[compared] - 1) / 2))
    return Key(name, int(values.notna().sum()), compared, pairs, int(crowded.sum()))


def advice(blocks: pd.DataFrame, rules: Probabilistic, tried: Mapping[str, Parts]) -> Iterator[str]:
    """Lines about the keys of the rules, then about those `tried` keys that compare records which the rules do not.

    The most useful one comes first; each is measured on what those before it leave.
    """
    found = keys_of(blocks, rules)
    reached = _any([found[name] for name in rules.blocking], len(blocks))
    alone = int((~reached).sum())
    part = alone / max(len(blocks), 1)
    yield f"blocking: {alone:,} of {len(blocks):,} records ({part:.1%}) are compared with no other"
    for name in rules.blocking:
        key = found[name]
        shared = f", {key.crowded:,} have a value that too many share" if key.crowded else ""
        yield f"  {name}: {key.records:,} records have it, {key.pairs:,} pairs{shared}"
    open_keys = [found[name] for name in tried]
    while open_keys:
        best = max(open_keys, key=lambda key: (int((key.compared & ~reached).sum()), -key.pairs, key.name))
        more = int((best.compared & ~reached).sum())
        if not more:
            return
        named = _yaml(best.name, tried[best.name])
        yield f"  would help: {best.name}: {more:,} records more, {best.pairs:,} pairs: {named}"
        reached = reached | best.compared
        open_keys.remove(best)


def _any(keys: Sequence[Key], count: int) -> Flags:
    reached = np.zeros(count, dtype=np.bool_)
    for key in keys:
        reached |= key.compared
    return reached


def _yaml(name: str, parts: Parts) -> str:
    told = [
        f"{{column: {part.column}{f', normalize: {part.normalize}' if part.normalize != 'name' else ''}}}"
        for part in parts
    ]
    return f"{name}: [{', '.join(told)}]"
