"""Accuracy against a truth: figures by hand, kinds of pairs, and the sheet of pairs to label."""

import csv
import json
from datetime import date, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c360_spark import tables
from c360_spark.commands.evaluate import LABEL, evaluate, write_sheet
from c360_spark.errors import InputError
from c360_spark.observe import accuracy
from c360_spark.observe.accuracy import Judged, Key, by_dataset, by_size, figures, interval, kind
from tests.conftest import ROOT
from tests.lake import written


def judged(*records: tuple[str, str | None], source: str = "crm") -> list[Judged]:
    return [Judged(Key(source, "customer", f"{source}{i}"), truth, found) for i, (truth, found) in enumerate(records)]


def test_figures_by_hand() -> None:
    found = figures(judged(("a", "1"), ("a", "1"), ("a", "2"), ("b", "2"), ("c", None)))
    assert (found.true_pairs, found.found_pairs, found.right_pairs) == (3, 2, 1)
    assert (found.precision, found.recall) == (0.5, 1 / 3)
    assert found.f1 == pytest.approx(0.4)
    # B³: two records found as 1 are right, and see two of three; each of the two found as 2 is half right.
    assert found.b3_precision == pytest.approx((1 + 1 + 0.5 + 0.5 + 1) / 5)
    assert found.b3_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2", "3", None])), max_size=9))
def test_figures_are_those_of_all_pairs(records: list[tuple[str, str | None]]) -> None:
    rows = judged(*records)
    pairs = [(a.truth == b.truth, a.found is not None and a.found == b.found) for a, b in combinations(rows, 2)]
    found = figures(rows)
    assert found.true_pairs == sum(true for true, _ in pairs)
    assert found.found_pairs == sum(both for _, both in pairs)
    assert found.right_pairs == sum(true and both for true, both in pairs)
    assert len([*accuracy.wrong_pairs(rows)]) == found.found_pairs - found.right_pairs
    assert len([*accuracy.missed_pairs(rows)]) == found.true_pairs - found.right_pairs
    assert sum(each.records for each in by_size(rows).values()) == len(rows)


def test_a_dataset_counts_pairs_with_a_record_of_it() -> None:
    rows = [*judged(("a", "1"), ("a", "1"), ("b", "2")), *judged(("a", "1"), source="loyalty")]
    found = by_dataset(rows)
    assert {name: (each.records, each.true_pairs) for name, each in found.items()} == {
        "crm.customer": (3, 3),
        "loyalty.customer": (1, 2),
    }


ADA: dict[str, Any] = {
    "given_name": "Ada",
    "family_name": "Byron",
    "birth_date": date(1990, 12, 10),
    "postcode": "10115",
    "street": "Ring 1",
    "identifiers": None,
}


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({}, "namesakes"),
        ({"given_name": "George", "birth_date": date(1955, 1, 2)}, "household"),
        ({"given_name": "Adda", "birth_date": None, "postcode": "1"}, "typo"),
        ({"given_name": "Alan", "family_name": "Turing", "postcode": "1"}, "nothing shared"),
        ({"identifiers": [{"identifier_id": 1, "namespace": "phone", "verified": True}]}, "shared phone"),
    ],
)
def test_kinds_of_pairs(other: dict[str, Any], what: str) -> None:
    one = ADA | {"identifiers": [each | {"verified": False} for each in other.get("identifiers", [])]}
    assert kind(one, ADA | other) == what
    assert kind(one, None) == "no attributes"


