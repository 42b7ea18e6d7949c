"""``open``, ``close``, ``copy``, ``invite``, ``withdraw`` and ``expire``, as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from listening_tests import schema
from listening_tests import study as studies
from listening_tests.store import Store
from ser_core import ratings
from ser_core.cli import main
from tests.listening_tests.conftest import tone


def _run(*arguments: object) -> int:
    return main("listening_tests", [*map(str, arguments)])


@pytest.fixture
def draft(folder, tmp_path, monkeypatch) -> Path:
    """The study's folder, on a machine on which nobody has opened anything."""
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "fresh"))
    monkeypatch.setenv("EARWITNESS_STUDIES", str(folder))
    monkeypatch.delenv("EARWITNESS_DATABASE_URL", raising=False)
    return folder


def test_a_study_is_opened_closed_and_opened_again(draft, capsys):
    assert _run("open", draft) == 0
    said = capsys.readouterr().out
    assert "tones is open" in said
    assert "'responsible:'" in said
    assert "'retention_days:'" in said
    assert Store().state("tones") == "open"
    assert _run("close", draft) == 0
    assert "who has begun can finish" in capsys.readouterr().out
    assert Store().state("tones") == "closed"
    assert _run("open", draft) == 0
    assert Store().state("tones") == "open"


def test_a_broken_study_is_not_opened_and_every_problem_is_named(draft, capsys):
    text = (draft / "study.yaml").read_text(encoding="utf-8")
    (draft / "study.yaml").write_text(
        text.replace("angry, happy", "angryy, happy").replace("label}", "labl}"), encoding="utf-8"
    )
    assert _run("open", draft) == 2
    said = capsys.readouterr().err
    assert "angryy" in said
    assert "labl" in said
    assert Store().state("tones") == "draft"


def test_a_study_whose_folder_is_gone_can_still_be_closed_by_its_id(draft, capsys):
    _run("open", draft)
    draft.rename(draft.with_name("elsewhere"))
    assert _run("close", "tones") == 0
    assert _run("close", "tonse") == 2
    assert "Did you mean 'tones'?" in capsys.readouterr().err


def test_a_draft_cannot_be_closed(draft, capsys):
    assert _run("close", draft) == 2
    assert "is a draft" in capsys.readouterr().err


def test_links_of_a_draft_are_made_and_said_not_to_work_yet(draft, capsys):
    assert _run("invite", draft) == 0
    assert "these links work once it is open" in capsys.readouterr().out
    _run("open", draft)
    capsys.readouterr()
    _run("invite", draft, "--count", 2)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_copy_is_the_same_study_under_another_id_and_its_own_clips(draft, tmp_path, capsys):
    outside = tmp_path / "elsewhere.wav"
    tone(outside, 777.0)
    text = (draft / "study.yaml").read_text(encoding="utf-8")
    (draft / "study.yaml").write_text(text.replace("id: tones", 'id: "tones"   # ours'), encoding="utf-8")
    with (draft / "stimuli.csv").open("a", encoding="utf-8") as file:
        file.write(f"far,{Path('..') / outside.name},de,s9,sad,test\n")
    original = studies.load(draft)
    assert _run("copy", draft, tmp_path / "deep" / "er" / "Tones 2") == 0
    made = studies.load(tmp_path / "deep" / "er" / "Tones 2")
    assert made.id == "tones-2"
    assert "id: tones-2   # ours" in made.text
    assert made.text.replace("id: tones-2", 'id: "tones"') == original.text
    assert made.stimuli.drop(columns="file").equals(original.stimuli.drop(columns="file"))
    assert made.path("far").samefile(outside)
    assert not made.path("001").samefile(original.path("001"))
    assert made.path("001").is_relative_to(made.folder)
    assert Store().state("tones-2") == "draft"


def test_a_study_with_training_clips_is_copied_with_them(draft, tmp_path):
    (draft / "training").mkdir()
    tone(draft / "training" / "t.wav", 1234.0)
    (draft / "training" / "stimuli.csv").write_text(
        "stimulus,file,language,speaker,truth\nt1,t.wav,de,x,sad\n", encoding="utf-8"
    )
    with (draft / "study.yaml").open("a", encoding="utf-8") as file:
        file.write("training: training/stimuli.csv\n")
    assert _run("copy", draft, tmp_path / "again") == 0
    table = ratings.read_table(tmp_path / "again" / "training" / "stimuli.csv", ratings.STIMULI)
    assert table["file"].tolist() == ["t.wav"]


@pytest.mark.parametrize(
    ("where", "says"), [("tones", "exists already"), ("other/tones", "choose another"), ("tones/in", "lies in")]
)
def test_a_copy_that_cannot_be_is_refused_and_leaves_nothing(draft, tmp_path, capsys, where, says):
    target = tmp_path / where
    before = sorted(draft.rglob("*"))
    assert _run("copy", draft, target) == 2
    assert says in capsys.readouterr().err
    assert sorted(draft.rglob("*")) == before
    assert where == "tones" or not target.exists()


def test_withdraw_deletes_and_prints_the_receipt(store, study, capsys):
    (invitation,) = store.invite(study)
    store.begin(invitation.participant, study)
    assert _run("withdraw", invitation.participant) == 0
    receipt = store.receipt("tones", invitation.token)
    assert receipt.receipt in capsys.readouterr().out
    assert store.read_participants("tones").empty
    assert _run("withdraw", invitation.participant) == 2
    assert "withdrawn already, or mistyped?" in capsys.readouterr().err


def test_expire_says_whose_time_is_over_and_deletes_only_when_it_is_meant(store, folder, capsys):
    with (folder / "study.yaml").open("a", encoding="utf-8") as file:
        file.write("retention_days: 30\n")
    study = studies.load(folder)
    old, new, _ = (i.participant for i in store.invite(study, 3))
    for person in (old, new):
        store.begin(person, study)
    with store.engine.begin() as connection:
        people = schema.participants
        past = people.update().where(people.c.participant == old).values(started_at="2020-01-01T00:00:00.000+00:00")
        connection.execute(past)
    assert _run("expire", folder, "--dry-run") == 0
    said = capsys.readouterr().out
    assert f"{old}  last active 2020-01-01, due 2020-01-31" in said
    assert new not in said
    assert len(store.read_participants("tones")) == 3
    assert _run("expire", "tones") == 0
    assert "Deleted everything of 1 participants." in capsys.readouterr().out
    with store.engine.connect() as connection:
        left = set(connection.execute(sa.select(schema.participants.c.participant)).scalars())
    assert old not in left
    assert len(left) == 2


def test_expire_without_a_period_says_so(store, folder, capsys):
    assert _run("expire", folder) == 0
    assert "retention_days" in capsys.readouterr().out
