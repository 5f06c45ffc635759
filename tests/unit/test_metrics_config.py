"""What is wrong with metrics.yml is told at its place, all at once; so is what others say of metrics."""

import shutil
from datetime import timedelta

import pytest

from c360_spark.config import load
from c360_spark.config.rules.metrics import MetricRules
from c360_spark.errors import ConfigError
from c360_spark.tables import Pii
from tests.conftest import ROOT

WRONG = """\
metrics:
  orders: {meaning: m, of: ordr, take: count}
  email: {meaning: m, of: order, take: count}
  coalesce: {meaning: m, of: order, take: count}
  revenue: {meaning: m, of: order, take: sum}
  mixed: {meaning: m, of: order, take: sum, column: total_minor}
  channel_sum: {meaning: m, of: order, take: sum, column: channel}
  typo: {meaning: m, of: order, take: latest, column: chanel}
  counted: {meaning: m, of: order, take: count, column: channel}
  euros: {meaning: m, of: event, take: most, column: channel, currency: EUR}
  condition: {meaning: m, of: order, take: count, where: "stats = 'paid' AND lowr(status) = 'a'"}
derived:
  one: {meaning: m, expression: two + 1}
  two: {meaning: m, expression: one + ordrs}
  mixed: {meaning: m, expression: order_count}
  who: {meaning: m, type: text, expression: lower(email)}
lifecycle:
  new: {meaning: m, when: order_cont = 0}
"""
TOLD = [
    "2:24: unknown kind of fact 'ordr'; did you mean 'order'?",
    "3:3: 'email' is a column of gold.profile; use another name",
    "4:3: 'coalesce' has a meaning of its own; use another name",
    "5:36: sum of what? give a column of silver.order",
    "6:45: total_minor is in the currency of each order: say currency, such as EUR; only those are taken",
    "7:51: sum cannot take channel: give total_minor",
    "8:47: unknown column of silver.order 'chanel'; did you mean 'channel'?",
    "9:49: count takes no column",
    "10:63: channel is no amount; leave out currency",
    "11:51: function 'lowr' is not allowed; did you mean 'lower'?",
    "11:51: unknown column 'stats'; did you mean 'status'?",
    "13:21: metrics are made of one another: one, two",
    "14:21: unknown column 'ordrs'; did you mean 'orders'?",
    "15:3: 'mixed' is a metric already",
    "16:33: email names a person by itself, and no metric may show it",
    "18:21: unknown column 'order_cont'; did you mean 'order_count'?",
]


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    return tmp_path / "conf"


def told(folder):
    with pytest.raises(ConfigError) as error:
        load(folder, "dev")
    return error.value.cause.replace(f"{folder}/", "").split("\n  ")[1:]


def test_every_mistake_is_told_at_its_place_and_all_at_once(folder):
    (folder / "metrics.yml").write_text(WRONG)
    assert told(folder) == [f"metrics.yml:{line}" for line in TOLD]


def test_what_a_single_metric_may_say_is_told_first(folder):
    (folder / "metrics.yml").write_text(
        "metrics:\n  a: {meaning: m, of: order, take: avg, days: 0}\n  a: {meaning: m, of: order, take: count}\n"
    )
    assert told(folder) == ["metrics.yml:3:3: 'a' is given twice"]
    (folder / "metrics.yml").write_text("metrics:\n  a: {meaning: m, of: order, take: cont, days: 0}\n")
    assert told(folder) == [
        "metrics.yml:2:30: 'metrics.a.take' cannot be 'cont'; did you mean 'count'?",
        "metrics.yml:2:42: 'metrics.a.days': Input should be greater than 0",
    ]


def test_audiences_and_destinations_may_name_metrics_and_a_typo_is_told(folder):
    buyers, letter = folder / "audiences" / "recent_buyers.yml", folder / "destinations" / "newsletter.yml"
    buyers.write_text(buyers.read_text().replace("where: email", "where: orders_90d > 0 AND lifecycle = 'x' AND email"))
    letter.write_text(letter.read_text() + "  orders: {column: orders_90d}\n")
    conf = load(folder, "dev")
    assert conf.metrics.reading(conf.audiences["recent_buyers"].where) == {"orders_90d", "lifecycle"}
    buyers.write_text(buyers.read_text().replace("orders_90d", "orders_9d"))
    letter.write_text(letter.read_text().replace("{column: orders_90d", "{column: order_90d"))
    assert [line.split(": ", 1)[1] for line in told(folder)] == [
        "unknown column 'orders_9d'; did you mean 'orders_90d'?",
        "unknown column of gold.profile or metric 'order_90d'; did you mean 'orders_90d'?",
    ]


def test_without_the_file_there_are_no_metrics(folder):
    (folder / "metrics.yml").unlink()
    assert not load(folder, "dev").metrics.all


def test_the_fingerprint_follows_everything_behind_a_metric_but_not_its_words():
    def rules(days=90, meaning="m"):
        orders = {"meaning": meaning, "of": "order", "take": "count", "days": days}
        other = {"meaning": "m", "of": "case", "take": "count"}
        derived = {"twice": {"meaning": meaning, "expression": "orders * 2"}}
        return MetricRules.model_validate({"metrics": {"orders": orders, "cases": other}, "derived": derived})

    assert rules().fingerprint("twice > 1") == rules(meaning="other words").fingerprint("twice > 1")
    assert rules().fingerprint("twice > 1") != rules(days=30).fingerprint("twice > 1")
    assert rules().fingerprint("cases > 1") == rules(days=30).fingerprint("cases > 1")
    assert rules().fingerprint("city = 'cases'", None) is None


def test_a_metric_is_as_personal_as_what_it_is_made_of():
    latest = {"meaning": "m", "of": "case", "take": "latest", "column": "subject"}
    derived = {
        "about": {"meaning": "m", "type": "text", "expression": "upper(subject_of_case)"},
        "size": {"meaning": "m", "expression": "record_count"},
    }
    rules = MetricRules.model_validate({"metrics": {"subject_of_case": latest}, "derived": derived})
    assert (rules.pii("about"), rules.pii("size")) == (Pii.INDIRECT, Pii.NONE)


@pytest.mark.parametrize(
    ("take", "expression", "hours"), [("count", "n", None), ("days_since", "n", 24), ("count", "year(as_of)", 1)]
)
def test_time_alone_moves_everybody_by_recency_in_whole_days_and_where_it_is_read(take, expression, hours):
    metric = {"meaning": "m", "of": "order", "take": take}
    derived = {"other": {"meaning": "m", "expression": expression}}
    rules = MetricRules.model_validate({"metrics": {"n": metric}, "derived": derived})
    spans = [timedelta(hours=n) for n in (0, 1, 23, 24, 240)]
    assert [rules.moves_everybody(span) for span in spans] == [
        hours is not None and span >= timedelta(hours=hours) for span in spans
    ]
