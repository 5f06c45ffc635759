"""Files of many shapes, from the landing folder to silver: nothing is prepared by hand, and no byte is lost."""

import shutil
from datetime import datetime, timedelta

import pytest

from c360_spark import tables
from c360_spark.config.contract.sources import Source
from c360_spark.landing.records import bronze_records, records
from c360_spark.silver.canonical import canonical
from c360_spark.silver.said import unsaid
from c360_spark.silver.shape import order_lines
from c360_spark.silver.version import Reading, read
from tests.conftest import AS_OF
from tests.contracts import odcs, property_, versions

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


@pytest.fixture
def silver(frame, conf, tmp_path):
    """Payloads of one file, as rows of the table of a contract; the contract is checked as conf/ would be."""

    def make(properties, *payloads, header=None, table="order"):
        written = odcs("1.0.0", properties, table=table)
        (contract,) = versions(tmp_path, written)["crm", "person"]
        rows = [
            {"payload": text, "header": header, "delivery_id": "f", "position": n, "bronze_id": f"{n:032}"}
            for n, text in enumerate(payloads)
        ]
        cells = read(
            frame(tables.bronze("crm", "person"), *rows),
            [Reading(contract, ("1.0.0",))],
            headers=None if header is None else [header],
        )
        made = canonical(cells, contract, conf.rules, conf.taxonomy, secret="a secret of tests")
        return made.orderBy("bronze_id")

    return make


def array(settings, **inner):
    return {
        "logicalType": "array",
        "items": {"logicalType": "object", "properties": [property_(name, given) for name, given in inner.items()]},
        **settings,
    }


def test_each_item_of_an_exploded_array_is_a_record_with_what_stands_around_it(silver):
    purposes = array(
        {"explode": True},
        purposeId={"primaryKey": True, "primaryKeyPosition": 2},
        purposeName={"canonical": "purpose", "required": True},
        transactionType={"canonical": "status", "valueMap": {"WITHDRAWN": "withdrawn", "CONFIRMED": "granted"}},
    )
    at = {"type": "timestamp", "canonical": "effective_from"}
    payload = {"logicalType": "object", "properties": [property_("at", at), property_("purposes", purposes)]}
    properties = {"id": {"primaryKey": True}, "payload": payload}
    receipt = '{"id": "%s", "payload": {"at": "2026-01-02T10:00:00+0000", "purposes": %s}}'
    one = '{"purposeId": "a", "purposeName": "email", "transactionType": "WITHDRAWN"}'
    two = f'[{one}, {{"purposeId": "b", "purposeName": '
    found = silver(
        properties,
        receipt % ("1", f'{two}"ads", "transactionType": "CONFIRMED"}}]'),
        receipt % ("2", f'{two}"ads", "transactionType": "PENDING"}}]'),
        receipt % ("3", "[]"),
        '{"id": "4", "payload": null}',
        "{broken",
        table="consent",
    ).collect()
    first, second = f"{0:032}", f"{1:032}"
    assert [(row.bronze_id, row.purpose, row.status, row.reasons) for row in found] == [
        (first, "email", "withdrawn", []),
        (f"{first}-2", "ads", "granted", []),
        (second, "email", "withdrawn", []),
        (f"{second}-2", "ads", None, ["type:payload.purposes.transactionType"]),  # and the other purpose holds
        (f"{2:032}", None, None, MISSING),
        (f"{3:032}", None, None, MISSING),
        (f"{4:032}", None, None, ["malformed"]),
    ]
    assert len({row.source_key for row in found}) == 7
    assert found[1].effective_from == datetime(2026, 1, 2, 10)


MISSING = [f"missing:payload.purposes.{name}" for name in ("purposeId", "purposeName")] + ["missing:payload.purposes"]


def test_pairs_of_key_and_value_are_properties(silver):
    values = ["value.string_value", "value.int_value"]
    params = array(
        {"entries": {"values": values}},
        ga_session_id={"canonical": "attributes.session"},
        page={"canonical": "attributes.page"},
        gone={"canonical": "attributes.gone"},
    )
    text = (
        '{"id": "1", "params": [{"key": "page", "value": {"string_value": "/p"}}, {"key": "ga_session_id", "value": '
        '{"int_value": 17605}}, {"key": "page", "value": {"string_value": "/q"}}, {"key": "other"}, null]}'
    )
    made = silver({"id": {"primaryKey": True}, "params": params}, text, '{"id": "2"}', table="profile_record")
    assert [row.attributes for row in made.collect()] == [{"page": "/p", "session": "17605"}, {}]


def test_meta_data_may_call_its_parts_otherwise(silver):
    meta = array({"entries": {"key": "name", "values": ["val"]}}, gift={"canonical": "attributes.gift"})
    text = '{"id": "1", "meta": [{"name": "gift", "val": "yes"}]}'
    (row,) = silver({"id": {"primaryKey": True}, "meta": meta}, text, table="profile_record").collect()
    assert row.attributes == {"gift": "yes"}


ROWS = {
    "Name": {"primaryKey": True, "canonical": "order_id"},
    "Email": {"identifier": {"namespace": "email"}},
    "Total": {"type": "number", "canonical": "total_minor", "amountIn": "major"},
    "Currency": {"canonical": "currency"},
    "Created at": {"type": "timestamp", "canonical": "ordered_at", "required": True},
    "lines": array(
        {"canonicalTable": "order_line", "rowsBy": "Name"},
        **{
            "Lineitem sku": {"canonical": "sku"},
            "Lineitem quantity": {"type": "integer", "canonical": "quantity"},
            "Lineitem price": {"type": "number", "canonical": "unit_price_minor", "amountIn": "major"},
        },
    ),
}
HEADER = "Name,Email,Total,Currency,Created at,Lineitem sku,Lineitem quantity,Lineitem price"


