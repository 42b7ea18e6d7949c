"""A webMUSHRA config becomes a study that check accepts, and a report that names everything in it."""

from __future__ import annotations

import csv
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from listening_tests import study as studies
from listening_tests.importers import _webmushra_order
from listening_tests.importers._importer import Options
from listening_tests.importers._webmushra_pages import CLIPS, Draft, convert
from ser_core.cli import main
from tests.listening_tests.conftest import tone

HEAD = "testname: Voices\ntestId: voices\nlanguage: en\npages:\n"
ANSWERS = "      - {value: anger, label: Angry}\n      - {value: joy, label: Happy}\n      - {value: sad, label: Sad}\n"
EMOTIONS = f"    mustRate: true\n    mustPlayback: ended\n    response:\n{ANSWERS}"
FINISH = "  - type: finish\n    name: Thanks\n    content: Thank you\n"


def single(page: str, clips: str, rest: str = EMOTIONS) -> str:
    """A page of the file: likert_single_stimulus with these clips, in flow style."""
    return f"  - type: likert_single_stimulus\n    id: {page}\n    name: Listen\n    stimuli: {{{clips}}}\n{rest}"


def inner(text: str, by: int = 4) -> str:
    """Pages as they stand in a list inside the list."""
    return "".join(" " * by + line + "\n" for line in text.splitlines())


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A web root with configs/ and eight clips."""
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("EARWITNESS_STUDIES", str(tmp_path / "none"))
    for i in range(8):
        tone(tmp_path / "web" / "configs" / "audio" / f"c{i}.wav", 200 + 40 * i)
    return tmp_path / "web"


class Made:
    """What the command made of a config."""

    def __init__(self, web: Path, text: str, *flags: str):
        source, self.folder = web / "configs" / "voices.yaml", web.parent / "made"
        source.write_text(text, encoding="utf-8")
        self.code = main("listening_tests", ["import", "webmushra", str(source), "--out", str(self.folder), *flags])
        if self.code == 0:
            self.settings = yaml.safe_load((self.folder / "study.yaml").read_text(encoding="utf-8"))
            self.timeline = self.settings["timeline"]
            self.clips = _rows(self.folder / "stimuli.csv")
            self.report = _rows(self.folder / "import-report.csv")
            self.words = (self.folder / "import-report.md").read_text(encoding="utf-8")

    def trials(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in _leaves(self.timeline) if entry.get("trial") == kind]

    def said(self, line: int, option: str) -> list[tuple[str, str]]:
        return [(r["outcome"], r["note"]) for r in self.report if (r["line"], r["option"]) == (str(line), option)]

    def part(self, clip: str) -> str:
        return next(row["part"] for row in self.clips if row["stimulus"].endswith(clip))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _leaves(entries):
    for entry in entries:
        yield from _leaves(entry["timeline"]) if "timeline" in entry else [entry]


FULL = (
    "testname: Emotions: a <b>test</b>\ntestId: My Test 1\nbufferSize: 2048\nstopOnErrors: true\n"
    "showButtonPreviousPage: true\nremoteService: service/write.php\nlanguage: de\ncolour: blue\npages:\n"
    "  - type: generic\n    id: first\n    name: Welcome\n"
    "    content: Please note: <i>wear</i> headphones.<script>x()</script>\n"
    "  - type: consent\n    id: c\n    name: Consent\n    mustConsent: true\n    content: |\n"
    "      <h2>Consent</h2><p>You get 5$ *now*.</p>\n      <ul><li>one</li></ul>\n"
    "  - type: volume\n    id: v\n    name: Volume\n    content: Set it!\n    stimulus: v.wav\n    defaultVolume: 0.5\n"
    + single("e", "C1: ./configs/audio/c0.wav, C2: configs/audio/c1.wav")
    + "    showWaveform: true\n    reference: r.wav\n    nonsense: {deep: [1, {deeper: x}]}\n    mustRat: true\n"
    "  - type: likert_multi_stimulus\n    id: lms\n    name: Naturalness\n    content: How natural?\n"
    "    mustPlayback: processUpdate\n"
    "    stimuli:\n      - configs/audio/c2.wav\n      - configs/audio/c3.wav\n"
    "    response:\n      - value: not at all\n        label: <b>Not</b> at all\n        img: star.png\n      - value: 007\n"
    "  - type: mushra\n    id: m\n    reference: r.wav\n    stimuli:\n      a: b.wav\n"
    "  - type: NES\n    id: q\n  - id: notype\n"
    "  - type: finish\n    id: end\n    name: Thanks\n    content: Thank <b>you</b>\n    popupContent: Bye\n"
    "    showResults: true\n"
    "    writeResults: true\n    questionnaire:\n"
    "      - {type: text, label: Mother tongue, name: mt}\n"
    "      - type: number\n        label: Age\n        name: age\n        min: 18\n        max: 99\n        default: 30\n"
    "        optional: true\n"
    "      - type: likert\n        name: sex & gender\n        label: Gender\n        response:\n          - value: female\n"
    "            label: Female\n          - value: not said\n"
    "      - type: classcode\n        name: cc\n        extra: 1\n"
    "      - type: long_text\n        label: Anything else?\n        name: age\n"
)


def test_a_study_of_every_page_type_is_one_that_check_accepts(web, capsys):
    made = Made(web, FULL, "--language", "de")
    assert made.code == 0
    assert main("listening_tests", ["check", str(made.folder)]) == 0
    assert "No problem found" in capsys.readouterr().out
    kinds = " ".join(entry["trial"] for entry in made.timeline)
    assert kinds == "consent background instruction level_check label likert instruction questionnaire debrief"
    assert (made.settings["id"], made.settings["title"]) == ("my-test-1", {"de": "Emotions: a test"})
    assert made.settings["emotions"] == ["angry", "happy", "sad"]
    assert {row["language"] for row in made.clips} == {"de"}


def test_every_line_of_the_file_that_says_something_stands_in_the_report(web):
    made = Made(web, FULL)
    says = {n for n, line in enumerate(FULL.splitlines(), 1) if re.search(r"[\w]+:(\s|$)", line) and "<" not in line[:12]}
    told = {int(row["line"]) for row in made.report}
    assert says <= told
    assert {row["outcome"] for row in made.report} == {"mapped", "changed", "not mapped"}
    for key in ("nonsense", "nonsense.deep", "nonsense.deep.2.deeper", "mustRat", "colour"):
        assert any(r["option"] == key and "unknown option" in r["note"] for r in made.report), key
    for page in ("mushra 'm'", "NES 'q'", "page 'notype'"):
        assert any(r["place"] == page and r["option"] == "page" and r["outcome"] == "not mapped" for r in made.report), page


def test_a_slip_in_an_option_is_told_the_nearest_one(web):
    made = Made(web, HEAD + single("e", "a: configs/audio/c0.wav") + "    mustPlaybac: ended\n")
    assert made.said(15, "mustPlaybac") == [("not mapped", "unknown option. Did you mean 'mustPlayback'?")]


def test_what_is_printed_names_all_that_changed_or_was_lost(web, capsys):
    made = Made(web, FULL)
    out = capsys.readouterr().out
    for what in ("showWaveform", "'mushra' compares", "no page type 'NES'", "has no 'type'", "unknown type 'classcode'",
                 "clips (4 found, 0 missing)", "column 'truth'", "--language"):  # fmt: skip
        assert what in out, what
        assert what.replace("_", "\\_") in made.words or "clips (4" in what, what


def test_html_is_made_harmless_and_what_is_removed_is_named(web):
    made = Made(web, FULL)
    assert made.trials("instruction")[0]["html"] == {"de": "Please note: <i>wear</i> headphones."}
    assert made.trials("instruction")[0]["title"] == {"de": "Welcome"}
    assert "<script>" in next(note for outcome, note in made.said(13, "content") if outcome == "changed")
    assert made.settings["consent"]["text"]["de"] == "## Consent\n\nYou get 5\\$ \\*now\\*.\n\n- one"


def test_without_a_consent_page_our_example_stands_there_and_the_report_asks_for_a_text(web):
    made = Made(web, HEAD + single("e", "a: configs/audio/c0.wav"))
    assert "voluntary" in made.settings["consent"]["text"]["en"]
    assert "write your consent text" in made.words


def test_values_become_canonical_emotions_by_their_words_and_never_by_their_place(web):
    answers = "      - value: sadness\n      - value: other\n      - value: Anger\n"
    page = single("e", "a: configs/audio/c0.wav", f"    response:\n{answers}")
    made = Made(web, HEAD + page, "--map", "other=cannot_say")
    (label,) = made.trials("label")
    assert (label["choices"], label["cannot_say"]) == (["sad", "angry"], True)


def test_values_that_are_no_emotions_are_a_scale_and_the_report_says_how_to_map_them(web):
    answers = "      - {value: 1, label: Angry}\n      - {value: 2, label: so so}\n"
    made = Made(web, HEAD + single("e", "a: configs/audio/c0.wav", f"    response:\n{answers}"))
    assert not made.trials("label")
    assert [o["value"] for o in made.trials("likert")[0]["scales"][0]["options"]] == ["1", "2"]
    hint = "not every answer is an emotion of its own, so this is a scale. If all are: --map '1=angry' --map '2=…'"
    assert ("changed", hint) in made.said(9, "response")
    other = Made(web, HEAD + single("e", "a: configs/audio/c0.wav", f"    response:\n{answers}"))
    assert other.code == 2  # the folder is there


def test_two_words_for_one_emotion_are_not_made_one_in_silence(web):
    answers = "      - value: joy\n      - value: happiness\n      - value: sad\n"
    assert Made(web, HEAD + single("e", "a: configs/audio/c0.wav", f"    response:\n{answers}")).trials("likert")


def test_answers_with_blanks_or_twice_become_different_words(web):
    answers = "      - value: not at all\n      - value: not_at_all\n      - value: no\n      - value: 1.0\n"
    made = Made(web, HEAD + single("e", "a: configs/audio/c0.wav", f"    response:\n{answers}"))
    options = made.trials("likert")[0]["scales"][0]["options"]
    assert [o["value"] for o in options] == ["not_at_all", "not_at_all_2", "no", "1"]
    assert [o["label"]["en"] for o in options] == ["not at all", "not_at_all", "no", "1"]


def test_several_scales_are_a_label_trial_and_a_scale_of_the_same_clips(web):
    rest = "    response:\n      - - value: 1\n        - value: 2\n      - - value: anger\n        - value: joy\n"
    made = Made(web, HEAD + single("e", "a: configs/audio/c0.wav", rest))
    (label,), (likert,) = made.trials("label"), made.trials("likert")
    assert label["part"] == likert["part"]
    assert [o["value"] for o in likert["scales"][0]["options"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("written", "plays", "outcome"),
    [
        ("ended", {"least": 1, "to_end": True}, "mapped"),
        ("true", {"least": 1, "to_end": True}, "changed"),
        ("processUpdate", {"least": 1, "to_end": False}, "mapped"),
        ("false", {"least": 1, "to_end": False}, "changed"),
        ("never", {"least": 1, "to_end": False}, "not mapped"),
    ],
)
def test_how_a_clip_must_be_heard_is_kept(web, written, plays, outcome):
    rest = f"    mustPlayback: {written}\n    response:\n{ANSWERS}"
    made = Made(web, HEAD + single("e", "a: configs/audio/c0.wav", rest))
    assert made.trials("label")[0]["plays"] == plays
    assert [o for o, _ in made.said(9, "mustPlayback")] == [outcome]


@pytest.mark.parametrize(("written", "heard"), [("2", 2), ("3", None), ("9", None), ("~", None), ("some", None)])
def test_a_random_share_of_the_clips_is_kept(web, written, heard):
    clips = "a: configs/audio/c0.wav, b: configs/audio/c1.wav, c: configs/audio/c2.wav"
    made = Made(web, HEAD + single("e", clips, EMOTIONS + f"    maxStimuli: {written}\n"))
    assert made.trials("label")[0].get("per_listener") == heard


def test_scales_that_may_be_left_out_stay_optional(web):
    answers = "    response:\n      - value: 1\n      - value: 2\n"
    pages = single("a", "a: configs/audio/c0.wav", answers) + single(
        "b", "a: configs/audio/c1.wav", "    mustRate: true\n" + answers
    )
    made = Made(web, HEAD + pages)
    assert [bool(t["scales"][0].get("optional")) for t in made.trials("likert")] == [True, False]


def test_a_clip_is_its_path_however_it_is_written_and_where_it_stood_is_kept(web):
    clips = "2_493.01: ./configs/audio/c0.wav, 007: configs/audio/../audio/c0.wav, no: configs//audio/c1.wav"
    made = Made(web, HEAD + single("a.wav", clips))
    assert [row["stimulus"] for row in made.clips] == ["configs/audio/c0.wav", "configs/audio/c1.wav"]
    stood = [(r["page"], r["key"], r["stimulus"]) for r in _rows(made.folder / "webmushra.csv")]
    assert stood == [("a.wav", "2_493.01", "configs/audio/c0.wav"), ("a.wav", "7", "configs/audio/c0.wav"),
                     ("a.wav", "no", "configs/audio/c1.wav")]  # fmt: skip


def test_missing_files_are_normal_and_the_report_says_where_they_belong(web, capsys):
    clips = "a: configs/audio/c0.wav, b: gone.wav, c: ../../secret.wav, d: http://x.y/z.wav"
    (web.parent / "secret.wav").write_bytes((web / "configs/audio/c0.wav").read_bytes())
    made = Made(web, HEAD + single("e", clips))
    assert made.code == 0
    assert "4 clips (1 found, 3 missing)" in capsys.readouterr().out
    assert [row["file"] for row in made.clips] == ["clips/configs/audio/c0.wav", "clips/gone.wav", "clips/up/up/secret.wav",
                                                   "clips/http:/x.y/z.wav"]  # fmt: skip
    assert not (made.folder / "clips" / "up").exists()
    assert main("listening_tests", ["check", str(made.folder)]) == 2
    assert "clip 'gone.wav': clips/gone.wav: there is no such file" in capsys.readouterr().err
    for name in ("gone.wav", "up/up/secret.wav", "http:/x.y/z.wav"):
        tone(made.folder / "clips" / name, 900 + len(name))
    assert main("listening_tests", ["check", str(made.folder)]) == 0


def test_clips_may_lie_elsewhere_and_may_stay_where_they_are(web, tmp_path):
    tone(tmp_path / "elsewhere" / "x y.wav", 300)
    made = Made(web, HEAD + single("e", "a: x%20y.wav"), "--audio", str(tmp_path / "elsewhere"), "--no-copy")
    assert made.clips[0]["file"] == str(tmp_path / "elsewhere" / "x y.wav")
    assert not (made.folder / "clips").exists()
    assert studies.load(made.folder).path("x%20y.wav").is_file()


def test_pages_of_one_clip_each_in_a_random_list_are_one_shuffled_entry(web):
    pages = "".join(single(f"p{i}", f"C1: configs/audio/c{i}.wav").replace("Listen", f"Trial {i}") for i in range(4))
    made = Made(web, HEAD + "  -\n    - random\n" + inner(pages, 2) + FINISH)
    (label,) = made.trials("label")
    assert label["shuffled"] is True
    assert [row["part"] for row in made.clips] == ["test"] * 4
    assert made.timeline[2] == label


def test_pages_of_one_clip_each_in_a_plain_list_keep_their_order(web):
    pages = "".join(single(f"p{i}", f"C1: configs/audio/c{i}.wav") for i in (3, 1, 2, 1))
    made = Made(web, HEAD + pages)
    order = [row["stimulus"][-6:-4] for entry in made.trials("label") for row in made.clips if row["part"] == entry["part"]]
    assert order == ["c3", "c1", "c2", "c1"]
    assert not any(entry["shuffled"] for entry in made.trials("label"))


def test_a_list_inside_a_random_list_stays_together(web):
    nested = "  - type: generic\n    content: First\n" + single("a", "x: configs/audio/c0.wav, y: configs/audio/c1.wav")
    pages = (
        "  -\n    - random\n    -\n"
        + inner(nested)
        + inner(single("b", "x: configs/audio/c2.wav, y: configs/audio/c3.wav"), 2)
    )
    made = Made(web, HEAD + pages + FINISH)
    block = made.timeline[2]
    assert block["order"] == "shuffled"
    assert [entry.get("trial") for entry in block["timeline"]] == [None, "label"]
    assert [entry["trial"] for entry in block["timeline"][0]["timeline"]] == ["instruction", "label"]
    assert main("listening_tests", ["check", str(made.folder)]) == 0


def test_a_text_that_differs_from_clip_to_clip_stays_with_its_clip(web):
    pages = "".join(
        single(f"p{i}", f"C1: configs/audio/c{i}.wav") + f"    content: Sentence {word}\n" for i, word in enumerate("ab")
    )
    made = Made(web, HEAD + "  -\n    - random\n" + inner(pages, 2))
    units = made.timeline[2]["timeline"]
    assert [[entry["trial"] for entry in unit["timeline"]] for unit in units] == [["instruction", "label"]] * 2
    assert [unit["timeline"][0]["html"]["en"] for unit in units] == ["Sentence a", "Sentence b"]


def test_a_mapping_that_fits_no_answer_is_told(web, capsys):
    Made(web, HEAD + single("e", "a: configs/audio/c0.wav"), "--map", "angr=angry", "--map", "joy=happy")
    assert "--map names values that no answer of the file has:\n  angr\n" in capsys.readouterr().out


def test_of_many_missing_files_a_few_are_printed_and_all_are_reported(web, capsys):
    made = Made(web, HEAD + single("e", ", ".join(f"k{i}: gone{i}.wav" for i in range(30))))
    out = capsys.readouterr().out
    assert "  clips/gone4.wav\n  and 25 more" in out
    assert "gone5.wav" not in out
    assert "  - clips/gone29.wav" in made.words
    assert sum(row["note"] == "the file is missing" for row in made.report) == 30


@pytest.mark.parametrize(
    "odd", ["no", "1.0", "007", "~", "null", "a: b", "- x", "# x", "'", '"', "{x", "🙂 ‮", "=cmd()", "1e5", "2_0"]
)
def test_a_text_that_looks_like_something_else_in_yaml_stays_a_text(web, odd):
    quoted = "'" + odd.replace("'", "''") + "'"
    page = f"  - type: likert_single_stimulus\n    id: e\n    stimuli: {{a: configs/audio/c0.wav}}\n{EMOTIONS}"
    question = f"  - type: finish\n    questionnaire:\n      - type: text\n        name: q\n        label: {quoted}\n"
    made = Made(web, HEAD + page + question)
    (entry,) = [e for e in studies.load(made.folder).timeline if e.trial == "questionnaire"]
    assert entry.parameters["questions"][0]["text"] == {"en": odd}


def test_a_clip_of_two_pages_is_rated_on_both(web):
    scale = "    response:\n      - value: 1\n      - value: 2\n"
    pages = single("a", "x: configs/audio/c0.wav, y: configs/audio/c1.wav") + single(
        "b", "x: configs/audio/c1.wav, y: configs/audio/c2.wav, z: configs/audio/c3.wav", scale + "    maxStimuli: 2\n"
    )
    made = Made(web, HEAD + pages)
    heard = {kind: [c["stimulus"][-6:-4] for t in made.trials(kind) for c in made.clips if c["part"] == t["part"]]
             for kind in ("label", "likert")}  # fmt: skip
    assert {kind: sorted(clips) for kind, clips in heard.items()} == {"label": ["c0", "c1"], "likert": ["c1", "c2", "c3"]}
    assert sum(t.get("per_listener", 1) for t in made.trials("likert")) == 2
    assert [entry.get("order") for entry in made.timeline[2:4]] == ["mixed", "mixed"]
    assert main("listening_tests", ["check", str(made.folder)]) == 0


@pytest.mark.parametrize("seed", range(20))
def test_whatever_clips_pages_share_each_page_still_plays_its_own_in_its_order(seed):
    """The oracle is the pages themselves: what an entry's parts hold, read off stimuli.csv, must be what the page named."""
    rng = random.Random(seed)
    names = [f"c{i}" for i in range(7)]
    entries = [
        {"trial": "label", "n": n, "shuffled": rng.random() < 0.5, CLIPS: rng.sample(names, rng.randint(1, 7))}
        for n in range(4)
    ]
    placed, part = _webmushra_order.parts([dict(e) for e in entries], Draft(None, Options(), "en"))  # type: ignore[arg-type]
    table = list(part)  # the rows of stimuli.csv, in order
    for entry in entries:
        mine = [leaf for leaf in _leaves(placed) if leaf["n"] == entry["n"]]
        played = [clip for leaf in mine for clip in table if part[clip] == leaf["part"]]
        assert sorted(played) == sorted(entry[CLIPS])
        if not entry["shuffled"]:
            assert played == entry[CLIPS]


