"""What tests of all packages share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Tests run beside each other, one on each core: threads of one product would wait for each other, and do so busily. It must
# be said before numpy is there, and holds for the processes that tests start, too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test is timed, and what is drawn in one run is drawn in the next.
hypothesis.settings.register_profile("ours", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ours")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real corpora, listeners and papers beside the project; tests that need it are skipped without it."""
    folder = Path(os.environ.get("EARWITNESS_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip("no ../shared")
    return folder


@pytest.fixture(scope="session", autouse=True)
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of features for all tests of a run, so that none is written into the researcher's own."""
    folder = tmp_path_factory.mktemp("features")
    os.environ["EARWITNESS_FEATURES"] = str(folder)
    return folder


_KEPT_TO = ("EARWITNESS_DEVICE", "EARWITNESS_OFFLINE", "HF_HUB_OFFLINE")


@pytest.fixture(autouse=True)
def _machine() -> Iterator[None]:
    """A command keeps its whole process to ``--device`` and ``--offline``; here the next test is in the same one."""
    yield from _as_before()


@pytest.fixture(scope="module", autouse=True)
def _machine_of_module() -> Iterator[None]:
    """What a command does so in a fixture of a module ends with the module."""
    yield from _as_before()


def _as_before() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _KEPT_TO}
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