def test_rows_of_one_order_are_one_record_with_their_lines(silver):
    orders = silver(
        ROWS,
        "#1,a@x.de,10.50,EUR,2026-01-01 10:00:00 +0100,A,1,10.50",
        "#2,b@x.de,23.00,EUR,2026-01-01 11:00:00 +0100,A,1,11.50",
        "#2,b@x.de,,,,B,1,11.50",
        ",,,,,C,2,0.00",  # only the first row names the order
        "#3,c@x.de,5.00,EUR,2026-01-01,A,x,5.00",
        "#1,a@x.de,11.00,,,D,1,0.50",  # far below, and with another total
        "#4,d@x.de,5.00,EUR,2026-01-01",
        ",e@x.de,1.00,EUR,2026-01-01,E,1,1.00",
        header=HEADER,
    )
    found = orders.collect()
    assert [(row.order_id, row.total_minor, row.row_count, row.reasons) for row in found] == [
        ("#1", 1050, 2, []),
        ("#2", 2300, 3, []),
        ("#3", 500, 1, ["type:lines.Lineitem quantity"]),
        (None, None, 1, ["malformed"]),
        (None, 100, 1, ["missing:Name"]),
    ]
    differing = [[remark for remark in row.remarks if remark.startswith("differs")] for row in found]
    assert differing == [["differs:Total"], [], [], [], []]
    assert sum(row.row_count for row in found) == 8
    lines = order_lines(orders.where("size(reasons) = 0")).orderBy("order_id", "line_no").collect()
    assert [(row.order_id, row.line_no, row.sku, row.quantity, row.amount_minor, row.currency) for row in lines] == [
        ("#1", 1, "A", 1, 1050, "EUR"),
        ("#1", 2, "D", 1, 50, "EUR"),
        ("#2", 1, "A", 1, 1150, "EUR"),
        ("#2", 2, "B", 1, 1150, "EUR"),
        ("#2", 3, "C", 2, 0, "EUR"),
    ]


def test_a_property_of_json_may_be_delivered_under_another_name(silver):
    inner = {
        "type": "object",
        "properties": [property_("mail", {"canonical": "email", "aliases": ["email", "e-mail"]})],
    }
    properties = {"id": {"primaryKey": True}, "who": inner, "city": {"canonical": "city", "aliases": ["town"]}}
    texts = (
        '{"id": "1", "who": {"mail": "a@x.de", "email": "b@x.de"}, "town": "Ulm"}',
        '{"id": "2", "who": {"e-mail": "c@x.de"}, "city": " ", "town": "Bonn"}',
        '{"id": "3", "email": "d@x.de"}',  # not beside its other name
    )
    rows = silver(properties, *texts, table="profile_record").collect()
    assert [(row.email, row.city) for row in rows] == [("a@x.de", "Ulm"), ("c@x.de", "Bonn"), (None, None)]


def test_letters_are_spelled_once_and_lines_stay_lines(silver):
    properties = {
        "id": {"primaryKey": True},
        "street": {"canonical": "street"},
        "mail": {"canonical": "email", "normalize": "email"},
    }
    texts = (
        '{"id": "1", "street": " Haupt\\u200bstr.\\u00a01\\r\\nHof\\tlinks\\n", "mail": "A@x.de\\n"}',
        '{"id": "2", "street": "\\n\\u200b", "mail": "a@\\nx.de"}',
    )
    rows = silver(properties, *texts, table="profile_record").collect()
    assert [(row.street, row.email) for row in rows] == [("Hauptstr. 1\nHof links", "a@x.de"), (None, "a@x.de")]


def test_numbers_of_json_are_read_as_they_are_written(silver):
    properties = {
        "id": {"primaryKey": True},
        "street": {"canonical": "street"},
        "postcode": {"canonical": "postcode", "normalize": "postcode"},
    }
    text = '{"id": 12345678.0, "postcode" : 13101000.0,"street": "\\":12345678.5, b"}'
    (row,) = silver(properties, text, table="profile_record").collect()
    assert (row.source_key, row.postcode, row.street) == ("12345678.0", "13101000", '":12345678.5, b')


def test_two_numbers_on_two_lines_are_no_number(silver):
    properties = {
        "id": {"primaryKey": True},
        "country": {"canonical": "country"},
        "tel": {"canonical": "phone", "normalize": "phone"},
    }
    texts = [
        '{"id": "1", "country": "DE", "tel": "089 1234\\n089 5678"}',
        '{"id": "2", "country": "DE", "tel": "030 1234567\\n"}',
    ]
    assert [row.phone for row in silver(properties, *texts, table="profile_record").collect()] == [None, "+49301234567"]


def test_what_thousands_of_deliveries_lack_is_one_branch(spark):
    times = [AS_OF + timedelta(minutes=n) for n in range(3000)]
    lacking = {("crm", "person", at): ["email"] for at in times} | {("crm", "person", AS_OF): ["phone", "city"]}
    rows = spark.createDataFrame(
        [("crm", "person", AS_OF), ("crm", "person", times[-1]), ("crm", "member", AS_OF)],
        "source string, dataset string, received_at timestamp",
    )
    assert [row.unsaid for row in rows.withColumn("unsaid", unsaid(lacking)).collect()] == [
        ["city", "phone"],
        ["email"],
        None,
    ]
