"""How long the compare page and the command take with a million ratings: ``python -m benchmarks.compare``.

Makes a study of ``--clips`` short tones and what ``--listeners`` said of all of them (labels drawn with a seed, so that some
listeners and some clips are better than others), with columns that an export has, and five models with their posteriors.
People stand in a folder of tables, as ``import-ratings`` writes them, beside the models in ``data/runs``. Then a process of
its own opens the page as Streamlit's test runner does it, and tells how long each run of the script took:

- *cold*: the first page of a process that has imported everything, with nothing in memory;
- *warm*: the same page again;
- *filter*: one group less, one emotion less (all intervals change), one language further; each the first time.

``--files`` measures ``compare DIR... --out`` instead, with all its files, and the same again from its ``report.zip``, each
in a process of its own, and says whether both wrote the same.

``--real FOLDER`` takes EMOZIONALMENTE's judgements (its ``metadata`` folder's parent) in place of generated ones; a tone
stands for each clip. ``--keep FOLDER`` keeps what was made. What this leaves out: the browser, and answers in a database.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from ser_core import ratings

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("de", "cmn", "en", "fr", "it")
EMOTIONS = ("angry", "happy", "neutral", "sad")
GROUPS = {"CN listeners": "cmn", "DE listeners": "de"}
MODELS = 5
STUDY = """\
id: many
title: {{en: Many}}
languages: [en]
emotions: [{emotions}]
consent: {{version: "1", text: {{en: Please agree.}}}}
timeline: [{{trial: consent}}, {{trial: background}}, {{trial: label}}, {{trial: debrief}}]
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("--listeners", type=int, default=2500)
    parser.add_argument("--clips", type=int, default=400, help="each listener hears all of them")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="EMOZIONALMENTE's judgements in place of generated ones")
    parser.add_argument("--files", action="store_true", help="measure the command that writes all files, not the page")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where all is made and kept (default: removed)")
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.look:
        print(json.dumps(look()))
        return
    with tempfile.TemporaryDirectory() as passing:
        folder = options.keep or Path(passing)
        if not (folder / "studies").exists():
            made = real(options.real) if options.real else generated(options.listeners, options.clips)
            write(made, folder)
        (files if options.files else report)(folder)


