"""The report of a model as pages in both languages, with what the catalogue knows of variables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from tael.app.variable_facts import facts
from tael.risk.card import HEADINGS
from tael.risk.pipeline import (
    Evaluation,
    ModelFolder,
    RatedModel,
    Reported,
    TrainingConfig,
    page_of,
    parts_of,
    rows_of_test,
)
from tael.risk.selection import Funnel

_ROWS = 1000


def write_report(
    config: TrainingConfig,
    folder: ModelFolder,
    rated: RatedModel,
    found: Evaluation,
    where: tuple[Path, datetime],
) -> None:
    """Write the page in English at the path and in Chinese beside it, as NAME.zh.html.

    What was found of groups, a challenger, rejects and months at work stands at its end.
    """
    path, made_at = where
    sample = rows_of_test(config, rated.names)
    step = max(1, sample.rows // _ROWS)
    reported = Reported(
        config,
        rated,
        Funnel.from_json(folder.read_json("funnel.json")),
        found,
        folder.read_json("training.json"),
        sample.take(np.arange(0, sample.rows, step)),
        facts(rated.names),
        made_at,
    )
    page = page_of(reported)
    for code, part in parts_of(folder, rated.hash).items():
        page.section(HEADINGS[code])
        for text in part.texts:
            page.paragraph(text)
        for table in part.tables:
            page.table(table.columns, table.rows, caption=table.caption)
    page.write(path, "en")
    page.write(path.with_suffix(".zh.html"), "zh")
