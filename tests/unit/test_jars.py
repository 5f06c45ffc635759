import hashlib
import os
import re
import zipfile
from pathlib import Path

import pytest

from c360_spark import jars
from c360_spark.errors import SetupError
from c360_spark.jars import Pin

ROOT = Path(__file__).parents[2]
CLASS = "org/graphframes/GraphFrame.class"
ALLOWED = [CLASS, "org/apache/spark/graphframes/graphx/Edge.class", "org/apache/spark/sql/graphframes/Functions.class"]
FOREIGN = [
    "zingg/Client.class",
    "org/graphframesque/Other.class",
    "org/apache/spark/sql/Other.class",
    "com/org/graphframes/Other.class",
    "META-INF/maven/zingg/pom.xml",
    "META-INF/NOTICE",
]


def fat_jar(path: Path, names: list[str], *, year: int = 2026, packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as jar:
        for name in ["org/graphframes/", jars.LICENCE, *names]:
            jar.writestr(zipfile.ZipInfo(name, (year, 1, 2, 3, 4, 6)), f"bytes of {name}", packing)
    return path


def java_that_writes(home: Path, text: str) -> Path:
    """A JAVA_HOME whose java, asked to retrieve, leaves a file of this text under the name of the first jar."""
    command = home / "bin" / "java"
    command.parent.mkdir(parents=True)
    script = f'while [ "$1" != -retrieve ]; do shift; done\nprintf "{text}" > "$(dirname "$2")/{jars.JARS[0].file}"\n'
    command.write_text(f"#!/bin/sh\n{script}")
    command.chmod(0o755)
    return home


def test_a_missing_jar_is_named_with_the_command_that_brings_it(tmp_path):
    with pytest.raises(SetupError) as caught:
        jars.jar_paths(tmp_path)
    assert caught.value.code == "C103"
    assert "delta-spark_2.12-3.3.3.jar is missing" in str(caught.value)
    assert "graphframes.jar is missing" in str(caught.value)
    assert "make jars" in caught.value.hint


def test_a_truncated_jar_is_not_taken_for_a_whole_one(tmp_path):
    pin = Pin("some.jar", hashlib.sha256(b"all of it").hexdigest())
    (tmp_path / "some.jar").write_bytes(b"all of")
    assert ["damaged" in line for line in jars.problems(tmp_path, [pin])] == [True]
    (tmp_path / "some.jar").write_bytes(b"all of it")
    assert jars.problems(tmp_path, [pin]) == []


def test_bytes_that_are_not_the_pinned_ones_never_get_the_name_of_a_jar(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(java_that_writes(tmp_path / "jdk", "another jar")))
    with pytest.raises(SetupError) as caught:
        jars.fetch(tmp_path / "jars")
    assert caught.value.code == "C103"
    assert list((tmp_path / "jars").iterdir()) == []


def test_without_java_the_cause_is_java_and_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(SetupError) as caught:
        jars.fetch(tmp_path / "jars")
    assert caught.value.code == "C101"
    assert list((tmp_path / "jars").iterdir()) == []


def test_the_folder_of_a_killed_run_is_removed_once_it_is_old(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    old, new = tmp_path / ".fetch-old", tmp_path / ".fetch-new"
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (1, 1))
    with pytest.raises(SetupError):
        jars.fetch(tmp_path)
    assert (old.exists(), new.exists()) == (False, True)


def test_the_folder_of_jars_can_be_named_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("C360_JARS", str(tmp_path))
    assert jars.default_folder() == tmp_path
    monkeypatch.delenv("C360_JARS")
    assert jars.default_folder() == ROOT / ".jars"


def test_graphframes_counts_as_fetched_by_coordinate_only_when_both_its_jars_are_there(tmp_path):
    first, second = jars.GRAPHFRAMES
    (tmp_path / first.file).write_bytes(b"")
    assert jars.expected(tmp_path) == (*jars.JARS, jars.REPACKED)
    (tmp_path / second.file).write_bytes(b"")
    assert jars.expected(tmp_path) == (*jars.JARS, first, second)


def test_repack_takes_only_the_classes_of_graphframes(tmp_path):
    jars.repack(fat_jar(tmp_path / "fat.jar", [*FOREIGN, *ALLOWED]), tmp_path / "thin.jar")
    with zipfile.ZipFile(tmp_path / "thin.jar") as thin:
        names = thin.namelist()
        assert names[:3] == ["META-INF/MANIFEST.MF", jars.LICENCE, "META-INF/NOTICE"]
        assert names[3:] == sorted(ALLOWED)
        assert thin.read(CLASS) == f"bytes of {CLASS}".encode()
        assert thin.read("META-INF/NOTICE") == jars.NOTICE.encode()


def test_repack_gives_equal_bytes_whatever_the_order_the_dates_and_the_packing(tmp_path):
    one = fat_jar(tmp_path / "one.jar", ALLOWED)
    other = fat_jar(tmp_path / "other.jar", ALLOWED[::-1], year=1999, packing=zipfile.ZIP_STORED)
    for source in (one, other):
        jars.repack(source, source.with_suffix(".thin"))
    assert one.with_suffix(".thin").read_bytes() == other.with_suffix(".thin").read_bytes()


def test_every_pin_is_a_full_checksum_of_a_file_of_its_own():
    pins = [*jars.JARS, *jars.GRAPHFRAMES, jars.REPACKED]
    assert all(re.fullmatch(r"[0-9a-f]{64}", pin.sha256) for pin in pins)
    assert len({pin.file for pin in pins}) == len({pin.sha256 for pin in pins}) == len(pins)


def test_the_jars_are_of_the_versions_that_the_python_packages_are_locked_to():
    lines = (ROOT / "requirements" / "lane.txt").read_text().splitlines()
    locked = dict(line.split("==") for line in lines if "==" in line)
    pinned = {pin.coordinate for pin in (*jars.JARS, *jars.GRAPHFRAMES)}
    assert {
        f"io.delta:delta-spark_2.12:{locked['delta-spark']}",
        f"org.apache.spark:spark-sql-kafka-0-10_2.12:{locked['pyspark']}",
        f"io.graphframes:graphframes-spark3_2.12:{locked['graphframes-py']}",
    } <= pinned
    assert locked["pyspark"].startswith(f"{jars.SPARK}.")
