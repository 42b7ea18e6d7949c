"""The settings of a model as widgets, drawn from the fields of its config: their types, their defaults, and what they mean.

A field that is called ``encoder`` offers the encoders there are, and one called ``layer`` the layers of the one that is
chosen; a ``Literal`` offers its words, a number is a number, a truth value a box to tick. Anything else is typed as text,
which ``_method.configured`` reads as it reads ``--set key=value``.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import math
import re
import textwrap
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st

from ser_core.encoders._find import all_encoders
from ser_core.methods._method import Method, settable

_UNITS = {"s": "s", "hz": "Hz", "db": "dB"}
_AND = {"mean_std": "mean and std"}
_WIDTH = 272


def draw(name: str, method: Method) -> dict[str, str]:
    """A widget for each field, side by side where there is room; what was chosen, where it is not the default, as text."""
    hints, meant = typing.get_type_hints(method.config), explained(method.config)
    chosen: dict[str, Any] = {}
    defaults = settable(method)
    own = inspect.get_annotations(method.config)  # first: what is inherited, how segments are made, comes after
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for field, default in sorted(defaults.items(), key=lambda pair: pair[0] not in own):
            options = {"help": meant.get(field) or None, "key": f"{name}.{field}", "width": _WIDTH}
            value = _widget(field, hints[field], default, encoder=str(chosen.get("encoder", "")), options=options)
            chosen[field] = default if value is None else value  # a number that was cleared
    return {field: str(value) for field, value in chosen.items() if value != defaults[field]}


def titled(field: str) -> str:
    """The name of a field in words, its unit last, such as "Min length, s"."""
    words, _, unit = field.rpartition("_")
    words = f"{words}, {_UNITS[unit]}" if words and unit in _UNITS else field
    return words[0].upper() + words[1:].replace("_", " ")


def in_words(said: str, method: Method) -> str:
    """A refusal with the settings called as their widgets are, not as ``--set`` calls them."""
    for field in settable(method):
        if "_" in field:
            said = re.sub(rf"\b{field}\b", f"“{titled(field)}”", said)
    return said


def explained(config: type) -> dict[str, str]:
    """What is written below each field of a dataclass, those of the classes it is made of too."""
    said: dict[str, str] = {}
    for kind in reversed(config.__mro__):
        if dataclasses.is_dataclass(kind):
            said |= _below_the_fields(kind)
    return said


def _below_the_fields(kind: type) -> dict[str, str]:
    (written,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(written, ast.ClassDef)
    said = {}
    for field, below in zip(written.body, written.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                said[name] = inspect.cleandoc(text).replace("\n", " ").replace("``", "`")
    return said


def _widget(field: str, hint: Any, default: Any, *, encoder: str, options: Mapping[str, Any]) -> Any:
    label, kinds = titled(field), _kinds(hint)
    if field == "encoder":
        return _choice(label, {name: found.title for name, found in all_encoders().items()}, default, options)
    if field == "layer" and encoder in all_encoders():
        return _choice(label, _layers(all_encoders()[encoder].layers, default), default, options)
    if words := [word for kind in kinds if typing.get_origin(kind) is Literal for word in typing.get_args(kind)]:
        return _choice(label, {word: _AND.get(word, str(word).replace("_", " ")) for word in words}, default, options)
    if kinds[0] is bool:
        return st.checkbox(label, default, **options)
    if kinds[0] is int:
        return st.number_input(label, value=default, step=1, **options)
    if kinds[0] is float:
        return st.number_input(label, value=default, step=_step(default), format="%g", **options)
    return st.text_input(label, default, **options)


def _kinds(hint: Any) -> list[Any]:
    """What a value may be, beside None: ``int | None`` is a number that may be missing."""
    parts = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    return [part for part in parts if part is not type(None)]


def _choice(label: str, words: Mapping[Any, str], default: Any, options: Mapping[str, Any]) -> Any:
    offered = dict(words) if default in words else {default: str(default), **words}
    return st.selectbox(label, list(offered), list(offered).index(default), format_func=lambda v: offered[v], **options)


def _layers(count: int, default: Any) -> dict[Any, str]:
    """The layers of an encoder, counted from the one nearest to the sound, as ``Encoder.layers`` has it."""
    numbered = {number: str(number) for number in range(count)}
    return {None: "all of them", **numbered} if default is None else {-1: "the last", **numbered}


def _step(default: float | None) -> float:
    """One of the first digit of the default, so that a press changes 0.001 and 30.0 by as much as one would."""
    return 10.0 ** math.floor(math.log10(abs(default))) if default else 0.01
