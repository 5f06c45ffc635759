"""`c360 rules …`."""

import json
from typing import Annotated

import typer

from c360_spark.cli.options import DECIDE, LOOK, AsJson, Candidate, Config, Env, Lake

rules = typer.Typer(no_args_is_help=True, help="Compare a candidate rule set with the live one, promote it, roll back.")


@rules.command("compare", rich_help_panel=LOOK, epilog="Example: c360 rules compare --candidate conf/identity.next.yml")
def compare_rules(
    candidate: Candidate, config: Config = "conf", env: Env = "dev", lake: Lake = None, output: AsJson = False
) -> None:
    """Report what a candidate rule set would change.

    Resolves beside the live tables, on the same evidence; counts differences up to destinations.
    """
    from c360_spark.commands.rules import compare, read_candidate
    from c360_spark.observe.rule_comparison import as_text
    from c360_spark.pipeline.job import begin

    begun = begin(config=config, env=env, lake=lake)
    figures = compare(begun, read_candidate(config, env, candidate))
    print(json.dumps(figures, indent=2) if output else as_text(figures))


@rules.command("list", rich_help_panel=LOOK, epilog="Example: c360 rules list --lake /data/lake")
def list_rules(config: Config = "conf", env: Env = "dev", lake: Lake = None) -> None:
    """List the rule sets released so far, the newest first."""
    from c360_spark.pipeline.job import begin
    from c360_spark.stages.identity.rule_approval import approvals

    begun = begin(config=config, env=env, lake=lake)
    for label, at, approved_by, _ in approvals(begun):
        print(f"{at:%Y-%m-%d %H:%M}  {label}  {approved_by}")


@rules.command(rich_help_panel=LOOK, epilog="Example: c360 rules parts --most 20 --lake /data/lake")
def parts(
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    most: Annotated[int, typer.Option(help="how many values of each part", min=1)] = 20,
) -> None:
    """List the most frequent values of each match key part, to find placeholders.

    Prints values of records: personal data.
    """
    from c360_spark.pipeline.job import begin
    from c360_spark.stages.identity.key_parts import most_frequent

    begun = begin(config=config, env=env, lake=lake)
    print(most_frequent(begun, most=most))


@rules.command(
    rich_help_panel=DECIDE,
    epilog='Example: c360 rules promote --candidate conf/identity.next.yml --approved-by "Ada Byron"',
)
def promote(
    candidate: Candidate,
    approved_by: Annotated[str, typer.Option(help="who approved it")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Release a candidate rule set, if it stays within the `promotion` limits.

    Compares it with the live rule set first; the limits of the live one apply.
    """
    from c360_spark.commands.rules import promote, read_candidate
    from c360_spark.observe.rule_comparison import as_text
    from c360_spark.pipeline.job import begin

    begun = begin(config=config, env=env, lake=lake)
    figures = promote(begun, read_candidate(config, env, candidate), approved_by=approved_by)
    print(as_text(figures))
    print(f"released: make it {config}/identity.yml, and the next run resolves by it")


@rules.command(rich_help_panel=DECIDE, epilog='Example: c360 rules rollback --approved-by "Ada Byron"')
def rollback(
    approved_by: Annotated[str, typer.Option(help="who approved it")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Release the previous rule set again, and write it to identity.yml.

    The next run restores its persons, ids included.
    """
    from c360_spark.commands.rules import rollback
    from c360_spark.pipeline.job import begin

    begun = begin(config=config, env=env, lake=lake)
    print(f"{config}/identity.yml is rule set {rollback(begun, config, approved_by=approved_by)} again")
