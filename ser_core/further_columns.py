"""Columns that a listening test adds to the three tables: who took part how, what was answered beside the emotion, and when.

``PERSONAL`` are those of them that could lead to a person; a report that is handed on leaves them out.
"""

from __future__ import annotations

from ser_core import made_up
from ser_core.tables import Column

MADE_UP = Column(
    made_up.COLUMN, "what of the row was made and not recorded: simulated listeners, synthetic voices; or nothing"
)

FURTHER: dict[str, tuple[Column, ...]] = {
    "stimuli": (
        Column("part", "which part of the study's clips it belongs to"),
        Column("gain_db", "gain in dB with which listeners hear the clip, as the study is now; 0 = as recorded"),
        Column("synthetic", "yes if nobody spoke: the study's voices are synthetic"),
    ),
    "raters": (
        Column("age_band", "age in years, as chosen from a list"),
        Column("hearing", "the listener's own judgement of their hearing"),
        Column("ui_language", "interface language in which they took part"),
        Column("study_version", "SHA-256 of the study as it was when they began"),
        Column("completed", "yes if they came to the end"),
        Column("outcome", "why their session ended before its end: screened_out, full, failed_check; else empty"),
        Column("simulated", "yes if nobody was there: made by the command simulate"),
        Column("external_id", "only where it was asked for: what the service that sent them calls them"),
    ),
    "ratings": (
        Column("part", "what was marked: segment, whole (the whole clip: a row from 0 s to its end) or none (no single "
               "part: no such row); empty = nobody asked for a part"),
        Column("confidence", "how sure the listener was, from 1 (guessed) to 5 (certain)"),
        Column("arousal", "from 1 (calm) to 9 (excited)"),
        Column("valence", "from 1 (unpleasant) to 9 (pleasant)"),
        Column("dominance", "from 1 (submissive) to 9 (dominant)"),
        Column("comment", "what the listener wanted to add, as it was typed"),
        Column("position", "which page of the listener's session it was, from 0"),
        Column("block_name", "the block of the study's timeline"),
        Column("plays", "how many times the clip was started"),
        Column("response_s", "seconds from the first audible sample to the choice that counts"),
        Column("answered_at", "when the answer was stored, UTC"),
        MADE_UP,
    ),
}  # fmt: skip
PERSONAL = {"raters": ("external_id",), "ratings": ("comment",)}
