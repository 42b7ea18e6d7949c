"""All features together: what there is, whether it is what was written, and what may go."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ser_core import feature_shards
from ser_core.errors import BadInput, Problem
from ser_core.feature_shards import PART, Shard
from ser_core.feature_store import CLAIM, About, stores
from ser_core.locks import is_locked


@dataclass(frozen=True)
class Row:
    """One store."""

    folder: Path
    encoder: str
    revision: str
    settings: dict[str, str]
    clips: int
    bytes: int


@dataclass(frozen=True)
class Gone:
    """Something that was taken away, or would be."""

    path: Path
    why: str
    bytes: int


def overview(root: Path) -> list[Row]:
    """Every store, with the number of different clips in whole shards and its size on the disk."""
    rows = []
    for folder, about in stores(root):
        if isinstance(about, About):
            clips = {clip for shard in _whole(folder) for clip in shard.clips}
            rows.append(Row(folder, about.encoder, about.revision, about.settings, len(clips), _size(folder)))
    return rows


def verify(root: Path) -> tuple[int, list[Problem]]:
    """Read every shard: how many clips' features are what was written, and what is damaged."""
    clips, problems = 0, list[Problem]()
    for folder, about in stores(root):
        if isinstance(about, BadInput):
            problems += about.problems
        for name in feature_shards.shards(folder):
            try:
                feature_shards.verify(folder / name)
                clips += len(feature_shards.read(folder / name).clips)
            except BadInput as bad:
                problems += bad.problems
            except FileNotFoundError:
                continue  # taken away meanwhile
    return clips, problems


def collect(root: Path, revisions: Mapping[str, str], *, keep: Set[str] | None = None, really: bool = True) -> list[Gone]:
    """Take away what is damaged, half-written by the dead, doubled, of another revision, or of clips that nobody wants.

    A shard in which some clips are still wanted is written anew with those alone.

    Args:
        root: the folder of all stores.
        revisions: of each encoder the one in use; stores of another go. Encoders that are not named keep all they have.
        keep: sha256 of the clips that are wanted; None: all.
        really: False tells what would go, and leaves it.

    Raises:
        BadInput: something cannot be written or taken away.
    """
    gone: list[Gone] = []

    def take(path: Path, why: str) -> None:
        gone.append(Gone(path, why, _size(path)))
        if really:
            with feature_shards.telling(path):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    for folder, about in stores(root):
        if isinstance(about, BadInput):
            take(folder, "its about.json cannot be read")
        elif about.revision != revisions.get(about.encoder, about.revision):
            take(folder, f"of revision {about.revision}; {about.encoder} is {revisions[about.encoder]} now")
        else:
            for path in [*folder.glob(f"{PART}*"), *folder.glob(f"{CLAIM}*")]:
                if not is_locked(path) and path.exists():
                    take(path, "left by a process that died")
            _collect_shards(folder, about, take, keep, really)
    return gone


def _collect_shards(
    folder: Path, about: About, take: Callable[[Path, str], None], keep: Set[str] | None, really: bool
) -> None:
    seen: set[str] = set()
    for name in feature_shards.shards(folder):
        path = folder / name
        try:
            feature_shards.verify(path)
            shard = feature_shards.read(path)
        except BadInput as bad:
            take(path, str(bad.problems[0].what).partition(";")[0])
            continue
        except FileNotFoundError:
            continue
        wanted = [clip for clip in shard.clips if clip not in seen and (keep is None or clip in keep)]
        seen.update(wanted)
        if len(wanted) == len(shard.clips):
            continue
        if wanted and really:
            _rewrite(folder, about, shard, set(wanted))
        take(
            path, f"{len(shard.clips) - len(wanted)} of its {len(shard.clips)} clips are in no table given, or elsewhere too"
        )


def _rewrite(folder: Path, about: About, shard: Shard, wanted: Set[str]) -> None:
    values = shard.values((about.layers, about.width))
    with feature_shards.writing(folder) as writer:
        at = 0
        for clip, frames in zip(shard.clips, shard.frames, strict=True):
            rows = frames if about.keeps_frames else 1
            if clip in wanted and about.keeps_frames:
                writer.add_frames(clip, [values[at : at + rows]])
            elif clip in wanted:
                writer.add(clip, values[at], frames)
            at += rows


def _whole(folder: Path) -> Iterator[Shard]:
    for name in feature_shards.shards(folder):
        with suppress(BadInput, FileNotFoundError):
            yield feature_shards.read(folder / name)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
