"""Drafts of records that are not those of silver: rows that are lines, statements, pairs, times in several columns."""

from pathlib import Path
from typing import Any

import pytest

from c360_spark.commands.sample import sample
from c360_spark.contracts.onboarding.observed import Leaf, Sample
from c360_spark.contracts.onboarding.people import Spaces
from c360_spark.contracts.onboarding.proposal import Proposal, proposal
from c360_spark.contracts.onboarding.shapes import by_order

NO_SPACES = Spaces(("email", "phone"), {})


def leaves(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: leaves(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [leaves(each) for each in value]
    kind = {bool: "boolean", int: "integer", float: "number"}.get(type(value), "string")
    return None if value is None else Leaf(str(value), kind)


def drafted(dataset: str, *records: dict[str, Any], **given: Any) -> Proposal:
    return proposal("shop", dataset, Sample("jsonl", [leaves(record) for record in records], **given), NO_SPACES)


def settings(made: Proposal, name: str) -> dict[str, Any]:
    """Own settings of a property, wherever it stands."""
    (found,) = (each for each in made.every if each.seen.name == name)
    return {key: guess.value for key, guess in found.settings.items()}


def rows(key: str, prefix: str) -> list[dict[str, str]]:
    return [
        {key: order, "Total": total, "Currency": "EUR" if total else "", "Created at": "2026-01-01T10:00:00Z",
         f"{prefix} sku": f"S{n}", f"{prefix} quantity": "1", f"{prefix} price": "4.50"}
        for n, (order, total) in enumerate([("#1", "4.50"), ("#2", "9.00"), ("#2", ""), ("#3", "4.50")])
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["Name", "Order Number", "order_id"])
@pytest.mark.parametrize("prefix", ["Lineitem", "Line Item", "line_item", "Item"])
def test_rows_of_one_order_are_drafted_as_an_order_with_lines(key: str, prefix: str) -> None:
    made = drafted("order", *rows(key, prefix))
    (lines,) = made.arrays
    assert {name: guess.value for name, guess in lines.settings.items()} == {
        "canonicalTable": "order_line",
        "rowsBy": key,
    }
    assert [each.seen.name for each in made.keys] == [key]
    assert settings(made, key)["canonical"] == "order_id"
    assert settings(made, f"{prefix} price") == {"canonical": "unit_price_minor", "amountIn": "major"}
    assert made.made["Total",].seen.complete  # of the orders, not of the rows


def test_rows_that_do_not_agree_or_have_no_order_are_records_of_their_own() -> None:
    plain = [leaves(row) for row in rows("Name", "Lineitem")]
    assert by_order(plain)[1] == "Name"
    other = [{**row, "Total": Leaf(f"{n}", "string")} for n, row in enumerate(plain)]
    assert by_order(other) == (other, "")
    nameless = [{**row, "Name": Leaf("", "string")} for row in plain]
    assert by_order(nameless) == (nameless, "")
    ragged = [plain[0], {"Name": plain[0]["Name"]}]
    assert by_order(ragged) == (ragged, "")
    without = [{name: value for name, value in row.items() if "Lineitem" not in name} for row in plain]
    assert by_order(without) == (without, "")


@pytest.mark.parametrize(("purpose", "status"), [("purposeName", "transactionType"), ("purpose", "decision")])
def test_an_array_of_purposes_is_drafted_as_a_consent_for_each(purpose: str, status: str) -> None:
    said = [{"id": "a", purpose: "Ads", status: "OPT_OUT"}, {"id": "b", purpose: "Mail", status: "CONFIRMED"}]
    within = {"interactionDate": "2026-01-01T10:00:00Z", "purposes": said}
    made = drafted("receipt", *({"eventId": f"e{n}", "at": within} for n in range(3)))
    assert made.table.value == "consent"
    assert {name: guess.value for name, guess in made.arrays[0].settings.items()} == {"explode": True}
    assert [each.seen.name for each in made.keys] == ["eventId", "id"]
    assert [each.facts["primaryKeyPosition"].value for each in made.keys] == [1, 2]
    assert settings(made, status)["valueMap"] == {"CONFIRMED": "granted", "OPT_OUT": "denied"}


def test_pairs_of_key_and_value_are_drafted_as_properties() -> None:
    params = [{"key": "page_location", "value": {"string_value": "https://x.example/"}},
              {"key": "score", "value": {"int_value": "7"}}]  # fmt: skip
    meta = [{"id": 1, "name": "gift", "value": "yes"}]
    event = {"event_name": "page_view", "event_time": "2026-01-01T10:00:00Z", "params": params, "meta": meta}
    made = drafted("click_event", *({"id": f"e{n}", **event, "other": [{"a": 1}]} for n in range(3)))
    given = {array.seen.name: array.settings["entries"].value for array in made.arrays}
    typed = ["value.string_value", "value.int_value", "value.float_value", "value.double_value"]
    assert given == {"params": {"key": "key", "values": typed}, "meta": {"key": "name", "values": ["value"]}}
    assert settings(made, "page_location")["canonical"] == "properties.page_url"
    assert settings(made, "score")["canonical"] == "properties.score"
    assert settings(made, "gift")["canonical"] == "properties.gift"
    assert any("other is an array of objects that silver does not read" in note for note in made.notes)


def test_names_of_people_are_no_names_of_properties() -> None:
    teams = [{"name": "Mara Keller", "value": "1"}]
    assert drafted("contact", *({"id": f"e{n}", "team": teams} for n in range(3))).arrays == []


def line(**more: str) -> dict[str, Any]:
    return {"Order ID": "1", "SKU": "A", "Qty": "1.0", "Net Sales": "$1,203.50", "Tax": "$1.00", **more}


def test_time_of_day_and_zone_beside_a_date_are_put_to_it() -> None:
    zone = "Eastern Time (US & Canada)"
    made = drafted("order_line", *(line(Date="10/13/25", Time="10:05:00", **{"Time Zone": zone}) for _ in range(3)))
    assert made.made["Date",].type.value == "timestamp"
    found = settings(made, "Date")
    assert found["formats"] == ["MM/dd/yy HH:mm:ss"]
    assert (found["timeFrom"], found["zoneFrom"], found["zones"]) == ("Time", "Time Zone", {zone: "America/New_York"})
    unknown = drafted(
        "order_line", *(line(Date="10/13/25", Time="10:05:00", **{"Time Zone": "Moon"}) for _ in range(3))
    )
    assert settings(unknown, "Date")["zone"] == "UTC"
    assert "zoneFrom" not in settings(unknown, "Date")
    alone = drafted("order_line", *(line(Date="10/13/25", Time="soon") for _ in range(3)))
    assert alone.made["Date",].type.value == "date"


def test_the_sign_of_all_amounts_is_their_currency_and_other_numbers_with_one_are_text() -> None:
    made = drafted("order_line", *(line() for _ in range(3)))
    assert settings(made, "Net Sales") == {"canonical": "amount_minor", "amountIn": "major", "locale": "en_US"}
    assert (made.constants["currency"].value, made.constants["currency"].confidence) == ("USD", 0.5)
    assert (made.made["Tax",].type.value, "locale" in settings(made, "Tax")) == ("string", False)
    mixed = drafted("order_line", line(), line(**{"Net Sales": "1,200.50"}), line())
    assert mixed.constants["currency"].value == "<currency>"


def test_whole_numbers_written_as_floats_fit_and_those_with_two_decimals_are_amounts() -> None:
    made = drafted("order_line", *(line(Qty=f"{n}.0", Shipping="0.00") for n in range(3)))
    assert (made.made["Qty",].type.value, made.made["Qty",].notes) == ("integer", [])
    assert made.made["Shipping",].type.value == "number"


@pytest.mark.parametrize(
    ("amounts", "unit"), [([1999 + n for n in range(12)], "minor"), ([1999, 5], "major"), ([19.5] * 12, "major"),
                          ([str(1999 + n) for n in range(12)], "major")],
)  # fmt: skip
def test_amounts_are_in_minor_units_where_json_has_many_and_whole_ones_only(amounts: list[Any], unit: str) -> None:
    made = drafted("charge", *({"id": f"c{n}", "amount": amount, "currency": "eur", "created": "2026-01-01T10:00:00Z"}
                               for n, amount in enumerate(amounts)))  # fmt: skip
    assert settings(made, "amount")["amountIn"] == unit
    assert made.made["amount",].settings["amountIn"].confidence < 0.6 or unit == "major"


@pytest.mark.parametrize(
    ("above", "zone"),
    [("Parameters:TimeZone=Europe/Berlin,,\n", "Europe/Berlin"), ("Parameters:TimeZone=Moon/Base,,\n", "UTC"),
     ("from Europe/Berlin to Asia/Tokyo,,\n", "UTC")],
)  # fmt: skip
def test_a_zone_that_a_line_above_the_header_names_is_that_of_the_times(tmp_path: Path, above: str, zone: str) -> None:
    path = tmp_path / "conversions.csv"
    path.write_text(f"{above}Click ID,Conversion Name,Conversion Time\n" + "c1,Lead,10/15/2025 3:05:00 PM\n" * 3)
    made = proposal("ads", "conversion", sample(path), NO_SPACES)
    found = made.made["Conversion Time",]
    assert found.settings["zone"].value == zone
    assert any("taken as UTC" in note for note in found.notes) == (zone == "UTC")


def test_a_phone_number_behind_the_apostrophe_of_a_spreadsheet_is_one() -> None:
    made = drafted("contact", *({"id": f"{n}", "Phone": f"'+49 341 555010{n}"} for n in range(3)))
    assert settings(made, "Phone")["identifier"] == {"namespace": "phone"}
