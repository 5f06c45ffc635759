"""A proposal as text: a draft contract in YAML with confidences and reasons as comments, and a terminal summary."""

from collections.abc import Iterator, Sequence
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from c360_spark.config.yaml.round_trip import block, dumped, flow, say
from c360_spark.contracts.onboarding.guess import Guess, Proposed
from c360_spark.contracts.onboarding.observed import Observed, Path
from c360_spark.contracts.onboarding.proposal import Proposal

FACTS = ("primaryKey", "primaryKeyPosition", "required", "classification", "logicalTypeOptions")
SETTINGS = (
    *("canonical", "normalize", "identifier", "formats", "timeFrom", "zone", "zoneFrom", "zones"),
    *("amountIn", "locale", "valueMap", "enum", "onInvalid"),
)
TOP = """\
A draft, inferred from {records:,} records of a sample ({format}).
A number after # is how sure the guess on its line is, from 0 to 1, and what it rests on. Read each line, those of
identifiers and keys first: they can merge people. Then fill in the placeholders in <>, and set status: active."""
INDENT = 6  # spaces before the properties of a record


def contract_text(draft: Proposal) -> str:
    """The text of the draft contract, for conf/contracts/<source>/<dataset>/1.0.0.odcs.yaml."""
    contract = _head(draft)
    contract["schema"] = CommentedSeq([_record(draft)])
    notes = "".join(f"\nNOTE {note}" for note in draft.notes)
    text = TOP.format(records=len(draft.sample.records), format=draft.sample.format)
    contract.yaml_set_start_comment(text + notes)
    return dumped(contract)


def sources_entry(draft: Proposal) -> CommentedMap:
    """The entry of sources.yml, to be put under the names of source and dataset."""
    path, sample = f"{draft.source}/{draft.dataset}", draft.sample
    entry: CommentedMap = flow({"format": sample.format, "path": path, "glob": sample.glob, **sample.written})
    return entry


def _head(draft: Proposal) -> CommentedMap:
    contract = block(
        apiVersion="v3.1.0",
        kind="DataContract",
        id=f"{draft.source}.{draft.dataset}",
        name=f"{draft.source} {draft.dataset}",
        version="1.0.0",
        status="draft",
        domain="customer",
        description=block(purpose="<what the data is for, in one line>"),
        team=block(name="<owner-team>", members=CommentedSeq([flow({"username": "<steward>", "role": "steward"})])),
        slaProperties=CommentedSeq(
            flow({"property": name, "value": days, "unit": "d"}) for name, days in (("latency", 1), ("retention", 396))
        ),
    )
    say(contract, "status", "active once it is read and owned; until then nothing lands, and it stops nothing")
    say(contract["team"], "name", "as the code host knows the team")
    say(contract["team"]["members"], 0, "who answers questions about the data")
    say(contract["slaProperties"], 0, "0.20: a sample cannot tell; how late may it come?")
    say(contract["slaProperties"], 1, "0.20: a sample cannot tell; how long may it be kept?")
    return contract


def _record(draft: Proposal) -> CommentedMap:
    record = block(name=draft.dataset, logicalType="object", customProperties=CommentedSeq())
    _set(record, "canonicalTable", draft.table)
    if draft.constants:
        values = {name: guess.value for name, guess in draft.constants.items()}
        why = "; ".join(str(guess) for guess in draft.constants.values())
        _add(record, "constants", values, why)
    if draft.one_per_person:
        _set(record, "onePerPerson", draft.one_per_person)
    record["properties"] = _properties(draft, draft.tree, draft.made, INDENT)
    return record


