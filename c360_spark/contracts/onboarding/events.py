"""Adds the events of a sample to the event taxonomy, and reports properties that the taxonomy requires of them."""

import re

from ruamel.yaml.comments import CommentedMap

from c360_spark.config.contract.vocabulary import EVENT_NAME, Taxonomy, words
from c360_spark.config.yaml.round_trip import block, edited, flow
from c360_spark.contracts.onboarding.proposal import Proposal

MOST = 50  # a column with more distinct values does not hold event names


def with_events(text: str, taxonomy: Taxonomy, draft: Proposal) -> tuple[str, list[str]]:
    """The text of taxonomy.yml with the missing events and channels added, and a list of what was added.

    A new event gets placeholders, which the reviewer of the draft fills in; a known event only gets the channel.
    """
    channels, known, said = _channels(draft), {words(word): name for word, name in taxonomy.names.items()}, list[str]()

    def add(data: CommentedMap) -> None:
        for word in _events(draft):
            name = known.get(words(word))
            if name is None:
                name = words(word) if re.match(EVENT_NAME, words(word)) else f"{draft.dataset}_{words(word)}"
                known[words(word)] = name
                _insert(data, name, _entry(name, word, channels, taxonomy))
                said.append(name)
            elif name in taxonomy.events:
                for channel in channels:
                    if channel not in taxonomy.events[name].channels:
                        data["events"][name]["channels"].insert(0, channel, flow([]))
                        said.append(f"{name} from {channel}")

    if not _events(draft):
        return text, []
    text_with = edited(text, add)
    return (text_with, said) if said else (text, [])


def lacking(taxonomy: Taxonomy, draft: Proposal) -> list[str]:
    """Known events of the sample that silver would quarantine, because no property fills what the taxonomy requires."""
    targets = [each.settings["canonical"].value for each in draft.every if "canonical" in each.settings]
    given = {str(target).removeprefix("properties.") for target in (*targets, *draft.constants)}
    known, said = {words(word): name for word, name in taxonomy.names.items()}, []
    for name in dict.fromkeys(known[words(word)] for word in _events(draft) if words(word) in known):
        for channel in _channels(draft):
            wanted = sorted(set(taxonomy.events[name].channels.get(channel, ())) - given)
            if wanted:
                properties = ", ".join(f"properties.{each}" for each in wanted)
                said.append(f"{name} from {channel} must bring {properties}: map it, or its records are quarantined")
    return said


def _insert(data: CommentedMap, name: str, entry: CommentedMap) -> None:
    if not data.get("stages"):  # a new file, or one without any: the reviewer names them
        data.insert(0, "stages", flow([entry["stage"]]))
    events = data.setdefault("events", CommentedMap())
    # The last event may carry a comment that belongs to the section after it, so insert at the start then.
    place = len(events) if next(reversed(data)) == "events" else 0
    events.insert(place, name, entry)


def _entry(name: str, word: str, channels: list[str], taxonomy: Taxonomy) -> CommentedMap:
    entry = block(
        description="<what happened>",
        stage=next(iter(taxonomy.stages), "<stage>"),
        owner="<owner-team>",
        channels=flow({channel: [] for channel in channels or ["<channel>"]}),
    )
    if words(word) != name:
        entry["aliases"] = flow([words(word)])
    return entry


def _events(draft: Proposal) -> list[str]:
    if draft.table.value != "event":
        return []
    if "event_name" in draft.constants:
        return [str(draft.constants["event_name"].value)]
    found = sorted({text for text in _values(draft, "event_name") if words(text)})
    return found if len(found) <= MOST else []


def _channels(draft: Proposal) -> list[str]:
    given = draft.constants.get("channel")
    return [str(given.value)] if given else sorted({text for text in _values(draft, "channel") if text.isidentifier()})


def _values(draft: Proposal, column: str) -> list[str]:
    """The sample's values of the property mapped to a column, after its valueMap; none of one that names persons."""
    for each in (each for each in draft.every if not each.is_direct):
        if "canonical" in each.settings and each.settings["canonical"].value == column:
            map_ = each.settings["valueMap"].value if "valueMap" in each.settings else {}
            return [map_.get(text, text) for text in each.seen.texts]
    return []
