"""Files of many shapes, from the landing folder to silver: nothing is prepared by hand, and no byte is lost."""

import shutil

import pytest

from c360_spark.config.sources import Source
from c360_spark.landing.bronze import bronze_records
from c360_spark.landing.records import records
from c360_spark.silver.version import Reading, read
from tests.conftest import AS_OF
from tests.contracts import odcs, versions

pytestmark = pytest.mark.spark


@pytest.fixture
def delivered(spark, tmp_path):
    """Contents as rows of bronze, by an arrival; and what became of each."""

    def make(arrival, *contents):
        folder = tmp_path / "files"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for number, content in enumerate(contents):
            (folder / f"file{number}").write_bytes(content)
        names = {f"file{number}": number for number in range(len(contents))}
        found = records(spark, str(folder), names, Source.model_validate({"path": "x", **arrival}))
        rows = bronze_records(found.rows, source="crm", dataset="person", as_of=AS_OF)
        return rows.orderBy("delivery_id", "position"), found

    return make


def told(rows):
    return [(row.delivery_id, row.position, row.payload, row.header) for row in rows.collect()]


def test_a_file_with_line_breaks_in_quotes_is_read_beside_one_without(delivered, tmp_path):
    broken = b'id,street\r\n1,"Hauptstr. 1\r\nHinterhaus"\r\n2,"a ""b"""\r\n'
    rows, found = delivered({"format": "csv"}, b'id,street\n1,x\n2,5" pipe\n', b"id,street\n1,x\n", broken)
    assert found.counts == {"file0": 2, "file1": 1, "file2": 2}
    assert told(rows) == [
        ("file0", 1, "1,x", "id,street"),
        ("file0", 2, '2,5" pipe', "id,street"),
        ("file1", 1, "1,x", "id,street"),
        ("file2", 1, '1,"Hauptstr. 1\r\nHinterhaus"', "id,street"),
        ("file2", 3, '2,"a ""b"""', "id,street"),
    ]
    (contract,) = versions(tmp_path, odcs("1.0.0", {"id": {}, "street": {}}))["crm", "person"]
    cells = read(rows, [Reading(contract, ("1.0.0",))], headers=["id,street"]).orderBy("delivery_id", "position")
    assert [row.fields.street for row in cells.collect()][1:] == ['5" pipe', "x", "Hauptstr. 1\r\nHinterhaus", 'a "b"']


def test_bytes_that_are_no_utf8_are_kept_where_line_breaks_are_quoted(delivered):
    rows, _ = delivered({"format": "csv"}, b'id,street\n1,"a\nb"\n2,K\xf6ln\n')
    whole = rows.selectExpr("position", "hex(cast(payload as binary)) AS bytes").collect()
    assert [(row.position, bytes.fromhex(row.bytes)) for row in whole] == [(1, b'1,"a\nb"'), (3, b"2,K\xf6ln")]


@pytest.mark.parametrize(
    ("arrival", "encoding"),
    [
        ({"separator": ";", "encoding": "cp1252"}, "cp1252"),
        ({"separator": "\t", "encoding": "utf-16"}, "utf-16"),
        ({"separator": "|"}, "utf-8"),
    ],
)
def test_separators_and_encodings_are_those_that_are_declared(delivered, tmp_path, arrival, encoding):
    separator = arrival["separator"]
    lines = ["Nr;Ort;Geändert", '1;"Köln; Mitte";x', "2;Übach;"]
    content = "\r\n".join(lines).replace(";", separator).encode(encoding)
    rows, found = delivered({"format": "csv", **arrival}, content)
    assert found.counts == {"file0": 2}
    properties = {"Nr": {}, "Ort": {}, "Geändert": {}}
    (contract,) = versions(tmp_path, odcs("1.0.0", properties))["crm", "person"]
    header = lines[0].replace(";", separator)
    cells = read(rows, [Reading(contract, ("1.0.0",))], headers=[header], separator=separator)
    assert [(row.fields.Ort, row.fields["Geändert"]) for row in cells.orderBy("position").collect()] == [
        (f"Köln{separator} Mitte", "x"),
        ("Übach", None),
    ]


def test_a_file_of_another_encoding_than_declared_is_told_and_not_guessed(delivered):
    rows, found = delivered({"format": "csv", "encoding": "utf-16"}, "a,b\n1,2\n".encode("utf-16"), b"a,b\n1,2\n3")
    assert [row[:3] for row in told(rows)] == [("file0", 1, "1,2")]
    assert found.counts == {"file0": 1}
    assert list(found.problems) == ["file1"]
    assert "it is not utf-16" in found.problems["file1"]


def test_lines_above_the_header_are_passed_over_whether_a_file_has_some_or_not(delivered):
    arrival = {"format": "csv", "header_starts": "Click ID"}
    rows, found = delivered(
        arrival, b"Parameters:TimeZone=X,\nClick ID,v\nc1,1\n", b"Click ID,v\nc2,2\n", b"other,v\n1,2\n"
    )
    assert told(rows) == [("file0", 2, "c1,1", "Click ID,v"), ("file1", 1, "c2,2", "Click ID,v")]
    assert found.problems == {"file2": "no line begins with 'Click ID'"}


def test_an_array_of_json_is_one_record_an_element_as_it_is_written(delivered, tmp_path):
    page = b'{\n "object": "list",\n "data": [\n  {"id": "1",\n   "street": "x"},\n  {"id": "2"}\n ], "more": false}'
    rows, found = delivered({"format": "json", "records": "data"}, page, b'{"data": [{"id": "3"}', b'{"data": []}')
    assert told(rows) == [("file0", 0, '{"id": "1",\n   "street": "x"}', None), ("file0", 1, '{"id": "2"}', None)]
    assert found.counts == {"file0": 2, "file2": 0}
    assert "was cut" in found.problems["file1"]
    (contract,) = versions(tmp_path, odcs("1.0.0", {"id": {}, "street": {}}))["crm", "person"]
    cells = read(rows, [Reading(contract, ("1.0.0",))], headers=None).orderBy("position").collect()
    assert [(row.fields.id, row.fields.street) for row in cells] == [("1", "x"), ("2", None)]