def files(folder: Path) -> None:
    """Write everything from the folders, then from the ZIP that this made, and print what each took."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print("| read | seconds | processor seconds | peak MB | ZIP, MB |\n|---|---|---|---|---|")
    first, again = folder / "compared", folder / "again"
    runs = [folder / "runs" / kind for kind in ("human", "machine")]
    for name, read, out in (("the folders", runs, first), ("`report.zip`", [first / "report.zip"], again)):
        seconds, busy, peak = compared(read, out)
        size = (out / "report.zip").stat().st_size / 1e6
        print(f"| {name} | {seconds:.0f} | {busy:.0f} | {peak:,.0f} | {size:.1f} |", flush=True)
    names = sorted(path.name for path in first.iterdir())
    differ = [name for name in names if (first / name).read_bytes() != (again / name).read_bytes()]
    print(f"{len(names)} files, of which other than before: {', '.join(differ) or 'none'}")


def compared(read: Sequence[Path], out: Path) -> tuple[float, float, float]:
    """Seconds of the wall and of the processors, and the most memory in MB, of ``compare`` in a process of its own."""
    command = [sys.executable, "-m", "ser_core", "compare", *map(str, read), "--out", str(out)]
    began = time.perf_counter()
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def report(folder: Path) -> None:
    """Open the page in two processes, one after the other, and print what each took."""
    environment = {**os.environ, "EARWITNESS_DATA": str(folder), "EARWITNESS_STUDIES": str(folder / "studies")}
    environment.pop("EARWITNESS_DATABASE_URL", None)
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print("| process | step | seconds | processor seconds |\n|---|---|---|---|")
    for name in ("first", "second"):
        command = [sys.executable, "-m", "benchmarks.compare", "--look", str(folder)]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        for step, (seconds, busy) in json.loads(done.stdout.splitlines()[-1]).items():
            print(f"| {name} | {step} | {seconds:.2f} | {busy:.2f} |", flush=True)


def look() -> dict[str, tuple[float, float]]:
    """Seconds of the wall and of this process for each step."""
    from streamlit.testing.v1 import AppTest

    from pages.parts import sign_in

    sign_in.is_signed_in = lambda: True  # who looks is a researcher
    opened()
    app = AppTest.from_file(ROOT / "app.py", default_timeout=3600)
    took: dict[str, tuple[float, float]] = {}

    def step(name: str, act: Callable[[], Any] = lambda: None) -> None:
        act()
        began, busy = time.perf_counter(), time.process_time()
        app.run()
        took[name] = (time.perf_counter() - began, time.process_time() - busy)
        if app.exception or app.error:
            raise SystemExit(f"{name}: {[e.value for e in (*app.exception, *app.error)]}")

    def leave_out(fact: str) -> None:
        """All values of a fact but the first; none chosen again where some were."""
        box = next(box for box in app.multiselect if box.key == f"where {fact}")
        box.set_value([] if box.value else box.options[1:])

    def next_language() -> None:
        chosen = next(c for c in app.segmented_control if c.key == "language")
        chosen.set_value(chosen.options[1])

    app.switch_page("pages/compare.py")
    step("cold")
    step("warm")
    for fact in [f for f in ("group", "emotion") if any(box.key == f"where {f}" for box in app.multiselect)]:
        step(f"filter by {fact}", partial(leave_out, fact))
        step(f"warm, filtered by {fact}")
        step(f"without the filter by {fact} again", partial(leave_out, fact))
    if any(c.key == "language" and len(c.options) > 1 for c in app.segmented_control):
        step("another language", next_language)
        step("warm, that language")
    return took


def opened() -> None:
    """What a server has done before somebody opens the page: imported what pages need, read the study for the list, and
    shown a page for signing in."""
    from functools import cache

    import pingouin  # noqa: F401
    import scipy.stats  # noqa: F401
    from streamlit.components.v2 import manifest_scanner
    from streamlit.testing.v1 import AppTest

    from listening_tests import study
    from pages.parts import compare_clips, compare_filter, compare_power, compare_published, compare_tests  # noqa: F401
    from ser_core import places
    from ser_core.measures._measure import measures
    from ser_core.metrics._metric import metrics

    for folder in places.studies():
        study.load(folder)
    AppTest.from_string("import streamlit\n\nstreamlit.html('<p>Sign in</p>')").run()  # looks once for who started it
    measures()
    metrics()
    # a server looks through all installed packages for components once, Streamlit's test runner at every start of its own
    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
    manifest_scanner.scan_component_manifests()


def generated(listeners: int, clips: int, seed: int = 0) -> ratings.Tables:
    """Everybody's label of every clip, and five models' posteriors."""
    rng = np.random.default_rng(seed)
    truth = np.arange(clips) % len(EMOTIONS)
    language = np.arange(clips) // len(EMOTIONS) % len(LANGUAGES)
    stimuli = pd.DataFrame(
        {
            "stimulus": [f"clip-{n:04d}" for n in range(clips)],
            "language": np.take(LANGUAGES, language),
            "truth": np.take(EMOTIONS, truth),
            "speaker": [f"s{n % 20}" for n in range(clips)],
        }
    )
    names = list(GROUPS)
    raters = pd.DataFrame(
        {
            "rater": [f"{n:08x}" for n in rng.permutation(2**20)[:listeners]],
            "rater_type": "human",
            "group": [names[n % len(names)] for n in range(listeners)],
            "native_languages": [GROUPS[names[n % len(names)]] for n in range(listeners)],
            "proficiency": "en:B2",
            "completed": np.where(rng.random(listeners) < 0.95, "yes", "no"),
            "simulated": "yes",
        }
    )
    good = 1.2 + 0.5 * rng.standard_normal((listeners, 1)) - 0.8 * rng.standard_normal(clips)
    right = rng.random((listeners, clips)) < 1 / (1 + np.exp(-good))
    wrong = rng.integers(1, len(EMOTIONS) + 1, size=right.shape)  # one further label: cannot_say
    label = np.where(right, truth, np.where(wrong == len(EMOTIONS), len(EMOTIONS), (truth + wrong) % len(EMOTIONS)))
    said = pd.DataFrame(
        {
            "rater": np.repeat(raters["rater"].to_numpy(), clips),
            "stimulus": np.tile(stimuli["stimulus"].to_numpy(), listeners),
            "label": np.take((*EMOTIONS, "cannot_say"), label.ravel()),
            "weight": 1.0,
            "confidence": np.take(list("12345"), rng.integers(5, size=label.size)),
            "response_s": np.round(rng.lognormal(1, 0.4, label.size), 2).astype(str),
            "block_name": np.tile(np.take(["first", "second"], np.arange(clips) * 2 // clips), listeners),
        }
    )
    machines, posteriors = models(stimuli, rng)
    return ratings.Tables(
        ratings.frame(ratings.STIMULI, stimuli),
        ratings.frame(ratings.RATERS, pd.concat([raters, machines])),
        ratings.frame(ratings.RATINGS, pd.concat([said, posteriors], ignore_index=True)),
    )


def models(stimuli: pd.DataFrame, rng: np.random.Generator, number: int = MODELS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Five seeds of one model, each with a weight for every label of every clip."""
    labels = sorted(set(stimuli["truth"]))
    truth = np.searchsorted(labels, stimuli["truth"])
    parts = []
    for n in range(number):
        raw = rng.gamma(1, size=(len(stimuli), len(labels)))
        raw[np.arange(len(stimuli)), truth] += 1
        weight = np.round(raw / raw.sum(axis=1, keepdims=True), 6)
        part = pd.DataFrame(weight, columns=labels).assign(stimulus=stimuli["stimulus"], rater=f"majority.de.s{n}")
        parts.append(part.melt(["rater", "stimulus"], var_name="label", value_name="weight"))
    machines = pd.DataFrame({"rater": [f"majority.de.s{n}" for n in range(number)], "rater_type": "machine"})
    machines = machines.assign(group="majority de", method="majority", source="de", seed=[str(n) for n in range(number)])
    return machines, pd.concat(parts)


