"""Infers a whole draft contract from a sample by combining the guesses of the other modules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from c360_spark import tables
from c360_spark.config.contract.money import writing
from c360_spark.contracts.onboarding.clock import with_clock
from c360_spark.contracts.onboarding.guess import FITS, NO_ZONE, Guess, Proposed, allowed, capped, percent, propose
from c360_spark.contracts.onboarding.names import known, snake, tokens
from c360_spark.contracts.onboarding.observed import Observed, Path, Sample, observed, scalars
from c360_spark.contracts.onboarding.people import Spaces, identify, one_per_person
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
    one_per_person: Guess | None = None
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
    props = [*outer, *(prop for array in arrays if not array.is_lines for prop in array.made)]
    keys, why_key = _keys(name, dataset, outer, arrays)
    columns = _fill(name, props)
    for place, prop in enumerate(keys, 1):
        assert why_key is not None
        if len(keys) > 1:
            prop.facts["primaryKeyPosition"] = Guess(place, why_key.confidence, "its place within the key")
        prop.facts |= {"primaryKey": why_key, "required": Guess(True, why_key.confidence, "part of the key")}
    identify(source, name, props, keys, spaces)
    _zones(sample.zone, props)
    time = columns.get(TIME[name]) or columns.get("created_at")
    if time:
        with_clock(time, outer)
    by_path = {each.seen.path: each for each in outer}
    result = Proposal(
        source, dataset, sample, read.tree, by_path, table, keys, time, arrays=arrays, notes=list(sample.notes)
    )
    _constants(result, columns)
    _finish(name, props, keys)
    result.one_per_person = one_per_person(name, props, keys)
    if result.one_per_person and "identifier" not in keys[0].settings:
        why = result.one_per_person.why
        result.notes.append(
            f"one record a person? {why}. Once its key is an identifier, ask, and "
            "add {property: onePerPerson, value: true} beside canonicalTable"
        )
        result.one_per_person = None
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
    for name, (prop, guess) in inner.items():
        _map(name, prop, guess)
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
            prop = next(each for each in outer if each.seen.path == (array.settings["rowsBy"].value,))
            prop.facts.pop("classification", None)  # a column called Name holds the order's name, not a person's
            prop.settings["canonical"] = Guess("order_id", 0.9, "it tells the orders apart")
            return [prop], capped(Guess(True, 0.9, "rows of one order share it"))
    keys, why = primary_key(table, dataset, outer)
    for array in arrays:
        item = item_key(array) if "explode" in array.settings else None
        if item and keys:
            return [*keys, item], why
    return keys, why


def _zones(named: str, props: Sequence[Proposed]) -> None:
    """Assigns times without a time zone to the zone that a line above the header names."""
    for prop in props:
        if named and "zone" in prop.settings:
            prop.settings["zone"] = Guess(named, 0.8, "a line above the header names it")
            prop.notes = [note for note in prop.notes if note != NO_ZONE]


def _fill(table: str, props: Sequence[Proposed]) -> dict[str, Proposed]:
    """Maps properties to columns of `table`, with the settings that these columns need."""
    known_already = {str(prop.settings["canonical"].value): prop for prop in props if "canonical" in prop.settings}
    columns = chosen(table, [prop for prop in props if "canonical" not in prop.settings])
    columns = {name: pair for name, pair in columns.items() if name not in known_already}
    for name, (prop, guess) in columns.items():
        _map(name, prop, guess)
        if name in NEEDED.get(table, ()):
            prop.facts["required"] = Guess(True, guess.confidence, f"silver.{table} needs {name}")
        if name == "status" and table == "consent":
            _statements(prop)
    return known_already | {name: prop for name, (prop, _) in columns.items()}


def _map(name: str, prop: Proposed, guess: Guess) -> None:
    guess = capped(guess) if name in MERGING else guess
    prop.settings["canonical"] = guess
    if name in NORMALIZED:
        prop.settings["normalize"] = Guess(NORMALIZED[name], guess.confidence, f"as {name} is compared")
    if name == "status":
        prop.settings.setdefault("normalize", Guess("lower", guess.confidence, "as status is compared"))
    if name in MONEY:
        _money(prop)


def _money(prop: Proposed) -> None:
    """Guesses whether an amount is delivered in major or minor units; silver keeps minor units."""
    if set(tokens(prop.seen.path[-1:])) & {"cents", "cent", "minor"}:
        if prop.type.value == "number":
            prop.settings["amountIn"] = Guess("minor", 0.6, "its name says so, its decimals do not")
        return
    if prop.seen.kinds == {"integer"} and len(prop.seen.texts) >= ENOUGH:
        # JSON systems write major units with decimals or as text, and minor units as whole numbers.
        prop.settings["amountIn"] = Guess(
            "minor", 0.55, "whole numbers of JSON only, as of cents; its name does not say"
        )
        prop.notes.append("19.99 or 1999? by its values amounts are in minor units, as cents: ask")
        return
    if prop.type.value == "integer":
        prop.type = Guess("number", 0.55, "whole numbers so far; as units of the currency it may have decimals")
        prop.settings["amountIn"] = Guess(
            "major", 0.55, "euros or cents? no decimals are seen, and the name says neither"
        )
        return
    part = share(like(r"[+-]?\d+(\.\d{1,2})?"), prop.seen.texts)
    sure = 0.9 if "locale" in prop.settings else 0.95 * part
    prop.settings["amountIn"] = Guess("major", sure, "written in units of the currency, with decimals")


def _statements(prop: Proposed) -> None:
    """Maps the source's consent statuses to granted, denied, withdrawn. Unknown words are reported, never guessed."""
    meant = {}
    for word in sorted(set(prop.seen.texts)):
        flat = "".join(tokens([word]))
        for status, words in (("granted", GRANTED), ("denied", DENIED), ("withdrawn", WITHDRAWN)):
            if flat in words:
                meant[word] = status
    part = sum(text in meant for text in prop.seen.texts) / len(prop.seen.texts) if prop.seen.texts else 0.0
    prop.settings.pop("normalize", None)
    if meant:
        prop.settings["valueMap"] = Guess(meant, part, f"{len(meant)} words of its values are known statuses")
    if part < 1:
        prop.notes.append("some of its values are no known status: they would be quarantined")


