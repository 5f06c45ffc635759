"""Scores pairs with Splink, on DuckDB or on Spark, from the columns of `probabilistic.prepared`.

The extra `probabilistic` installs Splink. This module can be imported without it; `require_splink` reports what is
missing.

Both engines measure similarity by the same code, that of DuckDB. The Jaro-Winkler in Splink's jar for Spark halves an
odd number of transpositions differently: 7 in 100 of 140,000 pairs of misspelt names had another result, so a pair near
a threshold would be a link on one engine and none on the other.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.config.rules.probabilistic import OTHER, Agreement, Comparison, MatchModel, Probabilistic, value_columns
from c360_spark.errors import SetupError

try:
    import duckdb
    from splink import DuckDBAPI, Linker, SparkAPI
except ImportError as missing:
    MISSING = missing.name or "splink"
else:
    MISSING = ""

# Our names of SQL functions, so that the same SQL runs on both engines.
MEASURES = {"c360_similarity": "jaro_winkler_similarity", "c360_edits": "damerau_levenshtein"}
WEIGHED = ("record_id_l", "record_id_r", "match_weight")


def require_splink() -> None:
    """Raises SetupError C102 unless the extra is installed."""
    if MISSING:
        raise SetupError("C102", f"{MISSING} is not installed", hint="pip install 'c360-spark[probabilistic]'")


def block_column(name: str) -> str:
    """The prepared column of a blocking key."""
    return f"block_{name}"


def settings(
    rules: Probabilistic, model: MatchModel | None, *, common: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Any]:
    """The settings of Splink; without m and u probabilities where there is no `model` yet.

    `common` are the common values by comparison, by default those of the model.
    """
    lists = common or (model.common if model else {})
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_id",
        "comparisons": [
            _comparison(name, c, model, lists.get(name, ())) for name, c in sorted(rules.comparisons.items())
        ],
        "blocking_rules_to_generate_predictions": [same_block(name) for name in sorted(rules.blocking)],
        "probability_two_random_records_match": model.prior if model else 0.0001,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "linker_uid": "c360",  # else Splink draws a random one
    }


def same_block(name: str) -> str:
    return f"l.{block_column(name)} = r.{block_column(name)}"


def _comparison(name: str, comparison: Comparison, model: MatchModel | None, common: Sequence[str]) -> dict[str, Any]:
    values = value_columns(name, comparison)
    unknown = " AND ".join(f"({value}_l IS NULL OR {value}_r IS NULL)" for value in values)
    conditions = {
        level: " AND ".join(_holds(a, values, common) for a in all_of) for level, all_of in comparison.levels.items()
    }
    levels: list[dict[str, Any]] = [{"sql_condition": unknown, "label_for_charts": "unknown", "is_null_level": True}]
    for level, condition in {**conditions, OTHER: "ELSE"}.items():
        known = model.comparisons[name][level] if model else None
        figures = {"m_probability": known.m, "u_probability": known.u} if known else {}
        levels.append({"sql_condition": condition, "label_for_charts": level, **figures})
    return {"output_column_name": name, "comparison_levels": levels}


def _holds(agreement: Agreement, values: list[str], common: Sequence[str]) -> str:
    left, right = f"{values[agreement.value]}_l", f"{values[agreement.value]}_r"
    if agreement.measure == "equal":
        return f"{left} = {right}"
    if agreement.measure == "common":
        listed = ", ".join("'" + value.replace("'", "''") + "'" for value in common)
        return f"{left} IN ({listed})" if listed else "1 = 0"
    if agreement.measure == "similar":
        return f"c360_similarity({left}, {right}) >= {agreement.limit!r}"
    return f"c360_edits({left}, {right}) <= {int(agreement.limit)}"


def duckdb_linker(table: pa.Table, told: dict[str, Any]) -> Any:
    """A Splink linker on DuckDB with one thread.

    One thread, because a Spark task has one core and sums depend on the order of their terms. Data that does not fit
    into memory fails: DuckDB would spill it to disk, where erasure does not find it.
    """
    logging.getLogger("splink").setLevel(logging.ERROR)  # it reports progress as warnings
    connection = duckdb.connect(config={"threads": 1, "temp_directory": ""})
    for ours, function in MEASURES.items():
        connection.execute(f"CREATE MACRO {ours}(a, b) AS {function}(a, b)")
    return Linker(DuckDBAPI(connection).register(table), told, log_level=None)


def weighed(linker: Any, least_weight: float | None) -> Any:
    """Splink's pairs with a match weight of at least `least_weight`; all pairs where it is None."""
    return linker.inference.predict(threshold_match_weight=least_weight, warning_mode="never")


def spark_weighed(prepared: DataFrame, told: dict[str, Any], least_weight: float | None) -> DataFrame:
    """Scored pairs on Spark (the columns WEIGHED), evaluated lazily: nothing is cached or written on the way."""
    spark = prepared.sparkSession
    for ours, measure in (("c360_similarity", _similarity), ("c360_edits", _edits)):
        spark.udf.register(ours, F.pandas_udf(measure, "double"))  # type: ignore[attr-defined, call-overload]
    api = SparkAPI(spark_session=spark, register_udfs_automatically=False, break_lineage_method="persist")
    views: list[str] = []

    def uncut(frame: DataFrame, _: str, view: str) -> DataFrame:
        views.append(view)
        return frame

    # Splink would cut the plan by caching, or by copying names and addresses to where erasure does not find them.
    api._break_lineage_and_repartition = uncut
    found = weighed(Linker(api.register(prepared), told, log_level=None), least_weight)
    rows: DataFrame = found.as_spark_dataframe().select(*WEIGHED)
    for view in (*views, *api._registered_table_names):
        spark.catalog.dropTempView(view)
    return rows


def _similarity(left: pd.Series, right: pd.Series) -> pd.Series:
    return _measured("jaro_winkler_similarity", left, right)


def _edits(left: pd.Series, right: pd.Series) -> pd.Series:
    return _measured("damerau_levenshtein", left, right)


def _measured(function: str, left: pd.Series, right: pd.Series) -> pd.Series:
    texts = pa.table(
        {"a": pa.array(left, pa.string(), from_pandas=True), "b": pa.array(right, pa.string(), from_pandas=True)}
    )
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("texts", texts)
        return connection.execute(f"SELECT CAST({function}(a, b) AS DOUBLE) AS measured FROM texts").df()["measured"]
