"""`c360 contracts …`: whether contracts changed as they may, who answers for them, and all of them to look at."""

import json
from pathlib import Path
from typing import Annotated

import typer

from c360_spark.cli.options import AsJson, Config, Env, stage
from c360_spark.errors import ConfigError

contracts = typer.Typer(no_args_is_help=True, help="Whether contracts changed as they may, and who answers for them.")


@contracts.command()
def check(
    against: Annotated[str | None, typer.Option(help="another conf/ folder, or a git commit such as main")] = None,
    config: Config = "conf",
    env: Env = "dev",
    output: AsJson = False,
) -> None:
    """Hold every version of a contract against the one before it, and against itself elsewhere."""
    found, text = stage("commands.contracts").check(config, env, against=against)
    print(json.dumps(found, indent=2) if output else text)
    wrong = [each for each in found["comparisons"] if each["problems"]]
    if wrong:
        raise ConfigError(
            "C206",
            "\n  ".join(
                f"{each['dataset']} {each['to'] or each['from']}: {p}" for each in wrong for p in each["problems"]
            ),
            hint="docs/contracts.md says which change needs which version",
        )


@contracts.command()
def owners(
    out: Annotated[Path | None, typer.Option(help="file to write, such as .github/CODEOWNERS")] = None,
    config: Config = "conf",
    env: Env = "dev",
) -> None:
    """Owner team and steward of each dataset, as a CODEOWNERS file."""
    text = stage("commands.contracts").owner_lines(config, env)
    if out is None:
        print(text)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(f"{text}\n", encoding="utf-8")


@contracts.command()
def catalog(
    out: Annotated[Path, typer.Option(help="folder to write")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Annotated[str | None, typer.Option(help="tell what metrics come to in this lake")] = None,
) -> None:
    """Contracts, their versions and where their properties go, and metrics, as HTML files that need no network."""
    totals = stage("commands.metrics").totals_of(config, env, lake) if lake else None
    count = stage("commands.catalog").write_catalog(config, env, out, totals)
    print(f"{count} files, begin with {out / 'index.html'}")
