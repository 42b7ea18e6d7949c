"""Take a study's answers along: the files that the command ``export`` writes, as one ZIP.

The button runs that very command, in a process of its own: what is saved is what it wrote, byte for byte, and no listener
waits for it.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from listening_tests.store import Store
from listening_tests.study import Study
from pages.parts import child, sign_in
from ser_core import places

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first date that a ZIP can hold; a real one would make each ZIP another


def draw(study: Study, store: Store) -> None:
    """What is in it, what can be chosen, and the button."""
    answers = store.count(study.id)
    st.write(
        "**stimuli**, **raters** and **ratings** are the tables that people and models share. **trials** is every page in "
        "the order really shown, **answers** every answer as it was typed, **consents** who agreed to which text, and "
        "**codebook** explains every column. Listeners have random ids."
    )
    if not answers:
        st.info("Nobody has answered anything yet; the tables will be empty.")
    form = st.radio(
        "Form", ["csv", "parquet"], format_func={"csv": "CSV", "parquet": "Parquet"}.get, horizontal=True, key="form"
    )
    sheets = st.checkbox(
        "Also copies for spreadsheets", key="for spreadsheets",
        help="Excel reads these with every script, and no text of a listener can become a formula in them: an apostrophe "
        "stands before what could. Compute with the other files.",
    )  # fmt: skip
    ids = False
    if study.settings.recruitment:
        ids = st.checkbox("With the ids of the recruiting service", key="external ids")
        if ids:
            st.warning(
                "Such an export is not pseudonymous: keep it as carefully as a list of names.", icon=":material/warning:"
            )
    chosen = [
        *(["--form", "parquet"] if form == "parquet" else []),
        *(["--for-spreadsheets"] if sheets else []),
        *(["--with-external-ids"] if ids else []),
    ]
    st.download_button(
        "Save everything as a ZIP",
        zipped(study.folder, chosen, allowed=sign_in.later()),
        f"{study.id}-answers.zip",
        "application/zip",
        key="save export",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
    )
    st.caption(f"The same from a shell: `{_typed(study.folder, chosen)}`")


def zipped(folder: Path, options: Sequence[str], *, allowed: Callable[[], bool]) -> Callable[[], bytes]:
    """What makes the ZIP when the button is pressed; ``allowed`` is asked then, since the page may have been left since."""

    def make() -> bytes:
        if not allowed():
            raise PermissionError("signed out")
        with tempfile.TemporaryDirectory() as out:
            child.wait(["export", str(folder.resolve()), "--out", out, *options])
            return _zip(Path(out))

    return make


def _zip(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name, _EARLIEST), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _typed(folder: Path, options: Sequence[str]) -> str:
    return places.typed("listening_tests", "export", str(folder), "--out", "answers", *options)
