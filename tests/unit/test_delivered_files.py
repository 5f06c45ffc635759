"""A batch is one file, complete or not there, and the same batch is the same file."""

import csv
import json
import os
from pathlib import Path

import pytest
from pyspark.sql import Row

from c360_spark.config.activation.activation import Destination
from c360_spark.receivers.files import DeliveredFiles
from c360_spark.receivers.receiver import Dispatch, NotTaken, dispatches
from tests.conftest import AS_OF

FIELDS = {"given_name": {"column": "given_name"}, "email": {"column": "email"}}
GIVEN = {"name": "list", "description": "d", "owner": "o", "audience": "a", "purposes": ["p"], "fields": FIELDS}


def receiver(root: Path, to: str = "jsonl") -> DeliveredFiles:
    made = GIVEN | {"kind": "generic", "deliver": {"to": to, "folder": "out/list"}}
    destination = Destination.model_validate(made)
    assert destination.deliver
    return DeliveredFiles(destination, destination.deliver, str(root))


def change(person: str, **payload: str) -> Row:
    given = {"idempotency_key": f"k-{person}", "sequence": 1, "person_id": person, "operation": "add"}
    return Row(**given, cause="entered", created_at=AS_OF, payload=payload, due=AS_OF, wave=1)


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "out" / "list").iterdir())


def test_json_lines_hold_the_change_and_its_payload(tmp_path: Path) -> None:
    receiver(tmp_path).send(Dispatch(AS_OF, 1, (change("a", email="ä@x.de", given_name='"\n'), change("b"))))
    (name,) = names(tmp_path)
    assert name.startswith("list-20260102T000000Z-001-")
    lines = (tmp_path / "out" / "list" / name).read_text().splitlines()
    own = {"operation": "add", "cause": "entered", "sequence": 1, "created_at": "2026-01-02T00:00:00Z"}
    assert [json.loads(line) for line in lines] == [
        own | {"idempotency_key": "k-a", "person_id": "a", "payload": {"email": "ä@x.de", "given_name": '"\n'}},
        own | {"idempotency_key": "k-b", "person_id": "b", "payload": {}},
    ]


def test_csv_has_a_column_for_every_field_and_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    receiver(tmp_path, "csv").send(Dispatch(AS_OF, 1, (change("a", email="'=x,\"y\n"), change("b", given_name="Zoë"))))
    path = tmp_path / "out" / "list" / names(tmp_path)[0]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["idempotency_key", "sequence", "person_id", "operation", "cause", "created_at", *sorted(FIELDS)]
    assert [row[-2:] for row in rows] == [["'=x,\"y\n", ""], ["", "Zoë"]]


def test_the_same_batch_is_the_same_file_and_another_batch_another(tmp_path: Path) -> None:
    to, rows = receiver(tmp_path), (change("a", email="a@x.de"), change("b"))
    to.send(Dispatch(AS_OF, 1, rows))
    before = names(tmp_path)
    to.send(Dispatch(AS_OF, 1, rows))
    assert names(tmp_path) == before
    to.send(Dispatch(AS_OF, 1, rows[:1]))
    assert len(names(tmp_path)) == 2


def test_a_file_is_never_seen_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    to, rows = receiver(tmp_path), (change("a"),)
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(NotTaken) as fault:
            to.send(Dispatch(AS_OF, 1, rows))
    assert (fault.value.reason, fault.value.lasting) == ("io:ENOSPC", False)
    assert all(name.startswith(".") and name.endswith(".part") for name in names(tmp_path))
    to.send(Dispatch(AS_OF, 1, rows))
    assert [name.rpartition(".")[2] for name in names(tmp_path)] == ["jsonl"]


def test_a_link_that_leads_out_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "out").symlink_to(tmp_path)
    with pytest.raises(NotTaken) as fault:
        receiver(tmp_path / "root").send(Dispatch(AS_OF, 1, (change("a"),)))
    assert (fault.value.reason, fault.value.lasting) == ("io:outside", True)
    assert not list((tmp_path / "list").glob("*"))


def test_batches_are_of_one_wave_and_of_up_to_so_many_rows() -> None:
    waves = [(1, "a"), (1, "b"), (1, "c"), (2, "a"), (3, "a"), (3, "b")]
    found = list(dispatches((Row(due=AS_OF, wave=wave, person_id=person) for wave, person in waves), 2))
    assert [(dispatch.wave, [row.person_id for row in dispatch.rows]) for dispatch in found] == [
        (1, ["a", "b"]),
        (1, ["c"]),
        (2, ["a"]),
        (3, ["a", "b"]),
    ]
