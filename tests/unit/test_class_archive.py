"""An archive fits one Java and one set of jars; without it a session is slower, never broken."""

from pathlib import Path

import pytest

from c360_spark import class_archive, jars


def test_another_java_or_another_jar_needs_another_archive(tmp_path: Path) -> None:
    one = jars.class_archive(tmp_path, "17.0.15")
    assert one != jars.class_archive(tmp_path, "17.0.16")
    for pin in jars.GRAPHFRAMES:
        (tmp_path / pin.file).touch()  # then GraphFrames is taken from these
    assert one != jars.class_archive(tmp_path, "17.0.15")


def test_an_archive_that_cannot_be_made_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("C360_JARS", str(tmp_path))  # without any jar no session starts
    assert class_archive.main() == 0
    assert "note: no class archive" in capsys.readouterr().out
    assert not list(tmp_path.glob("*.jsa"))
