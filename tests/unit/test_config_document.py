"""YAML as it may come: whatever cannot be trusted is told at its place, and nothing of it is used."""

import os
from pathlib import Path

import pytest

from c360_spark.config.yaml.document import MAX_BYTES, Problems, read

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcde", "bcdef", strict=True)
)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "3:2: not valid YAML: expected ',' or ']', but got ':'"),
        ("a: 1\n--- \nb: 2\n", "2:1: not valid YAML: but found another document"),
        ("a: {b: 1,\n  b: 2}\n", "2:3: 'b' is given twice"),
        (BOMB, "1:32: more than 100000 values once aliases are expanded"),
        ("a: &a [*a]\n", "1:1: an alias of itself"),
        ("a: &a {b: *a}\n", "1:1: an alias of itself"),
        ("[" * 500 + "]" * 500, "1:51: nested deeper than 50 levels"),
        ("[" * 100_000, "1:51: nested deeper than 50 levels"),
        ("\n".join("  " * i + "a:" for i in range(60)), "51:101: nested deeper than 50 levels"),
        ("a: 1e999\nb: " + "9" * 5_000 + "\n", "2:4: not a plain value: "),
        ("a: x\n" * (MAX_BYTES // 5 + 1), "1:1: larger than 1000000 bytes"),
        ("a: &a {b: 1}\nc:\n  <<: *a\n", "3:3: keys must be plain words, without merges"),
        ("? [a, b]\n: 1\n", "1:3: keys must be plain words, without merges"),
        ("a: !!python/name:os.system\n", "1:4: not a plain value: could not determine a constructor for the tag"),
        ("a: !!bool maybe\n", "1:4: not a plain value: "),
        ("a: !!timestamp soon\n", "1:4: not a plain value: "),
        ("a: 2026-13-01\n", "1:4: not a plain value: "),
    ],
    ids="brackets documents twice bomb circle circle_of_keys nesting nesting_open nesting_of_keys digits size merge "
    "list_key code bool timestamp date".split(),
)
def test_yaml_that_cannot_be_trusted_is_told_at_its_place(tmp_path, text, complaint):
    path, problems = tmp_path / "a.yml", Problems()
    path.write_text(text)
    assert read(path, problems) is None
    assert str(problems.found[0]).startswith(f"{path}:{complaint}")
    assert len(problems.found) == 1


def test_a_file_that_is_not_text_is_told(tmp_path):
    path, problems = tmp_path / "a.yml", Problems()
    path.write_bytes("name: Jürgen".encode("latin-1"))
    assert read(path, problems) is None
    assert "cannot be read" in problems.found[0].message


def refused(path, **options):
    problems = Problems()
    assert read(path, problems, **options) is None
    return [str(problem) for problem in problems.found]


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path):
    conf, outside = tmp_path / "conf", tmp_path / "secret.yml"
    conf.mkdir()
    outside.write_text("a: 1\n")
    for name, target in (("far.yml", outside), ("up.yml", Path("../secret.yml"))):
        (conf / name).symlink_to(target)
        assert refused(conf / name, within=conf) == [f"{conf / name}:1:1: a link that leads out of {conf}"]


def test_a_link_within_the_folder_is_followed_also_where_the_folder_is_a_link_itself(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.yml").write_text("a: 1\n")
    (tmp_path / "real/b.yml").symlink_to("a.yml")
    (tmp_path / "conf").symlink_to("real")
    document = read(tmp_path / "conf/b.yml", Problems(), within=tmp_path / "conf")
    assert document.data == {"a": 1}


def test_a_pipe_or_a_folder_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "folder.yml").mkdir()
    for name in ("pipe.yml", "folder.yml"):
        assert refused(tmp_path / name) == [f"{tmp_path / name}:1:1: not a file"]


def test_a_link_to_itself_is_told(tmp_path):
    (tmp_path / "a.yml").symlink_to("a.yml")
    assert "a.yml:1:1: cannot be read: " in refused(tmp_path / "a.yml", within=tmp_path)[0]
