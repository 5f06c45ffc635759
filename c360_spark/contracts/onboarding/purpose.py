"""Infers the canonical table of a dataset, its primary key, and the mapping of properties to columns."""

from collections.abc import Sequence

from c360_spark.contracts.onboarding.guess import Guess, Proposed, capped, of
from c360_spark.contracts.onboarding.names import (
    CDPS,
    COLUMNS,
    KEYS,
    LINE_NO,
    OF_MANY,
    OF_PEOPLE,
    known,
    spellings,
    tokens,
)
from c360_spark.contracts.onboarding.values import (
    is_country,
    is_currency,
    is_dialled,
    is_email,
    is_number,
    is_postcode,
    share,
)

# Columns that are evidence for a table, with their weight.
SIGNALS: dict[str, dict[str, float]] = {
    "profile_record": {
        "given_name": 1.5,
        "family_name": 1.5,
        "birth_date": 1.5,
        "street": 0.5,
        "city": 0.5,
        "postcode": 0.5,
        "email": 0.5,
        "phone": 0.5,
        "loyalty_tier": 1,
        "loyalty_points": 1,
        "updated_at": 0.5,
    },
    "event": {"event_name": 2, "occurred_at": 1},
    "order": {"order_id": 1, "total_minor": 1.5, "ordered_at": 0.5, "currency": 0.5, "status": 0.25},
    "order_line": {"order_id": 1, "sku": 1.5, "quantity": 1.5, "unit_price_minor": 1},
    "support_case": {"subject": 1.5, "priority": 1.5, "opened_at": 0.5, "status": 0.5},
    "consent": {"purpose": 2.5, "status": 0.5, "effective_from": 0.5},
}
# Words in the name of a dataset that are evidence for a table.
HINTS = {
    "profile_record": "customer contact member profile person subscriber lead user account people kunde".split(),
    "event": "event activity engagement conversion click hit track visit message".split(),
    "order": "order purchase sale transaction bestellung receipt charge payment invoice".split(),
    "order_line": "line item position".split(),
    "support_case": "case ticket call conversation incident support".split(),
    "consent": "consent choice preference permission statement".split(),
}
NEEDED = {
    "cdp_profile": ("profile_id",),
    "event": ("event_name", "occurred_at"),
    "order": ("order_id", "ordered_at"),
    "order_line": ("order_id",),
    "support_case": ("opened_at",),
    "consent": ("purpose", "status", "effective_from"),
}
TIME = {
    "profile_record": "updated_at",
    "cdp_profile": "updated_at",
    "event": "occurred_at",
    "order": "ordered_at",
    "order_line": "ordered_at",
    "support_case": "opened_at",
    "consent": "effective_from",
}
NAMING = frozenset(("identify", "alias"))
CALLS = NAMING | frozenset("track page screen group".split())  # of tracking APIs such as Segment's
TIMES = frozenset(TIME.values()) | {"created_at"}
MONEY = frozenset(("total_minor", "unit_price_minor", "amount_minor"))
Chosen = dict[str, tuple[Proposed, Guess]]


def table_of(source: str, dataset: str, props: Sequence[Proposed], *, lines: bool) -> Guess:
    """Infers the canonical table of a dataset from its properties and name; `lines`: whether records have order lines.

    Customer records of a CDP must not become identity evidence; only the name of source or dataset reveals a CDP.
    """
    scores = {table: _score(table, dataset, props, lines=lines) for table in SIGNALS}
    ranked = sorted(scores, key=lambda table: (-scores[table][0], table))
    best, second = ranked[0], ranked[1]
    kinds = [prop for prop in props if known(prop.seen.path, ("type",)) and prop.seen.complete]
    if any(set(prop.seen.texts) <= NAMING for prop in kinds):
        return Guess("profile_record", 0.8, "calls of a tracker that tell who somebody is")
    if any(set(prop.seen.texts) <= CALLS for prop in kinds):
        return Guess("event", 0.8, "calls of a tracker, told apart by their type; identify and alias are no events")
    called = sorted(CDPS & {*tokens([source]), *tokens([dataset])})
    if best == "profile_record" and called:
        return Guess("cdp_profile", 0.8, f"customer records, and {called[0]} is a CDP: compared, never evidence")
    if scores[best][0] <= 0:
        return Guess("profile_record", 0.2, "nothing tells what it is: the table that needs least")
    sure = scores[best][0] / (scores[best][0] + max(scores[second][0], 0.5))
    return Guess(best, sure, f"it has {', '.join(scores[best][1])}; next would be {second}")


