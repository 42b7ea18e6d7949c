"""An encoder trained in part, on a small random wav2vec2: every part learns, is kept, goes on, and says the same again."""

from __future__ import annotations

import os
import pickle
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser_core import audio, ratings
from ser_core.encoders import wav2vec2
from ser_core.encoders._find import open_encoder as opens
from ser_core.errors import BadInput
from ser_core.methods import layer_probe, tuned
from ser_core.methods._method import CURVE, Ears, Watch, configured
from ser_core.methods._trained import Model
from ser_core.stimuli import load
from ser_core.training.loop import Training
from ser_core.training.recipe import PRESETS
from ser_core.tuning._parts import TUNES
from tests.ser_core import tiny_checkpoints, voices

DIM, BLOCKS = tiny_checkpoints.DIM, tiny_checkpoints.BLOCKS
QUIET = Watch(say=lambda words: None)
ALL = "lora+adapter+gating"


@pytest.fixture(scope="module", autouse=True)
def small(tmp_path_factory):
    """A small wav2vec2 where the true one would lie, one thread, and features of its own."""
    folder = tmp_path_factory.mktemp("tuned")
    (folder / "models").mkdir()
    (folder / "models" / "w2v2-en").symlink_to(tiny_checkpoints.kept("w2v2-en"))
    with pytest.MonkeyPatch.context() as patch, tiny_checkpoints.one_thread():
        patch.setenv("EARWITNESS_FEATURES", str(folder / "features"))
        patch.setenv("EARWITNESS_MODELS", str(folder / "models"))
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setitem(wav2vec2.ENCODERS, "w2v2-en", tiny_checkpoints.small("w2v2-en"))
        yield


def clips(folder, **how) -> pd.DataFrame:
    stimuli = load(voices.table(folder, **how))
    return stimuli.assign(sha256=[audio.sha256(file) for file in stimuli["file"]])


@pytest.fixture(scope="module")
def train(tmp_path_factory) -> pd.DataFrame:
    return clips(tmp_path_factory.mktemp("train"), takes=2)


@pytest.fixture(scope="module")
def dev(tmp_path_factory) -> pd.DataFrame:
    return clips(tmp_path_factory.mktemp("dev"), speakers=("c",))


@pytest.fixture(scope="module")
def abroad(tmp_path_factory) -> pd.DataFrame:
    return clips(tmp_path_factory.mktemp("abroad"), languages=("zh",))


def config(tune: str = ALL, **more) -> tuned.Config:
    return tuned.Config(**{"encoder": "w2v2-en", "tune": tune, "batch": 6, "epochs": 3, "learning_rate": 1e-3} | more)


@pytest.fixture(scope="module")
def model(train, dev) -> Model:
    return tuned.fit(train, dev, config(), watch=QUIET)


def said(model: Model, clips: pd.DataFrame) -> str:
    return ratings.to_csv(tuned.predict(model, clips).ratings)


LINEAR = [(DIM, DIM)] * 4 + [(DIM, 96), (96, DIM)]
"""Of a block: q, k, v, out, and the feed-forward part."""
NUMBERS = {
    "": 0,
    "lora": sum(8 * (wide + narrow) for wide, narrow in LINEAR),
    "adapter": 2 * 48 * DIM + 48 + DIM,
    "gating": DIM,
    "prompt": 5 * DIM,
    "full": sum(wide * narrow + narrow for wide, narrow in LINEAR) + 4 * DIM,
}


@pytest.mark.parametrize("tune", [*NUMBERS, "weighted_sum", ALL])
def test_every_part_learns_is_counted_and_can_be_sent_elsewhere(tune, train, dev):
    model = tuned.fit(train, dev, config(tune, layer=2, epochs=1), watch=QUIET)
    told = tuned.METHOD.tells(model)
    parts = sum(NUMBERS.get(part, 0) for part in tune.split("+"))
    assert told.trainable == 2 * parts + (BLOCKS if tune == "weighted_sum" else 0) + 4 * DIM + 4
    begun = tuned.fit(train, dev, config(tune, layer=2, epochs=1, learning_rate=1e-12), watch=QUIET)
    still = [n for n, weights in model.stand.kept.items() if weights.equal(begun.stand.kept[n]) and "k_proj.bias" not in n]
    assert still == []  # but the bias of keys, which attention cancels: there the gradient is a rounding
    among, alone = tuned.predict(model, dev).ratings, tuned.predict(model, dev.iloc[[2]]).ratings
    assert among["weight"].iloc[8:12].tolist() == alone["weight"].tolist()
    assert np.allclose(among.groupby("stimulus")["weight"].sum(), 1)
    tuned._OPEN.clear()
    assert said(pickle.loads(pickle.dumps(model)), dev) == ratings.to_csv(among)


def test_all_that_can_be_tuned_is_tested():
    assert {"", *TUNES} == {*NUMBERS, "weighted_sum"}


