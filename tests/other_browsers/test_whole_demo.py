"""The two listeners of the first test answer every clip of the demo study at the page, as ``make test`` has them begin."""

from __future__ import annotations

from tests.browser import test_first_light


def test_two_listeners_answer_every_clip_by_hand(app, context, tmp_path, monkeypatch):
    monkeypatch.setattr(test_first_light, "BY_HAND", test_first_light.LABELLED)
    test_first_light.test_two_listeners_two_models_and_one_page_that_compares(app, context, tmp_path)
