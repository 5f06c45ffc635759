"""`c360 source init` with what people give it: good and bad files, names, and folders that are not empty."""

import gzip
import json
import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from c360_spark.cli import main
from c360_spark.commands.sample import MOST_BYTES, MOST_RECORDS, sample
from c360_spark.commands.source import init
from c360_spark.config import load
from c360_spark.errors import ConfigError, InputError
from tests.conftest import ROOT

CRM = ROOT / "tests" / "samples" / "crm.csv"
DRAFT = "contracts/sales/contact/1.0.0.odcs.yaml"


@pytest.fixture
def conf_folder(tmp_path):
    return Path(shutil.copytree(ROOT / "conf", tmp_path / "conf"))


def c360(monkeypatch, capsys, *arguments):
    """Exit code, output and error output."""
    return c360_main(monkeypatch, capsys, "source", *arguments)


def c360_main(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["c360", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


def test_a_draft_and_its_entry_are_written_and_conf_stays_well(monkeypatch, capsys, conf_folder):
    ended, out, _ = c360(monkeypatch, capsys, "init", "--name", "sales.contact", CRM, "--out", conf_folder)
    assert ended == 0
    assert "sales.contact: 40 records → silver.profile_record" in out
    assert "primary key  Contact ID" in out
    before, after = ((folder / "sources.yml").read_text() for folder in (ROOT / "conf", conf_folder))
    assert after == f'{before}sales:\n  contact: {{format: csv, path: sales/contact, glob: "*.csv"}}\n'
    conf = load(conf_folder, "dev")
    assert conf.versions["sales", "contact"][0].status == "draft"
    assert ("sales", "contact") in conf.drafted.keys() - conf.sources.keys()
    assert c360_main(monkeypatch, capsys, "check", "--config", conf_folder)[:2] == (
        0,
        "note: sales.contact 1.0.0 is a draft, which lands nothing; placeholders in <> at lines 12, 14, 16\n"
        f"{conf_folder}: {len(conf.sources)} datasets, rule set {conf.rules.label}, all well\n",
    )


def test_events_are_drafted_without_a_taxonomy_too(conf_folder):
    """The reviewer names the stages of the file that is written."""
    (conf_folder / "taxonomy.yml").unlink()
    for dataset in ("web/event", "mobile/event", "email/engagement"):
        shutil.rmtree(conf_folder / "contracts" / dataset)
    sources, gold = (yaml.safe_load((conf_folder / name).read_text()) for name in ("sources.yml", "gold.yml"))
    kept = {name: datasets for name, datasets in sources.items() if name not in ("web", "mobile", "email")}
    gold["sessions"]["passive_events"] = []
    (conf_folder / "sources.yml").write_text(yaml.safe_dump(kept))
    (conf_folder / "gold.yml").write_text(yaml.safe_dump(gold))
    report = init(str(CRM.with_name("web_sdk.jsonl")), name="ads.click", out=str(conf_folder), env="dev")
    assert "kept out" not in report
    conf = load(conf_folder, "dev")
    assert ("ads", "click") in conf.drafted
    assert "page_viewed" in conf.taxonomy.events


def test_names_of_persons_are_not_taken_for_events_and_reach_neither_report_nor_taxonomy(tmp_path, conf_folder):
    agents = [
        {"id": n, "name": name, "email": f"a{n}@firm.de", "created_at": f"2025-01-0{n}T10:00:00Z", "role": "agent"}
        for n, name in enumerate(("Anna Berger", "Jonas Weber", "Mia Koch"), 1)
    ]
    (tmp_path / "agents.json").write_text(json.dumps(agents))
    said = init(str(tmp_path / "agents.json"), name="helpdesk.agent", out=str(conf_folder), env="dev")
    written = [path.read_text().lower() for path in conf_folder.rglob("*.y*ml")]
    assert not [name for name in ("berger", "weber", "koch") for text in (said.lower(), *written) if name in text]


def test_the_same_sample_gives_the_same_files(conf_folder):
    files = [conf_folder / DRAFT, conf_folder / "sources.yml"]
    said = init(str(CRM), name="sales.contact", out=str(conf_folder), env="dev")
    first = [path.read_bytes() for path in files]
    again = init(str(CRM), name="sales.contact", out=str(conf_folder), env="dev", force=True)
    assert [path.read_bytes() for path in files] == first
    assert said.splitlines()[:-2] == again.splitlines()[:-2]
    assert "already; it stays as it is" in again


def test_a_draft_is_not_overwritten_without_force(conf_folder):
    (conf_folder / DRAFT).parent.mkdir(parents=True)
    shutil.copy(conf_folder / "contracts/crm/customer/1.0.0.odcs.yaml", conf_folder / DRAFT)
    text = (conf_folder / DRAFT).read_text().replace("status: active", "status: draft")
    (conf_folder / DRAFT).write_text(text)
    with pytest.raises(InputError, match="exists already") as error:
        init(str(CRM), name="sales.contact", out=str(conf_folder), env="dev")
    assert (error.value.code, "--force" in error.value.hint) == ("C303", True)
    assert (conf_folder / DRAFT).read_text() == text
    init(str(CRM), name="sales.contact", out=str(conf_folder), env="dev", force=True)
    assert (conf_folder / DRAFT).read_text() != text


def test_a_released_contract_is_not_overwritten_at_all(conf_folder):
    with pytest.raises(InputError, match=r"crm\.customer has a released contract"):
        init(str(CRM), name="crm.customer", out=str(conf_folder), env="dev", force=True)


def test_a_further_dataset_of_a_source_goes_below_it(conf_folder):
    for name in ("crm.lead", "sales.contact", "sales.lead"):
        init(str(CRM), name=name, out=str(conf_folder), env="dev")
    lines = (conf_folder / "sources.yml").read_text().splitlines()
    assert lines[lines.index("crm:") + 1].startswith("  lead: {format: csv, path: crm/lead")
    assert list(yaml.safe_load("\n".join(lines))["sales"]) == ["lead", "contact"]


@pytest.mark.parametrize("name", ["crm", "crm.", "Crm.customer", "crm.customer.x", "../x.y", "crm.cust-omer"])
def test_a_name_that_is_no_dataset_is_refused(conf_folder, name):
    with pytest.raises(InputError, match="is no name of a dataset"):
        init(str(CRM), name=name, out=str(conf_folder), env="dev")


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


BAD = {
    "empty.csv": ("", "it is empty"),
    "header.csv": ("id,email\n", "it holds no records"),
    "lines.jsonl": ("\n\n", "2 of 2 lines are no records"),
    "text.jsonl": ("hello\nworld\n", "line 1: column 1"),
    "scalars.jsonl": ("1\n2\n", "JSON, but not an object"),
    "cut.json": ('[{"id": 1}, {"id": 2}', "it is no JSON, or was cut"),
    "pretty.jsonl": (json.dumps({"id": 1, "x": {"y": 2}}, indent=2), "lines are no records"),
    "twice.csv": ("id,email,id\n1,a,2\n", "two columns are called 'id'"),
    "nameless.csv": ("id,,x\n1,a,2\n", "a column of the first line has no name"),
    "headless.csv": ("1,ada@mail.example,Ada\n2,bo@mail.example,Bo\n", "its first line looks like values"),
    "numbers.csv": ("1,2,x\n3,4,y\n", "its first line looks like values"),
    "cells.csv": ("id,email\n1\n2\n3,x\n", "2 of 3 lines are no records; line 2: 1 cells below 2 names"),
    "unclosed.csv": ('id,note\n1,"two\n', "1 of 1 lines are no records"),
    "undefined.csv": (b"id,name\n1,M\xfcller \x81\n", "it is not cp1252"),
    "utf16le.csv": ("id,name\n1,Ada\n".encode("utf-16-le"), "line 1 holds bytes of zero"),
    "huge.jsonl": ('{"x": "' + "a" * MOST_BYTES + '"}\n', "line 1 is longer than 1,000,000 bytes"),
    "case.jsonl": ('{"Email": "a"}\n{"email": "b"}\n', "'Email' and 'email' differ by case only"),
    "bomb.jsonl": ('{"a":' * 5_000 + "1" + "}" * 5_000, "nested too deeply"),
    "deep.jsonl": ('{"a":' * 60 + "1" + "}" * 60, "nested too deeply"),
    "none.parquet": ("PAR1 or so", "it is no parquet file"),
    "book.xlsx": ("x", "reads csv, json, jsonl and parquet, not '.xlsx'"),
    "packed.gz": (gzip.compress(b"id\n1\n"), "not '.gz'"),
    "cut.csv.gz": (gzip.compress(b"id\n1\n")[:-5], "Truncated compressed stream"),
    "cut.json.gz": (gzip.compress(b'{"data": [{"id": 1}]}')[:-5], "Truncated compressed stream"),
    "cut.jsonl.zst": (pa.Codec("zstd").compress(b'{"id": 1}\n', asbytes=True)[:-2], "Truncated compressed stream"),
}


WRITTEN = {
    "array.jsonl": ('[{"id": "1", "name": "Müller\\nx"}]', {}),
    "page.json": ('{"data": [\n{"id": "1",\n"name": "Müller\\nx"}]}', {"records": "data"}),
    "breaks.csv": ('id,name\n1,"Müller\nx"\n', {}),
    "semicolon.csv": ('id;name\n1;"Müller\nx"\n', {"separator": ";"}),
    "latin1.csv": ('id,name\n1,"Müller\nx"\n'.encode("latin-1"), {"encoding": "cp1252"}),
    "utf16.csv": ('id\tname\r\n1\t"Müller\nx"\r\n'.encode("utf-16"), {"separator": "\t", "encoding": "utf-16"}),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_sample_is_read_as_it_is_written_and_its_entry_says_how(tmp_path, conf_folder, name):
    content, written = WRITTEN[name]
    path = write(tmp_path, name, content)
    found = sample(path)
    assert [{key: leaf.text for key, leaf in record.items()} for record in found.records] == [
        {"id": "1", "name": "Müller\nx"}
    ]
    init(str(path), name="sales.contact", out=str(conf_folder), env="dev")
    (line,) = [line for line in (conf_folder / "sources.yml").read_text().splitlines() if "sales/contact" in line]
    entry = yaml.safe_load(line.removeprefix("#").partition(" #")[0])["contact"]
    assert {key: value for key, value in entry.items() if key not in ("format", "path", "glob")} == written


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_packed_sample_is_read_as_what_is_packed_is_written(tmp_path, name, packing):
    content, written = WRITTEN[name]
    plain = content.encode() if isinstance(content, str) else content
    packed = pa.Codec(packing).compress(plain, asbytes=True)
    path = write(tmp_path, f"{name.upper()}.{'gz' if packing == 'gzip' else 'zst'}", packed)
    there, found = sample(write(tmp_path, name, content)), sample(path)
    assert (found.format, found.records, found.written, found.glob) == (
        there.format,
        there.records,
        written,
        there.glob,
    )
    assert sample(write(tmp_path, f"unpacked-{name}.gz", content)).records == there.records  # as mail programs do


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_landed_is_refused_with_its_line_and_a_hint(tmp_path, name):
    content, cause = BAD[name]
    with pytest.raises(InputError, match=cause) as error:
        sample(write(tmp_path, name, content))
    assert error.value.code == "C302"
    assert error.value.hint


def test_a_missing_file_ends_with_its_code_and_without_a_traceback(monkeypatch, capsys, conf_folder):
    ended, _, error = c360(monkeypatch, capsys, "init", "--name", "a.b", "nowhere.csv", "--out", conf_folder)
    assert (ended, error.split()[0]) == (12, "C302")
    assert "hint:" in error
    assert "Traceback" not in error


def test_a_folder_is_no_file_and_a_conf_that_is_not_there_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(InputError, match="there is no such file"):
        sample(tmp_path / "x.csv")
    assert c360(monkeypatch, capsys, "init", "--name", "a.b", CRM, "--out", tmp_path / "no")[0] == 11


def test_a_few_broken_lines_and_doubled_keys_are_said_and_the_rest_is_used(tmp_path):
    lines = ['{"id": 1}', '{"id": 2, "id": 3}', "{broken", '{"id": NaN}', '{"id": 123456789012345678901234567890}']
    found = sample(write(tmp_path, "x.jsonl", "\n".join(lines)))
    assert len(found.records) == 4
    assert found.records[3]["id"].text == "123456789012345678901234567890"
    assert found.notes == (
        "1 lines are no records and would be quarantined; the first is line 3: "
        "column 2: Expecting property name enclosed in double quotes",
        "'id' stands twice in 1 records: which one counts is not promised",
    )


def test_a_mark_at_the_beginning_and_quoted_commas_are_no_trouble(tmp_path):
    found = sample(write(tmp_path, "x.csv", '\ufeffid,note\r\n1,"a, ""b"""\r\n'))
    assert [{name: leaf.text for name, leaf in record.items()} for record in found.records] == [
        {"id": "1", "note": 'a, "b"'}
    ]


def test_only_the_first_records_of_a_great_file_are_read(tmp_path):
    found = sample(write(tmp_path, "x.csv", "id\n" + "1\n" * (MOST_RECORDS + 5)))
    assert len(found.records) == MOST_RECORDS
    assert found.notes == ("only the first 10,000 records were looked at",)


def test_parquet_that_spark_could_not_read_is_refused(tmp_path):
    table = pa.table({"at": pa.array([1], pa.timestamp("ns"))})
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(InputError, match="'at' counts nanoseconds"):
        sample(tmp_path / "x.parquet")
    pq.write_table(table, tmp_path / "x.parquet", use_deprecated_int96_timestamps=True)
    assert sample(tmp_path / "x.parquet").records[0]["at"].text.startswith("1970-01-01T00:00:00")


def test_surrogates_and_control_characters_in_names_do_not_reach_the_draft(tmp_path, conf_folder):
    path = write(tmp_path, "x.jsonl", '{"id": "1", "a\\u0000b": 1, "\\ud800": 2, "ok": "\\ud800"}\n')
    init(str(path), name="a.b", out=str(conf_folder), env="dev")
    contract = yaml.safe_load((conf_folder / "contracts/a/b/1.0.0.odcs.yaml").read_text(encoding="utf-8"))
    assert [each["name"] for each in contract["schema"][0]["properties"]] == ["id", "ok"]


def test_addresses_that_are_names_of_properties_are_left_out(tmp_path):
    found = sample(
        write(tmp_path, "x.jsonl", '{"id": 1, "seen": {"ada@mail.example": 2, "+493023125100": 3, "at": 4}}\n')
    )
    assert list(found.records[0]["seen"]) == ["at"]


def test_a_dry_run_of_what_has_no_contract_is_told_before_spark_starts(monkeypatch, capsys):
    ended, _, error = c360(monkeypatch, capsys, "test", "--name", "crm.custmer", CRM, "--config", ROOT / "conf")
    assert (ended, error.split()[0]) == (12, "C203")
    assert "did you mean 'crm.customer'?" in error


CALLS = ROOT / "tests" / "cases" / "segment" / "calls.jsonl"
ROUTE = "route: {field: type, to: {identify: identify, alias: alias, pgae: page}}"


def test_calls_of_one_stream_are_drafted_by_the_dataset_that_they_are_routed_to(monkeypatch, capsys, conf_folder):
    out, path = str(conf_folder), conf_folder / "sources.yml"
    init(str(CALLS), name="segment.track", out=out, env="dev")
    path.write_text(path.read_text().replace("path: segment/track", f"path: segment/track, {ROUTE}"))
    told = [init(str(CALLS), name=f"segment.{name}", out=out, env="dev", force=True) for name in ("track", "identify")]
    assert told[0].startswith("segment.track: 8 records → silver.event")  # pages stay, as none is called pgae
    assert told[1].startswith("segment.identify: 4 records → silver.profile_record")
    conf = load(conf_folder, "dev")
    assert "traits" not in {field.path[0] for field in conf.versions["segment", "track"][0].fields}
    with pytest.raises(InputError, match=r"none of its records is one of segment\.page"):
        init(str(CALLS), name="segment.page", out=out, env="dev")
    _, said, _ = c360_main(monkeypatch, capsys, "check", "--config", conf_folder)
    assert "no contract of segment.alias yet: its records stay with segment.track" in said


def test_a_route_to_a_dataset_with_files_of_its_own_is_refused(conf_folder):
    path = conf_folder / "sources.yml"
    event = "web:\n  event: {"
    assert event in path.read_text()
    path.write_text(path.read_text().replace(event, f"{event}{ROUTE.replace('pgae: page', 'x: event')}, "))
    with pytest.raises(ConfigError, match=r"web\.event has files of its own"):
        load(conf_folder, "dev")
