"""The loop learns what a textbook loop learns, and goes on from any epoch as if nothing had been."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from ser_core import probing
from ser_core.diverged import Diverged
from ser_core.errors import BadInput
from ser_core.training import progress
from ser_core.training.checkpoints import Checkpoint
from ser_core.training.clips import Part
from ser_core.training.loop import Training
from ser_core.training.recipe import PRESETS, Recipe
from ser_core.training.state import Stand, State, next_stage

DIM, CLASSES = 6, 3
QUICK = Recipe(learning_rate=0.1, batch=5, epochs=30, patience=3)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Network(torch.nn.Module):
    """A frozen layer, dropout, and a head on the mean over frames."""

    def __init__(self, dropout: float = 0.0, seed: int = 0):
        super().__init__()
        torch.manual_seed(seed)
        self.frozen = torch.nn.Linear(DIM, 8).requires_grad_(False)
        self.dropout = torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(8, CLASSES)
        self.seen: list[int] = []

    def forward(self, clips: list[torch.Tensor]) -> torch.Tensor:
        self.seen.append(sum(map(len, clips)))
        return self.head(torch.stack([self.dropout(self.frozen(clip).relu()).mean(0) for clip in clips]))

    def learned(self) -> dict[str, torch.Tensor]:
        return {name: p.detach().clone() for name, p in self.named_parameters() if p.requires_grad}

    def load_learned(self, state) -> None:
        self.load_state_dict(state, strict=False)


def part(clips: int, seed: int) -> Part:
    """Clips of unlike length and of classes of unlike size, of which each has a little more or less of something."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(clips) ** 2 % CLASSES)
    means = 0.4 * np.random.default_rng(9).standard_normal((CLASSES, DIM))
    made = [(rng.standard_normal((rng.integers(2, 12), DIM)) + means[k]).astype(np.float32) for k in labels]
    return Part(made, np.array([len(f) for f in made]), labels)


def frames(part: Part) -> list[np.ndarray]:
    return [part.frames[row] for row in range(len(part))]


def changed(part: Part, change) -> Part:
    return replace(part, frames=[change(each) for each in frames(part)])


TRAIN, DEV, ABROAD, ABROAD_DEV, NONE = part(23, 0), part(9, 22), part(17, 2), part(8, 3), part(0, 4)


def learned(recipe: Recipe = QUICK, *, dropout: float = 0.0, seed: int = 0, dev: Part = DEV, **how) -> Stand:
    return Training(Network(dropout), TRAIN, dev, recipe, seed).run(**how)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def near(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.allclose(a[name], b[name], atol=2e-5) for name in a)


def courses(stand: Stand) -> list[list[float]]:
    return [row[:-1] for row in stand.state.curve]


class Textbook:
    """One clip after the other, torch's own loss and optimizer, best weights copied: the oracle."""

    def __init__(self, recipe: Recipe, seed: int = 0):
        self.recipe, self.seed, self.network = recipe, seed, Network()
        self.adam = self.fresh()
        self.epoch, self.best, self.kept, self.weights = 0, np.inf, 0, self.network.learned()

    def fresh(self) -> torch.optim.AdamW:
        how = {"lr": self.recipe.learning_rate, "eps": self.recipe.epsilon, "weight_decay": self.recipe.weight_decay}
        return torch.optim.AdamW(self.network.head.parameters(), betas=(0.9, 0.999), fused=False, foreach=False, **how)

    def stage(self, train: Part, dev: Part, last: int) -> str:
        share = torch.from_numpy(np.bincount(train.labels, minlength=CLASSES) / len(train)).float()
        weight = 1 / (CLASSES * share) if self.recipe.balance == "weights" else None
        entropy = torch.nn.CrossEntropyLoss(weight, reduction="none")
        lowest, fell = np.inf, self.epoch
        while self.epoch < last:
            order = probing.batches(len(train), seed=self.seed, epoch=self.epoch)
            self.epoch += 1
            for start in range(0, len(train), self.recipe.batch):
                self.adam.zero_grad()
                batch = order[start : start + self.recipe.batch]
                losses = [entropy(self.scores(train, row), torch.tensor([train.labels[row]])) for row in batch]
                torch.stack(losses).mean().backward()
                self.adam.step()
            with torch.no_grad():
                scores = torch.cat([self.scores(dev, row) for row in range(len(dev))])
            truth = torch.from_numpy(dev.labels)
            loss = float(torch.nn.functional.cross_entropy(scores, truth))
            value = loss if self.recipe.keep == "loss" else -float((scores.argmax(1) == truth).double().mean())
            if value < self.best:
                self.best, self.kept, self.weights = value, self.epoch, self.network.learned()
            if loss < lowest:
                lowest, fell = loss, self.epoch
            if self.epoch - fell == self.recipe.patience:
                return "patience"
        return "epochs"

    def scores(self, part: Part, row: int) -> torch.Tensor:
        return self.network([torch.from_numpy(part.frames[row])])