def test_an_id_that_stands_twice_is_told_since_webmushra_merges_its_results(web):
    made = Made(web, HEAD + single("same", "a: configs/audio/c0.wav") + single("same", "b: configs/audio/c1.wav"))
    assert any("line 5 has this id too" in note for _, note in made.said(16, "id"))


def test_a_key_that_stands_twice_is_told_since_webmushra_takes_the_first(web):
    stimuli = "    stimuli:\n      C1: configs/audio/c0.wav\n      C1: configs/audio/c1.wav\n"
    made = Made(web, HEAD + f"  - type: likert_single_stimulus\n    id: x\n{stimuli}{EMOTIONS}")
    assert [row["stimulus"] for row in made.clips] == ["configs/audio/c0.wav"]
    assert "stands twice" in made.said(9, "YAML")[0][1]


def test_a_questionnaire_is_asked_after_the_clips_or_before_them(web):
    made = Made(web, FULL, "--questionnaire", "first")
    kinds = [entry["trial"] for entry in made.timeline]
    assert kinds.index("questionnaire") < kinds.index("label")
    questions = made.trials("questionnaire")[0]["questions"]
    assert [(q["name"], q["kind"]) for q in questions] == [("mt", "text"), ("age", "number"), ("sex_gender", "likert"),
                                                           ("age_2", "long_text")]  # fmt: skip
    assert (questions[1]["minimum"], questions[1]["maximum"], questions[1]["optional"]) == (18, 99, True)
    assert "'Mother tongue' may be asked already by the background form" in made.words


