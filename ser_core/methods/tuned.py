"""An encoder that is trained in part: a head, and beside it what ``tune`` names (LoRA, adapters, gating, …) or all of it.

``tuning`` says what is trained, ``training`` how. Frames of the layer below which nothing is trained are kept and computed
once for each clip, so that an epoch costs only the blocks above. Without ``tune`` the head alone learns, on the mean over
the frames of ``layer``; every encoder can be heard so, and only a transformer has blocks that can be trained.

On a CPU the same seed gives the same model to the last bit, with as many threads, and so does a training that was cut off
and gone on with. A second stage (``further``) goes on with other clips of the same emotions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ser_core.encoders._encoder import DTYPES
from ser_core.errors import BadInput, Problem, nearest
from ser_core.features import device_named
from ser_core.methods._learning import Learning, refused
from ser_core.methods._method import Ears, Method, Rated, Watch, emotions_of, posterior
from ser_core.methods._trained import Model, Way, learned, part, same_revision, tells
from ser_core.training.clips import cuts
from ser_core.training.recipe import PRESETS, Recipe
from ser_core.tuning._network import Network, build, entering
from ser_core.tuning._parts import TUNES, Parts

_SHAPED = [field.name for field in dataclasses.fields(Parts) if field.name not in ("tune", "hidden")]


@dataclass(frozen=True)
class Config(Learning):
    """What is trained of which encoder, and how; numbers are those of Han et al. 2025 unless said."""

    encoder: str = "logmel"
    """Its name."""
    tune: str | tuple[str, ...] = ""
    """What is trained beside the head, such as lora+adapter+gating; of lora, adapter, gating, weighted_sum, prompt, full."""
    layer: int = -1
    """The layer whose mean over frames the head hears (negative: from the end); blocks above it are left out."""
    from_layer: int = 0
    """The layer below which nothing is trained; its frames are kept and computed once."""
    lora_rank: int = 8
    lora_alpha: int = 16
    lora_dropout: float = 0.1
    lora_on: Literal["all", "attention", "feed_forward"] = "all"
    """Linear layers of a block that have it."""
    adapter_width: int = 48
    """768 / 16."""
    adapter_scale: float = 1.0
    """What the adapter adds is multiplied by this."""
    adapter_start: Literal["default", "zero"] = "default"
    """Where its second layer begins: as linear layers do, or adding nothing."""
    prompts: int = 5
    """Learned rows before a clip's frames, in each block (Feng & Narayanan 2023)."""
    balance: Literal["off", "weights"] = "off"
    """``weights``: a clip counts as much as its emotion is rare in training."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """``bf16``: blocks are computed under autocast; weights, head and losses are float32 still."""
    at_once: int = 0
    """Frames that are computed together at most; 0: what suits the device. A step has ``batch`` clips whatever this is."""
    carry_optimizer: bool | None = None
    """Whether a second stage goes on with the optimizer's moments, the last weights, the count of epochs and the best."""
    first_epochs: int | None = None
    """A second stage goes on from where the first stood after so many epochs; 0: from its end."""

    def __post_init__(self) -> None:
        """Refuse what there is not, what makes no sense and what cannot be learned with; all of it at once."""
        object.__setattr__(self, "tune", "+".join(_words(self.tune)))
        problems = refused(super().__post_init__, lambda: self.recipe, lambda: entering(self.encoder, self._parts(())))
        if self.precision not in DTYPES:
            problems.append(Problem(f"precision cannot be '{self.precision}'. {nearest(str(self.precision), DTYPES)}"))
        if problems:
            raise BadInput(*problems)

    @property
    def recipe(self) -> Recipe:
        """How it learns."""
        return self.recipe_of(PRESETS)

    @property
    def parts(self) -> Parts:
        """What is trained."""
        return self._parts(self.recipe.hidden)

    def _parts(self, hidden: tuple[int, ...]) -> Parts:
        shaped: dict[str, Any] = {name: getattr(self, name) for name in _SHAPED}
        return Parts(tune=tuple(_words(self.tune)), hidden=hidden, **shaped)


def fit(train: pd.DataFrame, dev: pd.DataFrame, config: Config, *, watch: Watch | None = None) -> Model:
    """Train what the config names; without dev clips for all epochs.

    Raises:
        BadInput: fewer than two emotions to learn, a dev clip of another one, clips that cannot be heard, a loss that is no
            number any more, too little memory for a single clip, or a checkpoint of another lesson.
    """
    return stage(emotions_of(train), train, dev, config, watch)


def further(model: Model, train: pd.DataFrame, dev: pd.DataFrame, config: Config, *, watch: Watch | None = None) -> Model:
    """Go on from a fitted model with other clips of its emotions, in a new stage.

    Raises:
        BadInput: as ``fit``; or the config is of a network of another shape, or carries an optimizer that was not kept.
    """
    problems = _other_network(model.config, config)
    if config.recipe.carry_optimizer and not model.config.recipe.carry_optimizer:
        problems.append(
            Problem("carry_optimizer: the first stage did not keep its optimizer; set carry_optimizer in both stages.")
        )
    if problems:
        raise BadInput(*problems)
    return stage(model.labels, train, dev, config, watch, model)


