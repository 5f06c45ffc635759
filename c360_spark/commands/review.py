"""`c360 review`: list and decide the pairs in review. Reads without a JVM; decisions go into the next rule set."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from c360_spark import tables
from c360_spark.config import Conf as Loaded
from c360_spark.config import load
from c360_spark.config.rules.identity import Pair, RuleSet
from c360_spark.config.yaml.document import did_you_mean
from c360_spark.config.yaml.round_trip import edited, flow
from c360_spark.errors import ConfigError, InputError
from c360_spark.identity.group_join import total_weight
from c360_spark.identity.match_weight import Values, Weigh, probability_of, weigher
from c360_spark.lookup import Lookup, Row, among
from c360_spark.observe.accuracy import interval
from c360_spark.run.context import instant

NEXT = "identity.next.yml"
LISTS = {"accept": "force_links", "reject": "never_links"}
NAMED = ("namespace", "region", "value")
SIDES = ("left", "right")
IN_BULK = "seen at random"  # in the reason of a decision that nobody took by itself
BANDS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999)  # probabilities
HARDLY_ANY = 0.05


@dataclass(frozen=True)
class Conf:
    """Where conf/ and the lake are."""

    config: str
    env: str
    lake: str | None

    @cached_property
    def live(self) -> Loaded:
        """conf/ as runs read it."""
        return load(Path(self.config), self.env, lake=self.lake)

    @property
    def lookup(self) -> Lookup:
        return Lookup(self.live.platform.lake)

    @property
    def next(self) -> Path:
        """The next rule set, which decisions are noted in."""
        return Path(self.config) / NEXT

    @property
    def decided(self) -> list[tuple[Pair, bool]]:
        """All decisions of the next rule set, or of the live one where there is none; whether each is a force-link."""
        rules = self._rules()
        return [(pair, True) for pair in rules.force_links] + [(pair, False) for pair in rules.never_links]

    def _rules(self) -> RuleSet:
        if not self.next.exists():
            return self.live.rules
        return load(Path(self.config), self.env, lake=self.lake, rules=self.next).rules


def queue(config: str, env: str, lake: str | None) -> list[Row]:
    """The pairs in review, one for each two persons: the most probable of theirs. Those that change most come first.

    Rows of identity.review with `moves`, the identifiers of the smaller person, which would move, and `pairs`, how many
    pairs the two persons have; and, where their records do not agree as a whole, with `mean` (their mean probability)
    and `compared` (of how many pairs of records), unless conf/ has other rules than the last run.

    Raises InputError C304 before the first run with a model.
    """
    conf = Conf(config, env, lake)
    lookup, rules = conf.lookup, conf.live.rules
    persons = lookup.ask("SELECT person_id, size, rule_set FROM p", p=tables.PERSON)
    sizes = {row["person_id"]: row["size"] for row in persons}
    groups: defaultdict[frozenset[str], list[Row]] = defaultdict(list)
    for row in _pairs(lookup):
        groups[frozenset(row[f"{side}_person_id"] or f"identifier {row[f'{side}_id']}" for side in SIDES)].append(row)
    told = [
        rows[0] | {"moves": min(sizes.get(person, 1) for person in two), "pairs": len(rows)}
        for two, rows in groups.items()
    ]
    if rules.probabilistic and rules.probabilistic.model:
        # By the rules that put them here: other rules may compare other values.
        ours = {row["person_id"] for row in persons if row["rule_set"] == rules.label}
        apart = [row for row in told if row["reason"] == "limit:mean"]
        apart = [row for row in apart if all(row[f"{side}_person_id"] in ours for side in SIDES)]
        _add_means(lookup, apart, weigher(rules.probabilistic))
    return sorted(told, key=lambda row: (-row["moves"], -row["probability"], row["review_id"]))


def _add_means(lookup: Lookup, rows: Sequence[Row], weigh: Weigh) -> None:
    """Add `mean` and `compared`, from all records of both persons."""
    persons = sorted({row[f"{side}_person_id"] for row in rows for side in SIDES})
    if not persons:
        return
    found = lookup.ask(
        "SELECT m.person_id, c.compared_values FROM m JOIN c USING (identifier_id) "
        f"WHERE m.valid_to_run IS NULL AND {among('m.person_id', persons)}",
        m=tables.MEMBERSHIP,
        c=tables.COMPARED,
    )
    records: defaultdict[str, Counter[Values]] = defaultdict(Counter)
    for row in found:
        records[row["person_id"]][tuple(row["compared_values"])] += 1
    for row in rows:
        one, other = (records[row[f"{side}_person_id"]] for side in SIDES)
        row["compared"] = one.total() * other.total()
        if row["compared"]:
            row["mean"] = probability_of(total_weight(one, other, weigh) / row["compared"])


def _pairs(lookup: Lookup) -> list[Row]:
    """All rows of identity.review, the most probable first."""
    try:
        return lookup.ask("SELECT * FROM r ORDER BY probability DESC, review_id", r=tables.REVIEW)
    except InputError as error:
        hint = "a run with a model makes it: see docs/probabilistic.md"
        raise InputError(error.code, error.cause, hint=hint) from None


def as_text(rows: Sequence[Row], *, values: bool) -> str:
    """The pairs as text, one line each; values of identifiers, personal data, only with `values`."""
    return "\n".join(
        f"{row['review_id']}  {row['probability']:.4f}  moves {row['moves']:>3}  {_side(row, 'left', values=values)} — "
        f"{_side(row, 'right', values=values)}  {row['reason']}, {row['model']}{_more(row)}"
        for row in rows
    )


def _more(row: Row) -> str:
    pairs = f", {row['pairs']} pairs" if row["pairs"] > 1 else ""
    return f"{pairs}, {row['mean']:.4f} over {row['compared']} pairs of records" if "mean" in row else pairs


def _side(row: Row, side: str, *, values: bool) -> str:
    value = row[f"{side}_value"] if values else f"…{str(row[f'{side}_id'])[-6:]}"
    person = row[f"{side}_person_id"]
    return f"{row[f'{side}_namespace']}:{value} ({person or 'nobody'})"


def decide(
    review_id: str, verdict: str, *, author: str, reason: str, on: str | None, config: str, env: str, lake: str | None
) -> str:
    """Add a force-link (`accept`) or never-link (`reject`) to conf/identity.next.yml; returns that rule set's label.

    The file is created from identity.yml if it does not exist. Raises InputError C203 for a pair that is not in review,
    ConfigError C201 when the next rule set would be invalid, for example because it decides the pair already; the file
    then stays unchanged.
    """
    conf = Conf(config, env, lake)
    rows = {row["review_id"]: row for row in _pairs(conf.lookup)}
    row = rows.get(review_id)
    if row is None:
        raise InputError("C203", f"no pair '{review_id}' in review{did_you_mean(review_id, rows)}")
    return _note(conf, verdict, [_entry(row, author, reason, _day(on))])


def accept_above(
    probability: float, *, sample: int, seen: str | None, values: bool, author: str, reason: str, on: str | None,
    config: str, env: str, lake: str | None,
) -> str:  # fmt: skip
    """Accept all pairs in review from a probability on, once a random sample of them has been looked at.

    Without `seen` it returns the sample and its code; with that code it adds the force-links, each with the code in its
    reason, and returns what was noted. Pairs that conf/identity.next.yml decides already are left out.

    Raises InputError C303 for a code of another sample: the queue, or the decisions, changed since.
    """
    conf = Conf(config, env, lake)
    known = {frozenset(_named(end) for end in (pair.left, pair.right)) for pair, _ in conf.decided}
    rows = [row for row in queue(config, env, lake) if row["probability"] >= probability]
    rows = [row for row in rows if frozenset(_of_row(row, side) for side in SIDES) not in known]
    if not rows:
        return f"no undecided pair in review has a probability of {probability} or more"
    code = _digest(repr(probability), str(sample), *sorted(row["review_id"] for row in rows))[:8]
    chosen = sorted(rows, key=lambda row: _digest(code, row["review_id"]))[:sample]
    if seen is None:
        head = f"{len(chosen)} of {len(rows)} pairs from {probability} on, at random:"
        foot = f"if all are right, --seen {code} accepts the {len(rows)}; if one is not, reject it and raise --above"
        return "\n".join([head, as_text(chosen, values=values), foot])
    if seen != code:
        raise InputError(
            "C303", f"{seen} is the code of another sample", hint="look at the pairs again, without --seen"
        )
    why = f"{reason}; from {probability} on, {len(chosen)} of {len(rows)} {IN_BULK} ({code})"
    label = _note(conf, "accept", [_entry(row, author, why, _day(on)) for row in rows])
    return f"{len(rows)} pairs accepted in {conf.next}, rule set {label}"


def precision(target: float, *, config: str, env: str, lake: str | None) -> str:
    """What decisions say of the model: the share accepted by probability, with 95 % bounds, and drafts of thresholds.

    Counts force-links and never-links of pairs in identity.pair that were decided one by one. `target` is the share of
    links that should be right.
    """
    conf = Conf(config, env, lake)
    told = decided_by_band(conf.decided, _probabilities(conf.lookup))
    lines = [f"{'probability':<16} {'accepted':>9} {'rejected':>9}   share (95 %)"]
    lines += [f"from {start:<11} {yes:>9} {no:>9}   {_share(yes, no)}" for start, (yes, no) in sorted(told.items())]
    return "\n".join([*lines, *_drafts(told, target)])


def decided_by_band(
    decisions: Iterable[tuple[Pair, bool]], probabilities: Mapping[frozenset[Any], float]
) -> dict[float, tuple[int, int]]:
    """Accepted and rejected pairs by the start of their band of probabilities; decisions in bulk are left out."""
    counts: Counter[tuple[float, bool]] = Counter()
    for pair, accepted in decisions:
        found = probabilities.get(frozenset(_named(end) for end in (pair.left, pair.right)))
        if found is not None and IN_BULK not in pair.reason:
            counts[max(start for start in BANDS if start <= found), accepted] += 1
    return {start: (counts[start, True], counts[start, False]) for start in sorted({start for start, _ in counts})}


def _drafts(told: Mapping[float, tuple[int, int]], target: float) -> list[str]:
    """Thresholds that the decisions support."""
    lines = []
    above = {
        start: [sum(counts[verdict] for other, counts in told.items() if other >= start) for verdict in (0, 1)]
        for start in told
    }
    fine = [start for start, (yes, no) in above.items() if interval(yes, yes + no)[0] >= target]
    if fine:
        lines.append(f"attach_at: {min(fine)} # from here on {_share(*above[min(fine)])} were accepted")
    else:
        lines.append(f"attach_at: no draft. The lower bound reaches {target} nowhere: decide more pairs near the top")
    poor = [start for start, (yes, no) in told.items() if interval(yes, yes + no)[1] <= HARDLY_ANY]
    if poor:
        above_poor = next((start for start in BANDS if start > max(poor)), None)
        lines.append(f"review_at: {above_poor} # below it hardly any pair was accepted")
    return lines


def _share(yes: int, no: int) -> str:
    low, high = interval(yes, yes + no)
    return f"{yes / (yes + no):.3f} ({low:.3f} to {high:.3f})" if yes + no else "none decided"


def _probabilities(lookup: Lookup) -> dict[frozenset[Any], float]:
    """The probability of each two identifiers: that of the most probable of their pairs of records."""
    found: dict[frozenset[Any], float] = {}
    for row in lookup.ask("SELECT members, probability FROM p", p=tables.PAIR):
        ends = frozenset(tuple(member[name] for name in NAMED) for member in row["members"])
        found[ends] = max(found.get(ends, 0.0), row["probability"])
    return found


def _named(end: Any) -> tuple[str, ...]:
    return tuple(getattr(end, name) for name in NAMED)


def _of_row(row: Row, side: str) -> tuple[str, ...]:
    return tuple(row[f"{side}_{name}"] for name in NAMED)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _day(on: str | None) -> date:
    return instant(on).date() if on else datetime.now(UTC).date()


def _entry(row: Row, author: str, reason: str, added: date) -> Row:
    ends = {side: {name: row[f"{side}_{name}"] for name in NAMED} for side in SIDES}
    return ends | {"author": author, "reason": reason, "added": added}


def _note(conf: Conf, verdict: str, entries: Sequence[Row]) -> str:
    """Add decisions to conf/identity.next.yml; returns the label of that rule set."""
    file = conf.next
    text = (file if file.exists() else file.with_name("identity.yml")).read_text(encoding="utf-8")
    draft = file.with_suffix(".yml.new")
    draft.write_text(with_entries(text, LISTS[verdict], entries), encoding="utf-8")
    try:
        label = load(Path(conf.config), conf.env, rules=draft).rules.label
    except ConfigError:
        draft.unlink()
        raise
    draft.replace(file)
    return label


def with_entries(text: str, name: str, entries: Sequence[Row]) -> str:
    """The text of a YAML file with `entries` added first in its list `name`; all else stays as it was, comments too."""

    def add(data: CommentedMap) -> None:
        if not data.get(name):
            data[name] = CommentedSeq()
        for entry in reversed(entries):
            data[name].insert(0, flow(entry))

    return edited(text, add)
