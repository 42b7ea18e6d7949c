"""report.zip: everything is in it, summed and explained; nothing personal; made from itself it is the same to the byte."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import pandas as pd
import pytest
import yaml

from ser_core import archive, cli, comparisons, filters, report, report_columns, report_files, scores, still_figures
from ser_core.errors import BadInput
from ser_core.methods_section import Done, methods
from ser_core.provenance import UNKNOWN, made_of
from ser_core.ratings import RATERS, RATINGS, STIMULI, Tables, frame, read, read_all, write

SECRET, PLACE = "mail me at eve@example.org", "/media/eve/clips/"


def tables() -> Tables:
    emotions = ("angry", "sad")
    clips = [
        {
            "stimulus": f"{e}{n}",
            "language": tag,
            "truth": e,
            "file": f"{PLACE}{e}{n}.wav",
            "synthetic": "yes",
            "duration_s": n + 1,
        }
        | ({"truth_start_s": 0.5, "truth_end_s": 1} if e == "sad" else {})
        for e in emotions
        for n, tag in enumerate(("de", "de", "cmn"))
    ]
    people = [
        {"rater": f"{g}{n}", "rater_type": "human", "group": f"{g} listeners", "native_languages": g, "completed": "yes"}
        | {"external_id": SECRET, "shoe_size": "41"}
        for g in ("de", "cmn")
        for n in range(3)
    ]
    model = {"rater": "m", "rater_type": "machine", "group": "probe", "method": "probe", "encoder": "e", "run": "first"}
    said = [
        {"rater": p["rater"], "stimulus": c["stimulus"], "label": c["truth"] if (i * k) % 4 else "cannot_say", "weight": 1}
        | {"comment": SECRET, "position": str((i + k) % 6), "plays": "2", "part": "segment" if (i, k) == (0, 3) else ""}
        for i, p in enumerate(people)
        for k, c in enumerate(clips)
    ]
    posterior = {"angry": 0.25, "sad": 0.75}
    said += [{"rater": "m", "stimulus": c["stimulus"], "label": e, "weight": posterior[e]} for c in clips for e in emotions]
    said.append(
        {"rater": "de0", "stimulus": "sad0", "label": "sad", "weight": 1, "start_s": 0, "end_s": 1, "part": "segment"}
    )
    return Tables(frame(STIMULI, clips), frame(RATERS, [*people, model]), frame(RATINGS, said))


CONFIG = {
    "run": "first",
    "model": "probe",
    "hyper_parameters": {"penalty": 1.0},
    "stimuli": {"file": f"{PLACE}stimuli.csv"},
    "train": [{"file": f"{PLACE}train.csv", "clips": {"de": {"angry": 3, "sad": 4}}}],
    "disjoint": {"clips": True, "shared_speakers": []},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("in") / "people"
    write(tables(), made)
    (made / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    return made


def compared(*folders):
    return report.comparison(read_all(folders), draws=10, made_of=made_of(folders, {}))


@pytest.fixture(scope="module")
def first(folder):
    return compared(folder)


@pytest.fixture(scope="module")
def packed(first, tmp_path_factory):
    path = tmp_path_factory.mktemp("out") / "report.zip"
    path.write_bytes(first.files["report.zip"])
    return path


@pytest.fixture(scope="module")
def members(packed) -> dict[str, bytes]:
    with zipfile.ZipFile(packed) as held:
        return {name: held.read(name) for name in held.namelist()}


def book(members) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(members["codebook.csv"]), keep_default_na=False)


def test_every_file_has_its_sum_and_what_the_command_writes_is_in_it(members, first):
    sums = dict(line.split("  ")[::-1] for line in members.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    assert {name: members[name] for name in first.files if name != "report.zip"} == {
        name: content for name, content in first.files.items() if name != "report.zip"
    }
    assert {"README.txt", "methods.txt", "report.yaml", "runs/first.yaml", "figures/ua-de.svg"} <= set(members)


def test_no_table_of_what_was_made_up_passes_for_real_without_the_others(members):
    assert b"Not real: synthetic voices." in members["README.txt"]
    for name in (n for n in members if n.endswith(".csv") and n != "codebook.csv"):
        data = pd.read_csv(io.BytesIO(members[name]), keep_default_na=False)
        if name not in ("raters.csv", "segments.csv"):  # no listener is simulated, and no row may be there
            assert set(data["synthetic" if name == "stimuli.csv" else "made_up"]) <= {"yes", "synthetic voices"}, name


def test_made_from_itself_it_is_the_same_to_the_byte(packed, first):
    again = compared(packed)
    assert [name for name in first.files if again.files[name] != first.files[name]] == []


def test_unpacked_it_is_read_as_the_zip_is(packed, tmp_path):
    with zipfile.ZipFile(packed) as held:
        held.extractall(tmp_path / "whatever")
    for name in ("stimuli", "raters", "ratings"):
        pd.testing.assert_frame_equal(getattr(read(tmp_path / "whatever"), name), getattr(read(packed), name))
    assert made_of([tmp_path / "whatever"], {}) == made_of([packed], {})
    assert made_of([packed], {}).folders == ("people",)


def test_a_filter_is_told_and_its_tables_are_what_it_left(packed, tmp_path):
    where = {"group": ["de listeners"]}
    kept, said = filters.keep(read(packed), where)
    told = replace(made_of([packed], where), said=said)
    path = tmp_path / "r.zip"
    more = {"html": "", "parts": (), "figures": {}, "settings": {}, "command": ""}
    path.write_bytes(report_files.pack(kept, {}, made_of=told, **more))
    assert made_of([path], {}) == told
    assert made_of([path, packed], {}).folders == ("r.zip", "report.zip")
    pd.testing.assert_frame_equal(read(path).ratings, kept.ratings)


def test_every_column_of_every_table_is_explained(members):
    explained = {(row.table, row.column) for row in book(members).itertuples() if row.meaning}
    shown = {
        (name.removesuffix(".csv"), column)
        for name, content in members.items()
        if name.endswith(".csv") and name != "codebook.csv"
        for column in content.decode().splitlines()[0].split(",")
    }
    assert shown - explained == set()
    left_out = {(t.name, c.name) for t in (STIMULI, RATERS, RATINGS) for c in t.columns}
    assert explained - shown - left_out == set()
    assert ("raters", "shoe_size") in shown


def test_a_result_with_a_column_that_nobody_explains_is_our_mistake():
    with pytest.raises(KeyError, match="shade"):
        report_columns.columns({"scores": pd.DataFrame(columns=[*scores.SCORES, "shade"])})
    declared = {name: tuple(c.name for c in columns) for name, columns in report_columns.RESULTS.items()}
    assert declared["scores"] == scores.SCORES
    assert declared["tests"] == comparisons.TESTS
    assert declared["groups"] == scores.GROUPS
    assert declared["confusion"] == (*scores.CONFUSION, scores.SHARE_OF_LABEL)


def test_a_table_is_the_same_as_csv_and_as_parquet(members):
    names = [name for name in members if name.endswith(".csv") and name != "codebook.csv"]
    for name in names:
        other = pd.read_parquet(io.BytesIO(members[f"parquet/{name.removesuffix('.csv')}.parquet"]))
        assert other.to_csv(index=False).encode() == members[name], name


def test_nothing_personal_and_no_place_of_a_machine_is_in_it(members, folder):
    whole = b"".join(content for name, content in members.items() if not name.endswith(".parquet"))
    for secret in (SECRET, PLACE, str(folder.parent)):
        assert secret.encode() not in whole
    for name in ("raters", "ratings", "stimuli"):
        data = pd.read_parquet(io.BytesIO(members[f"parquet/{name}.parquet"]))
        assert not {"external_id", "comment"} & set(data)
        assert not data.astype("str").isin([SECRET]).any(axis=None)


def test_figures_are_well_formed_say_what_is_not_real_and_hold_every_group(members, first):
    drawn = {name: content for name, content in members.items() if name.endswith(".svg")}
    assert {name.split("/")[1].split("-")[0] for name in drawn} == {
        "ua", "emotions", "eder", "confusion", "difference", "model",
    }  # fmt: skip
    for name, content in drawn.items():
        root = ElementTree.fromstring(content)
        assert "Not real: synthetic voices" in " ".join(root.itertext()), name
        assert not [e for e in root.iter() if "href" in "".join(e.attrib)], name
    assert "&lt;b" not in first.report
    said = first.tables.ratings
    whole = said[said["start_s"].isna() & said["stimulus"].isin([f"{e}{n}" for e in ("angry", "sad") for n in (0, 1)])]
    unsure = {g: ((whole["label"] == "cannot_say") & whole["rater"].str.startswith(g)).sum() for g in ("de", "cmn")}
    for name, what in {
        "ua-de": "28 judgements of 4 clips (4 synthetic) by 6 listeners and 1 model. "
        f"{sum(unsure.values())} answers “cannot say”",
        "emotions-hu-cmn": "14 judgements of 2 clips",
        "eder-de": "1 marking of 1 clip (1 synthetic) by 1 listener. 5 listeners gave none here: cmn listeners, de",
        "confusion-de-de-listeners": "12 judgements of 4 clips (4 synthetic) by 3 listeners. "
        f"{unsure['de']} answers “cannot say”",
        "model-difference-de-cmn-listeners-minus-probe": "16 judgements of 4 clips (4 synthetic) by 3 listeners and",
    }.items():
        below = " ".join(" ".join(ElementTree.fromstring(drawn[f"figures/{name}.svg"]).itertext()).split())
        assert what in below, below
    of_de = " ".join(ElementTree.fromstring(drawn["figures/ua-de.svg"]).itertext())
    ua = first.scored.scores.query("metric == 'ua' and language == 'de' and rater == ''")
    for row in ua.itertuples():
        assert row.group in of_de
        assert f"{row.value:.3f}" in of_de


def test_a_mark_stands_where_its_value_is():
    rows = pd.DataFrame(
        [("a<b", "human", "", 0.5, 0.25, 1.0), ("c", "machine", "", float("nan"), float("nan"), float("nan"))],
        columns=["group", "rater_type", "emotion", "value", "ci_low", "ci_high"],
    )
    picture = still_figures.dots(rows, "UA", still_figures.Axis("UA"), "")
    root = ElementTree.fromstring(picture.file())
    mark = root.findall(".//{*}circle")[-1]  # the first one is that of the legend
    assert float(mark.attrib["cx"]) == still_figures.WIDTH / 2
    (line,) = [e for e in root.findall(".//{*}line") if e.attrib["stroke"] == "#d55e00"]
    assert (float(line.attrib["x1"]), float(line.attrib["x2"])) == (14 + 324 / 4, 14 + 324)
    words = list(root.itertext())
    assert "a<b" in words
    assert "undefined" in words


def test_the_methods_tell_what_can_be_counted_by_hand(members):
    text = members["methods.txt"].decode()
    for said in (
        "6 clips were compared, by language: de (4), cmn (2).",
        "angry (3), sad (3)",
        "Length: 1 to 3 s (median 2 s).",
        "6 listeners took part, by group: cmn listeners (3), de listeners (3).",
        "All came to the end.",
        "What de listeners heard was to them: cmn foreign (3), de native (3).",
        "They gave 36 answers to whole clips, 6 each; a clip was judged by 6 of them.",
        "They marked 1 part in 1 hearing of a clip.",
        "in 6 different orders",
        "Times that a clip was started: 2.",
        "probe on e (revision unknown): 1 model",
        "Run first: probe (penalty 1.0). It learned from 7 clips of de.",
        "No clip was both trained on and rated, and no speaker.",
        "6 of 6 clips are synthetic voices.",
    ):
        assert said in text


def test_what_is_not_known_is_said_to_be_unknown():
    known = tables()
    bare = Tables(known.stimuli, known.raters, known.ratings.drop(columns=["position", "plays"]))
    nothing = pd.DataFrame(columns=list(comparisons.TESTS))
    said = dict(methods(bare, UNKNOWN, Done(nothing, (), "", 0, 0, {})))
    assert "In which order they heard them was not kept." in said["Procedure"]
    assert "How the models of these runs were made is not told by what was compared: first." in said["Models"]


# --- a ZIP from anywhere ---


def zipped(path, *files: tuple[str, bytes]):
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files:
            made.writestr(name, content)
    return path


def three(members) -> list[tuple[str, bytes]]:
    return [(name, members[name]) for name in ("stimuli.csv", "raters.csv", "ratings.csv")]


def locked(content: bytes) -> bytes:
    """The same ZIP with the flag of a password on its first file."""
    at = content.index(b"PK\1\2") + 8
    return content[:at] + bytes([content[at] | 1]) + content[at + 1 :]


def test_a_folder_that_was_zipped_by_hand_is_read(members, tmp_path):
    path = zipped(
        tmp_path / "x.zip", ("__MACOSX/._x", b""), *((f"mine/{name}", content) for name, content in three(members))
    )
    assert len(read(path).ratings) == len(tables().ratings)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda p, m: zipped(p, ("../ratings.csv", b""), *three(m)), "'../ratings.csv', a path that leads out"),
        (lambda p, m: zipped(p, ("C:\\x.csv", b"")), "a path that leads out"),
        (lambda p, m: zipped(p, *three(m)[:2]), "no ratings.csv or ratings.parquet here"),
        (lambda p, m: zipped(p, ("word/document.xml", b"")), "is it another program's ZIP?"),
        (lambda p, m: zipped(p, *three(m), ("stimuli.parquet", b"")), "stimuli.csv and a stimuli.parquet"),
        (lambda p, m: zipped(p, *three(m), ("SHA256SUMS", b"00  raters.csv\n")), "raters.csv is not the one"),
        (lambda p, m: p.write_bytes(p.with_name("report.zip").read_bytes()[:-3000]), "may be damaged"),
        (lambda p, m: p.write_bytes(b"a,b\n1,2\n"), "may be damaged: get it again, or give a folder"),
        (lambda p, m: p.write_bytes(locked(zipped(p, *three(m)).read_bytes())), "password"),
        (lambda p, m: zipped(p, *three(m)[:2], ("ratings.csv", b"rater,stimulus\n")), "x.zip/ratings.csv:1: column 'label'"),
        (lambda p, m: zipped(p, *three(m), ("report.yaml", b"where: [1]")), "x.zip/report.yaml: 'where' should be"),
        (lambda p, m: zipped(p, *three(m), ("runs/a.yaml", b"a: [")), "x.zip/runs/a.yaml: cannot be read as YAML"),
    ],
)
def test_a_zip_that_cannot_be_trusted_is_refused_with_the_reason(made, said, members, packed, tmp_path, capsys):
    (tmp_path / "report.zip").write_bytes(packed.read_bytes())
    made(tmp_path / "x.zip", members)
    assert cli.main("ser_core", ["compare", str(tmp_path / "x.zip"), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "x.zip" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(members, tmp_path):
    path = zipped(tmp_path / "x.zip", *three(members), ("ratings.csv", b""))
    with pytest.raises(BadInput, match=r"holds 'ratings\.csv' 2 times"):
        read(path)


def test_more_than_fits_is_refused_before_it_is_unpacked(packed, monkeypatch):
    monkeypatch.setattr(archive, "MOST", 1000)
    with pytest.raises(BadInput, match="unpack it yourself"):
        read(packed)
