"""What a person sees who does something wrong: a code, a cause, a hint, an exit code of its own, and no traceback."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from c360_spark.errors import BusyError
from c360_spark.lease import lease
from tests.conftest import ROOT


def c360(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from c360_spark.cli import main; main()", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (["run", "--config", "nowhere"], "C202", 11),
        (["run", "--env", "prd"], "C203", 11),
        (["run", "--only", "crn.customer"], "C203", 12),
        (["run", "--as-of", "yesterday"], "C303", 12),
        (["synth", "--out", "x", "--start", "soon"], "C303", 12),
        (["run", "--env", "prod"], "C105", 10),
    ],
)
def test_a_mistake_ends_with_its_code_a_hint_and_no_traceback(arguments: list[str], code: str, exit_code: int) -> None:
    done = c360(*arguments)
    assert (done.returncode, done.stderr.split()[0]) == (exit_code, code)
    assert "Traceback" not in done.stderr


def test_an_unknown_dataset_is_answered_with_the_nearest_one() -> None:
    assert "did you mean 'crm.customer'?" in c360("run", "--only", "crm.custmer").stderr


def test_the_shipped_configuration_is_well() -> None:
    done = c360("check")
    assert done.returncode == 0, done.stderr
    assert "all well" in done.stdout


def test_the_doctor_answers_in_under_a_second() -> None:
    began = time.monotonic()
    done = c360("doctor")
    assert time.monotonic() - began < 1.5  # a whole process, on a busy machine
    assert "pyspark" in done.stdout


def test_two_runs_at_once_on_one_lake_are_refused_and_a_finished_one_frees_it(tmp_path: Path) -> None:
    with lease(str(tmp_path)), pytest.raises(BusyError) as failure, lease(str(tmp_path)):
        pass
    assert failure.value.code == "C401"
    with lease(str(tmp_path)):
        pass
