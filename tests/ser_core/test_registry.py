"""Every file of a folder is found, and one that lacks its object is named."""

from __future__ import annotations

import sys

import pytest

from ser_core.registry import discover


@pytest.fixture
def package(tmp_path, monkeypatch, request):
    name = f"found_{abs(hash(request.node.name))}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for module in [m for m in sys.modules if m.split(".")[0] == name]:
        del sys.modules[module]


def test_objects_are_found_by_the_name_of_their_file_in_order(package):
    for name in ("b", "a", "_helper"):
        (package / f"{name}.py").write_text(f"THING = {name!r}\n" if name != "_helper" else "")
    assert list(discover(package.name, "THING").items()) == [("a", "a"), ("b", "b")]


def test_a_file_that_lacks_its_object_is_named(package):
    (package / "good.py").write_text("THING = 1\n")
    (package / "forgot.py").write_text("")
    with pytest.raises(TypeError, match=r"forgot\.py does not define THING"):
        discover(package.name, "THING")


def test_a_file_that_fails_to_load_is_not_passed_over(package):
    (package / "broken.py").write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        discover(package.name, "THING")
