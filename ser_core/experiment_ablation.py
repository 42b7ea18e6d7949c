"""What each part of a method adds: settings of one encoder and method, compared with those chosen as reference.

Both are compared fold by fold in the same place, at the layer that dev clips chose for each, so that what makes a fold easy
is in neither. A setting that differs in several things from the reference shows what these add together, which is said.
Differences of folds share training clips, so their range is shown and no test is made of them.
"""

from __future__ import annotations

import pandas as pd

from ser_core.experiment_tables import PLACE

USUAL = "as it is by itself"
_PLACE = list(PLACE)


def changed(settings: str, reference: str) -> list[str]:
    """The things in which settings differ from a reference, in the words of the former.

    >>> changed("contrast=0.0 epochs=10", "epochs=10"), changed("", "contrast=0.0 adversary=0.0")
    (['contrast=0.0'], ['contrast as it is by itself', 'adversary as it is by itself'])
    """
    own, theirs = (dict(word.partition("=")[::2] for word in text.split()) for text in (settings, reference))
    names = [name for name in (own | theirs) if own.get(name) != theirs.get(name)]
    return [f"{name}={own[name]}" if name in own else f"{name} {USUAL}" for name in names]


def fullest(settings: list[str]) -> str:
    """Which settings are the reference if nobody chooses: those that most others differ from in one thing.

    Of several those in which the method is most as it is by itself, then the first.

    >>> fullest(["contrast=0.0", "", "adversary=0.0", "adversary=0.0 contrast=0.0"])
    ''
    >>> fullest(["tau=0.5", "tau=0.65", "tau=0.85 rebalance=False"])
    'tau=0.5'
    """
    alone = {one: sum(len(changed(other, one)) == 1 for other in settings) for one in settings}
    return min(settings, key=lambda one: (-alone[one], len(one.split())))


def differences(best: pd.DataFrame, folds: pd.DataFrame, reference: str) -> pd.DataFrame:
    """A row for each of the other settings in each place where the reference is, too.

    Args:
        best: of ``experiment_tables.best``, of one encoder and method.
        folds: of ``experiment_tables.by_fold``, of the same cells.
        reference: the settings that all others are compared with.

    Returns:
        ``changed``, what is different from the reference, and ``things``, in how many; ``PLACE``; ``ua`` and
        ``ua_reference``, means over the folds that both have; ``difference``, the mean over these of UA minus that of the
        reference; its ``lowest`` and ``highest``; ``folds``; ``better``, in how many it is above 0. Those first that differ
        in one thing.
    """
    kept = folds.merge(best[["settings", *_PLACE, "layer"]], on=["settings", *_PLACE, "layer"])
    theirs = kept[kept["settings"] == reference][[*_PLACE, "fold", "ua"]]
    pairs = kept[kept["settings"] != reference].merge(theirs, on=[*_PLACE, "fold"], suffixes=("", "_reference"))
    pairs = pairs.assign(difference=pairs["ua"] - pairs["ua_reference"])
    each = pairs.groupby(["settings", *_PLACE], sort=False)
    found = each.agg(
        ua=("ua", "mean"),
        ua_reference=("ua_reference", "mean"),
        difference=("difference", "mean"),
        lowest=("difference", "min"),
        highest=("difference", "max"),
        folds=("fold", "nunique"),
        better=("difference", lambda values: int((values > 0).sum())),
    ).reset_index()
    words = [changed(settings, reference) for settings in found["settings"]]
    found.insert(0, "changed", pd.Series([", ".join(each) for each in words], dtype="str"))
    found.insert(1, "things", pd.Series([len(each) for each in words], dtype="int64"))
    return found.drop(columns="settings").sort_values("things", kind="stable", ignore_index=True)


def overall(rows: pd.DataFrame) -> pd.DataFrame:
    """``differences`` over all places: a row for each setting.

    Returns:
        ``changed, things``; ``difference``, the mean of the places' differences; ``lowest`` and ``highest`` of these;
        ``places``; ``better``, in how many places the mean is above 0.
    """
    each = rows.groupby(["changed", "things"], sort=False)["difference"]
    found = each.agg(
        difference="mean", lowest="min", highest="max", places="size", better=lambda values: int((values > 0).sum())
    )
    return found.reset_index()