def real(folder: Path) -> ratings.Tables:
    """EMOZIONALMENTE's judgements, and five generated models beside them."""
    from listening_tests.importers._importer import Options
    from listening_tests.importers.emozionalmente import IMPORTER

    assert IMPORTER.read is not None
    people = IMPORTER.read(folder, Options()).tables
    machines, posteriors = models(people.stimuli, np.random.default_rng(0), 1)
    return ratings.Tables(
        people.stimuli,
        ratings.frame(ratings.RATERS, pd.concat([people.raters, machines])),
        ratings.frame(ratings.RATINGS, pd.concat([people.ratings, posteriors], ignore_index=True)),
    )


def write(made: ratings.Tables, folder: Path) -> None:
    """A study of these clips, each a tone of its own, and two folders of ratings: people's and models'."""
    study = folder / "studies" / "many"
    (study / "clips").mkdir(parents=True)
    files = [f"clips/{n}.wav" for n in range(len(made.stimuli))]
    time_s = np.arange(1600) / 16_000
    for n, file in enumerate(files):
        tone = 0.3 * np.sin(2 * np.pi * (100 + n / 2) * time_s)
        soundfile.write(study / file, tone, 16_000, subtype="PCM_16")
    clips = made.stimuli.assign(file=files, duration_s=0.1, sha256="", part="")
    (study / "stimuli.csv").write_text(ratings.to_csv(clips), encoding="utf-8")
    emotions = ", ".join(sorted(set(made.stimuli["truth"])))
    (study / "study.yaml").write_text(STUDY.format(emotions=emotions), encoding="utf-8")
    known = studied(study)
    for kind in ("human", "machine"):
        raters = made.raters[made.raters["rater_type"] == kind]
        said = made.ratings[made.ratings["rater"].isin(raters["rater"])]
        heard = known[known["stimulus"].isin(said["stimulus"])]
        out = folder / "runs" / kind
        tables = ratings.Tables(*(part.reset_index(drop=True) for part in (heard, raters, said)))
        ratings.write(tables, out)
        (out / "config.yaml").write_text("written_at: '2026-01-01T00:00:00'\n", encoding="utf-8")


def studied(folder: Path) -> pd.DataFrame:
    """The clips as the study knows them, with the hash of their sound."""
    from listening_tests import study

    return ratings.frame(ratings.STIMULI, study.load(folder).stimuli.drop(columns=["part", "gain_db"]))


if __name__ == "__main__":
    main()