def _constants(draft: Proposal, columns: dict[str, Proposed]) -> None:
    table, name = TABLES[str(draft.table.value)], draft.table.value
    words = {*tokens([draft.source]), *tokens([draft.dataset])}
    channel = next((channel for channel, of in CHANNELS.items() if words & set(of)), None)
    if channel and "channel" in table.column_names and "channel" not in columns:
        draft.constants["channel"] = Guess(channel, 0.8, f"by the name {draft.source}.{draft.dataset}")
    if _needs_currency(draft, columns):
        draft.constants["currency"] = _currency(draft)
        draft.notes.append("amounts are in units of a currency that no property names: say which in constants")
    if name == "event" and "event_name" not in columns:
        draft.constants["event_name"] = Guess(draft.dataset, 0.3, "no property names the event")


def _currency(draft: Proposal) -> Guess:
    """Guesses the currency from the sign next to the amounts."""
    amounts = [text for each in draft.every if "amountIn" in each.settings for text in each.seen.texts]
    for sign, code, sure in SIGNS:
        if amounts and all(sign in text for text in amounts):
            return Guess(code, sure, f"all amounts have the sign {sign}; no property names it")
    return Guess("<currency>", 0.1, "no property names it: a code of ISO 4217, such as EUR")


def _needs_currency(draft: Proposal, columns: dict[str, Proposed]) -> bool:
    given = [each.settings["canonical"].value for each in draft.every if "canonical" in each.settings]
    in_units = any("amountIn" in each.settings and each.settings["amountIn"].value == "major" for each in draft.every)
    return in_units and "currency" not in (*columns, *given)


def _misfits(prop: Proposed) -> None:
    """What becomes of values that silver cannot read: an optional property does without them."""
    said = f"{percent(prop.misfits)} of its values do not fit"
    if "required" in prop.facts:
        prop.notes.append(f"{said}, and would be quarantined")
    else:
        prop.settings["onInvalid"] = Guess("null", 1 - prop.misfits, f"{said}: they are taken as unknown")


