"""Let the released torchaudio work beside a CPU build of torch.

torchaudio's Linux wheel is linked against CUDA, so with ``torch==2.13.0+cpu`` plain ``import torchaudio`` fails on a missing
``libc10_cuda.so``, and transformers, which imports torchaudio wherever it is installed, fails with it. Everything that we
and transformers use of it (resampling, spectrograms, filters) is written in Python. So, on such machines only, we put an
empty module where torchaudio would load its compiled part; forced alignment is lost, and says so when it is called.
"""

from __future__ import annotations

import importlib.metadata
import sys
import types
from collections.abc import Callable
from typing import Any


def install() -> None:
    """Put the guard in place where it is needed; cheap, and imports neither torch nor torchaudio."""
    if sys.platform != "linux" or "torchaudio" in sys.modules:
        return
    try:
        build = importlib.metadata.version("torch").partition("+")[2]
    except importlib.metadata.PackageNotFoundError:
        return
    if build == "cpu":
        sys.modules["torchaudio._extension"] = _without_compiled_part()


def _without_compiled_part() -> types.ModuleType:
    module: Any = types.ModuleType("torchaudio._extension")
    module.__path__ = []
    module._IS_TORCHAUDIO_EXT_AVAILABLE = module._IS_ALIGN_AVAILABLE = False
    module._check_cuda_version = lambda: None
    module.fail_if_no_align = _refuse
    extension: types.ModuleType = module
    return extension


def _refuse(function: Callable[..., Any]) -> Callable[..., Any]:
    def refused(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"torchaudio's {function.__name__} needs its compiled part, which needs a CUDA build of torch.")

    return refused
