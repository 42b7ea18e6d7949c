"""Background: native languages, dialects, proficiency in the study's languages, age band, hearing.

The answers become columns of the raters table; how a listener stands to a clip is derived from them, never asked.
"""

from __future__ import annotations

import random
from typing import Any

from listening_tests.languages import all_spoken
from listening_tests.trial import Answer, Field, Trial, TrialType, Ui
from ser_core.languages import is_tag

LEVELS = ("native", "C", "B", "A", "none")
"""Answers to "how well do you know ...": native, or the bands of the Common European Framework, or not at all."""

AGES = ("18–24", "25–34", "35–44", "45–54", "55–64", "65+", "not_said")
HEARING = ("hearing_normal", "hearing_difficulty", "hearing_aid", "not_said")


def show(trial: Trial, ui: Ui) -> None:
    """One form; nothing is chosen beforehand, so that no default slips through as an answer."""
    st = ui.st
    st.header(ui.text("background.title"))
    st.markdown(ui.text("background.why"))
    with st.form("background", border=False):
        for tag in ui.study.spoken:
            _ask(ui, f"knows.{tag}")
        names = {tag: name for tag, name in all_spoken(ui.interface).items() if tag not in ui.study.spoken}
        hint = ui.text("background.other_hint")
        st.multiselect(ui.text("background.other"), list(names), format_func=names.get, key="other", placeholder=hint)
        for key in (*(f"dialect.{tag}" for tag in ui.study.dialects), "age", "hearing"):
            _ask(ui, key)
        if wrong := st.session_state.pop("background_wrong", None):
            st.error(wrong)  # beside the button that was pressed: on a phone the top of the form is out of sight
        st.form_submit_button(
            ui.text("continue"), type="primary", width="stretch", on_click=lambda: _send(trial, ui), key="background_send"
        )


def _questions(ui: Ui) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What has to be answered, by the key of its widget: the question and the options."""
    knows = {f"knows.{tag}": (ui.text("background.knows", language=ui.language(tag)), LEVELS) for tag in ui.study.spoken}
    dialects = {
        f"dialect.{tag}": (ui.text("background.dialect", dialect=ui.language(tag)), ("yes", "no"))
        for tag in ui.study.dialects
    }
    last = {"age": (ui.text("background.age"), AGES), "hearing": (ui.text("background.hearing"), HEARING)}
    return {**knows, **dialects, **last}


def _ask(ui: Ui, key: str) -> None:
    def name(option: str) -> str:
        return option if option[0].isdigit() else ui.text(f"background.{option}")

    question, options = _questions(ui)[key]
    ui.st.radio(question, options, index=None, key=key, format_func=name)


def _send(trial: Trial, ui: Ui) -> None:
    state = ui.st.session_state
    missing = [question for key, (question, _) in _questions(ui).items() if state.get(key) is None]
    if missing:
        state["background_wrong"] = "\n".join([ui.text("required"), "", *(f"- {question}" for question in missing)])
        return
    knows = {tag: state[f"knows.{tag}"] for tag in ui.study.spoken}
    answer = {
        "native_languages": " ".join([*(t for t, level in knows.items() if level == "native"), *state.get("other", [])]),
        "dialects": " ".join(tag for tag in ui.study.dialects if state[f"dialect.{tag}"] == "yes"),
        "proficiency": " ".join(f"{tag}:{level}" for tag, level in knows.items() if level != "native"),
        "age_band": state["age"],
        "hearing": state["hearing"],
    }
    if wrong := check(trial, answer):
        state["background_wrong"] = ui.text(wrong)
        return
    ui.submit(trial, answer)


def check(_: Trial, answer: Answer) -> str | None:
    """Every field is there, and at least one native language is named."""
    if not all(isinstance(answer.get(field.name), str) for field in TRIAL.answer):
        return "required"
    tags = [*answer["native_languages"].split(), *answer["dialects"].split()]
    if answer["age_band"] not in AGES or answer["hearing"] not in HEARING or not all(map(is_tag, tags)):
        return "required"
    return None if answer["native_languages"].strip() else "background.no_native"


def simulate(_: Trial, rng: random.Random) -> dict[str, Any]:
    """A native speaker of German, Mandarin or English who knows the two others to some degree."""
    native = rng.choice(["de", "cmn", "en"])
    others = [tag for tag in ("cmn", "de", "en") if tag != native]
    return {
        "native_languages": native,
        "dialects": rng.choice(["", "en-scotland"]) if native == "en" else "",
        "proficiency": " ".join(f"{tag}:{rng.choice(LEVELS[1:])}" for tag in others),
        "age_band": rng.choice(AGES),
        "hearing": "hearing_normal",
    }


TRIAL = TrialType(
    "Background",
    show,
    check,
    simulate,
    answer=(
        Field("native_languages", "BCP 47 tags with blanks between them"),
        Field("dialects", "dialects of the study that the participant grew up with"),
        Field("proficiency", "the study's other languages with their level: C, B, A (CEFR bands) or none"),
        Field("age_band", "age in years"),
        Field("hearing", "the participant's own judgement of their hearing"),
    ),
)
