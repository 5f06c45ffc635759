"""`c360 review …`."""

import json
from typing import Annotated

import typer

from c360_spark.cli.options import AsJson, Config, Env, Lake, Values, stage

review = typer.Typer(no_args_is_help=True, help="Decide which pairs that a model is unsure of are one person.")

ReviewId = Annotated[str, typer.Argument(help="as `c360 review list` shows it")]
Author = Annotated[str, typer.Option(help="who decides")]
Reason = Annotated[str, typer.Option(help="why")]
On = Annotated[str | None, typer.Option(help="day of the decision; default: today")]


@review.command("list")
def list_review(
    values: Values = False, config: Config = "conf", env: Env = "dev", lake: Lake = None, output: AsJson = False
) -> None:
    """Pairs that wait for a decision, the most probable first."""
    module = stage("commands.review")
    rows = module.queue(config, env, lake)
    print(json.dumps(rows, indent=2, default=str) if output else module.as_text(rows, values=values))


@review.command()
def accept(
    review_id: ReviewId,
    author: Author,
    reason: Reason,
    on: On = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """They are one person: a force-link in the next rule set."""
    _decide(review_id, "accept", author=author, reason=reason, on=on, config=config, env=env, lake=lake)


@review.command()
def reject(
    review_id: ReviewId,
    author: Author,
    reason: Reason,
    on: On = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """They are not: a never-link in the next rule set."""
    _decide(review_id, "reject", author=author, reason=reason, on=on, config=config, env=env, lake=lake)


def _decide(review_id: str, verdict: str, *, config: str, **given: str | None) -> None:
    label = stage("commands.review").decide(review_id, verdict, config=config, **given)
    print(f"noted in {config}/identity.next.yml, rule set {label}")
    print(f"release it: c360 rules promote --candidate {config}/identity.next.yml --approved-by …")