def test_the_same_seed_says_the_same_to_the_last_byte_and_another_does_not(model, train, dev):
    assert said(tuned.fit(train, dev, config(), watch=QUIET), dev) == said(model, dev)
    assert said(tuned.fit(train, dev, config(seed=1), watch=QUIET), dev) != said(model, dev)


def test_what_the_head_makes_of_where_clips_lie_is_what_the_model_says(model, dev):
    lies = tuned.embeds(model, dev)
    assert lies.shape == (len(dev), DIM)
    weight, bias = (
        next(v.numpy() for k, v in model.stand.kept.items() if "head" in k and k.endswith(w)) for w in ("weight", "bias")
    )
    logits = lies @ weight.T.astype(np.float64) + bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    said = tuned.predict(model, dev).ratings["weight"].to_numpy().reshape(len(dev), -1)
    assert said == pytest.approx(powers / powers.sum(axis=1, keepdims=True), abs=1e-6)


def test_an_encoder_is_opened_once_by_a_model_that_learns_and_rates(model, train, dev, monkeypatch):
    opened: list[str] = []

    def counted(name: str, **how):
        opened.append(name)
        return opens(name, **how)

    monkeypatch.setattr("ser_core.tuning._network.open_encoder", counted)
    again = tuned.fit(train, dev, config(), watch=QUIET)
    assert (said(again, dev), len(tuned.embeds(again, dev))) == (said(model, dev), len(dev))
    assert opened == ["w2v2-en"]
    assert all(parameter.grad is None for network in tuned._OPEN.values() for parameter in network.parameters())


def test_it_tells_how_it_learned(model):
    told = tuned.METHOD.tells(model)
    assert list(told.curve.columns) == list(CURVE)
    assert told.curve[["stage", "epoch"]].to_numpy().tolist() == [[1, 1], [1, 2], [1, 3]]
    assert told.curve[["train_loss", "dev_loss", "dev_ua", "seconds"]].notna().all(axis=None)
    assert told.kept == told.curve["dev_loss"].argmin() + 1
    assert (told.epochs, told.stopped, told.batch, told.notes) == (3, "epochs", 6, ())
    assert told.peak_memory_mb is not None
    assert told.peak_memory_mb > 1


def test_the_head_alone_is_the_probe_of_that_layer(train, dev):
    how = {"encoder": "w2v2-en", "layer": 1, "hidden": "8", "batch": 5, "epochs": 6, "learning_rate": 0.01, "seed": 3}
    probe = layer_probe.predict(layer_probe.fit(train, dev, layer_probe.Config(**how)), dev).ratings
    network = tuned.predict(tuned.fit(train, dev, tuned.Config(**how), watch=QUIET), dev).ratings
    assert network["weight"].to_numpy() == pytest.approx(probe["weight"].to_numpy(), abs=1e-5)
    assert probe["weight"].std() > 0.01


def test_bf16_strays_from_fp32_and_not_far(model, train, dev):
    other = tuned.predict(tuned.fit(train, dev, config(precision="bf16"), watch=QUIET), dev).ratings["weight"]
    gap = (other - tuned.predict(model, dev).ratings["weight"]).abs().max()
    assert 0 < gap < 0.05


def test_it_asks_for_frames_of_the_layer_that_enters_and_for_the_head_alone_for_means():
    assert tuned.hears(config(from_layer=1)) == Ears("w2v2-en", "frames", 1)
    assert tuned.hears(config("")) == Ears("w2v2-en", "mean")
    assert tuned.hears(tuned.Config(encoder="whisper-small", tune="lora")) == Ears("whisper-small-whole", "frames", 0)


# --- settings ---


def test_what_is_tuned_is_written_in_one_order_as_text_or_as_a_list():
    chosen = [
        configured(tuned.METHOD, {"encoder": "w2v2-en", "tune": t}, seed=0) for t in ("gating+lora", ["lora", "gating"])
    ]
    assert chosen[0] == chosen[1]
    assert chosen[0].tune == "lora+gating"
    assert replace(chosen[0], seed=1).parts.tune == ("lora", "gating")


def test_a_preset_decides_what_is_not_chosen():
    as_run = tuned.Config(preset="as_run")
    assert as_run.recipe == PRESETS["as_run"]
    assert as_run.parts.hidden == (128, 16)
    chosen = configured(tuned.METHOD, {"preset": "as_run", "batch": "4", "hidden": "none", "carry_optimizer": "no"}, seed=0)
    assert chosen.recipe == replace(PRESETS["as_run"], batch=4, hidden=(), carry_optimizer=False)
    assert tuned.Config().recipe == PRESETS["paper"]


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"tune": "lorra"}, "Did you mean 'lora'"),
        ({"tune": "lora+lora"}, "stands twice"),
        ({"tune": "lora+full"}, "choose one"),
        ({"encoder": "byol-s-512", "tune": "lora"}, "byol-s-512 has no blocks that can be trained"),
        ({"encoder": "w2v2-em"}, "Did you mean 'w2v2-en'"),
        ({"layer": 40}, "no layer 40"),
        ({"from_layer": 3}, "from_layer must be lower"),
        ({"precision": "bf61"}, "Did you mean 'bf16'"),
        ({"hidden": "128-16"}, "widths such as 128,16"),
        ({"hidden": (0,)}, "1 wide or more"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"batch": 0, "tune": "lorra", "lora_rank": 0}, r"(?s)batch.*lorra.*lora_rank"),
    ],
)
def test_settings_that_make_no_sense_are_refused_all_at_once(setting, says):
    with pytest.raises(BadInput, match=says):
        config(**{"tune": ALL} | setting)


