"""What a replay leaves behind in a folder: the page in both languages, figures, and every loan."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tael.app.replay.model import Decision, Life
from tael.app.replay.play import ReplayResult
from tael.app.replay.report import page_of
from tael.app.replay.summary import to_json
from tael.kernel import BadInput


def write_report(
    result: ReplayResult, folder: Path, made_at: datetime | None = None
) -> tuple[Path, ...]:
    """Write report.html (English), report.zh.html, figures.json, loans.parquet and faults.parquet.

    All are made first and moved in together, so that a folder never holds half a report. Parquet
    keeps money as whole minor units (columns ``*_minor`` with ``currency``) and rates as decimals.

    Raises:
        BadInput: ``folder`` cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".tael-", dir=folder) as draft:
            _write_into(Path(draft), result, made_at)
            made = sorted(Path(draft).iterdir())
            return tuple(path.replace(folder / path.name) for path in made)
    except OSError as error:
        raise BadInput(
            f"the report cannot be written to {folder}: {error.strerror}",
            field="report",
            rule="a folder that can be written",
        ) from None


def _write_into(folder: Path, result: ReplayResult, made_at: datetime | None) -> None:
    page = page_of(result, made_at)
    page.write(folder / "report.html", "en")
    page.write(folder / "report.zh.html", "zh")
    text = json.dumps(to_json(result), ensure_ascii=False, indent=2, sort_keys=True)
    (folder / "figures.json").write_text(text + "\n", encoding="utf-8")
    _write_loans(folder / "loans.parquet", result)
    _write_faults(folder / "faults.parquet", result)


def _write_loans(path: Path, result: ReplayResult) -> None:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    lives = {life.decision.loan.key: life for life in result.lives}
    rows = [(decision, lives.get(decision.loan.key)) for decision in result.decisions]
    rate, amount = pa.decimal128(18, 9), pa.int64()
    columns: list[tuple[str, object, Callable[[Decision, Life | None], object]]] = [
        ("key", pa.string(), lambda d, _: d.loan.key),
        ("row", pa.int64(), lambda d, _: d.loan.row),
        ("approved_on", pa.date32(), lambda d, _: d.loan.approved),
        ("currency", pa.string(), lambda d, _: d.loan.amount.currency),
        ("amount_minor", amount, lambda d, _: d.loan.amount.minor),
        ("guaranteed_minor", amount, lambda d, _: d.loan.guaranteed.minor),
        ("weight", rate, lambda d, _: d.loan.weight),
        ("pd", rate, lambda d, _: d.pd.fraction),
        ("score", pa.int64(), lambda d, _: d.score),
        ("tier", pa.int64(), lambda d, _: d.tier),
        ("approved", pa.bool_(), lambda d, _: d.approved),
        ("bank_interest_annual", rate, lambda d, _: d.bank_interest.fraction),
        ("guarantee_fee_annual", rate, lambda d, _: d.guarantee_fee.fraction),
        ("ending", pa.string(), lambda d, _: d.loan.ending.value),
        ("ends_on", pa.date32(), lambda _, life: life and life.ends),
        ("end_is_assumed", pa.bool_(), lambda _, life: life and life.assumed),
        ("interest_minor", amount, lambda _, life: life.interest.minor if life else None),
        ("fee_minor", amount, lambda _, life: life.fee.minor if life else None),
        ("servicing_minor", amount, lambda _, life: life.servicing.minor if life else None),
        ("claim_minor", amount, lambda _, life: life.claim.minor if life else None),
        ("bank_loss_minor", amount, lambda _, life: life.bank_loss.minor if life else None),
    ]
    arrays = {
        name: pa.array([value(*row) for row in rows], type=kind) for name, kind, value in columns
    }
    pq.write_table(pa.table(arrays), path)


def _write_faults(path: Path, result: ReplayResult) -> None:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    faults = result.book.faults
    texts: Sequence[str] = ("field", "rule", "message")
    arrays = {"row": pa.array([fault.row for fault in faults], type=pa.int64())}
    arrays |= {name: pa.array([getattr(f, name) for f in faults], pa.string()) for name in texts}
    pq.write_table(pa.table(arrays), path)
