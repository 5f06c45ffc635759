"""Holds full deliveries that lack too many records until someone accepts them: a cut file must delete nothing."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.contract.sources import Source
from c360_spark.landing.claim import Dataset
from c360_spark.landing.records import Records, bronze_records
from c360_spark.run.context import Run
from c360_spark.stages.bronze.bronze_input import input_of, keys
from c360_spark.store import Store

FEW = 2  # up to so many missing records never hold a delivery, however small it is


def held(
    run: Run, dataset: Dataset, arrival: Source, new: Records, numbers: Mapping[str, int], accepted: set[str]
) -> dict[str, str]:
    """New full deliveries of a dataset that are held, by delivery_id, with the reason. `numbers` is their order.

    Each is compared by source keys with the delivery landed before it. Deliveries in `accepted` are landed.
    """
    order = sorted((each for each in numbers if new.counts.get(each)), key=lambda each: numbers[each])
    if arrival.delivery != "full" or not order:
        return {}
    before = _last_landed(run.store, dataset)
    if before is None and len(order) == 1:
        return {}
    known, _ = run.store.stage(f"{'.'.join(dataset)}.keys", _keys(run, dataset, new.rows, before))
    found: dict[str, str] = {}
    for each in order:
        reason = _reason(known, before, each, arrival) if before and each not in accepted else None
        if reason:
            found[each] = reason
        else:
            before = each
    return found


def _last_landed(store: Store, dataset: Dataset) -> str | None:
    if not store.exists(tables.bronze(*dataset)):
        return None
    rows = store.read(tables.bronze(*dataset))
    found = rows.agg(F.max_by("delivery_id", "received_at").alias("delivery_id")).head()
    return found["delivery_id"] if found else None


def _keys(run: Run, dataset: Dataset, new: DataFrame, before: str | None) -> DataFrame:
    source, name = dataset
    fresh = keys(
        input_of(run, source, name, bronze_records(new, source=source, dataset=name, as_of=run.as_of), version=0)
    )
    if before is None:
        return fresh
    old = run.store.read(tables.bronze(source, name)).where(F.col("delivery_id") == before)
    return keys(input_of(run, source, name, old, version=0)).unionByName(fresh)


def _reason(known: DataFrame, before: str, now: str, arrival: Source) -> str | None:
    of_key = known.where(F.col("delivery_id").isin(before, now)).groupBy("source_key")
    here = of_key.agg(
        *(F.bool_or(F.col("delivery_id") == each).alias(name) for name, each in (("old", before), ("new", now)))
    )
    row = here.agg(F.count_if("old").alias("size"), F.count_if(F.col("old") & ~F.col("new")).alias("lost")).head()
    size, lost = (row["size"], row["lost"]) if row else (0, 0)
    if lost <= max(FEW, size * arrival.max_deleted_share):
        return None
    return (
        f"lacks {lost:,} of the {size:,} records of the delivery before it, {lost / size:.0%}; "
        f"more than {arrival.max_deleted_share:.0%} needs c360 land --accept {now[:12]}"
    )
