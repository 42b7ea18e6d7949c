"""What an experiment is: what its clips must be suspected of, what ran on what and for how long, and how to run it again."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts import table
from pages.parts.model_queue import lasting
from ser_core import experiment_folders, experiment_tables, places
from ser_core.experiment_folders import Experiment

_SHOWN, _LINES = 5, 20
_ALARMED = "**There is an alarm; read every number with this in mind.**"


def headline(experiment: Experiment) -> None:
    """How much there is, and what of it was made up."""
    models, made = experiment.models, experiment.made_up
    if made:
        st.warning(
            f"**Not real: {made}.** It shows how Earwitness works; nothing of it is a result.", icon=":material/smart_toy:"
        )
    loose = int((models["disjoint"] == "utterance").sum())
    if loose:
        which = "All models" if loose == len(models) else f"{loose:,} of {len(models):,} models"
        st.warning(
            f"**{which} had learned from the very speakers that they were tested on**, by other clips. Their numbers "
            "measure the voice, too, and lie higher than those for new speakers.", icon=":material/record_voice_over:",
        )  # fmt: skip
    numbers = {
        "model": len(models),
        "encoder": models["encoder"].nunique(),
        "fold": models["fold"].nunique(),
        "seed": models["seed"].nunique(),
        "test clip": len(experiment.clips),
    }
    st.caption(", ".join(f"{n:,} {what}{'s' if n != 1 else ''}" for what, n in numbers.items()) + ".")


def findings(experiment: Experiment) -> None:
    """What the audit found before anything ran: alarms at once, the rest for who asks."""
    found = experiment.findings
    alarms = found[found["severity"] == "alarm"]
    if len(alarms):
        lines = [f"- **{row['check']}**: {row['what']}" for row in alarms.head(_SHOWN).to_dict("records")]
        more = f"\n- and {len(alarms) - _SHOWN} more, below" if len(alarms) > _SHOWN else ""
        st.error(f"{_ALARMED}\n\n" + "\n".join(lines) + more, icon=":material/error:")
    if len(found):
        counted = found["severity"].value_counts()
        words = ", ".join(f"{n} {what}{'s' if n > 1 else ''}" for what, n in counted.items())
        with st.expander(f"What was found of clips and models: {words}", icon=":material/rule:", key="findings"):
            table.draw(found)


def ran(experiment: Experiment) -> None:
    """What ran, with what, for how long; then the file and the command that do it again."""
    st.subheader("What ran", anchor=False)
    effort = experiment_tables.whole(experiment_tables.effort(experiment.models))
    empty = [name for name in effort if effort[name].isna().all() or (effort[name].astype("str") == "").all()]
    table.draw(effort.drop(columns=empty), revision=st.column_config.TextColumn(width="small"))
    st.caption(_said(experiment))
    if notes := list(dict.fromkeys(note for note in experiment.models["notes"] if note)):
        with st.expander(f"Notes of models: {len(notes)}", icon=":material/notes:", key="notes"):
            st.markdown("\n".join(f"- {note}" for note in notes))
    with st.container(horizontal=True):
        for name in ("models.csv", "curves.csv", "findings.csv"):
            table.save((experiment.folder / name).read_bytes, f"{experiment.name}-{name}")
    st.subheader("The same again", anchor=False)
    file = next((Path(name) for name in experiment.config.get("tables") or {} if name.endswith((".yaml", ".yml"))), None)
    st.write("The file that was asked for" + (f"; its paths are told from the folder `{file.parent}`." if file else "."))
    st.code(experiment.asked, language=None, height=500 if experiment.asked.count("\n") > _LINES else "content")
    out = f"{experiment.folder}-again"
    again = places.typed("ser_core", "run", str(file or experiment_folders.ASKED), "--out", out)
    st.code(again, language=None, wrap_lines=True)
    with st.expander("All that decided its numbers", key="record"):
        content = (experiment.folder / experiment_folders.RESOLVED).read_bytes()
        st.code(content.decode(), language=None, wrap_lines=True, height=400)


def _said(experiment: Experiment) -> str:
    """Sentences on when, where, how long, and what was not computed twice."""
    config = experiment.config
    when, took = str(config.get("written_at", ""))[:16].replace("T", " "), config.get("took_s")
    cores, learned = (config.get("machine") or {}).get("cores"), config.get("learned")
    said = [
        "Numbers that differ between the models of a row are the greatest; epochs and seconds_each are medians.",
        f"Finished {when} UTC." if when else "",
        f"It took {lasting(took)}{f' on a machine of {cores} cores' if cores else ''}." if isinstance(took, float) else "",
        f"{learned:,} models were learned: equal lessons are learned once." if isinstance(learned, int) else "",
        *(
            f"{one['encoder']} heard {one['heard']:,} of {one['clips']:,} clips anew."
            for one in config.get("forwards") or []
        ),
    ]
    return " ".join(filter(None, said))
