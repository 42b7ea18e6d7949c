"""Background: native languages, dialects, proficiency in the study's languages, age band, hearing.

The answers become columns of the raters table; how a listener stands to a clip is derived from them, never asked. Asked for
are the languages and dialects of the clips, and those that the study's groups and rules speak of.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field as Described

from listening_tests import settings
from listening_tests.languages import all_spoken
from listening_tests.screening import AGES
from listening_tests.trial import Answer, Field, Parameters, Trial, TrialType, Ui, cleaned
from ser_core.languages import base, is_dialect, is_tag, normal

if TYPE_CHECKING:
    from listening_tests.study import Study

LEVELS = ("native", "C", "B", "A", "none")
"""Answers to "how well do you know ...": native, or the bands of the Common European Framework, or not at all."""

HEARING = ("hearing_normal", "hearing_difficulty", "hearing_aid", "not_said")

_NAMED = re.compile(r"\b(native|knows|grew_up_with)\s*\(\s*['\"]?([A-Za-z0-9-]+)")


ANSWER = (
    Field("native_languages", "BCP 47 tags with blanks between them"),
    Field("dialects", "dialects of the study that the participant grew up with"),
    Field("proficiency", "the other languages that were asked for, with their level: C, B, A (CEFR bands) or none"),
    Field("age_band", "age in years"),
    Field("hearing", "the participant's own judgement of their hearing"),
)


class Background(Parameters):
    """What is asked beside what the clips and the rules need."""

    languages: list[str] = Described(default=[], description="further languages to ask for, as BCP 47 tags")
    dialects: list[str] = Described(default=[], description="further dialects to ask for, as BCP 47 tags")


def show(trial: Trial, ui: Ui) -> None:
    """Nothing is chosen beforehand, so that no default slips through as an answer.

    No form of Streamlit's: it would tell nothing of the choices before it is sent, and who then reads on in another language
    would begin anew.
    """
    st = ui.st
    st.header(ui.text("background.title"))
    st.markdown(ui.text("background.why"))
    for tag in trial.parameters["languages"]:
        _ask(trial, ui, f"knows.{tag}")
    names = {tag: name for tag, name in all_spoken(ui.interface).items() if tag not in trial.parameters["languages"]}
    hint = ui.text("background.other_hint")
    st.multiselect(ui.text("background.other"), list(names), format_func=names.get, key="other", placeholder=hint)
    for key in (*(f"dialect.{tag}" for tag in trial.parameters["dialects"]), "age", "hearing"):
        _ask(trial, ui, key)
    if st.session_state.get("background_sent") and (wrong := _wrong(trial, ui)):
        st.error(wrong)  # beside the button that was pressed: on a phone the top of the page is out of sight
    st.button(ui.text("continue"), type="primary", width="stretch", on_click=lambda: _send(trial, ui), key="background_send")


def _questions(trial: Trial, ui: Ui) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What has to be answered, by the key of its widget: the question and the options."""
    knows = {
        f"knows.{tag}": (ui.text("background.knows", language=ui.language(tag)), LEVELS)
        for tag in trial.parameters["languages"]
    }
    dialects = {
        f"dialect.{tag}": (ui.text("background.dialect", dialect=ui.language(tag)), ("yes", "no"))
        for tag in trial.parameters["dialects"]
    }
    last = {"age": (ui.text("background.age"), AGES), "hearing": (ui.text("background.hearing"), HEARING)}
    return {**knows, **dialects, **last}


def _ask(trial: Trial, ui: Ui, key: str) -> None:
    def name(option: str) -> str:
        return option if option[0].isdigit() else ui.text(f"background.{option}")

    question, options = _questions(trial, ui)[key]
    ui.st.radio(question, options, index=None, key=key, format_func=name)


def _send(trial: Trial, ui: Ui) -> None:
    ui.st.session_state["background_sent"] = True
    if not _wrong(trial, ui):
        ui.submit(trial, _answer(trial, ui))


