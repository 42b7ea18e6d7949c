"""Every model that can rate a study's clips, by name: of whole clips, and of parts of them."""

from __future__ import annotations

from ser_core.errors import BadInput, nearest
from ser_core.methods._method import Method
from ser_core.registry import discover


def all_methods() -> dict[str, Method]:
    """Every file of both folders, those that rate whole clips first.

    Raises:
        TypeError: two files have one name.
    """
    rate: dict[str, Method] = discover("ser_core.methods", "METHOD")
    mark: dict[str, Method] = discover("ser_core.diarization", "METHOD")
    if twice := rate.keys() & mark.keys():
        raise TypeError(
            f"{min(twice)}.py is in ser_core/methods and in ser_core/diarization; a model's name is that of its file."
        )
    return rate | mark


def find_method(name: str) -> Method:
    """The method of that name.

    Raises:
        BadInput: there is none.
    """
    methods = all_methods()
    if name not in methods:
        raise BadInput(f"there is no model '{name}'. {nearest(name, methods)}")
    return methods[name]
