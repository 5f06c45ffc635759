"""`c360 shell`: one process, many commands."""

import io
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from c360_spark.cli import main
from c360_spark.cli.shell import answer

ROOT = Path(__file__).parents[2]


class Called:
    """A command that remembers its arguments, and ends as the second one says."""

    def __init__(self) -> None:
        self.lines: list[list[str]] = []

    def __call__(self, arguments: Sequence[str]) -> None:
        self.lines.append([*arguments])
        if arguments[0] == "fail":
            sys.exit(int(arguments[1]))
        if arguments[0] == "bug":
            raise KeyError("bug")


def script(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """As typed at a terminal, which then ends."""
    rest = iter(lines)

    def read(_prompt: str) -> str:
        try:
            return next(rest)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", read)


def test_lines_are_commands_with_or_without_the_name_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    called = Called()
    script(monkeypatch, "run --lake 'my lake'\n\n# a remark\nc360 check # another\nexit\nrun\n")
    assert answer(called) == 0
    assert called.lines == [["run", "--lake", "my lake"], ["check"]]


@pytest.mark.parametrize(("line", "code"), [("fail 11", 11), ("bug", 1), ("an 'open quote", 2), ("shell", 2)])
def test_the_first_failure_ends_a_script_with_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, code: int
) -> None:
    called = Called()
    script(monkeypatch, f"run\n{line}\nrun\n")
    assert answer(called) == code
    assert [each[0] for each in called.lines].count("run") == 1
    assert capsys.readouterr().err or line.startswith("fail")


def test_at_a_terminal_a_failure_leaves_the_shell_open(monkeypatch: pytest.MonkeyPatch) -> None:
    called = Called()
    typed(monkeypatch, "fail 11", "bug", "'", "run")
    assert answer(called) == 0
    assert called.lines == [["fail", "11"], ["bug"], ["run"]]


def test_commands_of_the_suite_run_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script(monkeypatch, f"check --config '{ROOT / 'conf'}'\ncheck --config nowhere\ncheck\n")
    with pytest.raises(SystemExit) as ended:
        main(["shell"])
    assert ended.value.code == 11
    told = capsys.readouterr()
    assert told.out.count("all well") == 1
    assert "C202" in told.err
