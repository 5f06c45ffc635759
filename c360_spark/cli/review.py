"""`c360 review …`."""

import json
from typing import Annotated

import typer

from c360_spark.cli.options import DECIDE, LOOK, AsJson, Config, Env, Lake, Values

review = typer.Typer(
    no_args_is_help=True, help="Decide whether pairs that the match model is unsure of are one person."
)

ReviewId = Annotated[str, typer.Argument(help="as `c360 review list` shows it")]
Author = Annotated[str, typer.Option(help="who decides")]
Reason = Annotated[str, typer.Option(help="why")]
On = Annotated[str | None, typer.Option(help="day of the decision; default: today")]


@review.command("list", rich_help_panel=LOOK, epilog="Example: c360 review list --values --lake .demo/lake")
def list_review(
    values: Values = False, config: Config = "conf", env: Env = "dev", lake: Lake = None, output: AsJson = False
) -> None:
    """List pairs that wait for a decision, the most probable first."""
    from c360_spark.commands.review import as_text, queue

    rows = queue(config, env, lake)
    print(json.dumps(rows, indent=2, default=str) if output else as_text(rows, values=values))


@review.command(
    rich_help_panel=DECIDE,
    epilog='Example: c360 review accept 3f0c9a1be2d4 --author "Ada Byron" --reason "she confirmed it"',
)
def accept(
    review_id: ReviewId,
    author: Author,
    reason: Reason,
    on: On = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Decide that a pair is one person: adds a force-link to conf/identity.next.yml."""
    _decide(review_id, "accept", author=author, reason=reason, on=on, config=config, env=env, lake=lake)


@review.command(
    rich_help_panel=DECIDE,
    epilog='Example: c360 review reject 3f0c9a1be2d4 --author "Ada Byron" --reason "father and son"',
)
def reject(
    review_id: ReviewId,
    author: Author,
    reason: Reason,
    on: On = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Decide that a pair is two persons: adds a never-link to conf/identity.next.yml."""
    _decide(review_id, "reject", author=author, reason=reason, on=on, config=config, env=env, lake=lake)


def _decide(
    review_id: str, verdict: str, *, author: str, reason: str, on: str | None, config: str, env: str, lake: str | None
) -> None:
    from c360_spark.commands.review import decide

    label = decide(review_id, verdict, author=author, reason=reason, on=on, config=config, env=env, lake=lake)
    print(f"noted in {config}/identity.next.yml, rule set {label}")
    print(f"release it: c360 rules promote --candidate {config}/identity.next.yml --approved-by …")