def stage(
    labels: tuple[str, ...],
    train: pd.DataFrame,
    dev: pd.DataFrame,
    config: Config,
    watch: Watch | None,
    before: Model | None = None,
) -> Model:
    """One stage of training: the first, or one that goes on from a model ``before``; as ``_trained.learned``."""
    _OPEN.clear()  # what training needs of a device's memory is more than a network that rates leaves
    made: list[Network] = []

    def untaught(config: Config, emotions: int, device: str) -> Network:
        made.append(build(config.encoder, config.parts, emotions, seed=config.seed, device=device, dtype=config.precision))
        return made[0]

    model = learned(Way(hears, untaught), labels, train, dev, config, watch or Watch(), before)
    for parameter in made[0].parameters():
        parameter.grad = None
    _OPEN[_shape(model, device_named("auto"))] = made[0]
    return model


def predict(model: Model, stimuli: pd.DataFrame) -> Rated:
    """The softmax of what the network says of every clip.

    On a CPU clip by clip, so that what is said of one is the same to the last bit whatever lies beside it; on a GPU several
    at once, which agree within rounding.

    Raises:
        BadInput: clips that cannot be heard, or an encoder of another revision than the model has learned from.
    """
    return posterior(
        stimuli, model.labels, _passed(model, stimuli, lambda network, clips: network(clips).double().softmax(-1))
    )


def embeds(model: Model, stimuli: pd.DataFrame) -> npt.NDArray[np.float64]:
    """What the head hears, [clip, dim].

    Raises:
        BadInput: as ``predict``.
    """
    return _passed(model, stimuli, lambda network, clips: network.pooled(clips).double())


def _passed(model: Model, stimuli: pd.DataFrame, through: Callable[[Network, Any], Any]) -> npt.NDArray[np.float64]:
    """A row for each clip, of what comes ``through`` the network."""
    import torch

    config, device = model.config, device_named("auto")
    heard, revision = part(hears(config), config, (), stimuli)
    same_revision(model, revision)
    network = _ready(model, device)
    network.load_learned(model.stand.kept)
    network.eval()
    rows: dict[int, npt.NDArray[np.float64]] = {}
    with torch.inference_mode():
        for cut in cuts(heard.lengths, 1 if device == "cpu" else config.recipe.frames_at_once(device)):
            rows |= zip(cut.tolist(), through(network, heard.tensors(cut, device)).cpu().numpy(), strict=True)
    return np.stack([rows[number] for number in range(len(heard))])


def hears(config: Config) -> Ears:
    """Frames of the layer that enters what is trained; of some encoders with the rows that belong to no frame.

    For the head alone the means over frames are enough.
    """
    encoder, layer = entering(config.encoder, config.parts)
    return Ears(encoder, "frames", layer) if config.tune else Ears(encoder)


def _words(tune: str | tuple[str, ...]) -> list[str]:
    """What is trained, in the order of ``TUNES``.

    >>> _words("adapter+lora"), _words(("lora",)), _words("")
    (['lora', 'adapter'], ['lora'], [])
    """
    words = tune.replace("+", " ").replace(",", " ").split() if isinstance(tune, str) else list(tune)
    return sorted(words, key=lambda word: TUNES.index(word) if word in TUNES else len(TUNES))


def _other_network(before: Config, config: Config) -> list[Problem]:
    """What makes a network of another shape of it."""
    keys = ["encoder", "tune", *_SHAPED]
    pairs = [(key, getattr(before, key), getattr(config, key)) for key in keys]
    pairs.append(("hidden", before.recipe.hidden, config.recipe.hidden))
    return [
        Problem(f"{key} is {new} and was {old}: a second stage trains what the first did.")
        for key, old, new in pairs
        if old != new
    ]


_Shape = tuple[str, Parts, int, str, str, str]
_OPEN: dict[_Shape, Network] = {}
"""The network that was used last, open for the next clips: one that has just learned rates what it is asked to."""


def _shape(model: Model, device: str) -> _Shape:
    """What a network must have in common with a model to rate in its place; the revision tells other files apart."""
    config = model.config
    return config.encoder, config.parts, len(model.labels), device, config.precision, model.revision


def _ready(model: Model, device: str) -> Network:
    shape = _shape(model, device)
    if shape not in _OPEN:
        _OPEN.clear()
        encoder, parts, classes, *_ = shape
        _OPEN[shape] = build(encoder, parts, classes, seed=0, device=device, dtype=model.config.precision)
    return _OPEN[shape]


METHOD = Method(
    title="Tuned encoder",
    config=Config,
    fit=fit,
    predict=predict,
    hears=hears,
    further=further,
    watched=True,
    embeds=embeds,
    tells=tells,
)
