"""`c360 quarantine`: rejected records and their reasons, read without a JVM; replay once the contract is fixed."""

from pathlib import Path
from typing import Any

from c360_spark import tables
from c360_spark.config import load
from c360_spark.errors import InputError
from c360_spark.lookup import Lookup, Row, text
from c360_spark.pipeline.reprocess import reprocess_layers
from c360_spark.run.context import Run, instant

EACH = "(SELECT *, unnest(reasons) AS reason FROM q)"


def listed(
    *, config: str, env: str, lake: str | None, dataset: str | None, reason: str | None, since: str | None
) -> list[Row]:
    """`source, dataset, contract_version, reason, records, first, last, sample`, one row per version and reason.

    The most frequent reason is first; a record with two reasons counts in both. `reason` filters by code (`type`) or by
    code and field (`type:birth_date`). Raises InputError C304 before silver's first run, C203 for an unknown dataset.
    """
    conf, conditions = load(Path(config), env, lake=lake), ["true"]
    if dataset:
        conditions.append(f"{text(dataset)} IN (source, source || '.' || dataset)")
    if reason:
        conditions.append(f"(reason = {text(reason)} OR starts_with(reason, {text(reason + ':')}))")
    if since:
        conditions.append(f"received_at >= {text(instant(since).isoformat(sep=' '))}")
    rows = Lookup(conf.platform.lake).ask(
        "SELECT source, dataset, contract_version, reason, count(*) AS records, min(received_at) AS first, "
        f"max(received_at) AS last, min(bronze_id) AS sample FROM {EACH} WHERE {' AND '.join(conditions)} "
        "GROUP BY 1, 2, 3, 4 ORDER BY records DESC, 1, 2, 3, 4",
        q=tables.QUARANTINE,
    )
    if dataset and not rows:
        list(conf.datasets(dataset))  # raises C203 for an unknown name, as no rows could also mean no rejected records
    return rows


def as_text(rows: list[Row]) -> str:
    """The rows as text, one line each."""
    if not rows:
        return "nothing of that is in quarantine"
    return "\n".join(
        f"{row['records']:>9,}  {row['source']}.{row['dataset']} {row['contract_version']}  {row['reason']}  "
        f"{row['first']:%Y-%m-%d} to {row['last']:%Y-%m-%d}, e.g. {row['sample']}"
        for row in rows
    )


def shown(bronze_id: str, *, config: str, env: str, lake: str | None, values: bool) -> dict[str, Any]:
    """One rejected record: its file, its position there (from 0), every reason, and with `values` its payload.

    The payload is personal data. `bronze_id` may be the beginning of one. Raises InputError C203 unless exactly one
    record in quarantine has it.
    """
    conf = load(Path(config), env, lake=lake)
    lookup = Lookup(conf.platform.lake)
    rows = lookup.ask(f"SELECT * FROM q WHERE starts_with(bronze_id, {text(bronze_id)})", q=tables.QUARANTINE)
    if len(rows) != 1:
        problem = f"no record '{bronze_id}'" if not rows else f"{len(rows):,} records begin with '{bronze_id}'"
        raise InputError("C203", f"{problem} in quarantine", hint="c360 quarantine list names one of each kind")
    (row,) = rows
    landed_as = conf.landed_as(row["source"], row["dataset"])
    table, delivered = tables.bronze(*landed_as), row["bronze_id"].partition("-")[0]
    (record,) = lookup.ask(f"SELECT delivery_id, position FROM b WHERE bronze_id = {text(delivered)}", b=table)
    place = {"source": landed_as[0], "dataset": landed_as[1], "delivery_id": record["delivery_id"]}
    of_file = {name: text(value) for name, value in place.items()}
    where = " AND ".join(f"{name} = {value}" for name, value in of_file.items())
    (file,) = lookup.ask(f"SELECT min(file_path) AS file_path FROM d WHERE {where}", d=tables.DELIVERY)
    payload = {"payload": lookup.delivered_text(table, "payload", delivered)} if values else {}
    return row | file | record | payload


def replay(run: Run, dataset: str | None) -> None:
    """Reprocess silver of every dataset that has records in quarantine, with the present contracts.

    `dataset` restricts it to a source or source.dataset. Raises InputError C203 for an unknown dataset.
    """
    known = run.store.read(tables.QUARANTINE).select("source", "dataset").distinct().collect()
    waiting = {(row.source, row.dataset) for row in known}
    names = [(source, name) for source, name, _, _ in run.conf.datasets(dataset) if (source, name) in waiting]
    if not names:
        run.say("quarantine replay            nothing is in quarantine")
        return
    reprocess_layers(run, names, "silver")
