"""Events in the words of the taxonomy: whatever a source calls them, whoever sends them, and what they lack."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.commands.quarantine import replay
from c360_spark.commands.source import init
from c360_spark.config import Conf, load
from c360_spark.config.contract.vocabulary import Event, Taxonomy, words
from c360_spark.errors import ConfigError
from c360_spark.run.context import Run, run_id_of
from c360_spark.silver import taxonomy as module
from c360_spark.silver.taxonomy import named
from c360_spark.store import Store
from tests.conftest import AS_OF, ROOT
from tests.stages import canonicalise, land

Frame = Callable[..., DataFrame]
SAMPLES = ROOT / "tests" / "samples"
SEEN = Event(description="seen", stage="a", owner="t", channels={"web": ("url",), "mobile": ()}, aliases=("view item",))
PAID = Event(description="paid", stage="a", owner="t", channels={"store": ("sku", "url")})
SMALL = Taxonomy(stages=("a",), events={"product_viewed": SEEN, "order_paid": PAID})
SPELLINGS = ["product_viewed", "Product Viewed", "productViewed", " PRODUCT-VIEWED ", "product..viewed", "ViewItem"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_capitals_and_what_stands_between_words_do_not_make_another_event(spelling: str) -> None:
    assert {words(word): name for word, name in SMALL.names.items()}[words(spelling)] == "product_viewed"


@pytest.mark.spark
def test_an_event_has_one_name_whatever_a_source_calls_it(spark: SparkSession) -> None:
    given = [*SPELLINGS, "ABTest2Shown", "größe", "_", "", "x"]
    rows = spark.createDataFrame([(word,) for word in given], "word string")
    found = rows.select("word", module._words(F.col("word")).alias("found")).collect()
    assert {row.word: row.found for row in found} == {word: words(word) for word in given}


@pytest.mark.spark
def test_what_is_unknown_from_the_wrong_channel_or_without_its_context_carries_all_its_reasons(
    frame: Frame, conf: Conf
) -> None:
    cases = {
        "known": ("Product Viewed", "web", {"url": "u"}, "product_viewed", []),
        "other channel, other context": ("product_viewed", "mobile", None, "product_viewed", []),
        "without context": ("view_item", "web", {"sku": "s"}, "product_viewed", ["context:url"]),
        "all of it": ("order_paid", "store", {}, "order_paid", ["context:sku", "context:url"]),
        "not from there": ("order_paid", "web", {"url": "u"}, "order_paid", ["channel:event"]),
        "from nowhere": ("order_paid", None, {}, "order_paid", ["channel:event"]),
        "unknown": ("Order Lost", "web", {}, "Order Lost", ["unknown:event"]),
        "no name": ("", "web", {}, None, []),
    }
    rows = [{"source_key": k, "event_name": e, "channel": c, "properties": p} for k, (e, c, p, *_) in cases.items()]
    nameless = F.when(F.col("event_name") != "", F.col("event_name"))
    events = frame(tables.EVENT, *rows).withColumns(
        {"event_name": nameless, "reasons": F.array().cast("array<string>")}
    )
    found = named(events, conf.contracts["web", "event"], SMALL).collect()
    assert {row.source_key: (row.event_name, row.reasons) for row in found} == {
        key: (name, reasons) for key, (*_, name, reasons) in cases.items()
    }


def test_the_events_of_a_sample_go_into_the_vocabulary_and_known_ones_gain_the_channel(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "conf", tmp_path / "conf"))
    said = init(str(SAMPLES / "web_sdk.jsonl"), name="kiosk_store.event", out=str(folder), env="dev")
    before, after = load(ROOT / "conf", "dev").taxonomy, load(folder, "dev").taxonomy
    names = {words(json.loads(line)["event"]) for line in (SAMPLES / "web_sdk.jsonl").read_text().splitlines()}
    assert names <= {words(word) for word in after.names}
    assert after.events["page_viewed"].channels == {"web": ("page_url",), "store": ()}
    assert set(after.events) - set(before.events) == {name for name in names if name not in before.names}
    assert "page_viewed from store" in said


def test_only_a_folder_with_events_needs_a_vocabulary(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "conf", tmp_path / "conf"))
    (folder / "taxonomy.yml").unlink()
    with pytest.raises(ConfigError, match=r"taxonomy\.yml:1:1: the file is missing"):
        load(folder, "dev")
    febrl = load(ROOT / "tests" / "real" / "conf" / "febrl", "dev")
    assert (febrl.taxonomy.events, febrl.references) == ({}, {})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{channel: wob}", "unknown channel 'wob'; did you mean 'web'?"),
        ("{}", "nothing gives event.channel: set it in constants, or map a property to it"),
    ],
)
def test_a_contract_of_events_says_where_they_come_from(tmp_path: Path, given: str, told: str) -> None:
    folder = Path(shutil.copytree(ROOT / "conf", tmp_path / "conf"))
    file = folder / "contracts/web/event/1.0.0.odcs.yaml"
    file.write_text(file.read_text().replace("{channel: web}", given))
    with pytest.raises(ConfigError) as error:
        load(folder, "dev")
    assert told in error.value.cause


@pytest.mark.spark
def test_an_event_waits_in_quarantine_until_the_vocabulary_has_it(spark: SparkSession, tmp_path: Path) -> None:
    event = {"event_id": "e1", "event": "Order Lost", "occurred_at": "2026-01-01T10:00:00Z", "cookie_id": "k"}
    file = tmp_path / "landing" / "web" / "event" / "x.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(event) + "\n")
    conf = load(ROOT / "conf", "dev", lake=str(tmp_path / "lake"), landing=str(tmp_path / "landing"))
    lost = Event(description="lost", stage="a", owner="t", channels={"web": ()})
    richer = replace(conf, taxonomy=Taxonomy(stages=("a",), events={**SMALL.events, "order_lost": lost}))
    store = Store(spark, str(tmp_path / "lake"))
    run = Run(spark, store, conf, AS_OF, run_id_of(AS_OF))
    land(run)
    canonicalise(run)
    assert [row.reasons for row in store.read(tables.QUARANTINE).collect()] == [["unknown:event"]]
    later = replace(run, conf=richer, as_of=AS_OF.replace(year=2027), run_id="later")
    replay(later, None)
    (row,) = store.read(tables.EVENT).collect()
    assert (row.event_name, row.received_at) == ("order_lost", AS_OF)
    assert store.read(tables.QUARANTINE).isEmpty()
    version = store.version(tables.EVENT)
    replay(later, None)
    assert store.version(tables.EVENT) == version
