"""Ground truth of identity, against which identity resolution is measured."""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import commerce, delivery, mobile, web
from c360_spark.synth.person import customer_id
from c360_spark.synth.world import World


def persons(people: DataFrame) -> DataFrame:
    """One row per person who has arrived by the last day: person_no, region, household_no."""
    return people.select("person_no", "region", "household_no")


def records(people: DataFrame, world: World) -> DataFrame:
    """One row per delivered key: source, dataset, source_key, person_no. Shared devices belong to no person."""
    rows = people.where("in_crm").select("*", F.expr("explode(sequence(1, crm_rows))").alias("row"))
    visits = _delivered(web.visits(people, world), world, "web/event", *web.VISIT)
    sessions = _delivered(mobile.sessions(people, world), world, "mobile/event", *mobile.SESSION)
    logins = F.expr("login_step <= steps AND NOT no_user")
    bought = commerce.orders(people, world).where("NOT is_guest")
    ordered = _delivered(bought, world, "commerce/order", "order_id")
    keys = [
        _keys(rows, "crm", "customer", customer_id(world, "row")),
        _keys(people.where("in_loyalty"), "loyalty", "member", F.col("member_no")),
        _keys(ordered, "commerce", "account", F.col("account_id")),
        _keys(commerce.subscribed(people, world), "commerce", "account", F.col("account_id")),
        _keys(visits.where(logins), "commerce", "account", F.col("account_id")),
        _keys(sessions.where(logins), "commerce", "account", F.col("account_id")),
        _keys(visits.where("NOT kiosk"), "web", "cookie", F.col("cookie_id")),
        _keys(sessions.where("NOT kiosk AND NOT untracked"), "mobile", "device", F.col("device_id")),
    ]
    return reduce(DataFrame.union, keys).distinct()


def _delivered(rows: DataFrame, world: World, dataset: str, *batch: str) -> DataFrame:
    """The rows that are delivered within the days of the world; late rows of the last day never arrive."""
    return rows.where(F.col("day") + delivery.is_late(world, dataset, *batch).cast("int") <= world.days)


def _keys(rows: DataFrame, source: str, dataset: str, key: Column) -> DataFrame:
    return rows.select(
        F.lit(source).alias("source"), F.lit(dataset).alias("dataset"), key.alias("source_key"), "person_no"
    )
