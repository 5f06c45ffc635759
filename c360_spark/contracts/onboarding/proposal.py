"""Infers a whole draft contract from a sample by combining the guesses of the other modules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from c360_spark import tables
from c360_spark.config.contract.money import writing
from c360_spark.contracts.onboarding.clock import with_clock
from c360_spark.contracts.onboarding.guess import FITS, NO_ZONE, Guess, Proposed, allowed, capped, propose
from c360_spark.contracts.onboarding.names import known, snake, tokens
from c360_spark.contracts.onboarding.observed import Observed, Path, Sample, observed, scalars
from c360_spark.contracts.onboarding.people import Spaces, identify
from c360_spark.contracts.onboarding.purpose import MONEY, NEEDED, TIME, chosen, primary_key, table_of
from c360_spark.contracts.onboarding.shapes import Record, Shaped, by_order, item_key, pairs, statements
from c360_spark.contracts.onboarding.values import DENIED, GRANTED, WITHDRAWN, like, share
from c360_spark.tables import Pii
from c360_spark.tables.model import STRING_MAP

TABLES = {table.name: table for table in tables.CANONICAL}
NORMALIZED = {
    "email": "email",
    "phone": "phone",
    "postcode": "postcode",
    "channel": "lower",
    "priority": "lower",
    "loyalty_tier": "lower",
    "currency": "upper",
}
MERGING = frozenset("given_name family_name birth_date street postcode email phone".split())  # parts of match keys
# Columns with open value sets: an enum of the sample's values would quarantine any new value.
OPEN = frozenset("event_name country currency sku jurisdiction collection_source subject city".split())
CHANNELS = {
    "web": "web site browser pixel ga ga4 analytics matomo".split(),
    "mobile": "app mobile ios android".split(),
    "email": "email mail mailer newsletter".split(),
    "store": "pos till store kasse retail".split(),
    "phone": "call callcentre callcenter phone telephony".split(),
    "ads": "ads ad advertising".split(),
}
ENOUGH = 10  # among so many amounts in major units at least one would have decimals
SIGNS = (("€", "EUR", 0.9), ("£", "GBP", 0.8), ("$", "USD", 0.5))  # less certain where currencies share a sign


@dataclass
class Proposal:
    """All guesses about a dataset. `made` holds the properties by path, `tree` their order and nesting, `arrays` the
    arrays that are reshaped.
    """

    source: str
    dataset: str
    sample: Sample
    tree: list[Observed]
    made: dict[Path, Proposed]
    table: Guess
    keys: list[Proposed]
    event_time: Proposed | None
    constants: dict[str, Guess] = field(default_factory=dict)
    arrays: list[Shaped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def every(self) -> list[Proposed]:
        """All properties, including those of array items."""
        return [*self.made.values(), *(each for array in self.arrays for each in array.made)]

    def array(self, seen: Observed) -> Shaped | None:
        """The reshaping of an array; None if it is not reshaped."""
        return next((each for each in self.arrays if each.seen is seen), None)


def proposal(source: str, dataset: str, sample: Sample, spaces: Spaces) -> Proposal:
    """The draft of a contract for `sample`. Deterministic: equal samples give equal drafts."""
    read = _read(source, dataset, *by_order(sample.records)) or _read(source, dataset, sample.records, "")
    assert read is not None
    outer, arrays, table = read.outer, read.arrays, read.table
    name = str(table.value)
    found = [*outer, *(made for array in arrays if not array.is_lines for made in array.made)]
    keys, why_key = _keys(name, dataset, outer, arrays)
    columns = _fill(name, found)
    for place, made in enumerate(keys, 1):
        assert why_key is not None
        if len(keys) > 1:
            made.facts["primaryKeyPosition"] = Guess(place, why_key.confidence, "its place within the key")
        made.facts |= {"primaryKey": why_key, "required": Guess(True, why_key.confidence, "part of the key")}
    identify(source, name, found, keys, spaces)
    _zones(sample.zone, found)
    time = columns.get(TIME[name]) or columns.get("created_at")
    if time:
        with_clock(time, outer)
    by_path = {each.seen.path: each for each in outer}
    result = Proposal(
        source, dataset, sample, read.tree, by_path, table, keys, time, arrays=arrays, notes=list(sample.notes)
    )
    _constants(result, columns)
    _finish(name, found, keys)
    _told(result, columns)
    return result


def _arrays(tree: Sequence[Observed]) -> list[Observed]:
    return [
        inner
        for seen in tree
        for inner in (_arrays(seen.inner) if seen.shape == "object" else [seen] if seen.shape == "array" else [])
    ]


@dataclass
class _Read:
    """The scalar properties of a record (`outer`, including those within objects), reshaped arrays, and the table."""

    tree: list[Observed]
    outer: list[Proposed]
    arrays: list[Shaped]
    table: Guess


def _read(source: str, dataset: str, records: Sequence[Record], rows_by: str) -> _Read | None:
    """Infers properties, arrays and table; None if rows were grouped by `rows_by` but are not order lines."""
    tree = observed(records)
    outer = [propose(seen) for seen in scalars(tree)]
    arrays = [seen for seen in _arrays(tree) if seen.items]
    lines = max((_lines(seen, rows_by) for seen in arrays), key=lambda each: each.sure, default=None)
    lines = lines if lines and lines.sure >= 0.5 else None
    said = statements(arrays)
    table = table_of(source, dataset, [*outer, *(said.made if said else ())], lines=lines is not None)
    if rows_by and (lines is None or table.value != "order"):
        return None
    taken = [lines] if lines and table.value == "order" else [said] if said and table.value == "consent" else []
    others = [seen for seen in arrays if all(seen is not each.seen for each in taken)]
    return _Read(tree, outer, [*taken, *pairs(others)], table)


def _lines(seen: Observed, rows_by: str) -> Shaped:
    found = [propose(item, within="line") for item in scalars(seen.items)]
    columns = chosen("order_line", found)
    inner = {name: pair for name, pair in columns.items() if name not in ("order_id", "ordered_at", "country")}
    for name, (made, guess) in inner.items():
        _map(name, made, guess)
    sure = sum(0.35 for name in ("sku", "quantity", "unit_price_minor", "amount_minor") if name in inner)
    why = f"its items have {', '.join(sorted(inner))}" if inner else "its items are not like lines of an order"
    settings = {"canonicalTable": Guess("order_line", min(sure, 0.95), why)}
    if rows_by:
        settings["rowsBy"] = Guess(rows_by, 0.9, "rows of one of it are one order: they agree in all but the line")
    return Shaped(seen, settings, found)


def _keys(
    table: str, dataset: str, outer: Sequence[Proposed], arrays: Sequence[Shaped]
) -> tuple[list[Proposed], Guess | None]:
    """The primary key: the order key for rows that are order lines; for consent statements also the key of the item."""
    for array in arrays:
        if "rowsBy" in array.settings:
            made = next(each for each in outer if each.seen.path == (array.settings["rowsBy"].value,))
            made.facts.pop("classification", None)  # a column called Name holds the order's name, not a person's
            made.settings["canonical"] = Guess("order_id", 0.9, "it tells the orders apart")
            return [made], capped(Guess(True, 0.9, "rows of one order share it"))
    keys, why = primary_key(table, dataset, outer)
    for array in arrays:
        item = item_key(array) if "explode" in array.settings else None
        if item and keys:
            return [*keys, item], why
    return keys, why


def _zones(named: str, found: Sequence[Proposed]) -> None:
    """Assigns times without a time zone to the zone that a line above the header names."""
    for made in found:
        if named and "zone" in made.settings:
            made.settings["zone"] = Guess(named, 0.8, "a line above the header names it")
            made.notes = [note for note in made.notes if note != NO_ZONE]


def _fill(table: str, found: Sequence[Proposed]) -> dict[str, Proposed]:
    """Maps properties to columns of `table`, with the settings that these columns need."""
    known_already = {str(made.settings["canonical"].value): made for made in found if "canonical" in made.settings}
    columns = chosen(table, [made for made in found if "canonical" not in made.settings])
    columns = {name: pair for name, pair in columns.items() if name not in known_already}
    for name, (made, guess) in columns.items():
        _map(name, made, guess)
        if name in NEEDED.get(table, ()):
            made.facts["required"] = Guess(True, guess.confidence, f"silver.{table} needs {name}")
        if name == "status" and table == "consent":
            _statements(made)
    return known_already | {name: made for name, (made, _) in columns.items()}


def _map(name: str, made: Proposed, guess: Guess) -> None:
    guess = capped(guess) if name in MERGING else guess
    made.settings["canonical"] = guess
    if name in NORMALIZED:
        made.settings["normalize"] = Guess(NORMALIZED[name], guess.confidence, f"as {name} is compared")
    if name == "status":
        made.settings.setdefault("normalize", Guess("lower", guess.confidence, "as status is compared"))
    if name in MONEY:
        _money(made)


def _money(made: Proposed) -> None:
    """Guesses whether an amount is delivered in major or minor units; silver keeps minor units."""
    if set(tokens(made.seen.path[-1:])) & {"cents", "cent", "minor"}:
        if made.type.value == "number":
            made.settings["amountIn"] = Guess("minor", 0.6, "its name says so, its decimals do not")
        return
    if made.seen.kinds == {"integer"} and len(made.seen.texts) >= ENOUGH:
        # JSON systems write major units with decimals or as text, and minor units as whole numbers.
        made.settings["amountIn"] = Guess(
            "minor", 0.55, "whole numbers of JSON only, as of cents; its name does not say"
        )
        made.notes.append("19.99 or 1999? by its values amounts are in minor units, as cents: ask")
        return
    if made.type.value == "integer":
        made.type = Guess("number", 0.55, "whole numbers so far; as units of the currency it may have decimals")
        made.settings["amountIn"] = Guess(
            "major", 0.55, "euros or cents? no decimals are seen, and the name says neither"
        )
        return
    part = share(like(r"[+-]?\d+(\.\d{1,2})?"), made.seen.texts)
    sure = 0.9 if "locale" in made.settings else 0.95 * part
    made.settings["amountIn"] = Guess("major", sure, "written in units of the currency, with decimals")


def _statements(made: Proposed) -> None:
    """Maps the source's consent statuses to granted, denied, withdrawn. Unknown words are reported, never guessed."""
    meant = {}
    for word in sorted(set(made.seen.texts)):
        flat = "".join(tokens([word]))
        for status, words in (("granted", GRANTED), ("denied", DENIED), ("withdrawn", WITHDRAWN)):
            if flat in words:
                meant[word] = status
    part = sum(text in meant for text in made.seen.texts) / len(made.seen.texts) if made.seen.texts else 0.0
    made.settings.pop("normalize", None)
    if meant:
        made.settings["valueMap"] = Guess(meant, part, f"{len(meant)} words of its values are known statuses")
    if part < 1:
        made.notes.append("some of its values are no known status: they would be quarantined")


