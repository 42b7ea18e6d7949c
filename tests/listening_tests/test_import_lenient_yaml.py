"""The YAML that webMUSHRA takes is read as its own parser reads it (expected values: yaml.js 0.3 itself)."""

from __future__ import annotations

from pathlib import Path

import pytest

from listening_tests.importers import _lenient_yaml
from listening_tests.importers._lenient_yaml import Node
from ser_core.errors import BadInput

HERE = Path("config.yaml")


def _plain(node: Node):
    if isinstance(node.value, list):
        return [_plain(item) for item in node.value]
    return {key: _plain(item) for key, item in node.value.items()} if isinstance(node.value, dict) else node.value


def read(text: str):
    return _plain(_lenient_yaml.parse(text, HERE)[0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: b: c", {"a": "b: c"}),
        ("content: Reminder: Listen # twice", {"content": "Reminder: Listen"}),
        ("content: ends with:", {"content": "ends with:"}),
        ("content: <b>Note</b>: see", {"content": "<b>Note</b>: see"}),
        ("content: it's: so", {"content": "it's: so"}),
        ("a: @home\nb: 50% x\nc: %x\nd: `q`", {"a": "@home", "b": "50% x", "c": "%x", "d": "`q`"}),
        ("a: - 5 dB\nb: > 5\nc: | x\nd: ]x\ne: ? x", {"a": "- 5 dB", "b": "> 5", "c": "| x", "d": "]x", "e": "? x"}),
        ("a: &nbsp; Hello: you", {"a": "Hello: you"}),
        ("a:\tb\t\nc: x\ty", {"a": "b", "c": "x\ty"}),
        ("*k: v\n'a: b': c", {"*k": "v", "a: b": "c"}),
        ("a: http://x.y/z\nb: b#c\nc: b # c", {"a": "http://x.y/z", "b": "b#c", "c": "b"}),
        ("- value: yes, very\n  label: a: b\n- c", [{"value": "yes, very", "label": "a: b"}, "c"]),
        ("a: x # y\n  z\nb: 1", {"a": "x", "b": 1}),
        ("a: {b: c, d: 5}\ne: [1,\n two]", {"a": {"b": "c", "d": 5}, "e": [1, "two"]}),
        ("a:\n- random\n-\n  - random\n  - type: q", {"a": ["random", ["random", {"type": "q"}]]}),
        ("a: &x\n  - b: c\nd: *x", {"a": [{"b": "c"}], "d": [{"b": "c"}]}),
        ("a: &x 5\nb: *x", {"a": 5, "b": 5}),
        ("a: &x\n  b: 1\nc:\n  <<: *x\n  b: 2\n  d: 3", {"a": {"b": 1}, "c": {"b": 2, "d": 3}}),
        ("a: |\n  x: y: z\n  - q\nb: >\n  one\n  two\nc: 1", {"a": "x: y: z\n- q\n", "b": "one two\n", "c": 1}),
        ("- type: finish\n  content: |\n    Hi: you\n     there\n\n  name: x", [
            {"type": "finish", "content": "Hi: you\n there\n", "name": "x"}]),
    ],
)  # fmt: skip
def test_what_strict_yaml_refuses_is_read_as_it_was_meant(text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("True", True), ("FALSE", False), ("~", None), ("Null", None),
        ("2_493.01", "2_493.01"), ("1_000", "1_000"), ("007", 7), ("08", 0), ("010", 8), ("-07", -7), ("+5", 5), ("1.0", 1),
        ("1.50", 1.5), ("1e3", 1000), (".5", 0.5), ("0x1F", 31), ("1,000", 1000), ("1,000,000", 1000), ("12:30", "12:30"),
        ("5 apples", "5 apples"), ("", None), ("'5'", "5"), ('"no"', "no"), ("''", ""), ("2020-01-01", "2020-01-01"),
        ("v1.2.3", "v1.2.3"),
    ],
)  # fmt: skip
def test_a_value_means_what_it_means_to_webmushra(written, value):
    found = read(f"a: {written}")["a"]
    assert (found, type(found) is bool) == (value, type(value) is bool)


@pytest.mark.parametrize(
    ("written", "key"),
    [("007", "7"), ("1.0", "1"), ("true", "true"), ("~", "null"), ("'007'", "007"), ("2_493.01", "2_493.01")],
)
def test_a_key_is_what_results_will_call_it(written, key):
    assert read(f"{written}: a.wav") == {key: "a.wav"}


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (1.5, "1.5"), (True, "true"), (None, ""), ("007", "007"), ([], "")])
def test_a_plain_value_is_written_as_javascript_writes_it(value, text):
    assert Node(value, 1).text == text


def test_a_text_over_several_lines_is_one_text_though_its_lines_look_like_keys():
    found = read("a: hello\n   Note: x\n   it's\nb:\n  - one: two\n  - three\n    four: five\n")
    assert {k: v.split() if k == "a" else v for k, v in found.items()} == {
        "a": ["hello", "Note:", "x", "it's"],
        "b": [{"one": "two"}, "three four: five"],
    }


def test_every_value_knows_its_line():
    text = "testname: a: b\npages:\n\n  - type: generic\n    # so\n    content: one: two\n      three: four\n    id: x\n"
    root, _ = _lenient_yaml.parse(text, HERE)
    page = root.keys["pages"].items[0]
    assert (root.keys["pages"].line, page.line) == (2, 4)
    assert {key: node.line for key, node in page.keys.items()} == {"type": 4, "content": 6, "id": 8}


def test_what_another_reader_would_take_otherwise_is_told():
    _, remarks = _lenient_yaml.parse("a: b: c\nid: 007\nday: 2020-01-01\nid: x\nt: x\n  y # z\n  q\n", HERE)
    assert [line for line, _ in remarks] == [1, 2, 3, 4, 5]
    assert remarks[3][1] == "the key 'id' stands twice here; webMUSHRA takes the first (line 2)"


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        (b"", None, "is empty"),
        (b"# nothing\n", None, "is empty"),
        (b"a: [1, 2\nb: 3\n", 2, "is not YAML"),
        (b"a: b\n\tc: d\n e: f", 2, "a tab stands in the indentation"),
        (b"a: *nowhere\n", 1, "is not YAML"),
        (b"\x00\x01\x02", 1, "binary"),
        (b"\xff\xfe\x00a", None, "not a text file"),
        (b"a: &a [*a]\n", None, "holds itself"),
        (b"[" * 5000, None, "nested too deeply"),
    ],
)
def test_what_is_not_even_that_is_refused_with_its_line(tmp_path, content, line, what):
    file = tmp_path / "config.yaml"
    file.write_bytes(content)
    with pytest.raises(BadInput) as bad:
        _lenient_yaml.read(file)
    problem = bad.value.problems[0]
    assert what in problem.what
    assert line is None or problem.line == line


def test_a_small_file_cannot_stand_for_billions_of_values():
    text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    with pytest.raises(BadInput, match="more values"):
        _lenient_yaml.parse(text, HERE)


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(BadInput):
            _lenient_yaml.read(path)
