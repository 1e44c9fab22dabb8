"""One rival's scorecard in its own environment: ``python rival_worker.py NAME FOLDER``.

Reads train.csv (the last column ``bad``), test.csv and kinds.json from the folder, writes the
probabilities of bad of the test rows to NAME.csv. Each tool with its usual settings.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

warnings.filterwarnings("ignore")
MOST_VALUES = 40  # of a column of text: two of the tools try every grouping of its values
COLUMN = "bad"


def optbinning(train: pd.DataFrame, test: pd.DataFrame, texts: list[str]) -> np.ndarray:
    from optbinning import BinningProcess, Scorecard  # noqa: PLC0415

    names = list(test.columns)
    process = BinningProcess(names, categorical_variables=texts, min_bin_size=0.02)
    card = Scorecard(process, LogisticRegression(max_iter=1000))
    card.fit(train[names], train[COLUMN].to_numpy())
    return np.asarray(card.predict_proba(test)[:, 1])


def scorecardpy(train: pd.DataFrame, test: pd.DataFrame, texts: list[str]) -> np.ndarray:
    import scorecardpy as tool  # noqa: PLC0415

    train, test = few_values(train, test, texts)
    bins = tool.woebin(train, y=COLUMN, positive="bad|1", no_cores=1, print_info=False)
    ours = tool.woebin_ply(train, bins, no_cores=1, print_info=False)
    theirs = tool.woebin_ply(test, bins, no_cores=1, print_info=False)
    names = [name for name in ours.columns if name.endswith("_woe")]
    return regressed(ours[names], train[COLUMN], theirs[names])


def toad(train: pd.DataFrame, test: pd.DataFrame, texts: list[str]) -> np.ndarray:
    import toad as tool  # noqa: PLC0415

    train, test = few_values(train, test, texts)
    combiner = tool.transform.Combiner()
    combiner.fit(train, y=COLUMN, method="chi", min_samples=0.05, empty_separate=True)
    weight = tool.transform.WOETransformer()
    ours = weight.fit_transform(combiner.transform(train), train[COLUMN], exclude=[COLUMN])
    theirs = weight.transform(combiner.transform(test))
    names = list(test.columns)
    return regressed(ours[names], train[COLUMN], theirs[names])


def few_values(
    train: pd.DataFrame, test: pd.DataFrame, texts: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rare texts together, and those that training never saw with them."""
    train, test = train.copy(), test.copy()
    for name in texts:
        common = train[name].value_counts().index[:MOST_VALUES]
        for table in (train, test):
            table[name] = table[name].where(table[name].isin(common), "other").astype(object)
    return train, test


def regressed(train: pd.DataFrame, bad: pd.Series, test: pd.DataFrame) -> np.ndarray:
    model = LogisticRegression(max_iter=1000).fit(train.fillna(0.0), bad)
    return np.asarray(model.predict_proba(test.fillna(0.0))[:, 1])


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    texts = json.loads((folder / "kinds.json").read_text("utf-8"))
    kinds = dict.fromkeys(texts, str)
    read = [
        pd.read_csv(folder / f"{part}.csv", dtype=kinds, keep_default_na=False, na_values=[""])
        for part in ("train", "test")
    ]
    for table in read:
        table[texts] = table[texts].fillna("none")
    rivals = {"optbinning": optbinning, "scorecardpy": scorecardpy, "toad": toad}
    found = rivals[name](read[0], read[1], texts)
    np.savetxt(folder / f"{name}.csv", found, fmt="%.9f")


if __name__ == "__main__":
    # As a script: its own folder would hide the packages of the same names.
    main()