def _score(table: str, dataset: str, props: Sequence[Proposed], *, lines: bool) -> tuple[float, list[str]]:
    columns = chosen(table, props)
    present = [name for name in SIGNALS[table] if name in columns]
    score = sum(SIGNALS[table][name] * columns[name][1].confidence for name in present)
    words = tokens([dataset])
    if any(word.rstrip("s") in HINTS[table] for word in words):
        score += 2
        present.append(f"the name {dataset}")
    if lines and table == "order":
        score += 2
        present.append("lines")
    # Penalty for missing required columns: an event name can be a constant, a time cannot.
    score -= sum(1 if name == "event_name" else 3 for name in NEEDED.get(table, ()) if name not in columns)
    return score, present


def chosen(table: str, props: Sequence[Proposed]) -> Chosen:
    """The best-matching property for each column of `table`; a property fills at most one column."""
    guesses = []
    for order, (column, words) in enumerate(COLUMNS[table].items()):
        for place, prop in enumerate(props):
            guess = _fits(column, words, prop)
            if guess:
                rank = (
                    min(words.index(name) for name in spellings(prop.seen.path) if name in words)
                    if (known(prop.seen.path, words))
                    else len(words)
                )
                # For times the name ranks first: created_at is the time of an order only if there is nothing better.
                first = (
                    (rank, -guess.confidence) if column in TIMES or column == "status" else (-guess.confidence, rank)
                )
                # Silver quarantines a record without a required column, so a property often absent is the last choice.
                lacking = column in NEEDED.get(table, ()) and len(prop.seen.texts) < 0.9 * prop.seen.records
                first = (float(lacking), *first)
                guesses.append((first, len(prop.seen.path), order, place, column, prop, guess))
    taken: Chosen = {}
    used: set[int] = set()
    for _, _, _, place, column, prop, guess in sorted(guesses, key=lambda each: (_late(each[4]), *each[:4])):
        if column not in taken and place not in used:
            taken[column] = prop, guess
            used.add(place)
    return taken


def _late(column: str) -> int:
    """The processing order of columns: a table's own time is chosen before `created_at`."""
    return 1 if column == "created_at" else 0


def _fits(column: str, words: Sequence[str], prop: Proposed) -> Guess | None:
    """A guess that a property fills a column, if its name matches and its values do not contradict; else None."""
    seen, named = prop.seen, known(prop.seen.path, words)
    part, what = _looks(column, prop)
    by_name = f"named like {column}"
    if named and part is None:
        return Guess(column, named * 0.9, by_name)
    if named and part is not None and part >= 0.8:
        return Guess(column, 0.5 * named + 0.5 * part, f"{by_name}; {of(part, seen, what)}")
    if not named and column == "email" and part is not None and part >= 0.9:
        return Guess(column, 0.85 * part, of(part, seen, what))
    return None