def test_a_range_that_holds_no_number_is_left_out_and_told(web):
    finish = "  - type: finish\n    questionnaire:\n      - {type: number, label: N, name: n, min: 9, max: 5}\n"
    made = Made(web, HEAD + single("e", "a: configs/audio/c0.wav") + finish)
    assert set(made.trials("questionnaire")[0]["questions"][0]) == {"name", "kind", "text"}
    assert made.said(17, "questionnaire.min") == [("not mapped", "is no range of a number")]
    assert main("listening_tests", ["check", str(made.folder)]) == 0


@pytest.mark.parametrize(("language", "interface"), [("de", "de"), ("cn", "zh-Hans"), ("fr", "en"), ("en", "en")])
def test_the_interface_language_is_ours_where_we_have_it(web, language, interface):
    made = Made(web, HEAD.replace("language: en", f"language: {language}") + single("e", "a: configs/audio/c0.wav"))
    assert made.settings["languages"] == [interface]
    assert made.said(3, "language")[0][0] == ("not mapped" if language == "fr" else "mapped")


NO_CLIPS = HEAD + "  - type: mushra\n    id: m\n  - type: bs1116\n  - type: paired_comparison\n  - type: spatial\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "voices.yaml: is empty"),
        ("just words", "is no webMUSHRA config"),
        ("- a\n- b\n", "is no webMUSHRA config"),
        ("a: [1\n", "is not YAML"),
        ("testname: x\nPages: []\n", "has no 'pages'. Did you mean 'Pages'?"),
        ("testname: x\npages:\n", "voices.yaml:2: 'pages' holds no list of pages"),
        ("testname: x\npages: no\n", "'pages' holds no list of pages"),
        ("pages:\n  - null\n  - random\n  - 5\n", "voices.yaml:3: pages: 'random' is no page"),
        (NO_CLIPS, "voices.yaml:7: bs1116: 'bs1116' compares"),
        (HEAD + "  - name: x\n", "voices.yaml:5: page: has no 'type'"),
        (HEAD + "  - type: likert_single_stimlus\n", "Did you mean 'likert_single_stimulus'?"),
        (HEAD + single("e", "a: x.wav", "    response: []\n"), "'response' offers no answers"),
        (HEAD + single("e", "a: x.wav", "    response:\n      - value: 1\n"), "'response' offers only one answer"),
        (HEAD + single("e", "a: x.wav", "    response: [1, 2]\n"), "an answer in 'response' has no 'value'"),
        (HEAD + single("e", "a: x.wav", ""), "'response' offers no answers"),
        (HEAD + single("e", "a: ~"), "'stimuli' names no file for 'a'"),
        (HEAD + single("e", ""), "names no 'stimuli'"),
        (HEAD + FINISH, "holds no page with clips"),
    ],
)
def test_a_file_that_cannot_become_a_study_is_refused_in_words_and_no_folder_is_left(web, capsys, text, says):
    made = Made(web, text)
    assert made.code == 2
    assert says in capsys.readouterr().err
    assert not made.folder.exists()
    assert {path.name for path in web.parent.iterdir()} <= {"web", "data"}


