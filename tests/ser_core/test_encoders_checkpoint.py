"""Where an encoder's files are looked for, what is fetched, and what is said when they are missing, broken or others."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ser_core.cli import main
from ser_core.encoders import _checkpoint, byol_s, wav2vec2
from ser_core.encoders._find import all_encoders, find, hidden_states, open_encoder
from ser_core.errors import BadInput
from tests.ser_core import tiny_checkpoints
from tests.ser_core.tiny_checkpoints import sound

COMMIT = "22aad52d435eb6dbaf354bdad9b0da84ce7d6156"


@pytest.fixture(autouse=True, scope="module")
def _quickly():
    with tiny_checkpoints.one_thread():
        yield


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Nothing here, nothing in the hub's cache, and no network."""
    import huggingface_hub.constants

    for name in ("EARWITNESS_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EARWITNESS_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("socket.socket.connect", _no_network)
    return tmp_path / "cache"


def _no_network(*_):
    raise OSError("a test reached for the network")


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The user's folder, and an encoder ``w2v2-en`` of the size of the tiny checkpoints."""
    monkeypatch.setitem(wav2vec2.ENCODERS, "w2v2-en", tiny_checkpoints.small("w2v2-en"))
    return tmp_path / "models"


def put(folder: Path) -> Path:
    made = tiny_checkpoints.kept("w2v2-en")
    assert made is not None
    shutil.copytree(made, folder)
    return folder


def put_in_cache(cache: Path, commit: str = COMMIT) -> Path:
    """As huggingface_hub lays a repository out."""
    top = cache / "models--facebook--wav2vec2-base-960h"
    (top / "refs").mkdir(parents=True)
    (top / "refs" / "main").write_text(commit)
    return put(top / "snapshots" / commit)


# --- where ---


@pytest.mark.parametrize("folder", ["w2v2-en", "facebook--wav2vec2-base-960h"])
def test_a_folder_of_the_users_own_is_found_by_either_name(folder, models):
    put(models / folder)
    opened = open_encoder("w2v2-en", offline=True)
    assert opened.folder == models / folder
    assert opened.hearing([sound(16_000)])[0].shape == (4, 49, 64)


def test_the_hubs_cache_is_used_without_a_network_and_its_commit_is_the_revision(models, cache):
    put_in_cache(cache)
    assert open_encoder("w2v2-en", offline=True).revision == COMMIT


def test_an_encoder_that_pins_no_commit_still_tells_which_one_it_was_opened_at(models, cache, monkeypatch):
    monkeypatch.setitem(wav2vec2.ENCODERS, "w2v2-en", replace(find("w2v2-en"), revision=""))
    put_in_cache(cache, "1" * 40)
    assert open_encoder("w2v2-en").revision == "1" * 40


def test_another_commit_in_the_cache_is_not_taken_for_the_pinned_one(models, cache):
    put_in_cache(cache, "2" * 40)
    with pytest.raises(BadInput, match="are not here"):
        open_encoder("w2v2-en", offline=True)


def test_the_users_own_files_are_told_by_their_content(models):
    folder = put(models / "w2v2-en")
    first = open_encoder("w2v2-en").revision
    assert first.startswith("files:")
    said = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps(said | {"do_normalize": False}))
    assert open_encoder("w2v2-en").revision != first
    shutil.rmtree(folder)
    put(models / "w2v2-en")
    assert open_encoder("w2v2-en").revision == first


def test_one_clip_can_be_heard_by_the_name_of_the_encoder(models):
    put(models / "w2v2-en")
    states = hidden_states("w2v2-en", sound(16_000))
    assert states.shape == (4, 49, 64)
    assert (states == open_encoder("w2v2-en").hearing([sound(16_000)])[0].numpy()).all()


# --- missing ---


