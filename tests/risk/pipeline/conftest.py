"""A small book on disk, and the folder of its model after all steps."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.risk.boosting import BoosterSettings
from tael.risk.calibration import Maturity
from tael.risk.pipeline import (
    ModelFolder,
    TrainingConfig,
    run_calibration,
    run_evaluation,
    run_selection,
    run_training,
)
from tael.risk.pipeline.config import ModelSettings, Periods, Span
from tael.risk.selection import SelectionSettings
from tael.risk.selection.settings import Boosting, Stability, Strength

ROWS = 500
PERIODS = Periods(
    date(2018, 1, 1),
    Span(date(2014, 1, 1), date(2018, 1, 1)),
    Span(date(2018, 1, 1), date(2020, 1, 1)),
)


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainingConfig:
    """A small book on disk and how its model is made."""
    folder = tmp_path_factory.mktemp("book")
    random = np.random.default_rng(3)
    cause = random.normal(size=ROWS)
    asof = np.datetime64("2014-01-01", "s") + np.arange(ROWS) * np.timedelta64(4 * 86_400, "s")
    bad = (random.random(ROWS) < 1 / (1 + np.exp(1 - cause))).astype(float)
    keys = {"borrower": [f"E{row}" for row in range(ROWS)], "asof": asof}
    values = {f"ent.s{i % 3}.x{i}.90d.sum": cause + random.normal(size=ROWS) for i in range(8)}
    known = {"bad": bad, "known": asof + np.timedelta64(395 * 86_400, "s")}
    pq.write_table(pa.table(keys | values), folder / "values.parquet")
    pq.write_table(pa.table(keys | known), folder / "outcomes.parquet")
    return TrainingConfig(
        "book", "1", ("values.parquet",), "outcomes.parquet", PERIODS,
        selection=SelectionSettings(
            5, threads=1, stability=Stability(bads_per_block=40), strength=Strength(2),
            boosting=Boosting(folds=2, trees=5),
        ),
        model=ModelSettings(booster=BoosterSettings(rounds=5, min_rows=20, threads=1)),
        calibration=Maturity(months=12, most_months=12, wanted_bads=20),
        root=folder,
    )  # fmt: skip


@pytest.fixture(scope="session")
def whole(config: TrainingConfig, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A folder that all steps have written."""
    folder = ModelFolder(tmp_path_factory.mktemp("whole"))
    run_selection(config, folder)
    run_training(config, folder)
    rated = run_calibration(config, folder)
    run_evaluation(config, folder, rated)
    return folder


@pytest.fixture
def copied(whole: ModelFolder, tmp_path: Path) -> ModelFolder:
    """A folder of its own that a test may harm."""
    folder = ModelFolder(tmp_path / "model")
    for file in whole.path.iterdir():
        folder.write(file.name, file.read_text("utf-8"))
    return folder
