"""Rivals' scorecards on a split, each run in its own environment, and LightGBM as it comes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from risk_data.environments import python_of

WORKER = Path(__file__).with_name("rival_worker.py")
LONGEST_S = 600
Columns = dict[str, np.ndarray]


def scorecards(
    names: tuple[str, ...], train: tuple[Columns, np.ndarray], test: Columns, environments: Path
) -> dict[str, np.ndarray]:
    """Probability of bad of the test rows by each rival named that works here; others are told."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="tael-rivals-") as folder:
        place = Path(folder)
        columns, bad = train
        texts = [name for name, held in columns.items() if held.dtype == object]
        place.joinpath("kinds.json").write_text(json.dumps(texts), "utf-8")
        _write(place / "train.csv", columns | {"bad": bad.astype(np.int64)})
        _write(place / "test.csv", test)
        for name in names:
            try:
                python = python_of(name, environments)
                subprocess.run(  # noqa: S603 - our own script
                    [str(python), "-W", "ignore", str(WORKER), name, folder],
                    check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                    timeout=LONGEST_S, cwd=folder,
                )  # fmt: skip
            except subprocess.CalledProcessError as error:  # the others are still worth their time
                last = (error.stderr or "it cannot be installed").strip().splitlines()[-1]
                print(f"{name}: {last}", file=sys.stderr)
                continue
            found[name] = np.loadtxt(place / f"{name}.csv")
    return found


def lightgbm_default(
    train: tuple[Columns, np.ndarray], test: Columns, seed: int, threads: int = 2
) -> np.ndarray:
    """LightGBM with its default settings; text columns as its own categories."""
    import lightgbm  # noqa: PLC0415 - an extra

    columns, bad = train
    texts = [i for i, held in enumerate(columns.values()) if held.dtype == object]
    books = {name: {v: i for i, v in enumerate(sorted({str(v) for v in held if v}))}
             for name, held in columns.items() if held.dtype == object}  # fmt: skip
    parameters = {
        "objective": "binary", "verbose": -1, "num_threads": threads, "seed": seed,
        "deterministic": True, "force_row_wise": True,
    }  # fmt: skip
    matrix = lightgbm.Dataset(
        _matrix(columns, books), bad, categorical_feature=texts, free_raw_data=False
    )
    model = lightgbm.train(parameters, matrix, num_boost_round=100)
    return np.asarray(model.predict(_matrix(test, books)))


def _matrix(columns: Columns, books: dict[str, dict[str, int]]) -> np.ndarray:
    return np.column_stack([
        [books[name].get(str(v), np.nan) for v in held.tolist()] if name in books else held
        for name, held in columns.items()
    ]).astype(np.float64)  # fmt: skip


def _write(path: Path, columns: Columns) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        cells = [
            ["" if v is None or v != v else v for v in held.tolist()]  # noqa: PLR0124 - NaN
            for held in columns.values()
        ]
        writer.writerows(zip(*cells, strict=True))
