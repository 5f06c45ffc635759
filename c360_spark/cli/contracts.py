"""`c360 contracts …`: the version gate, who answers for contracts, and the catalog of all of them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from c360_spark.cli.options import CONFIGURE, AsJson, Config, Env
from c360_spark.errors import ConfigError

contracts = typer.Typer(no_args_is_help=True, help="Check versions of contracts, list their owners, write the catalog.")


@contracts.command(rich_help_panel=CONFIGURE, epilog="Example: c360 contracts check --against origin/main")
def check(
    against: Annotated[str | None, typer.Option(help="another conf/ folder, or a git commit such as main")] = None,
    config: Config = "conf",
    env: Env = "dev",
    output: AsJson = False,
) -> None:
    """Check that every change of a contract has the version it needs.

    Compares each version with the one before it; with --against, also with another tree.
    """
    from c360_spark.commands.contracts import check

    found, text = check(config, env, against=against)
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


@contracts.command(rich_help_panel=CONFIGURE, epilog="Example: c360 contracts owners --out .github/CODEOWNERS")
def owners(
    out: Annotated[Path | None, typer.Option(help="file to write, such as .github/CODEOWNERS")] = None,
    config: Config = "conf",
    env: Env = "dev",
) -> None:
    """Print the owner team and steward of each dataset as a CODEOWNERS file."""
    from c360_spark.commands.contracts import owner_lines

    text = owner_lines(config, env)
    if out is None:
        print(text)
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(f"{text}\n", encoding="utf-8")


@contracts.command(rich_help_panel=CONFIGURE, epilog="Example: c360 contracts catalog --out .catalog --lake .demo/lake")
def catalog(
    out: Annotated[Path, typer.Option(help="folder to write")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Annotated[str | None, typer.Option(help="also show the values of metrics in this lake")] = None,
) -> None:
    """Write contracts, tables and metrics as HTML pages that need no network."""
    from c360_spark.commands.catalog import write_catalog
    from c360_spark.commands.metrics import totals_of

    totals = totals_of(config, env, lake) if lake else None
    count = write_catalog(config, env, out, totals)
    print(f"{count} files, begin with {out / 'index.html'}")
