"""What a SQL expression in conf/ may say."""

import pytest

from c360_spark.config.rules.expression import complaints, placed, used

COLUMNS = ["email", "order_count", "last_order_at", "attributes", "as_of", "order.total_cents"]


@pytest.mark.parametrize(
    "text",
    [
        "email IS NOT NULL AND order_count >= 1 AND last_order_at >= as_of - INTERVAL 90 DAYS",
        "lower(email) LIKE '%@it''s; reflect(x).example' OR NOT order_count IN (1, 2.5)",
        "order.total_cents >= 0 AND (email = ')')",
        "NOT (email IS NOT NULL AND email NOT LIKE 'a%') OR email NOT IN ('a', lower('b'))",
        "order_count NOT BETWEEN -1 AND order_count * (2 + 3) AND last_order_at > TIMESTAMP '2026-01-01 00:00:00'",
        "email IS DISTINCT FROM 'a' AND (order_count > 1) IS TRUE AND date(as_of) = DATE '2026-01-01'",
        "CASE email WHEN 'a' THEN 1 WHEN 'b' THEN CASE WHEN true THEN 2 END END = as_of - INTERVAL '1' YEAR",
        "CASE WHEN attributes['tier'] <=> 'gold' THEN true ELSE false END",
    ],
)
def test_an_expression_over_declared_columns_is_fine(text):
    assert complaints(text, COLUMNS) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("emial = 'a'", "unknown column 'emial'; did you mean 'email'?"),
        ("lowr(email) = 'a'", "function 'lowr' is not allowed; did you mean 'lower'?"),
        ("reflect('java.lang.System', 'exit') = 1", "function 'reflect' is not allowed"),
        ("java_method ('a', 'b')", "function 'java_method' is not allowed"),
        ("order_count > 1; DROP", "';' is not allowed in an expression"),
        ("`email` = 'a'", "'`' is not allowed in an expression"),
        ('email = "a"', "'\"' is not allowed in an expression"),
        ("email = 'a\\'", '"\'" is not allowed in an expression'),
        ("order_count > 1 -- OR email", "'--' is not allowed in an expression"),
        ("order_count /* > 1 */ > 2", "'/*' is not allowed in an expression"),
        ("email IN (SELECT email)", "unknown column 'SELECT'"),
        ("last_order_at > current_date", "unknown column 'current_date'"),
        ("email.reflect", "unknown column 'reflect'"),
        ("order.total > 1", "unknown column 'order'"),
        ("email.email = 'a'", "unknown column 'email.email'"),
        ("lower.reflect('a') = 1", "function 'lower.reflect' is not allowed"),
        ("(order_count > 1", "'(' is not closed"),
        ("order_count > 1]", "']' closes nothing"),
        ("(order_count > 1]", "']' closes nothing"),
        ("order_count >= AND email IS NULL", "'AND' is out of place after '>='"),
        ("order_count email", "'email' is out of place after 'order_count'"),
        ("order_count >", "something is missing after '>'"),
        ("AND email", "'AND' is out of place"),
        ("email IN 'a'", "''a'' is out of place after 'IN'"),
        ("email IS 'a'", "''a'' is out of place after 'IS'"),
        ("lower(email,)", "')' is out of place after ','"),
        ("CASE WHEN true THEN 1", "something is missing after '1'"),
        ("CASE 1 END", "'END' is out of place after '1'"),
        ("as_of - INTERVAL 90", "something is missing after '90'"),
        ("order_count BETWEEN 1 OR 2", "'OR' is out of place after '1'"),
        ("()", "')' is out of place after '('"),
        ("  ", "the expression is empty"),
    ],
)
def test_anything_else_in_an_expression_is_told(text, complaint):
    assert complaints(text, COLUMNS)[0].startswith(complaint)


def test_the_columns_an_expression_reads_are_those_outside_its_texts():
    text = "lower(email) = 'order_count' AND order.total_cents > 1"
    assert used(text, COLUMNS) == {"email", "order.total_cents"}


def test_columns_are_placed_in_a_struct_and_texts_stay():
    text = "email = 'email' OR order.total_cents > 1.5"
    assert placed(text, COLUMNS, "v") == "v.`email` = 'email' OR v.`order.total_cents` > 1.5"