def _constants(made: Proposal, columns: dict[str, Proposed]) -> None:
    table, name = TABLES[str(made.table.value)], made.table.value
    words = {*tokens([made.source]), *tokens([made.dataset])}
    channel = next((channel for channel, of in CHANNELS.items() if words & set(of)), None)
    if channel and "channel" in table.column_names and "channel" not in columns:
        made.constants["channel"] = Guess(channel, 0.8, f"by the name {made.source}.{made.dataset}")
    if _needs_currency(made, columns):
        made.constants["currency"] = _currency(made)
        made.notes.append("amounts are in units of a currency that no property names: say which in constants")
    if name == "event" and "event_name" not in columns:
        made.constants["event_name"] = Guess(made.dataset, 0.3, "no property names the event")


def _currency(made: Proposal) -> Guess:
    """Guesses the currency from the sign next to the amounts."""
    amounts = [text for each in made.every if "amountIn" in each.settings for text in each.seen.texts]
    for sign, code, sure in SIGNS:
        if amounts and all(sign in text for text in amounts):
            return Guess(code, sure, f"all amounts have the sign {sign}; no property names it")
    return Guess("<currency>", 0.1, "no property names it: a code of ISO 4217, such as EUR")


def _needs_currency(made: Proposal, columns: dict[str, Proposed]) -> bool:
    given = [each.settings["canonical"].value for each in made.every if "canonical" in each.settings]
    in_units = any("amountIn" in each.settings and each.settings["amountIn"].value == "major" for each in made.every)
    return in_units and "currency" not in (*columns, *given)


