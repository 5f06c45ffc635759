"""The review queue and its decisions, without Spark: what waits, in bulk and one by one, and what decisions say."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from c360_spark import tables
from c360_spark.cli.review import accept
from c360_spark.commands.review import accept_above, as_text, decide, precision, queue, with_entries
from c360_spark.config import load
from c360_spark.errors import InputError
from c360_spark.identity.match_weight import probability_of, weigher
from tests.conftest import ROOT
from tests.lake import written
from tests.unit.test_group_join import ADA, ADDA, ALAN, model

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
    once = with_entries(text, "force_links", [ENTRY])
    twice = with_entries(once, "force_links", [ENTRY | {"author": "Bea"}])
    before, after = yaml.safe_load(text), yaml.safe_load(twice)
    assert [entry["author"] for entry in after["force_links"]] == ["Bea", "Ada", *["Alan"] * count]
    assert after["force_links"][1] == ENTRY
    assert {name: value for name, value in after.items() if name != "force_links"} == {
        name: value for name, value in before.items() if name != "force_links"
    }
    assert {line for line in text.splitlines() if "#" in line and "none yet" not in line} <= set(twice.splitlines())


def test_an_entry_is_added_to_a_list_in_brackets() -> None:
    made = yaml.safe_load(with_entries("force_links: [{author: Alan}] # ours\n", "force_links", [ENTRY]))
    assert [each["author"] for each in made["force_links"]] == ["Ada", "Alan"]


def waiting(number: int, left: str | None, right: str | None, probability: float) -> dict[str, Any]:
    """A pair in review of two customers, who belong to these persons."""
    row: dict[str, Any] = {"review_id": f"r{number}", "probability": probability, "model": "1", "reason": "uncertain"}
    for side, person, shift in (("left", left, 0), ("right", right, 100)):
        named = {"namespace": "crm.customer_id", "region": "EU", "value": f"C{number + shift}", "person_id": person}
        row |= {f"{side}_{name}": value for name, value in (named | {"id": number + shift}).items()}
    return row


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """Two pairs of p1 and p2, one of p1 and p3, one of p3 and nobody; all of them are in identity.pair too."""
    sizes = {"p1": 5, "p2": 3, "p3": 1}
    rows = [waiting(1, "p1", "p2", 0.95), waiting(2, "p2", "p1", 0.97), waiting(3, "p1", "p3", 0.999)]
    rows.append(waiting(4, "p3", None, 0.9))
    pairs = [
        {"pair_id": row["review_id"], "probability": row["probability"], "members": [
            {"identifier_id": row[f"{side}_id"]} | {n: row[f"{side}_{n}"] for n in ("namespace", "region", "value")}
            for side in ("left", "right")
        ]}
        for row in rows
    ]  # fmt: skip
    persons = [{"person_id": person, "size": size} for person, size in sizes.items()]
    lake = written(tmp_path / "lake", {tables.REVIEW: rows, tables.PAIR: pairs, tables.PERSON: persons})
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    return {"config": str(tmp_path / "conf"), "env": "dev", "lake": lake}


def test_two_persons_stand_in_the_queue_once_and_those_who_change_most_come_first(place: dict[str, str]) -> None:
    rows = queue(**place)
    assert [(row["review_id"], row["moves"], row["pairs"]) for row in rows] == [
        ("r2", 3, 2),
        ("r3", 1, 1),
        ("r4", 1, 1),
    ]
    text = as_text(rows, values=False)
    assert "moves   3" in text
    assert ", 2 pairs" in text
    assert "C2" not in text


def test_of_persons_whose_records_do_not_agree_as_a_whole_the_mean_is_told(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    block = yaml.safe_dump({"probabilistic": model(0.5).model_dump(mode="json", exclude_none=True)}, sort_keys=False)
    file = tmp_path / "conf" / "identity.yml"
    file.write_text(file.read_text(encoding="utf-8") + block, encoding="utf-8")
    label = load(tmp_path / "conf", "dev").rules.label
    # p1 is Ada and Alan, who share a phone; p2 is Ada.
    held = {1: ("p1", ADA), 2: ("p1", ALAN), 101: ("p2", ADDA)}
    membership = [{"identifier_id": n, "person_id": person, "valid_to_run": None} for n, (person, _) in held.items()]
    compared = [{"bronze_id": str(n), "identifier_id": n, "compared_values": list(row)} for n, (_, row) in held.items()]
    rows = {
        tables.REVIEW: [waiting(1, "p1", "p2", 0.99) | {"reason": "limit:mean"}, waiting(3, "p3", None, 0.9)],
        tables.PERSON: [{"person_id": person, "size": 2, "rule_set": label} for person in ("p1", "p2")],
        tables.MEMBERSHIP: [*membership, {"identifier_id": 101, "person_id": "p1", "valid_to_run": "r1"}],
        tables.COMPARED: compared,
    }
    told = {row["review_id"]: row for row in queue(str(tmp_path / "conf"), "dev", written(tmp_path / "lake", rows))}
    weigh = weigher(model(0.5))
    mean = probability_of((weigh(ADA, ADDA) + weigh(ALAN, ADDA)) / 2)
    assert (told["r1"]["mean"], told["r1"]["compared"]) == (pytest.approx(mean, abs=1e-6), 2)
    assert f"limit:mean, 1, {mean:.4f} over 2 pairs of records" in as_text([told["r1"]], values=False)
    assert "mean" not in told["r3"]
    # Other rules than those of the last run may compare other values: then there is no mean to tell.
    file.write_text(file.read_text(encoding="utf-8").replace("join_at: 0.5", "join_at: 0.6"), encoding="utf-8")
    assert "mean" not in queue(str(tmp_path / "conf"), "dev", str(tmp_path / "lake"))[0]


BULK: dict[str, Any] = {"sample": 1, "values": True, "author": "Ada", "reason": "checked", "on": "2026-01-02"}


def test_pairs_are_accepted_in_bulk_only_after_a_look_at_a_sample(place: dict[str, str]) -> None:
    told = accept_above(0.95, seen=None, **BULK, **place)
    assert told.startswith("1 of 2 pairs from 0.95 on, at random:")
    code = told.rpartition("--seen ")[2].split()[0]
    assert not (Path(place["config"]) / "identity.next.yml").exists()
    with pytest.raises(InputError, match="another sample"):
        accept_above(0.9, seen=code, **BULK, **place)
    with pytest.raises(InputError, match="another sample"):  # what was looked at is on record
        accept_above(0.95, seen=code, **BULK | {"sample": 2}, **place)
    assert "2 pairs accepted" in accept_above(0.95, seen=code, **BULK, **place)
    links = load(Path(place["config"]), "dev", rules=Path(place["config"]) / "identity.next.yml").rules.force_links
    assert {link.left.value for link in links} == {"C2", "C3"}
    assert {link.reason for link in links} == {f"checked; from 0.95 on, 1 of 2 seen at random ({code})"}
    assert "no undecided pair" in accept_above(0.95, seen=None, **BULK, **place)


def test_a_rejected_pair_is_not_accepted_in_bulk(place: dict[str, str]) -> None:
    decide("r3", "reject", author="Ada", reason="twins", on="2026-01-02", **place)
    assert "1 of 1 pairs" in accept_above(0.95, seen=None, **BULK, **place)


def test_decisions_taken_one_by_one_tell_the_precision(place: dict[str, str]) -> None:
    for review_id, verdict in (("r1", "accept"), ("r2", "accept"), ("r3", "accept"), ("r4", "reject")):
        decide(review_id, verdict, author="Ada", reason="asked", on="2026-01-02", **place)
    lines = precision(0.99, **place).splitlines()
    assert [line.split()[1:4] for line in lines[1:4]] == [["0.9", "0", "1"], ["0.95", "2", "0"], ["0.999", "1", "0"]]
    assert "no draft" in lines[-1]
    assert "attach_at: 0.95 # from here on 1.000 (0.439 to 1.000) were accepted" in precision(0.4, **place)


def test_decisions_in_bulk_do_not_count(place: dict[str, str]) -> None:
    code = accept_above(0.9, seen=None, **BULK, **place).rpartition("--seen ")[2].split()[0]
    accept_above(0.9, seen=code, **BULK, **place)
    assert len(precision(0.99, **place).splitlines()) == 2


def test_accept_takes_one_pair_or_a_threshold(place: dict[str, str]) -> None:
    with pytest.raises(InputError, match="give a review id or --above"):
        accept(author="Ada", reason="both", review_id="r1", above=0.9, **place)
