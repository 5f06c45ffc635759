"""Records of files that are not one record a line: CSV with quoted line breaks, and arrays of JSON."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c360_spark.config.contract.sources import Source
from c360_spark.landing import split
from c360_spark.landing.detected import detected
from c360_spark.landing.split import NoRecords, below_header, elements, lines_of

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
)


def csv_records(text, *, starts=None, separator=","):
    header, found = below_header(lines_of(io.StringIO(text, newline="\n")), starts=starts, separator=separator)
    return header, list(found)


@settings(deadline=None)
@given(st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=8), st.sampled_from(",;\t"), st.booleans())
def test_what_csv_writes_is_split_into_the_records_that_were_written(rows, separator, all_quoted):
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=separator, quoting=quoting).writerows([["a", "b", "c"], *rows])
    _, found = csv_records(out.getvalue(), separator=separator)
    assert [next(csv.reader(io.StringIO(text, newline=""), delimiter=separator)) for _, text in found] == rows
    places = [place for place, _ in found]
    assert places == sorted(set(places))


def test_a_quoted_line_break_stays_as_it_was_and_the_place_is_that_of_the_first_line():
    text = '\ufeffid,street,city\r\n1,"Hauptstr. 1\r\nHinterhaus",Ulm\r\n2,x,Köln\r\n3,"a\n\n""b""\n",y'
    assert csv_records(text) == (
        "\ufeffid,street,city",
        [(1, '1,"Hauptstr. 1\r\nHinterhaus",Ulm'), (3, "2,x,Köln"), (4, '3,"a\n\n""b""\n",y')],
    )


@pytest.mark.parametrize("broken", ['2,"never closed', '2,5" pipe', '2,"a"b', '2,"x,y,z', '"', '2,"a\n3"'])
def test_a_broken_quote_costs_no_record_but_its_own(broken):
    text = f'id,name\n1,a\n{broken}\n7,"q\nr"\n8,"b, ""c"""\n9,z\n'
    _, found = csv_records(text)
    assert [text for _, text in found][-3:] == ['7,"q\nr"', '8,"b, ""c"""', "9,z"]
    assert "".join(f"{text}\n" for _, text in found) == text.removeprefix("id,name\n")


def test_a_quote_that_is_never_closed_is_not_read_to_the_end_of_the_file(monkeypatch):
    monkeypatch.setattr(split, "MOST_CHARACTERS", 100)
    rows = "".join(f"{n},plain\n" for n in range(1_000))
    _, found = csv_records(f'id,name\n0,"open\n{rows}')
    assert len(found) == 1_001


def test_lines_above_the_header_are_no_records():
    text = "Report of the day\n\nParameters:TimeZone=Europe/Berlin,,\nGoogle Click ID,Time,Value\nc1,t,5\n"
    assert csv_records(text, starts="Google Click ID") == ("Google Click ID,Time,Value", [(4, "c1,t,5")])
    assert csv_records(text.split("\n", 3)[3], starts="Google Click ID")[1] == [(1, "c1,t,5")]
    with pytest.raises(NoRecords, match="no line begins with 'Click'"):
        csv_records(text, starts="Click")


@settings(deadline=None)
@given(st.lists(VALUES, max_size=6), st.sampled_from([None, 1]), st.integers(1, 40))
def test_elements_of_an_array_are_given_as_they_are_written(values, indent, chunk):
    written = [json.dumps(value, indent=indent) for value in values]
    array = f"[{', '.join(written)} ]"
    for text, path in (
        (array, ()),
        (f'{{"n": {{"data": 1}}, "a": {{"data": {array}, "z": [1]}}, "y": 2}}', ("a", "data")),
    ):
        assert list(elements(Slow(text, chunk), path=path)) == list(enumerate(written))


class Slow(io.StringIO):
    """Gives a few characters at a time."""

    def __init__(self, text, chunk):
        super().__init__(text)
        self.chunk = chunk

    def read(self, _size=-1):
        return super().read(self.chunk)


@pytest.mark.parametrize(
    ("text", "path", "why"),
    [
        ("", (), "is no array"),
        ('{"data": []}', (), "say in sources.yml where it is, such as records: data"),
        ('[{"a": 1}, {"b"', (), "was cut"),
        ('[{"a": 1}', (), "was cut"),
        ('{"data": [1]', ("data",), "was cut"),
        ("[1] [2]", (), "something stands behind its end"),
        ('{"x": []}', ("data",), "there is no 'data'"),
        ("[1, x]", (), "no JSON"),
    ],
)
def test_what_is_no_whole_array_is_no_delivery(text, path, why):
    with pytest.raises(NoRecords, match=why):
        list(elements(io.StringIO(text), path=path))


@pytest.mark.parametrize(
    ("name", "content", "format", "written"),
    [
        ("a.csv", "id;name\n1;Köln\n".encode("cp1252"), "csv", {"separator": ";", "encoding": "cp1252"}),
        ("a.csv", "id\tname\n1\tKöln\n".encode("utf-16"), "csv", {"separator": "\t", "encoding": "utf-16"}),
        ("a.csv", b"Parameters:X,,\nid,at,n\n1,t,5\n", "csv", {"header_starts": "id"}),
        ("a.csv", b"Report of 1 May\n\nid,at,n\n1,t,5\n2,t,5\n", "csv", {"header_starts": "id"}),
        ("a.tsv", b"id\tname\n1\ta\n", "csv", {"separator": "\t"}),
        ("a.csv", b"mail\na@x.de\n", "csv", {}),
        ("a.csv", b'id,name\n1,"a;b;c"\n', "csv", {}),
        ("a.json", b'[{"id": 1}]', "json", {}),
        ("a.jsonl", b'[{"id": 1}]', "json", {}),
        ("a.json", b'{"id": 1}\n{"id": 2}\n', "jsonl", {}),
        ("a.json", b'{"object": "list", "data": [{"id": 1}], "has_more": false}', "json", {"records": "data"}),
        ("a.jsonl", b'{"id": 1, "lines": [{"sku": 1}]}', "jsonl", {}),
    ],
)
def test_a_sample_shows_how_it_is_written(tmp_path, name, content, format, written):
    path = tmp_path / name
    path.write_bytes(content)
    found = detected(path)
    assert (found.format, found.written) == (format, written)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"format": "jsonl", "separator": ";"}, "separator is for csv, not for jsonl"),
        ({"format": "csv", "separator": "::"}, "the separator is one character"),
        ({"format": "csv", "encoding": "klingon"}, "is no encoding"),
        ({"format": "csv", "encoding": "base64"}, "is no encoding of text"),
        ({"format": "csv", "records": "data"}, "records is for json"),
    ],
)
def test_an_entry_of_sources_that_does_not_fit_is_refused(said, why):
    with pytest.raises(ValueError, match=why):
        Source.model_validate({"path": "x", **said})


def test_lines_that_end_in_a_carriage_return_alone_are_refused_and_quoted_ones_are_text():
    for text in ("id,name\r1,Ann\r2,Bob", "id,name\r1,Ann\r\n"):
        with pytest.raises(NoRecords, match="carriage return alone"):
            below_header(lines_of(io.StringIO(text, newline="\n")), starts=None, separator=",")
    header, rows = below_header(lines_of(io.StringIO('id,"a\rb"\r\n1,x\r\n', newline="\n")), starts=None, separator=",")
    assert (header, list(rows)) == ('id,"a\rb"', [(1, "1,x")])