@pytest.mark.parametrize("variable", ["EARWITNESS_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_a_missing_checkpoint_gives_the_command_that_fetches_it(variable, monkeypatch, tmp_path):
    monkeypatch.setenv(variable, "1")
    with pytest.raises(BadInput) as said:
        open_encoder("w2v2-cn")
    text = str(said.value)
    assert "nothing is fetched offline" in text
    assert "licence MIT" in text
    assert "hf download TencentGameMate/chinese-wav2vec2-base --include config.json" in text
    assert f"--revision {find('w2v2-cn').revision} --local-dir {tmp_path / 'models' / 'w2v2-cn'}" in text


def test_the_command_is_one_that_the_hubs_own_program_understands(monkeypatch, capsys):
    import sys

    import huggingface_hub.cli.download
    from huggingface_hub.cli.hf import main as hf

    asked = {}
    monkeypatch.setattr(huggingface_hub.cli.download, "snapshot_download", lambda **said: asked.update(said) or "")
    monkeypatch.setattr(sys, "argv", shlex.split(_checkpoint.command("w2v2-en", find("w2v2-en"))))
    with contextlib.suppress(SystemExit):
        hf()
    assert asked["repo_id"] == "facebook/wav2vec2-base-960h"
    assert asked["revision"] == COMMIT
    assert set(asked["allow_patterns"]) == {"config.json", "preprocessor_config.json", "model.safetensors"}


def test_without_a_network_a_missing_checkpoint_gives_the_command_and_the_reason(monkeypatch):
    import huggingface_hub

    own = huggingface_hub.snapshot_download

    def unreachable(*said, **how):  # as it is after half a minute of retries
        if how.get("local_files_only"):
            return own(*said, **how)
        raise ConnectionError("no route to host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(
        BadInput, match=r"fetching failed \(no route to host\)\. To fetch them: hf download facebook/wav2vec2-base-960h"
    ):
        open_encoder("w2v2-en")


@pytest.mark.parametrize("name", [name for name, encoder in all_encoders().items() if encoder.source])
def test_every_encoder_with_files_has_a_command_that_fetches_them_to_where_they_are_found(name, tmp_path):
    command = _checkpoint.command(name, find(name))
    assert find(name).source in command
    assert str(tmp_path / "models" / name) in command


# --- a file at a URL ---


def at_url(file: Path, monkeypatch, pinned: str) -> None:
    encoder = replace(byol_s.ENCODERS["byol-s-512"], source=file.as_uri(), revision=f"sha256:{pinned}")
    monkeypatch.setitem(byol_s.ENCODERS, "byol-s-512", encoder)


def test_a_file_from_a_url_is_kept_if_it_is_the_pinned_one(tmp_path, monkeypatch):
    file = next(tiny_checkpoints.save_byol(tmp_path).glob("*.pth"))
    pinned = hashlib.sha256(file.read_bytes()).hexdigest()
    at_url(file, monkeypatch, pinned)
    opened = open_encoder("byol-s-512")
    assert opened.revision == f"sha256:{pinned}"
    assert [kept.name for kept in (tmp_path / "models" / "byol-s-512").iterdir()] == [file.name]


def test_a_file_from_a_url_that_is_another_is_refused_and_not_kept(tmp_path, monkeypatch):
    file = next(tiny_checkpoints.save_byol(tmp_path).glob("*.pth"))
    at_url(file, monkeypatch, "0" * 64)
    with pytest.raises(BadInput, match=r"is pinned to 0{64}\. It was not kept"):
        open_encoder("byol-s-512")
    assert not (tmp_path / "models" / "byol-s-512").exists()
    with pytest.raises(BadInput, match="It was not kept"):
        open_encoder("byol-s-512")


# --- broken or another ---


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def a_folder(folder: Path) -> None:
    no_weights(folder)
    (folder / "model.safetensors").mkdir()


def empty(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def no_front_end(folder: Path) -> None:
    (folder / "preprocessor_config.json").unlink()


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def changed(folder: Path, name: str, **values) -> None:
    (folder / name).write_text(json.dumps(json.loads((folder / name).read_text()) | values))


def another_kind(folder: Path) -> None:
    changed(folder, "config.json", model_type="hubert")


def too_few_layers(folder: Path) -> None:
    changed(folder, "config.json", num_hidden_layers=5)


def wider(folder: Path) -> None:
    changed(folder, "config.json", intermediate_size=128)


def another_rate(folder: Path) -> None:
    changed(folder, "preprocessor_config.json", sampling_rate=8_000)


def shallower(folder: Path) -> None:
    changed(folder, "config.json", num_hidden_layers=2)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut, "the checkpoint cannot be read"),
        (no_weights, "holds no weights"),
        (a_folder, "holds no weights"),
        (empty, "the checkpoint cannot be read"),
        (no_config, "has no config.json"),
        (no_front_end, "has no preprocessor_config.json"),
        (broken_config, r"config\.json: cannot be read"),
        (another_kind, "model_type is 'hubert'; this encoder needs a checkpoint of 'wav2vec2'"),
        (too_few_layers, r"lacks encoder\.layers\.3.*more"),
        (wider, r"wrong shape for encoder\.layers"),
        (another_rate, "hears 8000 Hz; clips are 16000 Hz"),
        (shallower, "a model of 3 layers of 64; encoder w2v2-en .* has 4 of 64"),
    ],
)
def test_files_that_cannot_be_used_are_named_with_what_to_do(spoil, said, models):
    spoil(put(models / "w2v2-en"))
    with pytest.raises(BadInput, match=said) as bad:
        open_encoder("w2v2-en")
    assert "hf download facebook/wav2vec2-base-960h" in str(bad.value)


