"""A page that draws nothing and remembers everything, and a way to make one trial of any type without a whole session."""

from __future__ import annotations

import random
from typing import Any

from listening_tests import languages
from listening_tests.trial import Trial, trial_types

EXAMPLES = {
    "questionnaire": {
        "questions": [
            {"name": "instrument", "kind": "choice", "text": {"en": "Do you play?", "de": "Spielen Sie?"},
             "options": [{"value": "yes", "label": {"en": "Yes", "de": "Ja"}}, {"value": "no"}]},
            {"name": "years", "kind": "number", "text": {"en": "For how long?", "de": "Wie lange?"}, "minimum": 0,
             "maximum": 90, "only_if": {"instrument": ["yes"]}},
            {"name": "heard", "kind": "several", "text": {"en": "Where?", "de": "Wo?"},
             "options": [{"value": "home"}, {"value": "work"}]},
            {"name": "ease", "kind": "likert", "text": {"en": "Easy?", "de": "Leicht?"}, "points": 7,
             "low": {"en": "no", "de": "nein"}, "high": {"en": "yes", "de": "ja"}},
            {"name": "more", "kind": "long_text", "text": {"en": "More?", "de": "Mehr?"}, "optional": True},
        ]
    },
    "likert": {"scales": [{"name": "strength", "text": {"en": "How strong?", "de": "Wie stark?"}, "points": 5}]},
    "instruction": {"title": {"en": "Hello", "de": "Hallo"}, "text": {"en": "Listen.", "de": "Hören Sie."}},
    "paired": {"emotion": "angry"},
    "break": {"least_s": 5},
}  # fmt: skip
"""Parameters for the types that a study cannot use as they come."""


def trial(name, study, stimulus="", *, other="", seed=0, position=3, **parameters):
    """A trial of this type as it would be drawn for the study."""
    kind = trial_types()[name]
    full = kind.parameters.model_validate(EXAMPLES.get(name, {}) | parameters).model_dump(mode="json")
    if kind.resolve:
        full = kind.resolve(full, study, seed, random.Random(seed))
    return Trial(position, name, 0, stimulus, f"key{position}", full, other)


class Streamlit:
    """Remembers what was drawn: ``drawn`` holds (command, arguments)."""

    def __init__(self):
        self.drawn = []
        self.session_state = {}
        self.buttons = {}

    def __getattr__(self, command):
        def draw(*arguments, **options):
            self.drawn.append((command, arguments, options))
            if "on_click" in options:
                self.buttons[options.get("key") or arguments[0]] = lambda: options["on_click"](*options.get("args", ()))

        return draw

    def words(self):
        """Every text drawn."""
        return " ".join(str(a) for _, arguments, _ in self.drawn for a in arguments if isinstance(a, str))


class Page:
    """A ``Ui`` without a browser."""

    completion_code = "CODE1234"
    privacy = "[Data protection](privacy)"
    following = ""
    declined_url = ""

    def __init__(self, study, interface="en", *, completion_url=""):
        self.study, self.interface, self.completion_url = study, interface, completion_url
        self.st: Any = Streamlit()
        self.shown = self.submitted = None

    def text(self, key, **values):
        return languages.texts(self.interface)[key].format(**values)

    def label(self, emotion):
        return self.text(f"emotion.{emotion}")

    def language(self, tag):
        return languages.spoken(tag, self.interface)

    def own(self, texts):
        return texts.get(self.interface) or next(iter(texts.values()))

    def player(self, trial, form):
        self.shown = form

    def submit(self, trial, answer):
        self.submitted = answer

    def consent(self, trial, agreed):
        self.submitted = {"agreed": agreed}
