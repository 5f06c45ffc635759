"""What a machine does wrong ends in a code, a cause and a hint: no traceback, and the same command repairs it."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from c360_spark.errors import C360Error, ConfigError
from c360_spark.faults import fault
from tests.conftest import ROOT

HEADER = "customer_id,given_name,family_name,email,phone,birth_date,street,postcode,city,country,created_at,updated_at"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/lake/x"), "C107"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS), "/lake/x"), "C108"),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/lake/x"), "C108"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "C111"),
        (NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), "/lake/x"), "C303"),
        (RuntimeError("o1: java.lang.OutOfMemoryError: Java heap space\n\tat x"), "C109"),
        (RuntimeError("Caused by: java.io.IOException: No space left on device\n\tat x"), "C107"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "C110"),
        (ConfigError("C202", "x"), "C202"),
    ],
)
def test_a_failure_of_the_machine_has_a_code_a_hint_and_no_trace(error: Exception, code: str) -> None:
    found = fault(error)
    assert isinstance(found, C360Error)
    assert found.code == code
    assert "\tat" not in str(found)


def test_a_cause_is_found_behind_another_failure_and_a_mistake_of_ours_is_none() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/lake/x")
        except OSError as cause:
            raise RuntimeError("while closing") from cause
    except RuntimeError as error:
        found = fault(error)
    assert found is not None
    assert (found.code, found.cause) == ("C107", "the disk is full: /lake/x")
    assert fault(KeyError("x")) is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of 40 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(disk)], check=False)
    if made.returncode:
        pytest.skip("this user may not mount a file system")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def run(lake: Path, landing: Path, *stages: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "c360_spark.cli", "run", *stages, "--as-of", "2026-01-02"]
    command += ["--lake", str(lake), "--landing", str(landing), "--config", str(ROOT / "conf")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.spark
def test_a_full_disk_and_a_read_only_one_are_told_and_the_same_command_repairs_it(
    small_disk: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "landing" / "crm" / "customer"
    folder.mkdir(parents=True)
    lines = [f"C{i},Anna,Weber,a{i}@x.de,,1990-01-01,{os.urandom(60).hex()},,,DE,," for i in range(100_000)]
    (folder / "a.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 30_000_000)
    full = run(small_disk / "lake", tmp_path / "landing", "land")
    assert "C107 a disk is full" in full.stderr
    assert (full.returncode, "Traceback" in full.stderr, "\tat " in full.stderr) == (10, False, False)
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    fixed = run(small_disk / "lake", tmp_path / "landing", "land")
    assert "C108 a file or folder cannot be read or written" in fixed.stderr
    assert (fixed.returncode, "Traceback" in fixed.stderr) == (10, False)
    subprocess.run(["mount", "-o", "remount,rw,size=400m", str(small_disk)], check=True)
    again = run(small_disk / "lake", tmp_path / "landing", "land")
    assert again.returncode == 0, again.stderr
    assert "crm.customer 100,000" in again.stderr
