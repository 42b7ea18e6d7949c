"""Clips through an opened encoder: decoded by threads while it computes, batched by length, a few in memory at a time.

Clips are taken in the order in which they were asked for, some hundred at a time (a window); within it the longest come
first and lie beside others of their length, so that little is filled up where an encoder must fill up, and a batch that is
too large for a machine fails at the start. A batch holds ``budget`` samples at most.

A clip longer than ``PIECE_S`` is heard in pieces of at most that, each at least half as long, which know nothing of each
other: attention costs the square of the length, and a recording of three hours would fit no memory. Means and deviations are
those of all frames of all pieces.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from ser_core import audio
from ser_core.encoders._encoder import Hearing, Samples
from ser_core.errors import BadInput, Problem
from ser_core.feature_shards import Values, Writer

if TYPE_CHECKING:
    import torch

PIECE_S = 60
"""Seconds of a long clip that are heard at once."""

_PIECE = PIECE_S * audio.RATE_HZ
_DECODERS = 4  # threads; one is enough on a CPU that also computes, a GPU wants more


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip to hear."""

    sha256: str
    file: str


@dataclass
class Pass:
    """One opened encoder and how it is used.

    Args:
        hearing: the encoder.
        pooling: "mean", "mean_std" or "frames".
        layer: of the frames, the one layer that is kept; None: all.
        budget: samples in a batch.
        left_out: told of each clip that cannot be heard, and why.
        heard: told of each clip that is written.
    """

    hearing: Hearing
    pooling: str
    layer: int | None
    budget: int
    left_out: Callable[[Clip, BadInput], None]
    heard: Callable[[Clip], None]

    def hear(self, clips: Sequence[Clip], shard: Writer) -> None:
        """Write what the encoder makes of one window of clips; none is held longer than it is needed."""
        waiting: tuple[list[tuple[Clip, int]], Any] | None = None
        with ThreadPoolExecutor(_DECODERS) as pool:
            lengths = list(pool.map(_length, clips))
            order = sorted(range(len(clips)), key=lambda n: (-lengths[n], clips[n].sha256))
            try:
                for batch in self._batches([clips[n] for n in order], [lengths[n] for n in order], pool):
                    if isinstance(batch, Clip):
                        self._long(batch, shard)
                        continue
                    made = [(clip, self.hearing.frames(len(samples))) for clip, samples in batch], self._made(batch)
                    if waiting:  # a GPU works on the next while the last is brought over
                        self._write(*waiting, shard)
                    waiting = made
                if waiting:
                    self._write(*waiting, shard)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    # --- decoding ---

    def _batches(
        self, clips: Sequence[Clip], lengths: Sequence[int], pool: ThreadPoolExecutor
    ) -> Iterator[list[tuple[Clip, Samples]] | Clip]:
        """Batches of whole clips, and each long clip by itself."""
        batch: list[tuple[Clip, Samples]] = []
        size = 0
        for clip, found in _decoded(clips, lengths, pool, ahead=2 * self.budget):
            if isinstance(found, BadInput):
                self.left_out(clip, found)
            elif found is None:
                yield clip
            else:
                if batch and size + len(found) > self.budget:
                    yield batch
                    batch, size = [], 0
                batch.append((clip, found))
                size += len(found)
        if batch:
            yield batch

    # --- computing ---

    def _made(self, batch: list[tuple[Clip, Samples]]) -> Any:
        clips = [samples for _, samples in batch]
        if self.pooling == "frames":
            kept = slice(None) if self.layer is None else [self.layer]  # a list copies, so that the others can go
            return self._fitting(lambda some: [states[kept] for states in self.hearing(some)], clips)
        return self._fitting(lambda some: list(self.hearing.pooled(some, spread=self.pooling == "mean_std")), clips)

    def _fitting(self, work: Callable[[list[Samples]], list[torch.Tensor]], clips: list[Samples]) -> list[torch.Tensor]:
        """``work(clips)``, in halves where a GPU's memory is too small for all at once."""
        try:
            return work(clips)
        except RuntimeError as error:
            if "out of memory" not in str(error).lower():
                raise
            if len(clips) == 1:
                seconds = len(clips[0]) / audio.RATE_HZ
                raise BadInput(
                    f"the device has not enough memory for a clip of {seconds:.0f} s; try --device cpu."
                ) from error
        half = len(clips) // 2
        return [*self._fitting(work, clips[:half]), *self._fitting(work, clips[half:])]

    def _write(self, clips: list[tuple[Clip, int]], made: list[torch.Tensor], shard: Writer) -> None:
        for (clip, frames), states in zip(clips, made, strict=True):
            values: Values = states.float().cpu().numpy()
            if not np.isfinite(values).all():
                self.left_out(clip, _no_number(clip))
                continue
            if self.pooling == "frames":
                shard.add_frames(clip.sha256, [values.transpose(1, 0, 2)])
            else:
                shard.add(clip.sha256, values, frames)
            self.heard(clip)

    def _long(self, clip: Clip, shard: Writer) -> None:
        try:
            if self.pooling == "frames":
                parts = (self._alone(clip, piece) for piece in pieces(audio.stream(clip.file), _PIECE))
                shard.add_frames(clip.sha256, (part.transpose(1, 0, 2) for part in parts))
            else:
                shard.add(clip.sha256, *self._together(clip))
        except BadInput as bad:  # what is wrong with a file may be known only at its end
            self.left_out(clip, bad)
        else:
            self.heard(clip)

    def _alone(self, clip: Clip, piece: Samples) -> Values:
        (made,) = self._made([(clip, piece)])
        values: Values = made.float().cpu().numpy()
        if not np.isfinite(values).all():
            raise _no_number(clip)
        return values

    def _together(self, clip: Clip) -> tuple[Values, int]:
        """Mean, and deviation where asked, over the frames of all pieces; and how many frames there are."""
        frames, total, square = 0, np.zeros(()), np.zeros(())
        for piece in pieces(audio.stream(clip.file), _PIECE):
            count = self.hearing.frames(len(piece))
            values = self._alone(clip, piece).astype(np.float64)
            if self.pooling == "mean_std":
                values, spread = np.split(values, 2, axis=-1)
                square = square + count * (spread**2 + values**2)
            frames, total = frames + count, total + count * values
        mean = total / frames
        if self.pooling == "mean_std":
            mean, square = total / frames, square / frames
            mean = np.concatenate([mean, np.sqrt(np.maximum(square - mean**2, 0))], axis=-1)
        return mean.astype(np.float32), frames


