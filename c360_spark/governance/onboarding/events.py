"""The events of a sample in the vocabulary of all sources."""

import re

from c360_spark.config.vocabulary import EVENT_NAME, Taxonomy, words
from c360_spark.governance.onboarding.proposal import Proposal

MOST = 50  # more different values are no names of events


def with_events(text: str, taxonomy: Taxonomy, made: Proposal) -> tuple[str, list[str]]:
    """The text of taxonomy.yml with the events and the channel that it lacks, and in words what was added.

    An event that is new is described by whoever reads the draft; one that is known only gains the channel.
    """
    channels, known, said = _channels(made), {words(word): name for word, name in taxonomy.names.items()}, []
    for word in _events(made):
        name = known.get(words(word))
        if name is None:
            name = words(word) if re.match(EVENT_NAME, words(word)) else f"{made.dataset}_{words(word)}"
            text, known[words(word)] = text.rstrip("\n") + _entry(name, word, channels, taxonomy), name
            said.append(name)
            continue
        lacking = [c for c in channels if name in taxonomy.events and c not in taxonomy.events[name].channels]
        for channel in lacking:
            here = rf"(^  {name}:(?:(?!^  \w).)*?channels: {{)"
            text, found = re.subn(here, rf"\g<1>{channel}: [], ", text, count=1, flags=re.MULTILINE | re.DOTALL)
            said.append(f"{name} from {channel}" if found else f"{name} from {channel} is still to be added by hand")
    return text, said


def _entry(name: str, word: str, channels: list[str], taxonomy: Taxonomy) -> str:
    sent = ", ".join(f"{channel}: []" for channel in channels) or '"<channel>": []'
    lines = [
        f"  {name}:",
        '    description: "<what happened>"',
        f"    stage: {taxonomy.stages[0]}",
        '    owner: "<owner-team>"',
        f"    channels: {{{sent}}}",
        *([f"    aliases: [{words(word)}]"] if words(word) != name else []),
    ]
    return "\n" + "\n".join(lines) + "\n"


def _events(made: Proposal) -> list[str]:
    if made.table.value != "event":
        return []
    if "event_name" in made.constants:
        return [str(made.constants["event_name"].value)]
    found = sorted({text for text in _values(made, "event_name") if words(text)})
    return found if len(found) <= MOST else []


def _channels(made: Proposal) -> list[str]:
    given = made.constants.get("channel")
    return [str(given.value)] if given else sorted({text for text in _values(made, "channel") if text.isidentifier()})


def _values(made: Proposal, column: str) -> list[str]:
    """What the records of the sample hold in the property of a column, after its valueMap."""
    for each in made.made.values():
        if "canonical" in each.settings and each.settings["canonical"].value == column:
            map_ = each.settings["valueMap"].value if "valueMap" in each.settings else {}
            return [map_.get(text, text) for text in each.seen.texts]
    return []
