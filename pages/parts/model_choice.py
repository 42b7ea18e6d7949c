"""Which models shall hear the clips: what there is, what each needs, what can be set, and the button that starts them.

Everything that can be refused is refused here, before a process is started: settings that make no sense, an encoder whose
files are not here and may not be fetched, a model that learns where there is nothing to learn from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from listening_tests import languages
from listening_tests.study import Study
from pages.parts import model_settings
from ser_core import stimuli
from ser_core.encoders import _checkpoint
from ser_core.encoders._find import find
from ser_core.errors import BadInput
from ser_core.methods._method import Method, configured, settable

_GROUPS = {
    False: ("Rate whole clips", "One emotion for each clip, as listeners answer who choose a label."),
    True: ("Mark parts of clips", "Where in a clip which emotion is heard, as listeners answer who mark a part."),
}
_DEVICES = ("auto", "cpu", "mps", "cuda", *(f"cuda:{number}" for number in range(8)))
_DEVICE = (
    "auto: the best there is. Runs on different devices work at the same time, those on one device one after the other."
)
_RAY = "The address of a Ray cluster, such as `10.0.0.5:6379`, that computes instead of this machine."


@dataclass(frozen=True)
class Chosen:
    """A model that was ticked, and what was set of it where that is not the default, as text."""

    model: str
    learns: bool
    settings: Mapping[str, str]

    def arguments(self, study: Study) -> list[str]:
        """What the command ``predict`` is told of it."""
        train = ["--train", str(study.training)] if self.learns else []
        settings = [part for key, value in self.settings.items() for part in ("--set", f"{key}={value}")]
        return ["--stimuli", str(study.folder / "stimuli.csv"), "--model", self.model, *train, *settings]


def draw(study: Study, methods: Mapping[str, Method]) -> list[Chosen] | None:
    """Boxes to tick, in the two groups; what is ticked, or None while something about it must be changed first."""
    teaches = _training(study)
    chosen: list[Chosen | None] = []
    for marks, (title, means) in _GROUPS.items():
        st.markdown(f"**{title}**", help=means)
        for name, method in methods.items():
            if method.marks is marks:
                chosen += _offer(name, method, teaches=teaches)
    good = [one for one in chosen if one]
    return good if len(good) == len(chosen) else None


def _training(study: Study) -> bool:
    """Say what the study brings to learn from; whether that is anything."""
    if study.training is None:
        st.info(
            "This study brings nothing to learn from, so only models that come trained can hear it. To let others learn, "
            "name a table of other clips as `training:` in its `study.yaml`, and load this page again."
        )
        return False
    st.write(
        f"A model that learns does so from the study's training part ({_taught(study.version, _from=study.training)}), once "
        "for each language there. Then it hears every test clip as a listener would: **mono** where that is in the language "
        "it learned, **cross** elsewhere."
    )
    st.caption(
        "Most hear through an **encoder**, which turns sound into numbers and stays as it is. What learns to tell emotions "
        "by these numbers is small: a linear **probe** for whole clips, a linear **frame head** for every moment of a clip. "
        "A linear probe on log-mel statistics is one to begin with: it needs no download and learns in seconds."
    )
    return True


@st.cache_data(max_entries=16, show_spinner=False)
def _taught(version: str, *, _from: Path) -> str:
    counts = stimuli.load(_from)["language"].value_counts(sort=False)
    return ", ".join(f"{count} clips in {languages.spoken(str(tag), 'en')}" for tag, count in counts.items())


def _offer(name: str, method: Method, *, teaches: bool) -> tuple[Chosen | None, ...]:
    """A box, what the model needs, and once it is ticked its settings; what was chosen: None where that cannot be used."""
    able = teaches or not method.learns
    with st.container(gap="xsmall", key=f"offer {name}"):
        ticked = st.checkbox(method.title, key=f"model {name}", disabled=not able) and able
        needs, settings = st.container(gap="xsmall"), {}
        if ticked and settable(method):
            with st.expander(f"Settings of “{method.title}”", key=f"settings {name}"):
                settings = model_settings.draw(name, method)
        with needs:
            try:
                ears = method.hears(configured(method, settings, seed=0))
                _encoder(_learns(method), ears.encoder if ears else "", ticked=ticked)
            except BadInput as bad:
                said = "\n\n".join(problem.what for problem in bad.problems)
                st.error(model_settings.in_words(said, method), icon=":material/block:")
                return (None,) if ticked else ()
    return (Chosen(name, method.learns, settings),) if ticked else ()


def _learns(method: Method) -> str:
    if method.learns:
        return "Learns from the training part"
    return f"Comes trained on {languages.spoken(method.trained_on, 'en')}" if method.trained_on else "Comes trained"


def _encoder(learns: str, name: str, *, ticked: bool) -> None:
    """Say what a model learns from and through which encoder it hears: its licence, its size, whether its files are here.

    Raises:
        BadInput: the encoder's files are not here and nothing may be fetched, or what is here is none of its files.
    """
    if not name:
        st.caption(f"{learns} · needs no encoder.")
        return
    encoder = find(name)
    said = f"{learns} · hears through **{encoder.title}** (`{name}`)"
    if not encoder.source:
        st.caption(f"{said}; nothing has to be fetched.")
        return
    said += f" · licence {encoder.licence}{f' · {encoder.size_mb} MB' if encoder.size_mb else ''}"
    if _checkpoint.found(name, encoder):
        st.caption(f"{said} · its files are here.")
        return
    st.caption(f"{said} · its files are not here.")
    if not ticked:
        return
    if _checkpoint.stays_offline():
        _checkpoint.folder(name, encoder)  # says what to do
    st.caption("They are fetched when the run begins. To fetch them before:")
    st.code(_checkpoint.command(name, encoder), language=None, wrap_lines=True)


def machine() -> list[str]:
    """Where to compute, as the command is told of it."""
    with st.popover("More", icon=":material/tune:"):
        device = st.selectbox("Device", _DEVICES, key="device", help=_DEVICE)
        address = st.text_input("Ray cluster", key="address", placeholder="none: this machine", help=_RAY).strip()
    on = [] if device == "auto" else ["--device", str(device)]
    return [*on, *(["--engine", "ray", "--address", address] if address else [])]
