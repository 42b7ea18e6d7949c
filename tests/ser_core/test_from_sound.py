"""Small networks that learn from the sound: sizes, crops, what falls, what is kept, and that they learn what is there."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from ser_core import audio, ratings
from ser_core.encoders import emotion_cnn as encoder
from ser_core.errors import BadInput
from ser_core.features import features
from ser_core.methods import _from_sound, cnn_blstm, emotion_cnn
from ser_core.methods._method import Watch, configured
from ser_core.stimuli import load
from ser_core.training.checkpoints import Checkpoint
from tests.ser_core import tiny_checkpoints, voices

QUIET = Watch(say=lambda words: None)
BOTH = pytest.mark.parametrize("file", [emotion_cnn, cnn_blstm], ids=["emotion_cnn", "cnn_blstm"])


@pytest.fixture(scope="module", autouse=True)
def _alone(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, tiny_checkpoints.one_thread():
        patch.setenv("EARWITNESS_FEATURES", str(tmp_path_factory.mktemp("features")))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


def clips(folder, **how) -> pd.DataFrame:
    stimuli = load(voices.table(folder, **how))
    return stimuli.assign(sha256=[audio.sha256(file) for file in stimuli["file"]])


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    return clips(tmp_path_factory.mktemp("train"), takes=4)


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    return clips(tmp_path_factory.mktemp("heard"), speakers=("c", "d"), takes=2)


def learned(file, train, dev, watch=QUIET, **settings):
    usual = {"crop_s": 0.27, "epochs": 10, "batch": 16, "learning_rate": 5e-3}
    return file.METHOD.fit(train, dev, configured(file.METHOD, usual | settings, seed=0), watch=watch)


@pytest.fixture(scope="module")
def models(train, heard):
    return {file: learned(file, train, heard) for file in (emotion_cnn, cnn_blstm)}


def said(model, file, clips) -> str:
    return ratings.to_csv(file.METHOD.predict(model, clips).ratings)


@BOTH
def test_what_tells_emotions_apart_is_learned_told_and_said_the_same_beside_other_clips_and_elsewhere(file, models, heard):
    model = models[file]
    rows = file.METHOD.predict(model, heard).ratings
    best = rows.loc[rows.groupby("stimulus", sort=False)["weight"].idxmax(), "label"]
    assert (best.to_numpy() == heard["truth"].to_numpy()).mean() >= 0.9
    told = file.METHOD.tells(model)
    assert (told.epochs, told.stopped, told.batch) == (10, "epochs", 16)
    assert told.kept == told.curve["dev_ua"].idxmax() + 1  # clips of each emotion are as many, so UA is accuracy
    alone = file.METHOD.predict(model, heard.iloc[[5]]).ratings
    assert alone["weight"].tolist() == rows["weight"].iloc[20:24].tolist()
    assert said(pickle.loads(pickle.dumps(model)), file, heard) == ratings.to_csv(rows)


def test_emotion_cnn_has_the_published_number_of_parameters_and_learns_all_but_what_batch_norm_has_seen(models):
    model = models[emotion_cnn]
    kept = {name: value for name, value in model.stand.kept.items() if "num_batches" not in name}
    head = 128 * 4 + 4
    assert sum(value.numel() for value in kept.values()) == 35_584 + head
    assert emotion_cnn.METHOD.tells(model).trainable == 35_584 + head - 2 * (32 + 24 + 128)


def test_the_convolutional_recurrent_network_has_the_parts_that_the_paper_names(models):
    lstm = 2 * 4 * 128 * (128 + 128 + 2)  # two ways, four gates, input, state and two biases
    convolutions = (11 * 64 + 1) * 128 + (5 * 128 + 1) * 128
    dense = (2 * 128 + 1) * 128 + (128 + 1) * 4
    assert cnn_blstm.METHOD.tells(models[cnn_blstm]).trainable == convolutions + lstm + dense


def test_what_emotion_cnn_hears_of_a_clip_is_what_its_encoder_makes_of_it(models, heard):
    import torch

    state = models[emotion_cnn].stand.kept
    opened = encoder.network()
    opened.load_state_dict({name.removeprefix("features."): v for name, v in state.items() if name.startswith("features")})
    clip = audio.read(heard["file"].iloc[3])
    mean = encoder.EmotionCNN(trained=opened)([clip])[0][0].mean(dim=0)
    logits = (state["head.0.weight"] @ mean + state["head.0.bias"]).double().softmax(0)
    rows = emotion_cnn.METHOD.predict(models[emotion_cnn], heard.iloc[[3]]).ratings
    assert torch.allclose(logits, torch.tensor(rows["weight"].to_numpy()), atol=1e-4)


def test_a_crop_is_a_stretch_of_the_levelled_clip_and_every_one_can_come():
    import torch

    frames = torch.arange(12.0).reshape(6, 2)
    crops = {int(_from_sound.cropped(frames, 4, start)[0, 0]) for start in np.arange(0, 1, 0.01)}
    assert crops == {0, 2, 4}
    assert torch.equal(_from_sound.cropped(frames, 4, 0.99), frames[2:])
    filled = _from_sound.cropped(frames[:2], 3, 0.99)
    assert torch.equal(filled, torch.cat([frames[:2], torch.zeros(1, 2)]))
    level = _from_sound.levelled(frames)
    assert float(level.mean()) == pytest.approx(0, abs=1e-6)
    assert float(level.std()) == pytest.approx(1)
    assert not _from_sound.levelled(torch.full((3, 2), -18.4)).any()


def test_in_training_stretches_are_heard_at_random_and_in_rating_all_of_a_clip(heard):
    import torch

    seen = []

    class Recorder(torch.nn.Module):
        def forward(self, x):
            seen.append(x)
            return x.mean(dim=(1, 2))[:, None]

    network = _from_sound.Network(Recorder(), 5, "cpu")
    found = features("logmel", heard, pooling="frames", layer=0)
    frames = [torch.from_numpy(np.array(found[row])) for row in range(3)]
    network(frames)
    assert [tuple(x.shape) for x in seen] == [(1, 31, 64)] * 3
    assert torch.equal(seen[0][0], _from_sound.levelled(frames[0]))
    network.train()
    torch.manual_seed(1)
    network(frames)
    network(frames)
    torch.manual_seed(1)
    network(frames)
    assert tuple(seen[3].shape) == (3, 5, 64)
    assert not torch.equal(seen[3], seen[4])
    assert torch.equal(seen[3], seen[5])


def test_the_learning_rate_falls(train, heard):
    one, more = (
        learned(cnn_blstm, train, heard.iloc[:0], epochs=epochs, decay=1e-9, decay_every=1, learning_rate=1e-2)
        for epochs in (1, 3)
    )
    for name, weights in one.stand.kept.items():
        assert np.allclose(weights, more.stand.kept[name], atol=1e-9)


class _Cut(Exception):
    pass


@BOTH
def test_cut_off_and_gone_on_with_it_learns_the_same_to_the_last_bit(file, models, train, heard, tmp_path, monkeypatch):
    write, seen = Checkpoint.write, []

    def cut(self, stand):
        write(self, stand)
        seen.append(stand.state.epoch)
        if seen == [1, 2, 3]:
            raise _Cut

    monkeypatch.setattr(Checkpoint, "write", cut)
    watch = Watch(tmp_path, lambda words: None)
    with pytest.raises(_Cut):
        learned(file, train, heard, watch)
    again = learned(file, train, heard, watch)
    assert seen == list(range(1, 11))
    assert all(value.equal(again.stand.kept[name]) for name, value in models[file].stand.kept.items())


@BOTH
def test_what_cannot_be_learned_is_refused_with_the_reason(file, train, heard):
    with pytest.raises(BadInput, match=r"encoder must be a spectrogram .* not 'logmell'.* Did you mean 'logmel'"):
        file.METHOD.config(encoder="logmell")
    with pytest.raises(BadInput) as bad:
        file.METHOD.config(
            crop_s=0.1, decay=0.0, decay_every=0, batch=0, epochs=0, seed=-1, learning_rate=0.0, weight_decay=-1
        )
    assert len(bad.value.problems) == 8
    with pytest.raises(BadInput, match=r"crop_s must lie from 0.27 to 60 seconds, not inf"):
        file.METHOD.config(crop_s=float("inf"))
    with pytest.raises(BadInput, match="the training part holds only sad"):
        learned(file, train[train["truth"] == "sad"], heard)
    with pytest.raises(BadInput, match=r"loss is no number any more in epoch"):
        learned(file, train, heard, learning_rate=1e30)
