"""Maps events to the names of the taxonomy, and checks them against it."""

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config import Contract
from c360_spark.config.contract.vocabulary import Taxonomy, words


def named(events: DataFrame, contract: Contract, taxonomy: Taxonomy) -> DataFrame:
    """Rows of silver.event with the taxonomy's `event_name`, and its codes added to `reasons`.

    Codes: `unknown` the taxonomy does not have the event, which keeps its name · `channel` it has the event, but not
    from this channel; both at the property that names the event · `context` at a property that this event must have
    from this channel and lacks.
    """
    columns = events.columns
    events = events if "channel" in columns else events.withColumn("channel", F.lit(""))
    word, names = F.col("event_name"), taxonomy.names
    known = {words(name): name for name in names}
    place = next((f.name for f in contract.fields if f.settings.canonical == "event_name"), "event_name")
    found = F.coalesce(_looked_up(word, names), _looked_up(_words(word), {w: names[n] for w, n in known.items()}))
    rows = events.withColumn("_event", F.when(word.isNotNull(), found))
    checks = [
        F.when(word.isNotNull() & F.col("_event").isNull(), F.lit(f"unknown:{place}")),
        F.when(~_sent_as(_pairs(taxonomy)), F.lit(f"channel:{place}")),
        *_contexts(events, taxonomy),
    ]
    said = F.concat("reasons", F.array_compact(F.array(*checks)))
    return rows.withColumns({"reasons": said, "event_name": F.coalesce("_event", word)}).select(*columns)


def _words(name: Column) -> Column:
    """The same as `vocabulary.words`."""
    parted = F.regexp_replace(name, "([a-z])([A-Z])", "$1_$2")
    return F.regexp_replace(F.trim(F.lower(F.regexp_replace(parted, "[^A-Za-z0-9]+", " "))), " ", "_")


def _looked_up(word: Column, names: dict[str, str]) -> Column:
    known = F.create_map(*(F.lit(part) for pair in names.items() for part in pair))
    return known[word] if names else F.lit(None).cast("string")


def _pairs(taxonomy: Taxonomy) -> list[tuple[str, str]]:
    return [(name, channel) for name, event in taxonomy.events.items() for channel in event.channels]


def _sent_as(pairs: list[tuple[str, str]]) -> Column:
    """Whether the event and its channel are one of `pairs`; null where the event is unknown."""
    sent = F.concat(F.col("_event"), F.lit("@"), F.coalesce("channel", F.lit("")))
    return sent.isin(*(f"{name}@{channel}" for name, channel in pairs))


def _contexts(events: DataFrame, taxonomy: Taxonomy) -> Iterator[Column]:
    needing: dict[str, list[tuple[str, str]]] = {}
    for name, event in taxonomy.events.items():
        for channel, properties in event.channels.items():
            for required in properties:
                needing.setdefault(required, []).append((name, channel))
    for required, pairs in sorted(needing.items()):
        given = F.col("properties")[required] if "properties" in events.columns else F.lit(None)
        yield F.when(_sent_as(pairs) & given.isNull(), F.lit(f"context:{required}"))
