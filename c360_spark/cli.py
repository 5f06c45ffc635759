"""`c360 …`: the suite from a terminal.

Commands load what they need when they are called, so `doctor` works on a bare machine.
"""

import importlib.util
import json
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from c360_spark import doctor as machine
from c360_spark.errors import C360Error, InputError, SetupError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
rules = typer.Typer(no_args_is_help=True, help="Try a rule set beside the live one, release it, go back.")
app.add_typer(rules, name="rules")

Config = Annotated[str, typer.Option(help="folder with platform.yml")]
Env = Annotated[str, typer.Option(help="environment: overlays platform.<env>.yml")]
Lake = Annotated[str | None, typer.Option(help="root of the lake; default from platform.yml")]
Landing = Annotated[str | None, typer.Option(help="root of the landing folders; default from platform.yml")]
AsOf = Annotated[str | None, typer.Option(help="the time of the run, ISO 8601 in UTC; default: now")]
RunId = Annotated[str | None, typer.Option(help="default: made from --as-of")]
Only = Annotated[str | None, typer.Option(help="land only this source or source.dataset")]
Candidate = Annotated[Path, typer.Option(help="the other identity.yml")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]


class Format(StrEnum):
    """How an explanation is given."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


def main() -> None:
    """Entry point. A failure of ours ends as code, cause and hint on standard error, and its own exit code."""
    try:
        app()
    except C360Error as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def _load(module: str) -> Any:
    return importlib.import_module(f"c360_spark.{module}")


@app.command()
def doctor() -> None:
    """Say what is wrong with this machine, and how to mend it."""
    sys.exit(machine.main())


@app.command()
def demo(
    people: Annotated[int, typer.Option(min=1, help="people in the world")] = 2_000,
    days: Annotated[int, typer.Option(min=1, help="days to run, each after the other")] = 2,
    seed: Annotated[int, typer.Option(help="another seed, another world")] = 7,
    out: Annotated[Path, typer.Option(help="folder to make anew")] = Path(".demo"),
    config: Config = "conf",
) -> None:
    """Make a synthetic world, run the whole chain on it day by day, and show what was made."""
    _load("stages.demo").demo(folder=out, config=config, people=people, days=days, seed=seed)


@app.command()
def synth(
    out: Annotated[Path, typer.Option(help="landing folder to write; the truth goes to 'truth' beside it")],
    people: Annotated[int, typer.Option(min=1, help="people in the world")] = 2_000,
    days: Annotated[int, typer.Option(min=1, help="days of deliveries")] = 2,
    seed: Annotated[int, typer.Option(help="another seed, another world")] = 7,
    start: Annotated[str, typer.Option(help="first day")] = "2026-01-01",
    no_noise: Annotated[list[str] | None, typer.Option(help="kind of noise to switch off; repeat for more")] = None,
    config: Config = "conf",
    env: Env = "dev",
) -> None:
    """Write the deliveries of a synthetic world: six systems, their noise, and the truth."""
    try:
        first = date.fromisoformat(start)
    except ValueError:
        raise InputError("C303", f"'{start}' is not a date", hint="such as 2026-01-01") from None
    _load("stages.demo").write_world(
        out, config=config, env=env, people=people, days=days, seed=seed, start=first, no_noise=no_noise or []
    )


@app.command()
def run(
    stage: Annotated[list[str] | None, typer.Argument(help="stages to run; all of schedule.yml by default")] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    landing: Landing = None,
    as_of: AsOf = None,
    run_id: RunId = None,
    only: Only = None,
) -> None:
    """Run the whole chain, or some of its stages."""
    given = {"config": config, "env": env, "lake": lake, "landing": landing, "as_of": as_of, "run_id": run_id}
    _load("stages.job").run(stages=stage, only=only, **given)


@app.command()
def replay(
    from_lake: Annotated[str, typer.Option(help="lake whose bronze is replayed")],
    lake: Annotated[str, typer.Option(help="new lake to write")],
    config: Config = "conf",
    env: Env = "dev",
) -> None:
    """Make every table after bronze once more, in a new lake: equal with the same conf/, telling with another."""
    begun = _load("stages.job").begin(config=config, env=env, lake=lake)
    _load("stages.replay").replay(begun, _load("store").Store(begun.spark, from_lake))


@app.command()
def explain(
    subject: Annotated[str, typer.Argument(help="a person id, or namespace:value")],
    to: Annotated[str | None, typer.Option(help="show the path to this person or identifier")] = None,
    as_of: Annotated[str | None, typer.Option(help="who it was at this time; links are those of today")] = None,
    output: Annotated[Format, typer.Option("--format", help="text, json, or html: a graph that needs no network")] = (
        Format.TEXT
    ),
    values: Annotated[bool, typer.Option("--values", help="show the values of identifiers: they are personal")] = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Why these identifiers are one person: links, records behind them, what was taken out, what happened."""
    if importlib.util.find_spec("deltalake") is None:
        raise SetupError("C102", "deltalake is not installed", hint="pip install 'c360-spark[explain]'")
    given = {"to": to, "as_of": as_of, "form": output.value, "values": values}
    print(_load("stages.explain").explain(subject, config=config, env=env, lake=lake, **given))


@rules.command("compare")
def compare_rules(
    candidate: Candidate, config: Config = "conf", env: Env = "dev", lake: Lake = None, output: AsJson = False
) -> None:
    """Resolve by another rule set beside the live one, and say what it would change."""
    stage, begun = _rules(config, env, lake)
    figures = stage.compare(begun, stage.read_candidate(config, env, candidate))
    print(json.dumps(figures, indent=2) if output else _load("observe.comparison_text").as_text(figures))


@rules.command()
def promote(
    candidate: Candidate,
    approved_by: Annotated[str, typer.Option(help="who approved it")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Compare, and release the rule set if it changes no more than the live one's `promotion` allows."""
    stage, begun = _rules(config, env, lake)
    figures = stage.promote(begun, stage.read_candidate(config, env, candidate), approved_by=approved_by)
    print(_load("observe.comparison_text").as_text(figures))
    print(f"released: make it {config}/identity.yml, and the next run resolves by it")


@rules.command()
def rollback(
    approved_by: Annotated[str, typer.Option(help="who approved it")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Release the rule set before this one again, and write it to identity.yml; the next run restores its persons."""
    stage, begun = _rules(config, env, lake)
    print(f"{config}/identity.yml is rule set {stage.rollback(begun, config, approved_by=approved_by)} again")


@rules.command("list")
def list_rules(config: Config = "conf", env: Env = "dev", lake: Lake = None) -> None:
    """The rule sets released so far, the newest first."""
    _, begun = _rules(config, env, lake)
    for label, at, approved_by, _ in _load("stages.release").releases(begun):
        print(f"{at:%Y-%m-%d %H:%M}  {label}  {approved_by}")


def _rules(config: str, env: str, lake: str | None) -> tuple[Any, Any]:
    return _load("stages.rules"), _load("stages.job").begin(config=config, env=env, lake=lake)


@app.command()
def check(config: Config = "conf", env: Env = "dev") -> None:
    """Check every file of conf/, and list all problems at their lines."""
    conf = _load("config").load(Path(config), env)
    print(f"{config}: {len(conf.sources)} datasets, rule set {conf.rules.label}, all well")


@app.command()
def jars() -> None:
    """Print the jars for spark-submit: --jars $(c360 jars)."""
    print(",".join(map(str, _load("jars").jar_paths())))
