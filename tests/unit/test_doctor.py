import subprocess
import sys
import time
from pathlib import Path

import pytest

from c360_spark import doctor
from c360_spark.doctor import LANES, Check
from c360_spark.errors import SetupError

ROOT = Path(__file__).parents[2]
PRIMARY = {
    "pyspark": "3.5.7",
    "delta-spark": "3.3.3",
    "graphframes-py": "0.12.3",
    "typing_extensions": "4.16.0",
    "pandas": "2.3.3",
    "pyarrow": "26.0.1",
}


def java_that_says(home: Path, version: str) -> Path:
    command = home / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    command.chmod(0o755)
    return home


def failing(installed: dict[str, str]) -> dict[str, str]:
    return {check.name: check.found for check in doctor.package_checks(installed.get) if not check.ok}


@pytest.mark.parametrize(
    ("version", "fits"), [("17.0.15", True), ("17", True), ("11.0.2", False), ("1.8.0_292", False), ("21-ea", False)]
)
def test_java_17_is_the_java_of_spark_3_5(tmp_path, monkeypatch, version, fits):
    monkeypatch.setenv("JAVA_HOME", str(java_that_says(tmp_path, version)))
    check = doctor.java_check(LANES["3.5"])
    assert (check.ok, check.found, check.wanted) == (fits, version, "17")
    assert ("JAVA_HOME" in check.mend) is not fits


def test_a_java_21_runs_spark_4(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(java_that_says(tmp_path, "21.0.1")))
    assert doctor.java_check(LANES["4.2"]).ok


def test_a_java_home_without_java_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    check = doctor.java_check(LANES["3.5"])
    assert not check.ok
    assert str(tmp_path) in check.found
    assert str(tmp_path) in (doctor.java_problem() or "")


def test_no_java_on_the_path_is_said_so(tmp_path, monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.java_check(LANES["3.5"]).found == "no java on PATH"


def test_a_java_that_cannot_even_tell_its_version_fails(tmp_path, monkeypatch):
    home = java_that_says(tmp_path, "17")
    (home / "bin" / "java").write_text("#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert not doctor.java_check(LANES["3.5"]).ok


def test_an_older_python_fails_and_a_newer_one_is_only_remarked():
    assert not doctor.python_check((3, 10, 13)).ok
    assert doctor.python_check((3, 11, 7)).mend == ""
    newer = doctor.python_check((3, 13, 0))
    assert newer.ok
    assert newer.mend


def test_the_locked_packages_fit_each_other():
    assert failing(PRIMARY) == {}


def test_the_second_lane_fits_too():
    assert failing(PRIMARY | {"pyspark": "4.2.0", "delta-spark": "4.4.0"}) == {}


def test_a_missing_package_is_named_with_the_command_that_brings_it():
    installed = {name: version for name, version in PRIMARY.items() if name != "graphframes-py"}
    assert failing(installed) == {"graphframes-py": "not installed"}
    missing = next(check for check in doctor.package_checks(installed.get) if not check.ok)
    assert "make setup" in missing.mend


@pytest.mark.parametrize(
    ("package", "version"),
    [("pandas", "3.0.1"), ("delta-spark", "4.4.0"), ("pyspark", "3.4.1"), ("graphframes-py", "0.11.0")],
)
def test_a_version_outside_the_lane_fails(package, version):
    assert failing(PRIMARY | {package: version}) == {package: version}


def test_another_patch_of_spark_is_only_remarked():
    check = doctor.package_checks((PRIMARY | {"pyspark": "3.5.5"}).get)[0]
    assert check.ok
    assert "3.5.7" in check.mend


def test_missing_jars_are_named_with_the_command_that_brings_them(tmp_path):
    check = doctor.jars_check(tmp_path, "3.5.7")
    assert not check.ok
    assert "delta-spark_2.12-3.3.3.jar is missing" in check.found
    assert "make jars" in check.mend


def test_jars_made_for_another_spark_fail_before_spark_does(tmp_path):
    assert "pyspark is 4.2.0" in doctor.jars_check(tmp_path, "4.2.0").found


def test_the_secret_for_identifiers_is_mentioned_but_never_shown(monkeypatch):
    monkeypatch.setenv("C360_IDENTITY_KEY", "do-not-print-me")
    text = doctor.render([doctor.key_check()])
    assert "C360_IDENTITY_KEY" in text
    assert "do-not-print-me" not in text
    monkeypatch.delenv("C360_IDENTITY_KEY")
    assert doctor.key_check().ok


def test_what_is_wrong_stands_out_and_is_followed_by_what_to_do():
    text = doctor.render([Check("Java", False, "11", "17", "install it"), Check("pandas", True, "2.3.3", "below 3")])
    assert text.splitlines() == [
        "FAIL  Java    11     wanted: 17",
        "              → install it",
        "ok    pandas  2.3.3  wanted: below 3",
    ]


def test_the_exit_code_says_whether_the_machine_is_ready(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("C360_JARS", str(tmp_path))
    assert doctor.main() == SetupError.exit_code
    assert "FAIL  jars" in capsys.readouterr().out


def test_before_the_install_only_python_and_java_are_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("C360_JARS", str(tmp_path))
    assert doctor.main(["--machine"]) == 0
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert doctor.main(["--machine"]) == SetupError.exit_code
    assert capsys.readouterr().err.startswith("C101 ")


def test_the_answer_takes_less_than_a_second_of_cpu():
    began = time.process_time()
    doctor.checks()
    assert time.process_time() - began < 1


def test_doctor_needs_no_installed_package():
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from c360_spark import doctor; doctor.checks()"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
