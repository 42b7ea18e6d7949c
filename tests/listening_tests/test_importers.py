"""Published judgements become the three tables."""

from __future__ import annotations

from dataclasses import fields

import pytest

from listening_tests.importers._importer import Importer, Options
from ser_core import ratings
from ser_core.cli import main
from ser_core.registry import discover

FORMATS = sorted(discover("listening_tests.importers", "IMPORTER").items())


@pytest.mark.parametrize(("name", "importer"), FORMATS)
def test_an_importer_declares_itself_and_refuses_an_empty_folder(name, importer, tmp_path, capsys):
    assert isinstance(importer, Importer)
    assert importer.title
    assert importer.read or importer.study
    assert set(importer.uses) <= {field.name for field in fields(Options)}
    for verb in [v for v, made in (("import-ratings", importer.read), ("import", importer.study)) if made]:
        flags = ["--language", "de"] if "language" in importer.uses else []
        assert main("listening_tests", [verb, name, str(tmp_path), "--out", str(tmp_path / "out"), *flags]) == 2
        assert str(tmp_path) in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


def test_emozionalmente_gives_829_listeners_whose_accuracy_is_0_664(shared, tmp_path, capsys):
    source = shared / "listeners" / "EMOZIONALMENTE"
    assert main("listening_tests", ["import-ratings", "emozionalmente", str(source), "--out", str(tmp_path)]) == 0
    assert "34510 ratings of 829 raters on 6902 clips" in capsys.readouterr().out
    wide = ratings.join(ratings.read(tmp_path))
    assert len(wide) == 34510
    assert wide["rater"].nunique() == 829
    assert (wide["label"] == wide["truth"]).mean() == pytest.approx(0.664, abs=0.0005)
    pairs = wide.groupby(["rater", "stimulus"]).size()
    assert ((pairs > 1).sum(), (wide["repeat"] != "").sum()) == (34, pairs[pairs > 1].sum())
    assert set(wide["relation"]) == {"native"}


def test_an_unknown_emotion_is_named_with_its_line(tmp_path, capsys):
    (tmp_path / "samples.csv").write_text("file_name,actor,emotion_expressed\na.wav,x,anger\nb.wav,x,hangry\n")
    (tmp_path / "users.csv").write_text("username,gender,age,mother_tongue\nu,female,30,italian\n")
    (tmp_path / "evaluations.csv").write_text("file_name,evaluator,audio_quality,emotion_recognized\na.wav,u,good,anger\n")
    assert main("listening_tests", ["import-ratings", "emozionalmente", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "samples.csv:3: 'hangry' is no emotion we know" in capsys.readouterr().err