def _looks(column: str, prop: Proposed) -> tuple[float | None, str]:
    """The share of values that have the column's format, and a description; None if the format cannot be tested."""
    texts = prop.seen.texts
    if column in TIMES:
        ok = prop.type.value in ("date", "timestamp")
        return (1.0 if ok else 0.0), f"are of type {prop.type.value}"
    if column == "birth_date":
        return (1.0 if prop.type.value == "date" else 0.0), "are dates"
    if column in MONEY or column in ("quantity", "loyalty_points"):
        whole = column in ("quantity", "loyalty_points")
        ok = prop.type.value in (("integer",) if whole else ("integer", "number"))
        return (1.0 if ok else 0.0), "are numbers"
    tests = {
        "email": (is_email, "are e-mail addresses"),
        "phone": (is_dialled, "look like phone numbers"),
        "country": (is_country, "are names or codes of countries"),
        "currency": (is_currency, "are ISO 4217 codes"),
        "postcode": (is_postcode, "look like postcodes"),
    }
    if column in tests and texts:
        test, what = tests[column]
        return share(test, texts), what
    if not texts or prop.type.value in ("date", "timestamp"):
        return 0.0, "cannot be it"
    if column == "event_name" and prop.is_direct:
        return 0.0, "name persons"
    if column == "event_name" and (len(set(texts)) > 50 or share(is_number, texts) > 0.5):
        return 0.0, "are no names of events"
    if column == "event_name" and set(texts) == {"track"}:
        return 0.0, "are calls of a tracker, which name their event elsewhere"
    return None, ""


def primary_key(table: str, dataset: str, props: Sequence[Proposed]) -> tuple[list[Proposed], Guess | None]:
    """Infers the primary key from property names and from uniqueness in the sample."""
    if table == "order_line":
        order = [prop for prop in props if known(prop.seen.path, COLUMNS["order"]["order_id"][:-1])]
        line = [prop for prop in props if known(prop.seen.path, LINE_NO)]
        if order and line:
            pairs = list(
                zip(
                    (leaf.text for leaf in order[0].seen.leaves),
                    (leaf.text for leaf in line[0].seen.leaves),
                    strict=False,
                )
            )
            part = len(set(pairs)) / len(pairs) if pairs else 0
            if part >= 0.9 and order[0].seen.complete and line[0].seen.complete:
                return [order[0], line[0]], Guess(True, 0.9 * part, "an order and its line; no two records share both")
    for prop in _named_keys(table, dataset, props):
        seen = prop.seen
        part = len(set(seen.texts)) / len(seen.texts) if seen.texts else 0
        if seen.complete and part >= 0.9:
            again = len(seen.texts) - len(set(seen.texts))
            said = (
                "each value once"
                if not again
                else f"{again:,} values stand more than once: sent again, or another version"
            )
            sure = part * (0.95 if not again else 0.8)
            return [prop], capped(Guess(True, sure, f"named like a key; in all records, {said}"))
    return _event_key(props) if table == "event" else ([], None)


def _named_keys(table: str, dataset: str, props: Sequence[Proposed]) -> list[Proposed]:
    """Properties that may be the key by name, most certain first: contact_id for contacts, then id, then others.
    Excludes the id of something else that a record belongs to, such as an account.
    """
    words = tokens([dataset])[-1:] or [dataset]
    own = {f"{word}{end}" for word in (words[0], words[0].rstrip("s")) for end in ("id", "no", "number")}
    names = [*sorted(own), *KEYS[table]]
    ranked = []
    for place, prop in enumerate(props):
        known_by = [(-sure, names.index(n)) for n, sure in spellings(prop.seen.path).items() if n in names]
        if known_by and not known(prop.seen.path, OF_MANY - own):
            ranked.append((*min(known_by)[:1], len(prop.seen.path), min(known_by)[1], place))
    return [props[place] for *_, place in sorted(ranked)]


def _event_key(props: Sequence[Proposed]) -> tuple[list[Proposed], Guess | None]:
    """A composite key of person identifier, time and event name, for events without an id."""
    columns = chosen("event", props)
    who = [prop for prop in props if known(prop.seen.path, OF_PEOPLE) and prop.seen.complete]
    parts = [columns[name][0] for name in ("occurred_at", "event_name") if name in columns]
    if not who or len(parts) < 2 or not all(prop.seen.complete for prop in parts):
        return [], None
    keys = [who[0], *parts]
    rows = list(zip(*((leaf.text for leaf in prop.seen.leaves) for prop in keys), strict=False))
    if len(set(rows)) < len(rows):
        return [], None
    return keys, Guess(True, 0.5, "an event without an id: who, when and what; no two records share all three")