def test_the_bounds_of_a_share_are_those_of_wilson() -> None:
    assert interval(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert interval(0, 0) == (0.0, 1.0)


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """C1 and C2 are found as one person, C3 and L1 as others, L2 as nobody's."""
    persons = {("crm", "C1"): "p1", ("crm", "C2"): "p1", ("crm", "C3"): "p2", ("loyalty", "L1"): "p3"}
    xref = [{"source": s, "dataset": "customer", "source_key": k, "person_id": p} for (s, k), p in persons.items()]
    records = []
    for (source, key), day in {**dict.fromkeys(persons, 1), ("loyalty", "L2"): 1}.items():
        at = {"received_at": datetime(2026, 1, day), "position": 1, "is_deleted": False}
        who = {**ADA, "source": source, "dataset": "customer", "source_key": key, "bronze_id": key}
        records.append(who | at)
    gone = records[0] | {"source_key": "C4", "bronze_id": "C4"}
    records += [gone, gone | {"bronze_id": "C4 gone", "received_at": datetime(2026, 1, 2), "is_deleted": True}]
    return written(tmp_path / "lake", {tables.PERSON_XREF: xref, tables.PROFILE_RECORD: records})


def run(truth: Path, lake: str, *, form: str = "text", values: bool = False) -> str:
    config = {"config": str(ROOT / "conf"), "env": "dev", "lake": lake}
    return evaluate(str(truth), **config, form=form, values=values, samples=1)  # type: ignore[arg-type]


TRUTH = "source,dataset,source_key,person\ncrm,customer,C1,a\ncrm,customer,C2,b\ncrm,customer,C3,a\n" \
    "loyalty,customer,L2,a\nshop,order,O1,a\n"  # fmt: skip


def test_an_evaluation_tells_wrong_and_missed_pairs_and_what_it_left_out(lake: str, tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text(TRUTH)
    told = json.loads(run(truth, lake, form="json"))
    assert told["all"]["records"] == 4
    assert (told["all"]["found_pairs"], told["all"]["right_pairs"], told["all"]["true_pairs"]) == (1, 0, 3)
    assert told["kinds"] == {"wrong": {"namesakes": 1}, "missed": {"namesakes": 3}}
    assert told["left_out"] == {"shop.order": 1}
    assert told["records_without_person"] == 1
    text = run(truth, lake)
    assert "left out, as the lake has no such record: shop.order 1" in text
    assert "1 records belong to nobody" in text
    assert "C1" not in text
    assert "crm.customer C1 (p1)" in run(truth, lake, values=True) or "crm.customer C2 (p1)" in run(
        truth, lake, values=True
    )


def test_a_sheet_is_labelled_and_gives_the_precision(lake: str, tmp_path: Path) -> None:
    sheet, config = tmp_path / "pairs.csv", {"config": str(ROOT / "conf"), "env": "dev", "lake": lake}
    assert "wrote 2 pairs" in write_sheet(str(sheet), 4, **config)
    assert sheet.stat().st_mode & 0o077 == 0
    with pytest.raises(InputError, match="exists already"):
        write_sheet(str(sheet), 4, **config)
    rows = [*csv.DictReader(sheet.read_text(encoding="utf-8").splitlines())]
    assert {row["left_family_name"] for row in rows} == {"Byron"}
    for row in rows:
        row[LABEL] = "Yes" if {row["left_source_key"], row["right_source_key"]} == {"C1", "C2"} else ""
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    told = json.loads(run(sheet, lake, form="json"))
    assert (told["joined"]["yes"], told["joined"]["no"], told["apart"]["open"]) == (1, 0, 1)
    assert "precision of joined pairs: 1.0000 (95 %: 0.2065 to 1.0000), 1 labelled, 0 open" in run(sheet, lake)


def test_files_that_are_neither_truth_nor_sheet_are_refused(lake: str, tmp_path: Path) -> None:
    for name, text, cause in (
        ("a.csv", "x,y\n1,2\n", "has the columns x, y"),
        ("b.parquet", "no parquet", "Parquet"),
        ("d.csv", "source,dataset,source_key,person\ncrm,customer,C9,a\n", "names no record of the lake"),
        ("e.csv", "source,dataset,source_key,person\ncrm,customer,C1,a\ncrm,customer,C1,b\n", "row 2 has two persons"),
        ("f.csv", "source,dataset,source_key,person\ncrm,customer,C1,\n", "row 1 has no key or no person"),
        ("g.csv", "source,dataset,source_key,person\ncrm,customer,C4,a\n", "names no record of the lake"),  # deleted
        ("c.csv", f"{LABEL},left_source\nmaybe,crm\n", "'maybe' is no label"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=cause):
            run(tmp_path / name, lake)
