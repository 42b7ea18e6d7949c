"""The words a participant meets, one YAML file for each interface language, found by their names.

Names of spoken languages come from Unicode's CLDR (by Babel); a file's ``language.<tag>`` entries go before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import babel

from ser_core import yaml_lines
from ser_core.languages import base, is_tag

_FOLDER = Path(__file__).parent


@cache
def available() -> dict[str, str]:
    """Interface languages by tag, with the name that their speakers give them; English first, which others fall back on."""
    tags = sorted((path.stem for path in _FOLDER.glob("*.yaml")), key=lambda tag: (tag != "en", tag))
    return {tag: texts(tag)["name"] for tag in tags}


@cache
def texts(tag: str) -> dict[str, str]:
    """Every string of one interface language."""
    data, _ = yaml_lines.read(_FOLDER / f"{tag}.yaml")
    return {str(key): str(value).strip() for key, value in data.items()}


def best(wanted: Iterable[str], offered: Iterable[str]) -> str:
    """The offered interface language that fits a browser's wishes best; the first offered one if none does.

    >>> best(["zh-TW", "en"], ["en", "de", "zh-Hans"]), best(["fr"], ["en", "de"]), best(["c", "de"], ["en", "de"])
    ('zh-Hans', 'en', 'de')
    """
    choice = list(offered)
    by_base = {base(tag): tag for tag in reversed(choice)}
    return next((by_base[base(tag)] for tag in wanted if is_tag(tag) and base(tag) in by_base), choice[0])


def spoken(tag: str, interface: str) -> str:
    """The name of a spoken language or dialect, in an interface language.

    >>> spoken("de", "en"), spoken("cmn", "de"), spoken("de-AT", "de")
    ('German', 'Hochchinesisch (Mandarin)', 'Deutsch (Österreich)')
    """
    own = texts(interface).get(f"language.{tag}")
    if own:
        return own
    locale = babel.Locale.parse(interface, sep="-")
    first, *rest = tag.split("-")
    name = texts(interface).get(f"language.{first}") or locale.languages.get(first, first)
    parts = [locale.variants.get(p.upper()) or locale.territories.get(p.upper()) or p for p in rest if p != "x"]
    return f"{name} ({', '.join(parts)})" if parts else str(name)


@cache
def all_spoken(interface: str) -> dict[str, str]:
    """Every language that CLDR names in an interface language, tag -> name, sorted by name; for people to choose from."""
    locale = babel.Locale.parse(interface, sep="-")
    tags = {tag for tag in map(str, locale.languages) if tag.isalpha() and len(tag) <= 3} - {
        "zh",
        "mul",
        "und",
        "zxx",
        "mis",
    }
    named = {tag: spoken(tag, interface) for tag in tags | {"cmn"}}
    return dict(sorted(named.items(), key=lambda item: item[1].casefold()))
