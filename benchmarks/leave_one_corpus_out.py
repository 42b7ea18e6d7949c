"""Does an encoder carry emotion into a language that its probe never heard? ``python -m benchmarks.leave_one_corpus_out R``

R holds corpora in their own layouts, one folder each. One linear probe is trained on all corpora but one and tested on
that one; features are standardised within each corpus (so the target's speakers are heard, its labels never). Printed is
UAR over the four classes angry, happy, neutral (calm where there is no neutral) and sad; chance is 0.25.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score

from ser_core.features import features
from ser_core.registry import discover

CORPORA = {
    "EMO-DB_altered": "emodb",
    "RAVDESS": "ravdess",
    "nEMO": "nemo",
    "EmotionTTS_KO": "emotiontts",
    "URDU": "urdu",
    "TurEV-DB": "turev",
}
"""Folder below ROOT -> corpus."""

CLASSES = ("angry", "happy", "neutral", "sad")


def clips(root: Path) -> pd.DataFrame:
    """The clips of all corpora that are there, by our own adapters, in four classes."""
    found = discover("ser_core.corpora", "CORPUS")
    tables = []
    for folder, name in CORPORA.items():
        if (root / folder).is_dir():
            table = found[name].index(root / folder)
            tables.append(table.assign(file=[str(root / folder / file) for file in table["file"]]))
    table = pd.concat(tables, ignore_index=True)
    truth = table["truth"].where(~((table["truth"] == "calm") & (table["language"] == "tr")), "neutral")
    return table.assign(truth=truth)[truth.isin(CLASSES)].reset_index(drop=True)


def leave_one_out(table: pd.DataFrame, vectors: np.ndarray) -> pd.Series:
    """UAR on each corpus, of a probe that learned from the others."""
    groups = table["corpus"].to_numpy()
    scaled = vectors.astype(np.float64)
    for corpus in set(groups):
        own = groups == corpus
        scaled[own] = (scaled[own] - scaled[own].mean(axis=0)) / (scaled[own].std(axis=0) + 1e-8)
    uar = {}
    for corpus in table["corpus"].unique():
        test = groups == corpus
        probe = LogisticRegression(C=0.01, max_iter=2000, class_weight="balanced")
        probe.fit(scaled[~test], table["truth"][~test])
        uar[f"{corpus} ({table['language'][test].iloc[0]})"] = recall_score(
            table["truth"][test], probe.predict(scaled[test]), average="macro"
        )
    return pd.Series(uar)


def main() -> None:
    """Print UAR for each corpus left out, for every encoder asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--encoder", nargs="+", default=["byol-s-512"], help="(default: byol-s-512)")
    parser.add_argument("--layer", type=int, default=-1, help="which layer (default: the last)")
    options = parser.parse_args()
    table = clips(options.root)
    for encoder in options.encoder:
        heard = features(encoder, table, pooling="mean_std")
        known = table.loc[heard.index.index].reset_index(drop=True)
        uar = leave_one_out(known, heard.layer(options.layer))
        print(f"{encoder}, layer {options.layer}, {len(known)} clips")
        print(uar.round(2).to_string())


if __name__ == "__main__":
    main()