def test_stimuli_in_a_list_are_counted_from_0_as_javascript_does(web):
    rest = "    stimuli:\n      - configs/audio/c0.wav\n      - configs/audio/c1.wav\n"
    made = Made(web, HEAD + f"  - type: likert_single_stimulus\n    id: x\n{rest}{EMOTIONS}")
    assert [r["key"] for r in _rows(made.folder / "webmushra.csv")] == ["0", "1"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--language", "German!"], "not a BCP 47 language tag"),
        (["--map", "1"], "write VALUE=EMOTION"),
        (["--map", "1=hangry"], "unknown emotion 'hangry'. Did you mean 'angry'?"),
        (["--map", "1=sad", "--map", "1=happy"], "is said to be 'sad' and 'happy'"),
        (["--audio", "nowhere"], "nowhere: --audio: is no folder"),
    ],
)
def test_what_is_typed_wrong_is_refused_in_words(web, capsys, flags, says):
    assert Made(web, HEAD + single("e", "a: x.wav"), *flags).code == 2
    assert says in capsys.readouterr().err


def test_a_folder_that_exists_is_left_alone(web, capsys):
    (web.parent / "made").mkdir()
    assert Made(web, HEAD + single("e", "a: x.wav")).code == 2
    assert "exists already" in capsys.readouterr().err
    assert not list((web.parent / "made").iterdir())