def _wrong(trial: Trial, ui: Ui) -> str | None:
    """What has to be mended before it can be sent; as it is mended, it goes."""
    state = ui.st.session_state
    missing = [question for key, (question, _) in _questions(trial, ui).items() if state.get(key) is None]
    if missing:
        return "\n".join([ui.text("required"), "", *(f"- {question}" for question in missing)])
    wrong = check(trial, _answer(trial, ui))
    return ui.text(wrong) if wrong else None


def _answer(trial: Trial, ui: Ui) -> dict[str, str]:
    state = ui.st.session_state
    knows = {tag: state[f"knows.{tag}"] for tag in trial.parameters["languages"]}
    return {
        "native_languages": " ".join([*(t for t, level in knows.items() if level == "native"), *state.get("other", [])]),
        "dialects": " ".join(tag for tag in trial.parameters["dialects"] if state[f"dialect.{tag}"] == "yes"),
        "proficiency": " ".join(f"{tag}:{level}" for tag, level in knows.items() if level != "native"),
        "age_band": state["age"],
        "hearing": state["hearing"],
    }


def check(trial: Trial, answer: Answer) -> str | None:
    """Every field is there, every language that was asked for has a level, and at least one native language is named."""
    said = cleaned(ANSWER, answer)
    native, dialects = said["native_languages"].split(), said["dialects"].split()
    levels = dict(pair.rpartition(":")[::2] for pair in said["proficiency"].split())
    if said["age_band"] not in AGES or said["hearing"] not in HEARING:
        return "not_answered"
    if not all(map(is_tag, [*native, *dialects, *levels])) or not set(levels.values()) <= set(LEVELS):
        return "not_a_choice"
    if not native:
        return "background.no_native"
    return None if set(trial.parameters.get("languages", ())) <= {*native, *levels} else "not_answered"


def simulate(trial: Trial, rng: random.Random) -> dict[str, Any]:
    """A native speaker of one of the languages asked for, who knows the others to some degree."""
    asked = list(trial.parameters["languages"]) or ["de", "cmn", "en"]
    native = rng.choice(asked)
    own = [tag for tag in trial.parameters["dialects"] if base(tag) == base(native) and rng.random() < 0.5]
    return {
        "native_languages": native,
        "dialects": " ".join(own),
        "proficiency": " ".join(f"{tag}:{rng.choice(LEVELS[1:])}" for tag in asked if tag != native),
        "age_band": rng.choice(AGES),
        "hearing": "hearing_normal",
    }


def resolve(parameters: dict[str, Any], study: Study, _: int, __: random.Random) -> dict[str, Any]:
    """All languages and dialects to ask for: those of the clips, those that a rule speaks of, and those that are named."""
    rules = [group.rule for group in study.settings.groups]
    rules += [entry.only for entry in settings.leaves(study.timeline)]
    rules += [block.only for block in settings.blocks(study.timeline)]
    named = [match.groups() for rule in rules for match in _NAMED.finditer(rule)]
    tags = {tag for _, tag in named if is_tag(tag)}
    dialects = {normal(tag) for word, tag in named if is_tag(tag) and (is_dialect(tag) or word == "grew_up_with")}
    return {
        "languages": sorted({*study.spoken, *map(base, tags), *map(base, parameters["languages"])}),
        "dialects": sorted({*map(normal, study.dialects), *dialects, *map(normal, parameters["dialects"])}),
    }


def fits(parameters: Mapping[str, Any], _: Study) -> list[str]:
    """What is named are language tags."""
    tags = [*parameters["languages"], *parameters["dialects"]]
    return [f"'{tag}' is not a BCP 47 language tag like de or cmn" for tag in tags if not is_tag(tag)]


TRIAL = TrialType(
    "Background",
    show,
    check,
    simulate,
    Background,
    ANSWER,
    resolve=resolve,
    fits=fits,
)
