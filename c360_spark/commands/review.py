"""`c360 review`: list and decide the pairs in review. Reads without a JVM; decisions go into the next rule set."""

from datetime import UTC, datetime
from pathlib import Path

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from c360_spark import tables
from c360_spark.config import load
from c360_spark.config.yaml.document import did_you_mean
from c360_spark.config.yaml.round_trip import edited, flow
from c360_spark.errors import ConfigError, InputError
from c360_spark.lookup import Lookup, Row
from c360_spark.run.context import instant

NEXT = "identity.next.yml"
LISTS = {"accept": "force_links", "reject": "never_links"}


def queue(config: str, env: str, lake: str | None) -> list[Row]:
    """Rows of identity.review, the most probable first. Raises InputError C304 before the first run with a model."""
    lookup = Lookup(load(Path(config), env, lake=lake).platform.lake)
    try:
        return lookup.ask("SELECT * FROM r ORDER BY probability DESC, review_id", r=tables.REVIEW)
    except InputError as error:
        hint = "a run with a model makes it: see docs/probabilistic.md"
        raise InputError(error.code, error.cause, hint=hint) from None


def as_text(rows: list[Row], *, values: bool) -> str:
    """The pairs as text, one line each; values of identifiers, personal data, only with `values`."""
    return "\n".join(
        f"{row['review_id']}  {row['probability']:.4f}  {_side(row, 'left', values=values)} — "
        f"{_side(row, 'right', values=values)}  {row['reason']}, {row['model']}"
        for row in rows
    )


def _side(row: Row, side: str, *, values: bool) -> str:
    value = row[f"{side}_value"] if values else f"…{str(row[f'{side}_id'])[-6:]}"
    person = row[f"{side}_person_id"]
    return f"{row[f'{side}_namespace']}:{value} ({person or 'nobody'})"


def decide(
    review_id: str, verdict: str, *, author: str, reason: str, on: str | None, config: str, env: str, lake: str | None
) -> str:
    """Add a force-link (`accept`) or never-link (`reject`) to conf/identity.next.yml; returns that rule set's label.

    The file is created from identity.yml if it does not exist. Raises InputError C203 for a pair that is not in review,
    ConfigError C201 when the next rule set would be invalid, for example because it decides the pair already; the file
    then stays unchanged.
    """
    added = instant(on).date() if on else datetime.now(UTC).date()
    rows = {row["review_id"]: row for row in queue(config, env, lake)}
    row = rows.get(review_id)
    if row is None:
        raise InputError("C203", f"no pair '{review_id}' in review{did_you_mean(review_id, rows)}")
    file = Path(config) / NEXT
    text = (file if file.exists() else file.with_name("identity.yml")).read_text(encoding="utf-8")
    ends = {side: {n: row[f"{side}_{n}"] for n in ("namespace", "region", "value")} for side in ("left", "right")}
    said = {"author": author, "reason": reason, "added": added}
    draft = file.with_suffix(".yml.new")
    draft.write_text(with_entry(text, LISTS[verdict], ends | said), encoding="utf-8")
    try:
        label = load(Path(config), env, rules=draft).rules.label
    except ConfigError:
        draft.unlink()
        raise
    draft.replace(file)
    return label


def with_entry(text: str, name: str, entry: Row) -> str:
    """The text of a YAML file with `entry` added first in its list `name`; all else, comments too, stays as it was."""

    def add(data: CommentedMap) -> None:
        if not data.get(name):
            data[name] = CommentedSeq()
        data[name].insert(0, flow(entry))

    return edited(text, add)
