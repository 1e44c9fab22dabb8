"""The published sets themselves: counted, computed twice the same, and no look into the future.

The sets lie beside the project and are found through TAEL_TEST_DATA.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tael.cli import app
from tael.variables import compute, compute_by_oracle
from tael.variables.examples.berka import read_transactions
from tael.variables.examples.berka_run import run_berka
from tael.variables.examples.computed import DEFINITIONS, Steps, make_ready
from tael.variables.examples.invoices import read_invoices
from tael.variables.examples.invoices_run import InvoicesRun, run_invoices

DATA = (
    Path(__file__).resolve().parents[3] / os.environ.get("TAEL_TEST_DATA", "../shared")
).resolve() / "data"
INVOICES, BERKA = DATA / "cumcm2020c-sme-invoices", DATA / "berka-small"

with_invoices = pytest.mark.skipif(
    not INVOICES.is_dir(), reason=f"no {INVOICES}; set TAEL_TEST_DATA"
)
with_berka = pytest.mark.skipif(not BERKA.is_dir(), reason=f"no {BERKA}; set TAEL_TEST_DATA")


@with_invoices
def test_doubles_of_six_firms_are_counted_and_their_twins_set_aside() -> None:
    read = read_invoices(INVOICES, ["E22", "E86", "E99", "E100", "E112", "E197"])
    ready = make_ready(DEFINITIONS / "invoices", read.events, read.firms, Steps())
    rows = ready.packing.rows

    assert (read.reading.rows, read.reading.reds, read.reading.matched) == (15_333, 99, 87)
    assert rows["conflicting_versions"] == 3_316
    assert rows["kept"] + rows["duplicate"] + 3_316 == 15_333 + read.reading.made


@with_berka
def test_balances_of_hundred_accounts_follow_from_their_amounts() -> None:
    read = read_transactions(BERKA, 100)

    assert len(read.accounts) == 100
    assert read.chain.broken / read.events.num_rows < 0.002
    assert int((read.asof < read.asof.max()).sum()) == len(read.loans)


@with_invoices
@pytest.mark.slow
@pytest.mark.parametrize("firm", ["E22", "E86", "E99", "E100", "E112", "E361"])
def test_plain_python_gives_the_same_bits_of_a_firm(firm: str) -> None:
    read = read_invoices(INVOICES, [firm])
    ready = make_ready(DEFINITIONS / "invoices", read.events, read.firms, Steps())
    compiled = compute(ready.plan, ready.book, read.asof)

    assert compute_by_oracle(ready.plan, ready.book, read.asof).row_hash == compiled.row_hash


@with_berka
@pytest.mark.slow
def test_plain_python_gives_the_same_bits_of_twenty_accounts() -> None:
    read = read_transactions(BERKA, 20)
    ready = make_ready(DEFINITIONS / "berka", read.events, read.accounts, Steps())

    for place, asof in enumerate(read.asof.tolist()):
        one = ready.book.take(place, place + 1)
        compiled = compute(ready.plan, one, asof)
        assert compute_by_oracle(ready.plan, one, asof).row_hash == compiled.row_hash


@pytest.fixture(scope="module")
def whole() -> InvoicesRun:
    """All 425 firms."""
    return run_invoices(INVOICES)


@with_invoices
@pytest.mark.slow
@pytest.mark.xdist_group("published_sets")
class TestInvoices:
    """The whole set: 1.1 million rows."""

    def test_every_row_has_a_fate(self, whole: InvoicesRun) -> None:
        rows = whole.ready.packing.rows

        assert whole.invoices.reading.rows == 1_099_441
        assert rows["duplicate"] == 803 + 4_436 + 4_681 + 1_745
        assert rows["conflicting_versions"] == 4_112
        assert sum(rows.values()) == 1_099_441 + whole.invoices.reading.made

    def test_totals_are_those_of_the_decimals(self, whole: InvoicesRun) -> None:
        file = pq.read_table(INVOICES / "att1_output_invoices.parquet").to_pylist()
        rows = {tuple(map(str, row.values())) for row in file if row["企业代号"] == "E7"}
        amounts = [Decimal(row[4]) for row in rows if not row[7].strip().startswith("作废")]
        place = whole.invoices.firms.index("E7")
        names = [f"ent.sme_invoice.out.{word}.all.amount.sum" for word in ("gross", "reds")]
        found = sum(whole.computed.column(name)[place] for name in names)

        assert found == pytest.approx(float(sum(amounts)), abs=0.005)

    def test_it_is_the_same_again_and_without_what_comes_later(self, whole: InvoicesRun) -> None:
        invoices = whole.invoices
        instant = invoices.asof - 365 * 86_400
        known = np.array(invoices.events["known_at"].cast("int64")) // 1_000_000 <= instant
        early = invoices.events.filter(known)
        ready = make_ready(DEFINITIONS / "invoices", early, invoices.firms, Steps())
        asof = np.full(len(invoices.firms), instant, np.int64)

        assert ready.compute(asof).identity == whole.ready.compute(asof).identity

    def test_the_best_variables_beat_chance_and_the_page_says_how_far(
        self, whole: InvoicesRun
    ) -> None:
        screening = whole.figures.screening

        assert (screening.firms, screening.bads) == (123, 27)
        assert 0.6 < screening.chance.median < screening.chance.top < 0.8
        assert screening.ranked[0].strength > screening.chance.top
        for locale in ("en", "zh"):
            page = whole.page().html(locale)
            assert f"{screening.chance.top:.3f}" in page
            assert "http" not in page


@with_berka
@pytest.mark.slow
@pytest.mark.xdist_group("published_sets")
class TestBerka:
    """All accounts."""

    def test_no_account_sees_its_loan_or_anything_later(self) -> None:
        run = run_berka(BERKA)
        read = run.read
        names = np.array(read.events["subject_id"].to_pylist())
        instant = dict(zip(read.accounts, read.asof.tolist(), strict=True))
        known = np.array(read.events["known_at"].cast("int64")) // 1_000_000
        early = read.events.filter(known <= np.array([instant[name] for name in names]))
        again = make_ready(DEFINITIONS / "berka", early, read.accounts, Steps())

        assert len(read.loans) == 38
        assert not run.computed.column("per.czech_tx.loan.all.events.n").any()
        assert again.compute(read.asof).identity == run.computed.identity

    def test_the_command_leaves_a_report(self, tmp_path: Path) -> None:
        words = ["variables", "example", "berka", "--data", str(BERKA), "--json"]
        done = CliRunner().invoke(app, [*words, "--report", str(tmp_path)])

        assert done.exit_code == 0
        figures = json.loads(done.stdout)
        assert (figures["subjects"], figures["variables"]) == (1_229, 407)
        assert figures == json.loads((tmp_path / "figures.json").read_text("utf-8"))
        assert pq.read_metadata(tmp_path / "variables.parquet").num_columns == 408
        assert "38" in (tmp_path / "report.zh.html").read_text("utf-8")


def test_a_set_that_is_not_there_is_named() -> None:
    done = CliRunner().invoke(app, ["variables", "example", "invoices", "--data", "nowhere"])

    assert done.exit_code == 3
    assert "there is no file" in done.stderr


def test_an_example_that_is_not_known_is_refused() -> None:
    done = CliRunner().invoke(app, ["variables", "example", "loans", "--data", "nowhere"])

    assert done.exit_code == 3
    assert "invoices or berka" in done.stderr