def _finish(table: str, found: Sequence[Proposed], keys: Sequence[Proposed]) -> None:
    """Derives PII classes from other guesses, maps unmapped properties to the map column, and adds enums."""
    pii = {column.name: column.pii for column in TABLES[table].columns}
    for made in found:
        column = made.settings["canonical"].value if "canonical" in made.settings else None
        use = made.settings["identifier"].value if "identifier" in made.settings else None
        if pii.get(str(column), Pii.NONE) is not Pii.NONE:
            direct = pii[str(column)] is Pii.DIRECT or made.is_direct
            sure = made.settings["canonical"].confidence
            made.facts["classification"] = Guess("direct" if direct else "indirect", sure, f"as {column} is")
        elif use and not made.is_direct:
            direct = use.get("namespace") in ("email", "phone")
            made.facts["classification"] = Guess("direct" if direct else "indirect", 0.95, "it identifies a person")
        elif (made.namespace or (made in keys and table == "profile_record")) and not made.personal:
            made.facts["classification"] = Guess("indirect", 0.9, "it identifies a person")
        elif column in ("event_name", "occurred_at", "purpose", "status") and made.personal and not made.is_direct:
            del made.facts["classification"]
    _beside(table, found)
    for made in found:
        if "locale" in made.settings and "amountIn" not in made.settings:
            _signs(made)
        given = made.settings["canonical"].value if "canonical" in made.settings else ""
        if given not in OPEN and "valueMap" not in made.settings and (values := allowed(made)):
            made.settings["enum"] = values


