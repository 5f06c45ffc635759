"""What a person sees who does something wrong: a code, a cause, a hint, an exit code of its own, and no traceback."""

import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from c360_spark.cli import app, main
from c360_spark.cli.options import CONFIGURE, DECIDE, LOOK, RUN
from c360_spark.pipeline import job
from tests.conftest import ROOT

PANELS = [RUN, LOOK, DECIDE, CONFIGURE]
EXAMPLE = "Example: c360 "


def commands(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Every command below a group with its words, such as `rules promote`; groups too."""
    for name, each in getattr(command, "commands", {}).items():
        yield " ".join((*path, name)), each
        yield from commands(each, *path, name)


COMMANDS = dict(commands(get_command(app)))
LEAVES = {words: command for words, command in COMMANDS.items() if not hasattr(command, "commands")}


def c360(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and error output of a command."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["c360", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["run", "--config", "nowhere"], "C202", 11),
        (["run", "--env", "prd"], "C203", 11),
        (["run", "--only", "crn.customer"], "C203", 12),
        (["run", "--as-of", "yesterday"], "C303", 12),
        (["synth", "--out", "x", "--start", "soon"], "C303", 12),
        (["run", "--env", "prod"], "C105", 10),
        (["reconcile", "--cdp", "cpd"], "C203", 12),
        (["reconcile", "--cdp", "crm"], "C203", 12),
    ],
)
def test_a_mistake_ends_with_its_code_a_hint_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: str,
    exit_code: int,
) -> None:
    ended, _, error = c360(monkeypatch, capsys, *arguments)
    assert (ended, error.split()[0]) == (exit_code, code)
    assert "hint:" in error or "did you mean" in error
    assert "Traceback" not in error


def test_an_unknown_dataset_is_answered_with_the_nearest_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean 'crm.customer'?" in c360(monkeypatch, capsys, "run", "--only", "crm.custmer")[2]


def test_the_shipped_configuration_is_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ended, out, _ = c360(monkeypatch, capsys, "check")
    assert ended == 0
    assert "all well" in out


def test_the_doctor_takes_less_than_a_second_of_cpu_and_needs_no_spark() -> None:
    def children_s() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = children_s()
    command = [sys.executable, "-c", "from c360_spark.cli import main; main()", "doctor"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert "pyspark" in done.stdout
    assert children_s() - before < 1  # of the processor, as a busy machine says nothing about the doctor


@pytest.mark.parametrize(
    ("arguments", "stages", "again"),
    [(["deliver"], ["deliver"], False), (["deliver", "--retry-rejected"], ["export", "deliver"], True)],
)
def test_what_was_rejected_is_sent_again_on_request_only(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    stages: list[str],
    again: bool,
) -> None:
    given: dict[str, object] = {}
    monkeypatch.setattr(job, "run", lambda **arguments: given.update(arguments))
    assert c360(monkeypatch, capsys, *arguments)[0] == 0
    assert (given["stages"], given["retry_rejected"]) == (stages, again)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_and_group_has_a_panel_and_a_first_line_that_fits_its_row(words: str) -> None:
    command = COMMANDS[words]
    assert command.rich_help_panel in PANELS
    assert len(command.help.split("\n\n")[0]) <= 83  # what 100 columns leave beside the longest name


@pytest.mark.parametrize("words", LEAVES)
def test_every_command_has_an_example_that_fits_a_line_and_parses(words: str) -> None:
    command = LEAVES[words]
    assert command.epilog.startswith(EXAMPLE + words)
    assert len(command.epilog) <= 98  # of 100 columns
    arguments = shlex.split(command.epilog.removeprefix(EXAMPLE))[len(words.split()) :]
    with command.make_context(words, arguments) as context:
        assert context.args == []


def test_help_shows_the_panels_in_their_order_and_loads_no_heavy_module() -> None:
    code = """
import sys
from c360_spark.cli import main
sys.argv = ["c360", "--help"]
try:
    main()
finally:
    assert not {"pyspark", "pydantic", "deltalake", "pyarrow"} & set(sys.modules)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    places = [done.stdout.index(f"─ {panel} ─") for panel in PANELS]
    assert places == sorted(places)
    assert "─ Commands ─" not in done.stdout
