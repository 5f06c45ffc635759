"""YAML as it may come: whatever cannot be trusted is told at its place, and nothing of it is used."""

import pytest

from c360_spark.config.document import MAX_BYTES, Problems, read

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
        ("a: &a [*a]\n", "1:1: nested too deeply, or an alias of itself"),
        ("[" * 500 + "]" * 500, "1:1: nested too deeply, or an alias of itself"),
        ("a: x\n" * (MAX_BYTES // 5 + 1), "1:1: larger than 1000000 bytes"),
        ("a: &a {b: 1}\nc:\n  <<: *a\n", "3:3: keys must be plain words, without merges"),
        ("? [a, b]\n: 1\n", "1:3: keys must be plain words, without merges"),
        ("a: !!python/name:os.system\n", "1:4: not a plain value: could not determine a constructor for the tag"),
        ("a: !!bool maybe\n", "1:4: not a plain value: "),
        ("a: !!timestamp soon\n", "1:4: not a plain value: "),
        ("a: 2026-13-01\n", "1:4: not a plain value: "),
    ],
    ids="brackets documents twice bomb circle nesting size merge list_key code bool timestamp date".split(),
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
