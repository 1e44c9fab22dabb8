"""What a card is made of: texts and tables under fixed headings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tael.kernel import BadInput, Day, Rate
from tael.report import Column, Kind, Text, Value, Words

# In the order of the card; after each, where it stands in Mitchell et al., Model Cards for Model
# Reporting (FAT* 2019), and in SR 11-7 (Federal Reserve and OCC, 2011).
HEADINGS: Mapping[str, Words] = {
    "details": Words("模型概况", "Model details"),  # Model Details; Model Development
    "purpose": Words("用途", "Intended use"),  # Intended Use; Model Use
    "population": Words("适用客群", "Population"),  # Factors
    "data": Words("训练数据", "Training data"),  # Training Data; Data quality
    "definition": Words("坏样本定义", "Definition of bad"),  # Metrics; Model Development
    "leaks": Words("泄漏检验", "Leak tests"),  # Evaluation Data; Conceptual soundness
    "selection": Words("变量筛选", "Selection of variables"),  # Factors; Conceptual soundness
    "variables": Words("入模变量与来源", "Variables and their lineage"),  # Factors
    "performance": Words("分期表现", "Performance by vintage"),  # Quantitative Analyses
    "segments": Words("分群表现", "Performance by segment"),  # Quantitative Analyses
    "calibration": Words("校准", "Calibration"),  # Metrics; Outcomes Analysis
    "tiers": Words("风险等级", "Tiers"),  # Metrics; Outcomes Analysis
    "benchmarks": Words("与挑战者比较", "Challengers"),  # Benchmarking
    "rejects": Words("拒绝推断", "Reject inference"),  # Evaluation Data
    "fairness": Words("公平性", "Fairness"),  # Ethical Considerations
    "explanation": Words("解释方法", "Explanations"),  # Model Details
    "monitoring": Words("持续监控", "Ongoing monitoring"),  # Ongoing Monitoring
    "limits": Words("局限", "Limits"),  # Caveats and Recommendations; Model limitations
    "hashes": Words("哈希与谱系", "Hashes and lineage"),  # Governance: model inventory
}
SIGN_OFF = Words("签署", "Sign-off")  # Governance, Policies and Controls
NOT_MEASURED = Words("未测量", "Not measured")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; numbers carry their kind in the column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    caption: Text = ""

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise BadInput(
                    f"{len(row)} cells for {len(self.columns)} columns",
                    field="rows",
                    row=number,
                    rule="one cell for each column",
                )


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under a heading: sentences, then tables. An empty part was not measured."""

    texts: tuple[Words, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether it holds anything: a table without rows is none."""
        return bool(self.texts) or any(table.rows for table in self.tables)


def part_to_json(part: Part) -> dict[str, Any]:
    """The part as plain data."""
    return {
        "texts": [_text(text) for text in part.texts],
        "tables": [
            {
                "caption": _text(table.caption),
                "columns": [
                    {"label": _text(one.label), "kind": one.kind.value, "digits": one.digits}
                    for one in table.columns
                ],
                "rows": [[_cell(value) for value in row] for row in table.rows],
            }
            for table in part.tables
        ],
    }


def part_from_json(data: Any) -> Part:
    """The part that ``part_to_json`` wrote.

    Raises:
        BadInput: not such data.
    """
    try:
        texts = [_said(one) for one in data["texts"]]
        return Part(
            tuple(text for text in texts if isinstance(text, Words)),
            tuple(_table(one) for one in data["tables"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"a part of the card cannot be read: {error!r}", field="parts", rule="texts and tables"
        ) from None


def _table(data: Any) -> Table:
    columns = tuple(
        Column(_said(one["label"]), Kind(one["kind"]), one["digits"]) for one in data["columns"]
    )
    rows = tuple(tuple(_value(cell) for cell in row) for row in data["rows"])
    return Table(columns, rows, _said(data["caption"]))


def _text(text: Text) -> object:
    return {"zh": text.zh, "en": text.en} if isinstance(text, Words) else text


def _said(data: Any) -> Text:
    return Words(data["zh"], data["en"]) if isinstance(data, dict) else str(data)


def _cell(value: Value) -> object:
    if isinstance(value, Words):
        return _text(value)
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Rate):
        return {"rate": str(value.fraction)}
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    raise BadInput(f"a card holds no {type(value).__name__}", field="rows", rule="text or number")


def _value(data: Any) -> Value:
    if not isinstance(data, dict):
        plain: Value = data
        return plain
    if "day" in data:
        return Day.fromisoformat(data["day"])
    return Rate(Decimal(data["rate"])) if "rate" in data else _said(data)
