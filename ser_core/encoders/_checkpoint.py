"""Where the files of an encoder are, how they come here, and which revision they are.

Looked for, in this order: ``<EARWITNESS_MODELS>/<name>``, ``<EARWITNESS_MODELS>/<org>--<model>``, any other name that the
encoder declares (``EARWITNESS_MODELS`` defaults to ``models/`` in the data folder); the hub's own cache; the hub or the
URL itself, unless ``--offline``, ``HF_HUB_OFFLINE`` or ``EARWITNESS_OFFLINE`` says that nothing is fetched.

A result is traced to a revision. Files in the hub's cache are the commit that they were fetched at, pinned or not. A file
from a URL is the sha256 it is pinned to. Of files that somebody put into a folder only their content is known: their
revision is ``files:<sha256>``, over the names and contents of configuration and weights.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import urllib.request
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from ser_core import audio, places
from ser_core.encoders._encoder import Encoder
from ser_core.errors import BadInput

WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.pth", "*.ckpt")
"""Weights files by preference: of several formats of the same weights the first is read."""

HUB_FILES = ("config.json", "preprocessor_config.json", "model.safetensors", "pytorch_model.bin")
"""What a transformers checkpoint needs; most repositories hold one of the two weights files."""

SAFE_FILES = HUB_FILES[:3]
"""The same for repositories that are known to hold both: the second would be fetched for nothing."""

_OFF = ("", "0", "false", "no", "off")


def models() -> Path:
    """The folder of checkpoints that the user keeps: ``EARWITNESS_MODELS``, else ``models/`` in the data folder."""
    return Path(os.environ.get("EARWITNESS_MODELS") or places.data() / "models")


def stays_offline(offline: bool = False) -> bool:
    """Whether nothing may be fetched."""
    said = (os.environ.get("HF_HUB_OFFLINE", ""), os.environ.get("EARWITNESS_OFFLINE", ""))
    return offline or any(word.strip().lower() not in _OFF for word in said)


def folder(name: str, encoder: Encoder, *, offline: bool = False) -> Path | None:
    """The folder with the encoder's files, fetched if need be; None where there is nothing to fetch.

    Raises:
        BadInput: the files are not here and may not or cannot be fetched; the message holds the command that fetches them.
    """
    if not encoder.source:
        return None
    here = found(name, encoder)
    if here is not None:
        return here
    if stays_offline(offline):
        raise BadInput(_missing(name, encoder, "nothing is fetched offline"))
    try:
        return _from_url(name, encoder) if is_url(encoder) else _from_hub(encoder)
    except BadInput:
        raise
    except Exception as failure:  # the hub's client raises dozens of types; all mean that the files did not come
        reason = (str(failure).strip().splitlines() or [type(failure).__name__])[0]
        raise BadInput(_missing(name, encoder, f"fetching failed ({reason})")) from failure


def found(name: str, encoder: Encoder) -> Path | None:
    """The folder with the encoder's files if it is on this machine; nothing is fetched.

    Raises:
        BadInput: a folder of that name is there and holds no weights.
    """
    dashed = () if is_url(encoder) else (encoder.source.replace("/", "--"),)
    for folder_name in (name, *dashed, *encoder.also):
        place: Path = models() / folder_name
        if encoder.source and place.is_dir():
            if not weights(place):
                raise BadInput(
                    f"{place} holds no weights ({', '.join(WEIGHTS)}). To fetch {name} again: {command(name, encoder)}"
                )
            return place
    return None if is_url(encoder) or not encoder.source else _cached(encoder)


def revision(encoder: Encoder, folder: Path | None) -> str:
    """What the files in ``folder`` are (see the head of this file)."""
    if folder is None:
        return encoder.revision
    if folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--"):
        return folder.name  # the hub's cache names a snapshot's folder after its commit
    if encoder.revision.startswith("sha256:") and encoder.revision == f"sha256:{sha256(weights(folder)[0])}":
        return encoder.revision
    files = [folder / name for name in encoder.files]
    if not (files and all(file.is_file() for file in files)):  # patterns, or weights in another of their formats
        said = [file for file in sorted(folder.glob("*.json")) if file.name in HUB_FILES]
        files = [*said, *folder.glob("config.yaml"), *weights(folder)[:1]]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{sha256(file)}\n".encode())
    return f"files:{digest.hexdigest()}"


def weights(folder: Path) -> list[Path]:
    """The weights files of a folder, preferred ones first."""
    return [file for pattern in WEIGHTS for file in sorted(folder.glob(pattern)) if file.is_file()]


def is_url(encoder: Encoder) -> bool:
    """Whether the source is one file at a URL, not a repository of the hub."""
    return "://" in encoder.source


def command(name: str, encoder: Encoder) -> str:
    """The shell command that fetches an encoder's files to where they are looked for; empty if there is nothing to fetch."""
    if not encoder.source:
        return ""
    kept = models() / name
    target = shlex.quote(str(kept.relative_to(Path.cwd()) if kept.is_relative_to(Path.cwd()) else kept))
    if is_url(encoder):
        return f"curl -L --create-dirs -o {target}/{encoder.source.rsplit('/', 1)[-1]} {encoder.source}"
    pinned = f" --revision {encoder.revision}" if encoder.revision else ""
    wanted = " ".join(f"--include {shlex.quote(pattern)}" for pattern in encoder.files or HUB_FILES)
    return f"hf download {encoder.source} {wanted}{pinned} --local-dir {target}"


def sha256(file: Path) -> str:
    """Of the file's content, in hex; worked out once for each version of it.

    Raises:
        BadInput: the file cannot be read.
    """
    state = file.stat()
    return _sha256(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(file: Path, size: int, changed: int) -> str:
    return audio.sha256(file)


def _missing(name: str, encoder: Encoder, why: str) -> str:
    size = f", about {encoder.size_mb} MB" if encoder.size_mb else ""
    return (
        f"the files of encoder {name} ({encoder.source}, licence {encoder.licence}{size}) are not here, and {why}. "
        f"To fetch them: {command(name, encoder)}"
    )


def _cached(encoder: Encoder) -> Path | None:
    """The snapshot in the hub's own cache."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        snapshot = Path(snapshot_download(encoder.source, **_wanted(encoder), local_files_only=True))
    except (LocalEntryNotFoundError, FileNotFoundError):
        return None
    return snapshot if weights(snapshot) else None


def _from_hub(encoder: Encoder) -> Path:
    from huggingface_hub import snapshot_download

    snapshot = Path(snapshot_download(encoder.source, **_wanted(encoder)))
    if not weights(snapshot):
        raise FileNotFoundError(f"{encoder.source} holds none of {', '.join(encoder.files or HUB_FILES)}")
    return snapshot


def _wanted(encoder: Encoder) -> dict[str, Any]:
    return {"revision": encoder.revision or None, "allow_patterns": list(encoder.files or HUB_FILES)}


def _from_url(name: str, encoder: Encoder) -> Path:
    """Fetched beside its place and moved there only when it is what was pinned."""
    folder = models() / name
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / encoder.source.rsplit("/", 1)[-1]
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        with urllib.request.urlopen(encoder.source, timeout=60) as answer, part.open("wb") as stream:
            shutil.copyfileobj(answer, stream)
        pinned = encoder.revision.removeprefix("sha256:")
        got = sha256(part)
        if got != pinned:
            raise BadInput(f"{encoder.source} gave a file of sha256 {got}; {name} is pinned to {pinned}. It was not kept.")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()  # if nothing was kept
    return folder
