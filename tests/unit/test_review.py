"""Decisions written into the next rule set, without Spark: the list gains one entry, and nothing else changes."""

from datetime import date
from typing import Any

import pytest
import yaml

from c360_spark.commands.review import with_entry

END = {"namespace": "email", "region": "EU", "value": "zoë: 'a' #b@x.de"}
ENTRY: dict[str, Any] = {"left": END, "right": END | {"value": "b"}, "author": "Ada", "reason": "{}, yes",
                         "added": date(2026, 1, 1)}  # fmt: skip
BEFORE = "version: 1.0.0 # kept\n"
AFTER = "\nbridges: {} # kept too\n"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (f"{BEFORE}force_links: []{AFTER}", 0),
        (f"{BEFORE}force_links: [ ] # none yet{AFTER}", 0),
        (f"{BEFORE}force_links:\n- {{author: Alan}}{AFTER}", 1),
        (f"{BEFORE}force_links: # ours\n\n  # twins\n    - author: Alan\n      reason: x{AFTER}", 1),
        (f"{BEFORE}force_links:{AFTER}", 0),
        (BEFORE, 0),
    ],
)
def test_an_entry_is_added_to_the_list_and_all_else_stays(text: str, count: int) -> None:
    once = with_entry(text, "force_links", ENTRY)
    twice = with_entry(once, "force_links", ENTRY | {"author": "Bea"})
    before, after = yaml.safe_load(text), yaml.safe_load(twice)
    assert [entry["author"] for entry in after["force_links"]] == ["Bea", "Ada", *["Alan"] * count]
    assert after["force_links"][1] == ENTRY
    assert {name: value for name, value in after.items() if name != "force_links"} == {
        name: value for name, value in before.items() if name != "force_links"
    }
    assert {line for line in text.splitlines() if "#" in line and "none yet" not in line} <= set(twice.splitlines())


def test_an_entry_is_added_to_a_list_in_brackets() -> None:
    made = yaml.safe_load(with_entry("force_links: [{author: Alan}] # ours\n", "force_links", ENTRY))
    assert [each["author"] for each in made["force_links"]] == ["Ada", "Alan"]
