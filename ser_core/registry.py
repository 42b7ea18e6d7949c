"""Adding one more is one file: every module of a package that defines ``NAME`` is found, no list is edited.

A file that does not define its object fails at start, naming the file and what it lacks. Modules whose name begins with
an underscore are helpers and are passed over.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any


@cache
def discover(package: str, name: str) -> dict[str, Any]:
    """Collect the object called ``name`` from each module of ``package``.

    Returns:
        ``{module name: object}``, sorted by module name.

    Raises:
        TypeError: a module of the package does not define ``name``; the message names its file.
    """
    parent = importlib.import_module(package)
    names = sorted(m.name for m in pkgutil.iter_modules(parent.__path__) if not m.name.startswith("_"))
    return {module: defined(f"{package}.{module}", name) for module in names}


def defined(module_name: str, name: str) -> Any:
    """The object called ``name`` of one module.

    Raises:
        TypeError: the module does not define it.
    """
    module = importlib.import_module(module_name)
    if not hasattr(module, name):
        raise TypeError(f"{module.__file__} does not define {name}; every file of its folder must (see CONTRIBUTING.md).")
    return getattr(module, name)
