"""The main job on real speech: two corpora indexed, a study made of them, heard in a browser, rated by a model, compared."""

from __future__ import annotations

import pandas as pd
from playwright.sync_api import expect

from listening_tests import export
from listening_tests import study as studies
from ser_core import ratings, runs
from ser_core.cli import main
from tests.browser.people import Listener, current, opened, run_models, sign_in

CLIPS = 8  # one of each emotion in each corpus
TOTAL = 2 + CLIPS


def _command(package, *arguments):
    """Run a command, without a second Python that loads everything anew."""
    assert main(package, list(arguments)) == 0


def _make_study(shared, folder):
    """English and German clips for listeners; for the model, clips of other speakers of both."""
    corpora = {"ravdess": (shared / "corpora" / "RAVDESS", 8), "emodb": (shared / "corpora" / "EMO-DB_altered", 5)}
    heard, learned = [], []
    for name, (root, speakers) in corpora.items():
        index, test, rest = (str(folder / f"{name}-{part}.csv") for part in ("all", "test", "rest"))
        four = ["--seed", "1", "--emotions", "angry,happy,neutral,sad", "--speakers", str(speakers)]
        _command("ser_core", "index", name, str(root), "--out", index)
        _command("ser_core", "select", index, "--per-emotion", "1", *four, "--out", test)
        without = ["--without-speakers-of", test]
        _command("ser_core", "select", index, "--per-emotion", str(speakers), *four, *without, "--out", rest)
        heard.append(test)
        learned.append(rest)
    for name, parts in (("test", heard), ("rest", learned)):
        count = "1" if name == "test" else "5"
        _command("ser_core", "select", *parts, "--per-emotion", count, "--seed", "1", "--out", str(folder / f"{name}.csv"))
    made = folder / "studies" / "acted"
    test, rest = str(folder / "test.csv"), str(folder / "rest.csv")
    _command("listening_tests", "new", str(made), "--stimuli", test, "--training", rest, "--title", "Acted speech")
    return studies.load(made)


def test_a_study_of_two_real_corpora_is_heard_rated_and_compared(shared, start_app, context, tmp_path, monkeypatch):
    study = _make_study(shared, tmp_path)
    assert dict(study.stimuli.groupby("language").size()) == {"de": 4, "en": 4}
    learned = ratings.read_table(study.training, ratings.STIMULI)
    assert not set(study.stimuli["speaker"] + study.stimuli["corpus"]) & set(learned["speaker"] + learned["corpus"])
    monkeypatch.setenv("EARWITNESS_STUDIES", str(study.folder))
    app = start_app()
    store = opened(study)
    (invitation,) = store.invite(study)

    listener = Listener.at(context(locale="en-GB"), app.link(study, invitation), "en")
    listener.agree()
    listener.describe({"de": "A", "en": "native"})
    truth = study.stimuli.set_index("stimulus")["truth"]
    for done in range(2, TOTAL):
        listener.expect_done(done, TOTAL)
        meant = truth[current(store, invitation.participant)[1]]
        listener.answer("neutral" if meant == "sad" else meant)
    expect(listener.page.get_by_text(listener.words["debrief.text"])).to_be_visible()
    people = export.tables(study, store)
    assert len(people.ratings) == CLIPS
    assert set(ratings.join(people)["relation"]) == {"native", "second_language"}

    page = context(viewport={"width": 1280, "height": 900}).new_page()
    sign_in(page, app, "models")
    run_models(page, study, "logmel_probe")
    (run,) = runs.of(study.stimuli)
    assert set(run.tables.raters["setting"]) == {"mono", "cross"}
    page.get_by_role("link", name="Compare").click()
    for group in ("English listeners", "logmel_probe de mono", "logmel_probe en cross"):
        expect(page.locator(".js-plotly-plot").filter(has_text=group).first).to_be_visible()

    _command("listening_tests", "export", str(study.folder), "--out", str(tmp_path / "people"))
    _command("ser_core", "compare", str(tmp_path / "people"), str(run.folder), "--out", str(tmp_path / "compared"))
    assert (tmp_path / "compared" / "report.html").stat().st_size > 1000
    scores = pd.read_csv(tmp_path / "compared" / "scores.csv", dtype=str, keep_default_na=False)
    ua = scores[(scores["metric"] == "ua") & (scores["group"] == "English listeners") & (scores["rater"] == "")]
    assert set(ua["value"].astype(float)) == {0.75}  # three of the four emotions recognised, in each language