RECIPES = {
    "by dev loss, until it no longer falls": QUICK,
    "by dev accuracy, one clip at a step, for all epochs": replace(QUICK, keep="accuracy", batch=1, epochs=4),
    "rare classes weigh more": replace(QUICK, balance="weights", epochs=6),
    "decayed, in cuts of 12 frames": replace(QUICK, weight_decay=0.5, epsilon=0.1, at_once=12, epochs=6),
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_it_learns_what_a_textbook_loop_learns(recipe):
    stand, book = learned(recipe), Textbook(recipe)
    stopped = book.stage(TRAIN, DEV, recipe.epochs)
    state = stand.state
    assert (state.epoch, state.kept, state.stopped) == (book.epoch, book.kept, stopped)
    assert near(stand.kept, book.weights)
    assert near(stand.last, book.network.learned())
    assert [row[:2] for row in state.curve] == [[1, n] for n in range(1, state.epoch + 1)]
    assert state.best == pytest.approx(book.best, abs=1e-5)
    assert state.peak_mb > 0


def test_the_recipes_of_this_file_stop_for_both_reasons_and_keep_what_is_not_the_last():
    state = learned().state
    assert (state.stopped, state.kept, 5 < state.epoch < 30) == ("patience", state.epoch - 3, True)


def test_an_untaught_loss_is_that_of_guessing_and_the_curve_tells_the_dev_ua():
    still = learned(replace(QUICK, learning_rate=1e-12, epochs=1)).state.curve[0]
    network = Network()
    scores = network([torch.from_numpy(f) for f in frames(DEV)]).detach()
    said = scores.argmax(1).numpy()
    recalls = [np.mean(said[DEV.labels == k] == k) for k in np.unique(DEV.labels)]
    assert still[3] == pytest.approx(
        float(torch.nn.functional.cross_entropy(scores, torch.from_numpy(DEV.labels))), abs=1e-6
    )
    assert still[4] == pytest.approx(np.mean(recalls))


@pytest.mark.parametrize("carry", [False, True])
def test_a_second_stage_goes_on_as_a_textbook_would(carry):
    recipe = replace(QUICK, keep="accuracy", carry_optimizer=carry)
    first = learned(replace(recipe, epochs=4))
    second = Training(Network(), ABROAD, ABROAD_DEV, recipe, 0).run(next_stage(first, carry_optimizer=carry))
    book = Textbook(recipe)
    book.stage(TRAIN, DEV, 4)
    if not carry:
        book.network.load_learned(book.weights)
        book.adam, book.best = book.fresh(), np.inf
    stopped = book.stage(ABROAD, ABROAD_DEV, 30 if carry else 34)
    state = second.state
    assert (state.epoch, state.kept, state.stopped) == (book.epoch, book.kept, stopped)
    assert near(second.kept, book.weights)
    assert [row[0] for row in state.curve] == [1] * 4 + [2] * (state.epoch - 4)
    assert first.state.epoch == len(first.state.curve) == 4


def test_with_a_carried_count_nothing_is_left_to_learn_where_the_first_stage_took_it_all():
    recipe = replace(QUICK, epochs=2, carry_optimizer=True)
    first = learned(recipe)
    second = Training(Network(), ABROAD, ABROAD_DEV, recipe, 0).run(next_stage(first, carry_optimizer=True))
    assert same(second.kept, first.kept)
    assert any("nothing was learned in stage 2" in note for note in second.state.notes)


def test_without_dev_clips_it_learns_for_all_epochs_and_says_so():
    stand = learned(replace(QUICK, epochs=12), dev=NONE)
    assert (stand.state.epoch, stand.state.kept, stand.state.stopped) == (12, 12, "epochs")
    assert same(stand.kept, stand.last)
    assert "no dev clips" in stand.state.notes[0]
    assert np.isnan([row[3:5] for row in stand.state.curve]).all()


# --- what is drawn ---


def test_the_same_seed_learns_the_same_to_the_last_bit_and_another_does_not():
    one, two, other = (learned(dropout=0.3, seed=seed) for seed in (0, 0, 1))
    assert same(one.kept, two.kept)
    assert courses(one) == courses(two)
    assert not same(one.kept, other.kept)


def test_it_leaves_the_generators_of_the_process_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    network = Network()
    torch.random.set_rng_state(before)
    Training(network, TRAIN, DEV, replace(QUICK, epochs=1), 0).run()
    assert torch.equal(before, torch.random.get_rng_state())


# --- cut off, and gone on with ---


class Killed(Exception):
    """What cuts a training off."""


@dataclass(frozen=True)
class Deadly(Checkpoint):
    """Is killed when the state of an epoch was kept."""

    epoch: int = 0

    def write(self, stand: Stand) -> None:
        super().write(stand)
        if stand.state.epoch == self.epoch:
            raise Killed


def test_killed_after_any_epoch_it_goes_on_to_the_last_bit(tmp_path):
    whole = learned(dropout=0.3)
    for epoch in (1, whole.state.epoch // 2, whole.state.epoch - 1, whole.state.epoch):
        file = tmp_path / f"{epoch}.ckpt"
        with pytest.raises(Killed):
            learned(dropout=0.3, checkpoint=Deadly(file, {"seed": "0"}, epoch))
        network = Network(0.3, seed=7)  # what its head begins with is of no importance any more
        network.frozen = Network(0.3).frozen
        again = Training(network, TRAIN, DEV, QUICK, 0).run(checkpoint=Checkpoint(file, {"seed": "0"}))
        assert same(again.kept, whole.kept)
        assert same(again.last, whole.last)
        assert courses(again) == courses(whole)
        assert len(network.seen) == (whole.state.epoch - epoch) * (5 + 1)


def test_a_second_stage_that_was_cut_off_goes_on_with_its_moments(tmp_path):
    recipe = replace(QUICK, epochs=9, carry_optimizer=True)
    told = {"stage": "2"}

    def second(checkpoint: Checkpoint | None) -> Stand:
        begin = next_stage(learned(replace(recipe, epochs=4)), carry_optimizer=True)
        return Training(Network(), ABROAD, ABROAD_DEV, recipe, 0).run(begin, checkpoint)

    with pytest.raises(Killed):
        second(Deadly(tmp_path / "2.ckpt", told, 6))
    assert same(second(Checkpoint(tmp_path / "2.ckpt", told)).last, second(None).last)


@pytest.mark.parametrize("carry", [False, True])
def test_a_second_stage_may_turn_off_before_the_first_is_over_even_where_that_was_cut_off(carry, tmp_path):
    recipe = replace(QUICK, epochs=12, patience=12, carry_optimizer=carry)
    early, told = replace(recipe, first_epochs=4), {"seed": "0"}

    def second(first: Stand) -> Stand:
        first = first if carry else first.light()
        return Training(Network(), ABROAD, ABROAD_DEV, recipe, 0).run(next_stage(first, carry_optimizer=carry))

    with pytest.raises(Killed):
        learned(early, checkpoint=Deadly(tmp_path / "1.ckpt", told, 7))
    first = learned(early, checkpoint=Checkpoint(tmp_path / "1.ckpt", told))
    assert same(first.last, learned(recipe).last)
    assert courses(second(first)) == courses(second(learned(replace(recipe, epochs=4))))
    assert same(second(first).kept, second(learned(replace(recipe, epochs=4))).kept)
    assert learned(replace(early, patience=1, learning_rate=1e-12)).turn is None  # it was over before


@pytest.fixture
def kept(tmp_path) -> Checkpoint:
    checkpoint = Checkpoint(tmp_path / "stage1.ckpt", {"seed": "0", "train": "12 clips"})
    learned(replace(QUICK, epochs=1), checkpoint=checkpoint)
    return checkpoint


DAMAGE = {
    "a bit turned": lambda whole: whole[:900] + bytes([whole[900] ^ 1]) + whole[901:],
    "cut short": lambda whole: whole[: len(whole) // 2],
    "empty": lambda whole: b"",
    "somebody else's": lambda whole: b"\x80\x02K\x01.",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_checkpoint_is_refused(kept, damage):
    kept.file.write_bytes(damage(kept.file.read_bytes()))
    with pytest.raises(BadInput, match=r"stage1\.ckpt: is damaged.*Delete it"):
        learned(checkpoint=kept)


def test_a_checkpoint_of_another_lesson_is_refused_naming_all_that_differs(kept):
    other = Checkpoint(kept.file, {"seed": "1", "train": "12 clips", "device": "cuda"})
    with pytest.raises(BadInput, match=r"seed was 0 and is 1; device was not there and is cuda\. Delete it"):
        learned(checkpoint=other)


def test_a_checkpoint_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        learned(checkpoint=Checkpoint(tmp_path / "file" / "x.ckpt", {}))


class Unkind:
    """Runs something when it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("it was run",))


def test_nothing_that_a_checkpoint_holds_is_run_when_it_is_read(kept):
    kept.write(Stand(State(), {}, {}, {"state": Unkind()}))
    with pytest.raises(BadInput, match="is damaged"):
        learned(checkpoint=kept)


# --- memory ---


class Narrow(Network):
    """A device on which so many frames fit."""

    fits = 12

    def forward(self, clips: list[torch.Tensor]) -> torch.Tensor:
        if sum(map(len, clips)) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 1 GiB of which ...")
        return super().forward(clips)


def test_where_memory_runs_out_less_is_computed_at_once_and_a_step_stays_a_step():
    said: list[str] = []
    stand = Training(Narrow(), TRAIN, DEV, QUICK, 0, say=said.append).run()
    assert near(stand.kept, learned().kept)
    assert 6 <= stand.state.at_once <= 12
    assert stand.state.notes == said
    assert "memory ran out on cpu in epoch 1" in said[0]
    assert "and a step of the optimizer was of 5 clips as before" in said[0]


class Once(Network):
    """A device on which somebody else was busy at first."""

    def forward(self, clips: list[torch.Tensor]) -> torch.Tensor:
        if not self.seen:
            self.seen.append(0)
            raise RuntimeError("MPS backend out of memory (MPS allocated: 5.0 GB)")
        return super().forward(clips)


def test_a_step_that_ran_out_of_memory_is_begun_again_with_the_same_draws():
    stand = Training(Once(0.3), TRAIN, DEV, QUICK, 0).run()
    assert len(stand.state.notes) == 1
    assert same(stand.kept, learned(replace(QUICK, at_once=stand.state.at_once), dropout=0.3).kept)


def test_how_little_fits_is_kept_for_whoever_goes_on(tmp_path):
    with pytest.raises(Killed):
        Training(Once(0.3), TRAIN, DEV, QUICK, 0).run(checkpoint=Deadly(tmp_path / "1.ckpt", {}, 2))
    again = learned(dropout=0.3, checkpoint=Checkpoint(tmp_path / "1.ckpt", {}))
    assert same(again.kept, Training(Once(0.3), TRAIN, DEV, QUICK, 0).run().kept)
    assert again.state.notes


def test_a_single_clip_that_does_not_fit_is_told():
    narrow = Narrow()
    narrow.fits = 3
    with pytest.raises(BadInput, match=r"one by one, the longest of \d+ frames"):
        Training(narrow, TRAIN, DEV, QUICK, 0).run()


def test_another_error_is_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="mat1"):
        Training(Network(), changed(TRAIN, lambda frames: frames[:, :2]), DEV, QUICK, 0).run()


# --- what goes wrong ---


def test_a_loss_that_is_no_number_is_told_with_epoch_and_learning_rate():
    with pytest.raises(
        Diverged, match=r"training loss is no number any more in epoch [12] \(learning_rate 1e\+30\); choose"
    ):
        learned(replace(QUICK, learning_rate=1e30))


def test_a_dev_loss_that_is_no_number_is_told():
    broken = changed(DEV, lambda frames: frames * np.float32(np.nan))
    with pytest.raises(Diverged, match="dev loss is no number any more in epoch 1"):
        learned(dev=broken)


def test_a_part_that_no_gradient_reaches_is_named():
    network = Network()
    network.loose = torch.nn.Linear(2, 2)
    with pytest.raises(AssertionError, match=r"no gradient reaches loose\.weight, loose\.bias"):
        Training(network, TRAIN, DEV, QUICK, 0).run()


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"balance": "weight"}, "Did you mean 'weights'"),
        ({"at_once": -1}, "at_once"),
        ({"epsilon": 0.0}, "epsilon"),
        ({"weight_decay": -1.0}, "weight_decay"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"batch": 0, "epochs": 0, "patience": 0, "balance": "x"}, "(?s)batch.*epochs.*patience.*balance"),
    ],
)
def test_a_recipe_refuses_what_makes_no_sense(setting, says):
    with pytest.raises(BadInput, match=says):
        Recipe(**setting)


def test_the_presets_are_those_of_the_probes_but_for_the_batch_and_the_second_stage():
    for name, recipe in PRESETS.items():
        probe = probing.PRESETS[name]
        assert {key: getattr(recipe, key) for key in vars(probe) if key != "batch"} == {
            key: value for key, value in vars(probe).items() if key != "batch"
        }
    assert (PRESETS["paper"].batch, PRESETS["as_run"].batch) == (16, 1)


def test_it_tells_how_far_it_is_and_how_long_it_takes_at_most(monkeypatch):
    monkeypatch.setattr(progress, "EVERY_S", 0)
    said: list[str] = []
    Training(Network(), TRAIN, DEV, replace(QUICK, epochs=2), 0, say=said.append).run()
    assert re.fullmatch(r"epoch 1 of at most 2: 22% done; 0:00:\d\d left at most", said[0])
    assert re.fullmatch(r"epoch 2 of .*: 22% done; .*; after epoch 1: train loss .*, dev loss .*, dev UA .*%", said[5])
    assert re.fullmatch(r"epoch 2 of .*: 100% done; 0:00:00 left at most; after epoch 2: train loss .*", said[9])
    assert len(said) == 2 * 5