def _signs(made: Proposed) -> None:
    """Types numbers with currency signs as text unless they are amounts, because silver parses signs only there."""
    plain = like(rf"[-+]?({writing(str(made.settings['locale'].value)).number})")
    if share(plain, made.seen.texts) < FITS:
        made.type = Guess("string", 0.8, "numbers with signs beside them, and no amount of silver")
        del made.settings["locale"]


def _beside(table: str, found: Sequence[Proposed]) -> None:
    """Maps properties without a column to the table's map column, except those of PII class `direct`."""
    column = next((c.name for c in TABLES[table].columns if c.type == STRING_MAP), None)
    taken: set[str] = set()
    for made in found:
        if "canonical" in made.settings or not made.seen.texts or len(made.seen.shapes) > 1:
            continue
        if made.is_direct:
            if known(made.seen.path, frozenset(("name", "fullname", "displayname"))):
                made.notes.append("a whole name: silver takes given_name and family_name, which the source should send")
            continue
        key = "primaryKey" in made.facts
        own = key and table == "profile_record"  # the number by which the source's staff know a person
        if not own and (key or "identifier" in made.settings):
            continue
        if column is None:
            made.notes.append(f"silver.{table} has no column for it: it stays in bronze")
            continue
        name = f"{column}.{snake(made.seen.path)}"
        target = next(each for n in count(1) if (each := name if n == 1 else f"{name}_{n}") not in taken)
        taken.add(target)
        made.settings["canonical"] = Guess(target, 0.4, "no column of its own")


def _told(made: Proposal, columns: dict[str, Proposed]) -> None:
    """Adds the notes at the top of the draft, which no reviewer should miss."""
    name = str(made.table.value)
    missing = [c for c in NEEDED.get(name, ()) if c not in columns and c not in made.constants]
    made.notes += [f"no property fills {c}, which silver.{name} needs: c360 check will say so" for c in missing]
    if not made.keys:
        made.notes.append("no primary key was found: without one, a record that is sent again counts twice")
    for seen in _arrays(made.tree):
        if made.array(seen):
            continue
        what = "an array of arrays" if seen.depth else "an array of objects" if seen.items else "an array"
        made.notes.append(f"{'.'.join(seen.path)} is {what} that silver does not read: it stays in bronze")