def pieces(blocks: Iterable[Samples], longest: int) -> Iterator[Samples]:
    """Blocks of any length as pieces of at most ``longest`` samples; of what is cut, each has at least half of that.

    >>> [len(piece) for piece in pieces([np.zeros(7, np.float32)] * 3, 10)]
    [10, 6, 5]
    """
    held: list[Samples] = []
    size = 0
    for block in blocks:
        held.append(block)
        size += len(block)
        while size >= 2 * longest:
            laid = np.concatenate(held)
            yield laid[:longest]
            held, size = [laid[longest:]], size - longest
    rest = np.concatenate(held)
    if size <= longest:
        yield rest
    else:
        yield from np.array_split(rest, 2)


def _decoded(
    clips: Sequence[Clip], lengths: Sequence[int], pool: ThreadPoolExecutor, *, ahead: int
) -> Iterator[tuple[Clip, Samples | BadInput | None]]:
    """Each clip in order with its samples, why it has none, or None if it is long; ``ahead`` samples are held."""
    waiting: deque[tuple[Clip, int, Future[Samples | BadInput | None]]] = deque()
    size = 0
    todo = iter(zip(clips, lengths, strict=True))
    for clip, length in todo:
        waiting.append((clip, length, pool.submit(_read, clip)))
        size += min(length, _PIECE)
        while waiting and size > ahead:
            first, length, future = waiting.popleft()
            size -= min(length, _PIECE)
            yield first, future.result()
    for first, _, future in waiting:
        yield first, future.result()


def _read(clip: Clip) -> Samples | BadInput | None:
    try:
        if audio.sha256(clip.file) != clip.sha256:
            return BadInput(Problem("is not the clip that was indexed: its sha256 is another; index it again", clip.file))
        blocks: list[Samples] = []
        for block in audio.stream(clip.file):
            blocks.append(block)
            if sum(map(len, blocks)) > _PIECE:
                return None
        return np.concatenate(blocks)
    except BadInput as bad:
        return bad


def _length(clip: Clip) -> int:
    """Samples at 16 kHz as the header has it; what is wrong with the file is told when it is decoded."""
    try:
        info = soundfile.info(clip.file)
        return int(info.frames * audio.RATE_HZ / info.samplerate)
    except Exception:  # soundfile raises of several libraries' kinds
        return 0


def _no_number(clip: Clip) -> BadInput:
    return BadInput(Problem("the encoder makes of it what is no number (NaN or infinite)", clip.file))
