"""Runs an example by its name and writes what it found into a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from tael.kernel import BadInput
from tael.report import Page
from tael.variables.examples.computed import Computed, Ready


class ExampleRun(Protocol):
    """One run of an example: its figures, its page, and what both were made of."""

    @property
    def ready(self) -> Ready:
        """Events packed and definitions compiled."""

    @property
    def computed(self) -> Computed:
        """The variables."""

    def page(self, made_at: datetime | None = None) -> Page:
        """The report."""

    def to_json(self) -> dict[str, object]:
        """The figures."""


@dataclass(frozen=True, slots=True)
class ExampleDone:
    """What an example found, and the files that it wrote."""

    figures: Mapping[str, object]
    files: tuple[Path, ...]


def run_example(
    name: str, data: Path, report: Path | None = None, made_at: datetime | None = None
) -> ExampleDone:
    """Compute the variables of a published set, ``invoices`` or ``berka``, and report them.

    ``invoices`` are the VAT invoices of 425 Chinese firms (CUMCM 2020, problem C), ``berka`` the
    Czech bank transactions of the PKDD 1999 challenge; ``data`` is the folder of the set. Amounts
    are computed in minor units (fen, haléř), instants in UTC. Into the folder ``report`` go
    report.html (English), report.zh.html, figures.json, variables.parquet (a row for each subject,
    null where there is no value) and quarantine.parquet (the rows set aside, as they came). All are
    made first and moved in together, so that a folder never holds half a report.

    Raises:
        BadInput: there is no such example, a file is missing or has other columns, or ``report``
            cannot be written.
    """
    runs = _runs()
    if name not in runs:
        rule = " or ".join(runs)
        raise BadInput(f"there is no example {name!r}; known: {rule}", field="example", rule=rule)
    run = runs[name](data)
    return ExampleDone(run.to_json(), () if report is None else _write(run, report, made_at))


def _write(run: ExampleRun, folder: Path, made_at: datetime | None) -> tuple[Path, ...]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".tael-", dir=folder) as draft:
            _write_into(Path(draft), run, made_at)
            return tuple(path.replace(folder / path.name) for path in sorted(Path(draft).iterdir()))
    except OSError as error:
        raise BadInput(
            f"the report cannot be written to {folder}: {error.strerror}",
            field="report",
            rule="a folder that can be written",
        ) from None


def _runs() -> Mapping[str, Callable[[Path], ExampleRun]]:
    from tael.variables.examples.berka_run import run_berka  # noqa: PLC0415 - each loads its own
    from tael.variables.examples.invoices_run import run_invoices  # noqa: PLC0415 - the same

    return {"invoices": run_invoices, "berka": run_berka}


def _write_into(folder: Path, run: ExampleRun, made_at: datetime | None) -> None:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.parquet as pq  # noqa: PLC0415 - the same

    page = run.page(made_at)
    page.write(folder / "report.html", "en")
    page.write(folder / "report.zh.html", "zh")
    text = json.dumps(run.to_json(), ensure_ascii=False, indent=2, sort_keys=True)
    (folder / "figures.json").write_text(text + "\n", encoding="utf-8")
    pq.write_table(run.ready.packing.quarantine, folder / "quarantine.parquet")
    computed = run.computed
    columns = {"subject_id": pa.array(computed.borrowers)} | {
        each.name: pa.array(values, from_pandas=True)
        for each, values in zip(computed.variables, computed.values.T, strict=True)
    }
    pq.write_table(pa.table(columns), folder / "variables.parquet")
