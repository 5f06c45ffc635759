"""A proposal as the text of a contract, each guess with its confidence and its reason on its own line."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from c360_spark.governance.onboarding.guess import Guess, Proposed
from c360_spark.governance.onboarding.observed import Observed, Path
from c360_spark.governance.onboarding.proposal import Proposal

FACTS = ("primaryKey", "primaryKeyPosition", "required", "classification", "logicalTypeOptions")
SETTINGS = (
    *("canonical", "normalize", "identifier", "formats", "timeFrom", "zone", "zoneFrom", "zones"),
    *("amountIn", "locale", "valueMap", "enum"),
)


def contract_text(made: Proposal) -> str:
    """The file conf/contracts/<source>/<dataset>/1.0.0.odcs.yaml, a draft."""
    return "\n".join([*_head(made), *_body(made)]) + "\n"


def sources_entry(made: Proposal) -> str:
    """The line of sources.yml below the source's name."""
    form = made.sample.format
    written = "".join(
        f", {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in made.sample.written.items()
    )
    return f'{made.dataset}: {{format: {form}, path: {made.source}/{made.dataset}, glob: "*.{form}"{written}}}'


def _head(made: Proposal) -> Iterator[str]:
    yield f"# A draft, inferred from {len(made.sample.records):,} records of a sample ({made.sample.format})."
    yield "# A number after # is how sure the guess on its line is, from 0 to 1, and what it rests on. Read each line;"
    yield "# then fill in the placeholders in <>, set status: active, and uncomment the entry of sources.yml."
    yield from (f"# NOTE {note}" for note in made.notes)
    yield "apiVersion: v3.1.0"
    yield "kind: DataContract"
    yield f"id: {made.source}.{made.dataset}"
    yield f"name: {made.source} {made.dataset}"
    yield "version: 1.0.0"
    yield "status: draft # active once it is read and owned"
    yield "domain: customer"
    yield "description:"
    yield "  purpose: <what the data is for, in one line>"
    yield "team:"
    yield "  name: <owner-team> # as the code host knows the team"
    yield "  members:"
    yield "    - {username: <steward>, role: steward} # who answers questions about the data"
    yield "slaProperties:"
    yield "  - {property: latency, value: 1, unit: d} # 0.20: a sample cannot tell; how late may it come?"
    yield "  - {property: retention, value: 396, unit: d} # 0.20: a sample cannot tell; how long may it be kept?"


def _body(made: Proposal) -> Iterator[str]:
    yield "schema:"
    yield f"  - name: {made.dataset}"
    yield "    logicalType: object"
    yield "    customProperties:"
    yield f"      - {{property: canonicalTable, value: {made.table.value}}} # {made.table}"
    if made.constants:
        values = {name: guess.value for name, guess in made.constants.items()}
        why = "; ".join(str(guess) for guess in made.constants.values())
        yield f"      - {{property: constants, value: {flow(values)}}} # {why}"
    yield "    properties:"
    yield from _properties(made, made.tree, made.made, " " * 6)


def _properties(made: Proposal, tree: Sequence[Observed], known: dict[Path, Proposed], pad: str) -> Iterator[str]:
    for seen in tree:
        if seen.shape == "value":
            yield from _property(known[seen.path], pad)
            continue
        yield f"{pad}- name: {word(seen.name)}"
        if seen.shape == "object":
            yield f"{pad}  logicalType: object # 1.00: an object in each record that has it"
            yield f"{pad}  properties:{'' if seen.inner else ' []'}"
            yield from _properties(made, seen.inner, known, pad + " " * 4)
            continue
        yield f"{pad}  logicalType: array # 1.00: an array in each record that has it"
        if made.lines and seen is made.lines.seen:
            yield f"{pad}  customProperties:"
            yield f"{pad}    - {{property: canonicalTable, value: order_line}} # {made.lines.guess}"
            yield f"{pad}  items:"
            yield f"{pad}    name: line"
            yield f"{pad}    logicalType: object"
            yield f"{pad}    properties:"
            inner = [item for item in seen.items if item.shape == "value"]
            yield from _properties(made, inner, made.lines.made, pad + " " * 6)


def _property(made: Proposed, pad: str) -> Iterator[str]:
    yield from (f"{pad}# {note}" for note in made.notes)
    yield f"{pad}- name: {word(made.seen.name)}"
    yield f"{pad}  logicalType: {made.type.value} # {made.type}"
    for name in FACTS:
        if name in made.facts:
            yield f"{pad}  {name}: {flow(made.facts[name].value)} # {made.facts[name]}"
    space = made.namespace
    if made.settings:
        yield f"{pad}  customProperties:"
    elif space:
        yield f"{pad}  # customProperties:"
    for name in SETTINGS:
        if name in made.settings:
            yield f"{pad}    - {_setting(name, made.settings[name])} # {made.settings[name]}"
    if space:
        yield f"{pad}    # - {{property: identifier, value: {{namespace: {space.value}}}}} # {_new(space)}"


def _setting(name: str, guess: Guess) -> str:
    return f"{{property: {name}, value: {flow(guess.value)}}}"


def _new(space: Guess) -> str:
    return f"{space}; to use it, add to namespaces in identity.yml: {space.value}: {{trust: 60}}"


def word(text: str) -> str:
    """A text as YAML reads it back as the same text."""
    if re.fullmatch(r"[A-Za-z_][\w./\- ]*", text, re.ASCII) and text == text.strip() and yaml.safe_load(text) == text:
        return text
    return json.dumps(text, ensure_ascii=False)


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{word(str(name))}: {flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    if isinstance(value, str):
        # Patterns are easier to read in single quotes, where a backslash is one.
        return f"'{value}'" if value.startswith("^") and "'" not in value else word(value)
    return json.dumps(value)
