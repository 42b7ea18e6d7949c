"""The loop: a network learns from clips until its dev loss no longer falls, and can be cut off after any epoch.

A step of the optimizer is of ``batch`` clips. They are computed in cuts of so many frames (``clips.cuts``), whose gradients
add up to that of the batch: with B clips, weights w and cross-entropies c, the loss is sum_i w_i c_i / B. (Divided by the
sum of the weights instead, as is usual, a batch of one clip would undo its weight.) Where memory runs out the cut is halved
and the step begun again; the batch stays what it was.

Everything drawn follows from the seed, the epoch and the step: the order of the clips (``probing.batches``, as for probes)
and what dropout drops. So nothing of the generators has to be kept, and whoever goes on from a checkpoint learns the same to
the last bit, on a CPU with as many threads.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ser_core import probing
from ser_core.diverged import finite
from ser_core.errors import BadInput
from ser_core.metrics.ua import ua
from ser_core.training import memory
from ser_core.training.checkpoints import Checkpoint
from ser_core.training.clips import Part, Rows, cuts, weights
from ser_core.training.progress import Progress
from ser_core.training.recipe import Recipe
from ser_core.training.state import Stand, State, Weights, on_cpu

if TYPE_CHECKING:
    from torch import Tensor


class Network(Protocol):
    """What can learn: a ``torch.nn.Module`` from clips, each [frame, dim], to logits, float32 [clip, class]."""

    def __call__(self, clips: list[Tensor], /) -> Tensor:
        """Differentiable."""

    def learned(self) -> Weights:
        """Copies of what is learned, on the CPU."""

    def load_learned(self, state: Weights, /) -> None:
        """Put it back."""

    def train(self, mode: bool = True, /) -> Any:
        """Whether dropout drops."""

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Of what is learned and of what is frozen."""