def test_a_binary_file_and_a_missing_file_are_refused(web, capsys):
    for source in (web / "configs" / "audio" / "c0.wav", web / "none.yaml", web):
        assert main("listening_tests", ["import", "webmushra", str(source), "--out", str(web / "made")]) == 2
        assert str(source) in capsys.readouterr().err
    assert not (web / "made").exists()


def test_every_page_type_is_either_converted_or_explained():
    from listening_tests.importers._webmushra_pages import NOT_MAPPABLE, PAGES

    ours = "generic consent volume likert_single_stimulus likert_multi_stimulus finish"
    assert set(PAGES) == set(ours.split())
    assert set(NOT_MAPPABLE) == {"mushra", "bs1116", "paired_comparison", "spatial"}
    assert callable(convert)


def test_no_option_is_told_to_be_both_mapped_and_lost(web):
    for text in (FULL, HEAD + single("e", "a: configs/audio/c0.wav") + FINISH):
        made = Made(web, text)
        outcomes = {(r["line"], r["place"], r["option"]): set[str]() for r in made.report}
        for r in made.report:
            outcomes[(r["line"], r["place"], r["option"])].add(r["outcome"])
        assert not [where for where, found in outcomes.items() if {"mapped", "not mapped"} <= found]
        shutil.rmtree(made.folder)
