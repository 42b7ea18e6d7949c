"""How much memory a training took at most, and whether an error means that there was not enough."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from pathlib import Path

_SHORT = ("out of memory", "can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED")
_STATUS = Path("/proc/self/status")


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on any device.

    >>> ran_out(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")), ran_out(RuntimeError("shapes differ"))
    (True, False)
    """
    return isinstance(error, MemoryError) or any(words in str(error) for words in _SHORT)


def forget(device: str) -> None:
    """Give back what a device keeps for later, and begin a new peak."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    elif device.startswith("mps"):
        torch.mps.empty_cache()
    else:
        with suppress(OSError):  # Linux forgets the peak of a process that writes this about itself
            Path("/proc/self/clear_refs").write_text("5")


def peak_mb(device: str) -> float:
    """The most that was taken since ``forget``, in 10^6 bytes: of a GPU by tensors, else by the whole process."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(device) / 1e6
    if _STATUS.exists():  # getrusage's figure is inherited from the process that started this one
        return int(_STATUS.read_text().partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
