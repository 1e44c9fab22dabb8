"""Figures and alerts on disk: in a folder ``quality`` beside the events that they are of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Final

from tael.kernel import BadInput
from tael.variables.quality.assess import Alert, Quality, to_table
from tael.variables.quality.figures import EVERYWHERE

FOLDER: Final = "quality"
_ALERTS, _FIGURES = "alerts.json", "quality.parquet"


def write_quality(quality: Quality, folder: Path) -> tuple[Path, ...]:
    """Write the figures as Parquet and the alerts as JSON into ``folder``, each whole or not."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra, and slow to load

    folder.mkdir(parents=True, exist_ok=True)
    figures, alerts = folder / _FIGURES, folder / _ALERTS
    draft = figures.with_suffix(".writing")
    pq.write_table(to_table(quality), draft, compression="zstd")
    draft.replace(figures)
    told = [asdict(each) for each in quality.alerts]
    text = json.dumps({"last_day": quality.last_day, "alerts": told}, default=str, indent=1)
    draft.write_text(f"{text}\n", "utf-8")
    draft.replace(alerts)
    return figures, alerts


def read_alerts(events: Path) -> tuple[Alert, ...]:
    """The alerts of a folder of events; none where its quality was not measured.

    Raises:
        BadInput: the file cannot be read.
    """
    file = events / FOLDER / _ALERTS
    if not file.is_file():
        return ()
    try:
        told = json.loads(file.read_text("utf-8"))["alerts"]
        days = [{name: date.fromisoformat(each[name]) for name in ("first", "last")}
                for each in told]  # fmt: skip
        return tuple(Alert(**{**each, **day}) for each, day in zip(told, days, strict=True))
    except (ValueError, KeyError, TypeError) as error:
        rule = "alerts as `tael variables quality` writes them"
        raise BadInput(f"{file}: {error}", field=file.name, rule=rule) from None


def standing(
    alerts: Sequence[Alert], day: date, region: str = EVERYWHERE
) -> Mapping[str, tuple[Alert, ...]]:
    """The alerts of each source on ``day``, those of ``region`` and of all regions together."""
    found: dict[str, tuple[Alert, ...]] = {}
    for each in alerts:
        if each.first <= day <= each.last and each.region in {EVERYWHERE, region}:
            found[each.source] = (*found.get(each.source, ()), each)
    return found