@dataclass
class Training:
    """A network, what it learns from, and how."""

    network: Network
    part: Part
    """To learn from."""
    dev: Part
    """May be empty: then it learns for all epochs, and the last is kept."""
    recipe: Recipe
    seed: int
    device: str = "cpu"
    say: Callable[[str], None] = lambda words: None
    _turn: Stand | None = field(default=None, init=False, repr=False)

    def run(self, begin: Stand | None = None, checkpoint: Checkpoint | None = None) -> Stand:
        """Learn until it is over.

        Args:
            begin: where the stage before this one ended (``state.next_stage``); by default as the network is.
            checkpoint: where to keep how far it is, and to go on from if something is there.

        Raises:
            Diverged: the loss is no number any more.
            BadInput: one clip is too long for the memory, or the checkpoint is of no use.
        """
        import torch

        with torch.random.fork_rng(devices=[self.device] if self.device.startswith("cuda") else []):
            self._begin(begin or Stand(State(), start := self.network.learned(), start), checkpoint)
            while not self.state.stopped:
                self._learn_once()
                if self._turns():
                    self._turn = deepcopy(self._stand())
                if checkpoint:
                    checkpoint.write(self._stand())
        return self._stand()

    def _begin(self, begin: Stand, checkpoint: Checkpoint | None) -> None:
        import torch

        memory.forget(self.device)
        recipe, first = self.recipe, begin.state.epoch
        self.last = recipe.epochs if recipe.carry_optimizer else first + recipe.epochs
        begin.state.at_once = recipe.frames_at_once(self.device)
        if checkpoint and (kept := checkpoint.read()):
            begin = kept
        self.state, self._kept = begin.state, begin.kept
        self._turn = begin.turn
        self.network.load_learned(begin.last)
        self._parameters = {name: p for name, p in self.network.named_parameters() if p.requires_grad}
        self._optimizer = torch.optim.AdamW(
            self._parameters.values(),
            lr=recipe.learning_rate,
            eps=recipe.epsilon,
            weight_decay=recipe.weight_decay,
            fused=self.device.startswith("cuda"),  # on a CPU it wakes all threads for a handful of numbers
        )
        if begin.optimizer:
            self._optimizer.load_state_dict(deepcopy(begin.optimizer))  # or it would learn on in the moments it is given
        even = np.ones(len(self.part), np.float32)
        self._weights = torch.from_numpy(weights(self.part.labels) if recipe.balance == "weights" else even)
        self._progress = Progress(self.say, self.state.epoch + 1, self.last)
        if not len(self.dev):
            self._note(f"there were no dev clips: it learned for all {recipe.epochs} epochs, and the last is kept")
        if first >= self.last:
            self._note(f"nothing was learned in stage {self.state.stage}: the {self.last} epochs of all stages were over")
            self.state.stopped = "epochs"

    def _stand(self) -> Stand:
        return Stand(self.state, self._kept, self.network.learned(), on_cpu(self._optimizer.state_dict()), self._turn)

    def _turns(self) -> bool:
        """Whether a second stage begins here, though the first goes on."""
        state = self.state
        return state.stage == 1 and state.epoch == self.recipe.first_epochs and not state.stopped

    def _learn_once(self) -> None:
        """An epoch, and what follows from it."""
        state, began = self.state, time.monotonic()
        state.epoch += 1
        loss = self._epoch()
        dev_loss, dev_ua, accuracy = self._within_memory(self.dev.lengths, self._heard)
        self._judge(dev_loss if self.recipe.keep == "loss" else -accuracy, dev_loss)
        seconds = round(time.monotonic() - began, 3)
        state.curve.append([state.stage, state.epoch, loss, dev_loss, dev_ua, seconds])
        state.peak_mb = max(state.peak_mb, memory.peak_mb(self.device))
        dev = f", dev loss {dev_loss:.3f}, dev UA {dev_ua:.1%}" if len(self.dev) else ""
        self._progress.known = f"after epoch {state.epoch}: train loss {loss:.3f}{dev}"
        self._progress.tell(state.epoch, 1)

    def _judge(self, value: float, dev_loss: float) -> None:
        """Whether this epoch is kept, and whether it was the last."""
        state = self.state
        if value < state.best or not len(self.dev):
            state.best, state.kept, self._kept = value, state.epoch, self.network.learned()
        if dev_loss < state.lowest:
            state.lowest, state.fell = dev_loss, state.epoch
        if len(self.dev) and state.epoch - state.fell >= self.recipe.patience:
            state.stopped = "patience"
        elif state.epoch >= self.last:
            state.stopped = "epochs"

    def _epoch(self) -> float:
        """Learn from every clip once; the mean loss, each clip's when it was learned from."""
        import torch

        batch, epoch = self.recipe.batch, self.state.epoch
        order = probing.batches(len(self.part), seed=self.seed, epoch=epoch - 1)
        for group in self._optimizer.param_groups:
            group["lr"] = self.recipe.rate(epoch)
        self.network.train()
        total = torch.zeros((), device=self.device)
        for step, start in enumerate(range(0, len(order), batch)):
            rows = order[start : start + batch]
            drawn = int(np.random.SeedSequence([self.seed, epoch, step]).generate_state(1, np.uint64)[0])

            def compute(at_once: int, rows: Rows = rows, drawn: int = drawn) -> Tensor:
                return self._step(rows, drawn, at_once)

            total += self._within_memory(self.part.lengths[rows], compute)
            if start + batch < len(order):
                self._progress.tell(epoch, (start + batch) / len(order))
        loss = float(total) / len(order)
        self._check(loss)
        return loss

    def _step(self, rows: Rows, drawn: int, at_once: int) -> Tensor:
        """One step of the optimizer; the summed loss of its clips."""
        import torch

        _draw_from(drawn, self.device)
        self._optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        for cut in cuts(self.part.lengths[rows], at_once):
            losses, _ = self._losses(self.part, rows[cut])
            loss = losses @ self._weights[rows[cut]].to(losses)
            (loss / len(rows)).backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        untouched = [name for name, parameter in self._parameters.items() if parameter.grad is None]
        assert not untouched, f"no gradient reaches {', '.join(untouched)}"
        self._optimizer.step()
        return total

    def _heard(self, at_once: int) -> tuple[float, float, float]:
        """Mean loss, UA and accuracy of the dev clips; without any they are no numbers."""
        import torch

        if not len(self.dev):
            return math.nan, math.nan, math.nan
        self.network.train(False)
        total, said = 0.0, np.empty_like(self.dev.labels)
        for cut in cuts(self.dev.lengths, at_once):
            with torch.no_grad():
                losses, logits = self._losses(self.dev, cut)
            total += float(losses.double().sum())
            said[cut] = logits.argmax(-1).cpu().numpy()
        loss = total / len(self.dev)
        self._check(loss, of="dev")
        counts = np.zeros([max(said.max(), self.dev.labels.max()) + 1] * 2)
        np.add.at(counts, (self.dev.labels, said), 1)
        return loss, float(ua(counts)), float(np.mean(said == self.dev.labels))

    def _losses(self, part: Part, rows: Rows) -> tuple[Tensor, Tensor]:
        """Cross-entropy of each clip, and its logits [clip, class]."""
        import torch

        logits = self.network(part.tensors(rows, self.device))
        truth = torch.from_numpy(part.labels[rows]).to(self.device)
        # torch's own cross_entropy wakes all threads for a handful of numbers
        return logits.logsumexp(1) - logits.gather(1, truth[:, None])[:, 0], logits

    def _within_memory(self, lengths: Rows, compute: Callable[[int], Any]) -> Any:
        """What is computed of clips of these lengths, with as little at once as is needed."""
        while True:
            try:
                return compute(self.state.at_once)
            except (RuntimeError, MemoryError) as error:
                if not memory.ran_out(error):
                    raise
            self._halve(lengths)  # not within the except: there the error still holds what was computed

    def _halve(self, lengths: Rows) -> None:
        state = self.state
        state.peak_mb = max(state.peak_mb, memory.peak_mb(self.device))
        self._optimizer.zero_grad(set_to_none=True)
        memory.forget(self.device)
        several = [int(lengths[cut].sum()) for cut in cuts(lengths, state.at_once) if len(cut) > 1]
        if not several:
            raise BadInput(
                f"memory ran out on {self.device} though clips are computed one by one, the longest of {lengths.max()} "
                "frames. Learn from shorter clips, use fewer layers (layer), tune fewer (from_layer), or compute in bf16 "
                "(precision)."
            )
        state.at_once = max(several) // 2
        self._note(
            f"memory ran out on {self.device} in epoch {state.epoch} with {max(several)} frames at once; from there it was "
            f"{state.at_once}, and a step of the optimizer was of {self.recipe.batch} clips as before"
        )

    def _note(self, words: str) -> None:
        if words not in self.state.notes:
            self.state.notes.append(words)
            self.say(words)

    def _check(self, loss: float, of: str = "training") -> None:
        finite(loss, epoch=self.state.epoch, learning_rate=self.recipe.learning_rate, of=of)


def _draw_from(seed: int, device: str) -> None:
    """Begin the generator that dropout on a device draws from; ``torch.manual_seed`` does so for every kind of device."""
    import torch

    if device.startswith("cuda"):
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    elif device.startswith("mps"):
        torch.mps.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)
