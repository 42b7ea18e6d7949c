"""YAML that keeps text as text."""

from pathlib import Path

import pytest

from ser_core.errors import BadInput
from ser_core.yaml_lines import read


def _read(tmp_path: Path, text: str):
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return read(path)


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "off", "007", "2_493.01", "2026-11-21", "1e5", "0x1f", "~", "null", "12:30:00"]
)
def test_what_looks_like_something_else_stays_text(tmp_path, word):
    data, _ = _read(tmp_path, f"a: {word}\n")
    assert data == {"a": word}


def test_numbers_and_booleans_are_what_they_are(tmp_path):
    data, _ = _read(tmp_path, "a: 3\nb: -0.5\nc: true\nd: false\ne:\n")
    assert data == {"a": 3, "b": -0.5, "c": True, "d": False, "e": None}
    assert [type(v) for v in data.values()][:3] == [int, float, bool]


def test_every_place_knows_its_line(tmp_path):
    _, lines = _read(tmp_path, "a: 1\nb:\n  - x: 2\n    y: 3\n  - z\n")
    assert (lines["a",], lines["b", 0, "y"], lines["b", 1]) == (1, 4, 5)


def test_a_key_that_stands_twice_is_an_error_with_its_line(tmp_path):
    with pytest.raises(BadInput, match=r"a.yaml:3: the key 'a' stands twice"):
        _read(tmp_path, "a: 1\nb: 2\na: 3\n")


def test_what_is_not_yaml_is_said_with_its_line(tmp_path):
    with pytest.raises(BadInput, match=r"a.yaml:2: is not YAML"):
        _read(tmp_path, "a: 1\nb: ]\n")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"study.yaml: this file is missing"):
        read(tmp_path / "study.yaml")


def test_aliases_that_stand_for_billions_of_values_are_refused_at_once(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadInput, match="holds more than 100,000 values"):
        read(path)