def _properties(draft: Proposal, tree: Sequence[Observed], known: dict[Path, Proposed], pad: int) -> CommentedSeq:
    rows = CommentedSeq()
    for seen in tree:
        notes: list[str] = []
        if seen.shape == "value":
            row, notes = _property(known[seen.path]), _notes(known[seen.path])
        elif seen.shape == "object":
            row = block(name=seen.name, logicalType="object")
            say(row, "logicalType", "1.00: an object in each record that has it")
            row["properties"] = _properties(draft, seen.inner, known, pad + 4) if seen.inner else flow([])
        else:
            row = block(name=seen.name, logicalType="array")
            say(row, "logicalType", "1.00: an array in each record that has it")
            if array := draft.array(seen):
                row["customProperties"] = CommentedSeq()
                for name, guess in array.settings.items():
                    _set(row, name, guess)
                row["items"] = block(name="line" if array.is_lines else "item", logicalType="object")
                inner = {each.seen.path: each for each in array.made}
                row["items"]["properties"] = _properties(draft, [each.seen for each in array.made], inner, pad + 6)
        rows.append(row)
        if notes:
            rows.yaml_set_comment_before_after_key(len(rows) - 1, before="\n".join(notes), indent=pad)
    return rows


def _notes(prop: Proposed) -> list[str]:
    """The comment lines above a property."""
    if prop.namespace is None:
        return prop.notes
    space = prop.namespace
    use = f"- {{property: identifier, value: {{namespace: {space.value}}}}}"
    where = f", and {space.value}: {{trust: 60}} to namespaces in identity.yml" if prop.namespace_is_new else ""
    return [*prop.notes, f"{space}; to use it, add {use} to its customProperties{where}"]


def _property(prop: Proposed) -> CommentedMap:
    row = block(name=prop.seen.name, logicalType=prop.type.value)
    say(row, "logicalType", str(prop.type))
    for name in FACTS:
        if name in prop.facts:
            row[name] = flow(prop.facts[name].value)
            say(row, name, str(prop.facts[name]))
    if prop.settings:
        row["customProperties"] = CommentedSeq()
    for name in SETTINGS:
        if name in prop.settings:
            _set(row, name, prop.settings[name])
    return row


def _set(row: CommentedMap, name: str, guess: Guess) -> None:
    _add(row, name, guess.value, str(guess))


def _add(row: CommentedMap, name: str, value: Any, why: str) -> None:
    settings: CommentedSeq = row["customProperties"]
    settings.append(flow({"property": name, "value": value}))
    say(settings, len(settings) - 1, why)


def summary(draft: Proposal) -> str:
    """The summary as text: table, key, event time, and the target of each property."""
    return "\n".join(_lines(draft))


def _lines(draft: Proposal) -> Iterator[str]:
    records = len(draft.sample.records)
    yield f"{draft.source}.{draft.dataset}: {records:,} records → silver.{draft.table.value} ({draft.table})"
    yield f"  primary key  {' + '.join(_name(each) for each in draft.keys) or 'none found'}"
    yield f"  event time   {_name(draft.event_time) if draft.event_time else 'none found'}"
    for each in draft.made.values():
        yield "  " + f"{_name(each):<28} {each.type.value:<10} {_becomes(each)}".rstrip()
    for array in draft.arrays:
        name, guess = next(iter(array.settings.items()))
        what = {"explode": "a record for each item", "entries": "a property for each key"}
        yield f"  {'.'.join(array.seen.path)} → {what.get(name, f'silver.{guess.value}')} ({guess})"
        for each in array.made:
            yield "  " + f"  {_name(each):<26} {each.type.value:<10} {_becomes(each)}".rstrip()
    yield from (f"  ! {note}" for note in draft.notes)
    spaces = sorted({str(each.namespace.value) for each in draft.made.values() if each.namespace})
    if spaces:
        yield f"  ! new namespaces are proposed in comments: {', '.join(spaces)}"


def _name(prop: Proposed) -> str:
    return ".".join(prop.seen.path)


def _becomes(prop: Proposed) -> str:
    parts = []
    if "canonical" in prop.settings:
        parts.append(f"→ {prop.settings['canonical'].value} {prop.settings['canonical'].confidence:.2f}")
    if "identifier" in prop.settings:
        use = prop.settings["identifier"]
        space = use.value.get("namespace") or " or ".join(sorted(set(use.value["namespaces"].values())))
        parts.append(f"identifies {space} {min(use.confidence, 0.99):.2f}")
    if "classification" in prop.facts:
        parts.append(str(prop.facts["classification"].value))
    return " · ".join(parts)
