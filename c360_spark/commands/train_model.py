"""`c360 model train`: estimate a match model from the customer records of the lake, and write it to conf/models/."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.rules.probabilistic import MatchModel, Probabilistic, Trained
from c360_spark.errors import ConfigError, InputError
from c360_spark.identity.blocking import Parts, advice, candidates
from c360_spark.identity.probabilistic import prepared, uncrowded
from c360_spark.identity.scoring import block_column, require_splink
from c360_spark.identity.training import estimated
from c360_spark.run.context import Run
from c360_spark.stages.silver.delivered_properties import current_rows

HEAD = """# How often each level of agreement is met among pairs of one person's records (m) and of two people's (u).
# Written by `c360 model train`. Records, seed and rules being equal, it is written the same again.
"""


def train_model(run: Run, file: Path, *, version: str) -> MatchModel:
    """Estimate a match model from the current version of each customer record, and write it to `file`.

    Follows the block `probabilistic` of the run's rule set. Reports how many records its blocking keys compare with no
    other, and keys that would compare more. Not part of the schedule: a model is changed by hand, under
    review. Leaves out records of a region that requires a purpose: consent to matching is not consent to training.

    Raises SetupError C102 without the extra, ConfigError C202 without the block, InputError C304 when the table of
    records does not exist yet, and C306 when records do not suffice.
    """
    require_splink()
    rules = run.conf.rules.probabilistic
    if rules is None:
        hint = "docs/probabilistic.md shows one"
        raise ConfigError("C202", "identity.yml has no block `probabilistic`", hint=hint)
    if not run.store.exists(tables.PROFILE_RECORD):
        raise InputError("C304", "no table silver.profile_record", hint="run land and canonicalise first")
    with run.step("train_model") as step:
        tried = candidates(rules)
        rows = _sample(run, rules, tried)
        for line in advice(_blocks(rows, [*rules.blocking, *tried]), rules, tried):
            run.say(line)
        own = uncrowded(rows.drop(*map(block_column, tried)), rules)
        records = pa.Table.from_pandas(own.toPandas(), preserve_index=False)
        trained = Trained(as_of=run.as_of.date(), seed=rules.seed, records=max(records.num_rows, 1))
        model = estimated(records, rules).model_copy(update={"version": version, "trained": trained})
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".yml.new")
        unfinished.write_text(as_text(model), encoding="utf-8")
        unfinished.replace(file)
        step.results.append(f"{file}: {records.num_rows:,} records")
    return model


def _blocks(rows: DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The blocking keys of prepared records, by name; as texts, since pandas rounds longs where one is missing."""
    columns = [F.col(block_column(name)).cast("string").alias(name) for name in names]
    return rows.select(*columns).toPandas()


def _sample(run: Run, rules: Probabilistic, tried: Mapping[str, Parts]) -> DataFrame:
    """Prepared records, at most `local_max_records`, sampled deterministically by the seed; also with keys `tried`."""
    free = [region for region, purpose in rules.regions.items() if purpose is None]
    newest = current_rows(
        run, tables.PROFILE_RECORD, run.store.read(tables.PROFILE_RECORD).where(F.col("region").isin(free))
    )
    drawn = newest.orderBy(F.xxhash64(F.lit(rules.seed), "bronze_id"), "bronze_id").limit(rules.local_max_records)
    named = drawn.withColumn("record_id", F.col("bronze_id"))
    both = rules.model_copy(update={"blocking": {**tried, **rules.blocking}})
    return run.store.stage("model records", prepared(named, both))[0]


def as_text(model: MatchModel) -> str:
    """The model as YAML: names sorted; numbers without exponents, which YAML 1.1 would read as strings."""
    lines = [f"version: {model.version}"]
    if model.trained:
        told = model.trained
        lines.append(f"trained: {{as_of: {told.as_of}, seed: {told.seed}, records: {told.records}}}")
    lines += [f"prior: {_number(model.prior)}", "comparisons:"]
    for name, levels in sorted(model.comparisons.items()):
        lines.append(f"  {name}:")
        lines += [f"    {level}: {{m: {_number(f.m)}, u: {_number(f.u)}}}" for level, f in levels.items()]
    lines += ["common:"] * bool(model.common)
    for name, values in sorted(model.common.items()):
        lines.append(f"  {name}: [{', '.join(json.dumps(value, ensure_ascii=False) for value in values)}]")
    return HEAD + "\n".join(lines) + "\n"


def _number(value: float) -> str:
    text = f"{value:.14f}".rstrip("0")
    return text + "0" if text.endswith(".") else text