def _finish(table: str, props: Sequence[Proposed], keys: Sequence[Proposed]) -> None:
    """Derives PII classes from other guesses, maps unmapped properties to the map column, and adds enums."""
    pii = {column.name: column.pii for column in TABLES[table].columns}
    for prop in props:
        column = prop.settings["canonical"].value if "canonical" in prop.settings else None
        use = prop.settings["identifier"].value if "identifier" in prop.settings else None
        if pii.get(str(column), Pii.NONE) is not Pii.NONE:
            direct = pii[str(column)] is Pii.DIRECT or prop.is_direct
            sure = prop.settings["canonical"].confidence
            prop.facts["classification"] = Guess("direct" if direct else "indirect", sure, f"as {column} is")
        elif use and not prop.is_direct:
            direct = use.get("namespace") in ("email", "phone")
            prop.facts["classification"] = Guess("direct" if direct else "indirect", 0.95, "it identifies a person")
        elif (prop.namespace or (prop in keys and table == "profile_record")) and not prop.personal:
            prop.facts["classification"] = Guess("indirect", 0.9, "it identifies a person")
        elif column in ("event_name", "occurred_at", "purpose", "status") and prop.personal and not prop.is_direct:
            del prop.facts["classification"]
    _beside(table, props)
    for prop in props:
        if prop.misfits:
            _misfits(prop)
        if "locale" in prop.settings and "amountIn" not in prop.settings:
            _signs(prop)
        given = prop.settings["canonical"].value if "canonical" in prop.settings else ""
        if given not in OPEN and "valueMap" not in prop.settings and (values := allowed(prop)):
            prop.settings["enum"] = values


def _signs(prop: Proposed) -> None:
    """Types numbers with currency signs as text unless they are amounts, because silver parses signs only there."""
    plain = like(rf"[-+]?({writing(str(prop.settings['locale'].value)).number})")
    if share(plain, prop.seen.texts) < FITS:
        prop.type = Guess("string", 0.8, "numbers with signs beside them, and no amount of silver")
        del prop.settings["locale"]


def _beside(table: str, props: Sequence[Proposed]) -> None:
    """Maps properties without a column to the table's map column, except those of PII class `direct`."""
    column = next((c.name for c in TABLES[table].columns if c.type == STRING_MAP), None)
    taken: set[str] = set()
    for prop in props:
        if "canonical" in prop.settings or not prop.seen.texts or len(prop.seen.shapes) > 1:
            continue
        if prop.is_direct:
            if known(prop.seen.path, frozenset(("name", "fullname", "displayname"))):
                prop.notes.append("a whole name: silver takes given_name and family_name, which the source should send")
            continue
        key = "primaryKey" in prop.facts
        own = key and table == "profile_record"  # the number by which the source's staff know a person
        if not own and (key or "identifier" in prop.settings):
            continue
        if column is None:
            prop.notes.append(f"silver.{table} has no column for it: it stays in bronze")
            continue
        name = f"{column}.{snake(prop.seen.path)}"
        target = next(each for n in count(1) if (each := name if n == 1 else f"{name}_{n}") not in taken)
        taken.add(target)
        prop.settings["canonical"] = Guess(target, 0.4, "no column of its own")


def _told(draft: Proposal, columns: dict[str, Proposed]) -> None:
    """Adds the notes at the top of the draft, which no reviewer should miss."""
    name = str(draft.table.value)
    missing = [c for c in NEEDED.get(name, ()) if c not in columns and c not in draft.constants]
    draft.notes += [f"no property fills {c}, which silver.{name} needs: c360 check will say so" for c in missing]
    if not draft.keys:
        draft.notes.append("no primary key was found: without one, a record that is sent again counts twice")
    for seen in _arrays(draft.tree):
        if draft.array(seen):
            continue
        what = "an array of arrays" if seen.depth else "an array of objects" if seen.items else "an array"
        draft.notes.append(f"{'.'.join(seen.path)} is {what} that silver does not read: it stays in bronze")
