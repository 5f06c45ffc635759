"""Names of delivered properties as their contract calls them."""

from dataclasses import replace

import pytest

from c360_spark.config import Conf, Contract
from c360_spark.silver.said import header_names, resolved


def contract(conf: Conf, *, headers: str = "exact", **aliases: list[str]) -> Contract:
    """crm.customer with aliases by property."""
    shipped = conf.contracts["crm", "customer"]
    fields = [
        replace(f, settings=f.settings.model_copy(update={"aliases": aliases.get(f.name, [])})) for f in shipped.fields
    ]
    return replace(shipped, fields=tuple(fields), settings=shipped.settings.model_copy(update={"headers": headers}))


def test_names_count_as_they_are_written(conf: Conf) -> None:
    assert resolved(["customer_id", "Email", "x"], contract(conf)) == ["customer_id", "Email", "x"]


def test_an_alias_stands_for_its_property(conf: Conf) -> None:
    assert resolved(["E-Mail", "phone"], contract(conf, email=["E-Mail"])) == ["email", "phone"]


def test_case_is_ignored_where_the_contract_says_so_for_aliases_too(conf: Conf) -> None:
    of = contract(conf, headers="ignore_case", email=["E-Mail"])
    assert resolved(["CUSTOMER_ID", "e-mail"], of) == ["customer_id", "email"]


@pytest.mark.parametrize("names", [["Email", "email"], ["email", "Email"]])
def test_the_exact_name_goes_before_any_other(conf: Conf, names: list[str]) -> None:
    assert resolved(names, contract(conf, headers="ignore_case")) == names


def test_of_two_other_names_of_a_property_the_first_counts(conf: Conf) -> None:
    of = contract(conf, email=["mail", "E-Mail"])
    assert resolved(["E-Mail", "mail"], of) == ["email", "mail"]


def test_a_byte_order_mark_and_quotes_are_no_part_of_a_name() -> None:
    assert header_names('\ufeff"a b", c ', ",") == ["a b", "c"]


def test_names_are_parted_by_the_separator_of_their_source_and_may_hold_a_line_break() -> None:
    assert header_names('a,b;"c\nd"; e', ";") == ["a,b", "c\nd", "e"]
    assert header_names("", ",") == []
