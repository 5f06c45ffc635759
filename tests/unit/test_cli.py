"""What a person sees who does something wrong: a code, a cause, a hint, an exit code of its own, and no traceback."""

import os
import resource
import subprocess
import sys

import pytest

from c360_spark.cli import main
from c360_spark.pipeline import job
from tests.conftest import ROOT


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
