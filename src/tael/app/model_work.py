"""A rated model at work: scores with reasons, its card, its registration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tael.app.performance import FORM
from tael.app.variable_facts import facts
from tael.kernel import Clock
from tael.report import Words
from tael.risk import Sample
from tael.risk.calibration import GAP_COLUMNS, gap_rows
from tael.risk.card import (
    Card,
    LeakTest,
    Part,
    Table,
    data_part,
    hashes_part,
    leaks_part,
    limits_part,
    performance_part,
    selection_part,
    variables_part,
)
from tael.risk.pipeline import (
    Evaluation,
    ModelFolder,
    OutcomeColumns,
    RatedModel,
    TrainingConfig,
    Wanted,
    join,
    keys_of,
    parts_of,
    read_outcomes,
    rows_of_training,
)
from tael.risk.rating import RISE_COLUMNS, TIER_COLUMNS
from tael.risk.registry import Lineage, Registry
from tael.risk.selection import Funnel


@dataclass(frozen=True, slots=True)
class ToScore:
    """Which rows get a score.

    Attributes:
        values: folders or tables of variables.
        form: a table of borrower, asof and what was filled in; needed where the model reads it.
        reasons: whether each row gets its reasons.
    """

    values: Sequence[Path]
    form: Path | None = None
    reasons: bool = False


def score_rows(rated: RatedModel, wanted: ToScore) -> pa.Table:
    """Scores of all rows: log odds, PDs, tier and, where asked, up to four reasons in zh and en.

    Raises:
        BadInput: rows of another plan of variables than the model's, or a variable that is missing.
    """
    held = keys_of(wanted.values)
    if wanted.form is not None:
        held = read_outcomes(wanted.form, OutcomeColumns(bad="", known=""))
    computed = [name for name in rated.names if not name.startswith(FORM)]
    form = [name for name in rated.names if name.startswith(FORM)]
    sample = join(wanted.values, held, Wanted(computed, form))
    scores = rated.score(sample)
    table = {
        "borrower": pa.array(sample.borrower.tolist(), pa.string()),
        "asof": pa.array(sample.asof, pa.timestamp("s")).cast(pa.timestamp("s", tz="UTC")),
        "log_odds": pa.array(scores.log_odds),
        "pd": pa.array(scores.pd),
        "pd_cycle": pa.array(scores.pd_cycle),
        "tier": pa.array(scores.tier),
    }
    if wanted.reasons:
        told = rated.explain(sample, facts(rated.names))
        for locale in ("zh", "en"):
            texts = [[reason.text(locale) for reason in one.against] for one in told]
            table[f"reasons_{locale}"] = pa.array(texts, pa.list_(pa.string()))
        table["codes"] = pa.array(
            [[r.code for r in one.against] for one in told], pa.list_(pa.string())
        )
    return pa.table(table).replace_schema_metadata({"tael.model": rated.hash})


def card_of(
    config: TrainingConfig,
    folder: ModelFolder,
    rated: RatedModel,
    found: tuple[Evaluation, datetime],
    said: Mapping[str, Sequence[str]] | None = None,
) -> Card:
    """The model's card from what its steps wrote; what nobody measured says so.

    ``said`` holds sentences of its owner by part: ``purpose``, ``population`` and ``limits``.
    """
    evaluation, made_at = found
    funnel = Funnel.from_json(folder.read_json("funnel.json"))
    record: Mapping[str, Any] = folder.read_json("training.json")
    training = rows_of_training(config, rated.names)
    whole = evaluation.overall.auc
    parts = {
        "details": _details(config, rated),
        "data": data_part(training, _learnt_from(record, training.rows)),
        "definition": _definition(config),
        "leaks": leaks_part(
            [
                LeakTest(
                    Words("测试期 AUC 不过高", "AUC out of time is not too high"),
                    whole.value if whole else float("nan"),
                    0.9,
                    evaluation.leak is None,
                )
            ]
        ),
        "selection": selection_part(funnel),
        "variables": variables_part([*facts(rated.names).values()], _weights(rated, training)),
        "performance": performance_part(evaluation.by_year, Words("年份", "Year")),
        "segments": _segments(evaluation),
        "calibration": Part(tables=(Table(GAP_COLUMNS, _rows(gap_rows(evaluation.gaps))),)),
        "tiers": _tiers(evaluation),
        "explanation": Part(
            (
                Words(
                    "按概念汇总的沙普利值, 相对训练平均行, 最多四条",
                    "Shapley values by concept against the average training row, four at most",
                ),
            )
        ),
        "limits": limits_part(_limits(evaluation)),
        "hashes": hashes_part(rated.hash, lineage_of(config, rated, record)),
    }
    parts |= parts_of(folder, rated.hash)
    for code, sentences in (said or {}).items():
        own = tuple(Words(one, one) for one in sentences)
        parts[code] = Part((*parts.get(code, Part()).texts, *own))
    return Card(f"{config.name} {config.version}", rated.hash, made_at, parts)


def lineage_of(config: TrainingConfig, rated: RatedModel, record: Mapping[str, Any]) -> Lineage:
    """What the model was made of."""
    return Lineage(rated.plan or config.hash, record["data"], record["code"], config.hash)


def register(
    where: tuple[Path, Clock], config: TrainingConfig, folder: ModelFolder, rated: RatedModel
) -> str:
    """Append the rated model to the registry, with its card if there is one; its hash."""
    path, clock = where
    record = folder.read_json("training.json")
    files = {"model.json": rated.to_json().encode(), "config.json": config.to_json().encode()}
    if folder.has("card.json"):
        files["card.json"] = folder.read("card.json").encode()
    lineage = lineage_of(config, rated, record)
    Registry(path, clock).register(rated.hash, "RatedModel", lineage, files)
    return rated.hash


def _learnt_from(record: Mapping[str, Any], told: int) -> Words | None:
    """What the model was trained on, where that is more than the rows it was calibrated on."""
    if record["rows"] == told:
        return None
    rows, bads = int(record["rows"]), int(record["bads"])
    return Words(
        f"模型从 {rows:,} 行学习, 其中坏 {bads:,}; 此处列出的是用于校准的行。",
        f"The model learnt from {rows:,} rows, {bads:,} of them bad; told here are those that it "
        "was calibrated on.",
    )


def _details(config: TrainingConfig, rated: RatedModel) -> Part:
    kind = config.model.kind
    return Part(
        (
            Words(
                f"{kind}, {len(rated.names)} 个变量; 校准 {rated.calibrator.curve_.method}, "
                f"跨周期调整 {rated.anchor:+.3f}",
                f"{kind} of {len(rated.names)} variables; calibration "
                f"{rated.calibrator.curve_.method}, shift through the cycle {rated.anchor:+.3f}",
            ),
        )
    )


def _definition(config: TrainingConfig) -> Part:
    bad = config.bad
    return Part(
        (
            Words(
                f"{bad.within_months} 个月内逾期达 {bad.days_past_due} 天 (版本 {bad.version})",
                f"{bad.days_past_due} days past due within {bad.within_months} months on book "
                f"(version {bad.version})",
            ),
        )
    )


def _weights(rated: RatedModel, training: Sample) -> dict[str, float]:
    step = max(1, training.rows // 500)
    rows = training.take(np.arange(0, training.rows, step))
    told = np.abs(rated.model.contributions(rows)[:, :-1]).mean(axis=0)
    return dict(zip(rated.names, told.tolist(), strict=True))


def _segments(found: Evaluation) -> Part:
    parts = [performance_part(held, Words(name, name)) for name, held in found.segments.items()]
    return Part(tables=tuple(table for part in parts for table in part.tables))


def _tiers(found: Evaluation) -> Part:
    tables = (
        Table(RISE_COLUMNS, _rows(found.tiers.printed_rises())),
        Table(TIER_COLUMNS, _rows(found.tiers.printed())),
    )
    return Part(tables=tables)


def _rows(rows: Sequence[Sequence[object]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row) for row in rows)


def _limits(found: Evaluation) -> list[Words]:
    limits = [
        Words(
            f"{gap.key} 年预测/实际为 {gap.ratio.value:.2f}, 在带外",
            f"In {gap.key} predicted over observed was {gap.ratio.value:.2f}, off the band",
        )
        for gap in found.off_band
    ]
    limits += [
        Words(
            f"压力年份 {1970 + one.vintage // 12} 超出压力带",
            f"The crisis year {1970 + one.vintage // 12} lies outside the stress band",
        )
        for one in found.stressed
        if not one.inside
    ]
    return limits
