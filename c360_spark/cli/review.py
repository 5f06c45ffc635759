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
    """List pairs that wait for a decision.

    One for each two persons; those that change most come first: `moves` is the number of identifiers that would move.
    """
    from c360_spark.commands.review import as_text, queue

    rows = queue(config, env, lake)
    print(json.dumps(rows, indent=2, default=str) if output else as_text(rows, values=values))


@review.command(rich_help_panel=LOOK, epilog="Example: c360 review precision --target 0.99 --lake .demo/lake")
def precision(
    target: Annotated[float, typer.Option(help="share of links that should be right")] = 0.99,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Show what decisions say of the model, and draft thresholds."""
    from c360_spark.commands.review import precision as measured

    print(measured(target, config=config, env=env, lake=lake))


@review.command(
    rich_help_panel=DECIDE,
    epilog='Example: c360 review accept 3f0c9a1be2d4 --author "Ada Byron" --reason "she confirmed it"',
)
def accept(
    author: Author,
    reason: Reason,
    review_id: Annotated[str | None, typer.Argument(help="as `c360 review list` shows it")] = None,
    above: Annotated[float | None, typer.Option(help="accept all pairs from this probability on, after a look")] = None,
    sample: Annotated[int, typer.Option(min=1, help="with --above: pairs to look at first, at random")] = 20,
    seen: Annotated[str | None, typer.Option(help="with --above: the code of the sample that was right")] = None,
    values: Values = False,
    on: On = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Decide that a pair is one person: adds a force-link to conf/identity.next.yml.

    With --above it shows a random sample of the pairs and a code; with that code as --seen it accepts them all.
    """
    from c360_spark.commands.review import accept_above
    from c360_spark.errors import InputError

    if (review_id is None) == (above is None):
        raise InputError("C303", "give a review id or --above", hint="c360 review list shows both")
    given = {"author": author, "reason": reason, "on": on, "config": config, "env": env, "lake": lake}
    if above is not None:
        print(accept_above(above, sample=sample, seen=seen, values=values, **given))  # type: ignore[arg-type]
    elif review_id is not None:
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
