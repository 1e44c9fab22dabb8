"""A model at work: who is watched, and against whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput
from tael.risk.measures import auc
from tael.risk.pipeline import ModelFolder, TrainingConfig, read_model, rows_of_training
from tael.risk.pipeline.work import reference_of, rows_at_work, run_monitoring

pytestmark = pytest.mark.xdist_group("risk_pipeline")


def test_the_reference_knows_no_borrower_and_is_that_of_the_calibration(
    copied: ModelFolder, config: TrainingConfig
) -> None:
    rated = read_model(copied.path / "rated.json")
    steps: list[str] = []
    first = reference_of(config, copied, rated, steps.append)
    kept = len(steps)
    (copied.path / "reference.json").unlink()
    again = reference_of(config, copied, rated, steps.append)
    rows = first.sample
    known = rows_of_training(config, rated.names)
    seen = rated.score(rows).pd

    assert (kept, len(steps)) == (0, 3)
    assert np.array_equal(first.pd, again.pd)
    assert set(rows.borrower.tolist()) < set(known.borrower.tolist())
    assert auc(rows.bad, first.pd) < auc(rows.bad, seen)  # it ranks its own training rows better


def test_odds_of_another_model_are_not_taken(copied: ModelFolder, config: TrainingConfig) -> None:
    rated = read_model(copied.path / "rated.json")
    first = reference_of(config, copied, rated, lambda _: None)
    kept = copied.read_json("reference.json")
    copied.write_json("reference.json", kept | {"model": "ab" * 32, "log_odds": [0.0]})
    again = reference_of(config, copied, rated, lambda _: None)

    assert np.array_equal(first.pd, again.pd)
    assert copied.read_json("reference.json") == kept


def test_whose_outcome_is_open_is_at_work_too(
    config: TrainingConfig, copied: ModelFolder, tmp_path: Path
) -> None:
    table = pq.read_table(config.path("outcomes.parquet"))
    blank = pa.array([None] * table.num_rows, pa.float64())
    open_ = table.set_column(table.column_names.index("bad"), "bad", blank)
    pq.write_table(open_, tmp_path / "open.parquet")
    names = read_model(copied.path / "rated.json").names
    known = rows_at_work(config, names, date(2019, 1, 1))
    later = replace(config, outcomes=str(tmp_path / "open.parquet"))
    found = rows_at_work(later, names, date(2019, 1, 1))

    assert found.borrower.tolist() == known.borrower.tolist()
    assert len(known.borrower) == 91
    assert np.isnan(found.bad).all()
    with pytest.raises(BadInput, match="no application from 2018-01-01 on lies before 2018-01-01"):
        rows_at_work(config, names, date(2018, 1, 1))


def test_what_was_watched_is_kept_for_the_card_of_this_model(
    copied: ModelFolder, config: TrainingConfig
) -> None:
    found = run_monitoring(config, copied, (date(2019, 7, 1), 12), lambda _: None)
    kept = copied.read_json("monitoring.json")

    assert kept["models"] == [read_model(copied.path / "rated.json").hash]
    assert len(kept["figures"]["figures"]) == len(found.figures) == 2
    assert "as of 2019-07-01" in kept["card"]["texts"][0]["en"]
