"""`c360 rules …`."""

import json
from typing import Annotated, Any

import typer

from c360_spark.cli.options import AsJson, Candidate, Config, Env, Lake, stage

rules = typer.Typer(no_args_is_help=True, help="Try a rule set beside the live one, release it, go back.")


@rules.command("compare")
def compare_rules(
    candidate: Candidate, config: Config = "conf", env: Env = "dev", lake: Lake = None, output: AsJson = False
) -> None:
    """Resolve by another rule set beside the live one, and say what it would change."""
    module, begun = _rules(config, env, lake)
    figures = module.compare(begun, module.read_candidate(config, env, candidate))
    print(json.dumps(figures, indent=2) if output else stage("observe.comparison_text").as_text(figures))


@rules.command()
def promote(
    candidate: Candidate,
    approved_by: Annotated[str, typer.Option(help="who approved it")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Compare, and release the rule set if it changes no more than the live one's `promotion` allows."""
    module, begun = _rules(config, env, lake)
    figures = module.promote(begun, module.read_candidate(config, env, candidate), approved_by=approved_by)
    print(stage("observe.comparison_text").as_text(figures))
    print(f"released: make it {config}/identity.yml, and the next run resolves by it")


@rules.command()
def rollback(
    approved_by: Annotated[str, typer.Option(help="who approved it")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Release the rule set before this one again, and write it to identity.yml; the next run restores its persons."""
    module, begun = _rules(config, env, lake)
    print(f"{config}/identity.yml is rule set {module.rollback(begun, config, approved_by=approved_by)} again")


@rules.command()
def parts(
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    most: Annotated[int, typer.Option(help="how many values of each part", min=1)] = 20,
) -> None:
    """The most frequent values of each part of a match key, to see what stands for nothing. It shows values."""
    _, begun = _rules(config, env, lake)
    print(stage("stages.identity.key_parts").most_frequent(begun, most=most))


@rules.command("list")
def list_rules(config: Config = "conf", env: Env = "dev", lake: Lake = None) -> None:
    """The rule sets released so far, the newest first."""
    _, begun = _rules(config, env, lake)
    for label, at, approved_by, _ in stage("stages.identity.rule_approval").approvals(begun):
        print(f"{at:%Y-%m-%d %H:%M}  {label}  {approved_by}")


def _rules(config: str, env: str, lake: str | None) -> tuple[Any, Any]:
    return stage("commands.rules"), stage("pipeline.job").begin(config=config, env=env, lake=lake)