def test_the_older_weights_file_gives_the_same_numbers(models):
    import torch
    from safetensors.torch import load_file

    folder = put(models / "w2v2-en")
    expected = open_encoder("w2v2-en").hearing([sound(16_000)])[0]
    state = load_file(folder / "model.safetensors")
    norm = "encoder.pos_conv_embed.conv."  # named otherwise before torch 2.0
    for older, newer in (
        ("weight_g", "parametrizations.weight.original0"),
        ("weight_v", "parametrizations.weight.original1"),
    ):
        state[norm + older] = state.pop(norm + newer)
    torch.save({f"wav2vec2.{name}": value for name, value in state.items()}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert (open_encoder("w2v2-en").hearing([sound(16_000)])[0] - expected).abs().max() < 1e-6


def test_weights_that_would_run_code_are_refused(models, tmp_path):
    import pickle

    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "it_ran",))

    folder = put(models / "w2v2-en")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": Trap()}))
    with pytest.raises(BadInput, match="cannot be read"):
        open_encoder("w2v2-en")
    assert not (tmp_path / "it_ran").exists()


def test_what_preprocessor_config_says_of_normalisation_is_done(tmp_path):
    made = tiny_checkpoints.kept("xlsr-53")  # the base models' group norm forgets how loud a clip is anyway
    assert made is not None
    folder = shutil.copytree(made, tmp_path / "xlsr")
    loud, quiet = sound(16_000), (sound(16_000) * 0.1).astype(np.float32)

    def difference() -> float:
        hearing = find("xlsr-53").open(folder, "cpu", "fp32")
        return float((hearing([quiet])[0] - hearing([loud])[0]).abs().max())

    assert difference() < 1e-2
    changed(folder, "preprocessor_config.json", do_normalize=False)
    assert difference() > 0.1


def test_a_dtype_or_a_device_that_is_not_there_is_named(models):
    put(models / "w2v2-en")
    with pytest.raises(BadInput, match="no dtype 'fp16'"):
        open_encoder("w2v2-en", dtype="fp16")
    with pytest.raises(BadInput, match="the device 'cuda:77' cannot be used here"):
        open_encoder("w2v2-en", device="cuda:77")


# --- the command ---


def test_the_command_lists_every_encoder_with_its_licence_and_how_to_fetch_it(capsys, models):
    put(models / "w2v2-en")
    assert main("ser_core", ["encoders"]) == 0
    said = capsys.readouterr().out
    for name, encoder in all_encoders().items():
        line = next(line for line in said.splitlines() if line.startswith(f"{name} "))
        assert encoder.licence in line
        state = "none needed" if not encoder.source else str(models / "w2v2-en") if name == "w2v2-en" else "not here"
        assert line.endswith(state)
        assert not encoder.source or (_checkpoint.command(name, encoder) in said) == (state == "not here")


def test_the_command_can_be_asked_for_some(capsys):
    assert main("ser_core", ["encoders", "logmel", "byol-s-512"]) == 0
    said = capsys.readouterr().out
    assert "curl -L --create-dirs -o" in said
    assert "w2v2" not in said
    assert main("ser_core", ["encoders", "logmle"]) == 2