def test_clips_that_nothing_can_be_learned_from_are_refused(train, dev):
    two = train[train["truth"].isin(["angry", "sad"])]
    with pytest.raises(BadInput, match=r"dev clips are happy, neutral; the model learns angry, sad alone"):
        tuned.fit(two, dev, config(), watch=QUIET)
    with pytest.raises(BadInput, match="holds only sad"):
        tuned.fit(train[train["truth"] == "sad"], dev.iloc[:0], config(), watch=QUIET)


def test_a_model_is_not_asked_about_frames_of_another_revision(model, dev):
    with pytest.raises(BadInput, match=r"learned from w2v2-en of revision other; here it is files:"):
        tuned.predict(replace(model, revision="other"), dev)


# --- two stages ---


def test_a_second_stage_goes_on_with_other_clips(model, abroad, dev):
    second = tuned.further(model, abroad, dev, config(), watch=QUIET)
    told = tuned.METHOD.tells(second)
    assert told.curve["stage"].tolist() == [1, 1, 1, 2, 2, 2]
    assert told.curve["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert told.kept is not None
    assert told.kept > 3
    assert said(second, dev) != said(model, dev)
    assert said(tuned.further(model, abroad, dev, config(), watch=QUIET), dev) == said(second, dev)


def test_with_a_carried_optimizer_a_second_stage_on_the_same_clips_is_the_first_one_gone_on(train, dev):
    how = {"carry_optimizer": True, "layer": 1}
    half = tuned.fit(train, dev, config(epochs=2, **how), watch=QUIET)
    whole = tuned.fit(train, dev, config(epochs=4, **how), watch=QUIET)
    second = tuned.further(pickle.loads(pickle.dumps(half)), train, dev, config(epochs=4, **how), watch=QUIET)
    assert said(second, dev) == said(whole, dev)
    again = tuned.further(half, train, dev, config(epochs=4, **how), watch=QUIET)
    once_more = tuned.further(half, train, dev, config(epochs=4, **how), watch=QUIET)
    assert said(again, dev) == said(once_more, dev) == said(whole, dev)
    assert all(weights.equal(second.stand.last[name]) for name, weights in whole.stand.last.items())


def test_a_second_stage_of_another_network_is_refused_with_all_that_differs(model, abroad, dev):
    other = config("lora", layer=2, hidden="8", carry_optimizer=True)
    with pytest.raises(BadInput) as refused:
        tuned.further(model, abroad, dev, other, watch=QUIET)
    told = [problem.what.split()[0] for problem in refused.value.problems]
    assert told == ["tune", "layer", "hidden", "carry_optimizer:"]
    with pytest.raises(BadInput, match="training clips are bored; the model learns angry"):
        tuned.further(model, abroad.assign(truth="bored"), dev, config(), watch=QUIET)


# --- cut off ---


def killed(lesson: tuple[pd.DataFrame, pd.DataFrame, tuned.Config], folder: Path, *, at_step: int) -> int:
    """Let a process of its own learn until that step; how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    step, steps = Training._step, [0]

    def deadly(self: Training, *given) -> object:
        steps[0] += 1
        if steps[0] == at_step:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(self, *given)

    try:
        Training._step = deadly  # type: ignore[assignment, method-assign]
        tuned.fit(*lesson, watch=Watch(folder, QUIET.say))
    finally:
        os._exit(1)


def test_killed_in_the_middle_of_an_epoch_and_gone_on_with_it_says_the_same_to_the_last_byte(model, train, dev, tmp_path):
    lesson, watch = (train, dev, config()), Watch(tmp_path / "kept", QUIET.say)
    assert killed(lesson, tmp_path / "kept", at_step=2 * 3 + 2) == -signal.SIGKILL  # in the third epoch
    again = tuned.fit(*lesson, watch=watch)
    assert said(again, dev) == said(model, dev)
    first, second = (tuned.METHOD.tells(m).curve for m in (model, again))
    assert first.drop(columns="seconds").equals(second.drop(columns="seconds"))
    with pytest.raises(
        BadInput, match=r"is of another lesson: seed was 0 and is 1; learning_rate was 0\.001 and is 0\.002\. "
    ):
        tuned.fit(train, dev, config(seed=1, learning_rate=0.002), watch=watch)
    with pytest.raises(BadInput, match=r"training clips was"):
        tuned.fit(train.iloc[1:], dev, config(), watch=watch)
