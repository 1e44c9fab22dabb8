"""A replay on an invented book: honest, balanced, repeatable, and alarmed by a planted leak."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from rich.console import Console

from tael.app.replay import (
    ReplayResult,
    Request,
    load_mapping,
    progress_bars,
    replay,
    show,
    to_json,
    write_report,
)
from tael.app.replay.mapping import read_mapping
from tael.app.replay.model import Ending
from tael.kernel import BadInput, Day, FixedClock, total

CASES = Path(__file__).parent / "cases"
FILE = CASES / "replay_loans.csv"
UNTIL = Day(2004, 12, 31)
Row = dict[str, str]


@pytest.fixture(scope="module")
def request_() -> Request:
    clock = FixedClock.on(Day(2026, 1, 5))
    mapping = load_mapping(CASES / "replay_loans.yaml")
    return Request(FILE, mapping, UNTIL, in_memory=True, clock=clock)


@pytest.fixture(scope="module")
def result(request_: Request) -> ReplayResult:
    return replay(request_)


def rewritten(path: Path, change: Callable[[Row], Mapping[str, str]]) -> Path:
    rows = list(csv.DictReader(FILE.read_text("utf-8").splitlines()))
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, list(rows[0]))
        lines.writeheader()
        lines.writerows({**row, **change(row)} for row in rows)
    return path


def answers(result: ReplayResult) -> list[tuple[object, ...]]:
    """What was decided and priced, loan by loan."""
    return [
        (d.loan.key, d.pd, d.score, d.tier, d.approved, d.bank_interest, d.guarantee_fee)
        for d in result.decisions
    ]


def comes_later(row: Row) -> bool:
    return row["approved"] > UNTIL.isoformat()


def test_every_later_loan_is_decided_in_the_order_of_approval(result: ReplayResult) -> None:
    days = [decision.loan.approved for decision in result.decisions]
    assert days == sorted(days)
    assert min(days) > UNTIL
    assert (len(days), result.trained.rows) == (140, 260)
    assert sum(group.decided for group in result.tiers) == 140
    assert sum(group.accepted for group in result.vintages) == result.all.accepted


def test_matured_and_later_vintages_are_judged_apart(result: ReplayResult) -> None:
    assert {name: ranking.loans for name, ranking in result.rankings.items()} == {
        "matured": 120,
        "later": 20,
        "all": 140,
    }
    judged = result.rankings["matured"]
    assert judged.auc.low <= judged.auc.value <= judged.auc.high
    assert 0.6 < judged.auc.value < 0.75
    assert result.alarm is None
    assert result.sound


def test_better_tiers_pay_less(result: ReplayResult) -> None:
    fees = {decision.tier: decision.guarantee_fee for decision in result.decisions}
    assert [fees[tier] for tier in sorted(fees)] == sorted(fees.values())


def test_lives_add_up_and_tie_to_the_books(result: ReplayResult) -> None:
    for life in result.lives:
        loan = life.decision.loan
        assert life.repaid + life.claim + life.bank_loss == loan.amount
        assert life.claim <= loan.guaranteed
        assert life.assumed is (loan.ending is Ending.PAID)
        assert life.assumed or (life.ends, life.loss) == (loan.defaulted_on, loan.loss)
    proof = result.proof
    assert proof.sound
    assert proof.claims == total((life.claim for life in result.lives), "USD") == result.all.claims
    assert result.all.fund_result == proof.fee - proof.servicing - proof.claims


def test_the_swap_covers_every_loan_with_a_known_ending(result: ReplayResult) -> None:
    assert sum(cell.loans for cell in result.swap) == 140
    lost = total((cell.loss for cell in result.swap if cell.approved), "USD")
    assert lost == result.all.loss


def test_loss_curves_only_rise_and_end_where_observation_ends(result: ReplayResult) -> None:
    for vintage in (2005, 2006, 2007):
        shares = [p.loss_share for p in result.curves if p.vintage == vintage]
        assert shares == sorted(shares)
        assert shares[0] == 0
    last = max(life.ends for life in result.lives if not life.assumed)
    assert all(Day(p.vintage, 1, 1).plus_months(p.months) <= last for p in result.curves)


def test_a_replay_twice_books_the_same(request_: Request, result: ReplayResult) -> None:
    again = replay(request_)
    assert again.proof.content_hash == result.proof.content_hash
    assert to_json(again) == to_json(result)


def test_books_in_postgresql_and_in_memory_are_the_same(
    request_: Request, result: ReplayResult
) -> None:
    kept = replay(replace(request_, in_memory=False)).proof
    assert kept.kept_in == "postgresql"
    assert replace(kept, kept_in="memory") == result.proof


def test_what_is_known_later_of_a_test_loan_reaches_no_decision(
    request_: Request, result: ReplayResult, tmp_path: Path
) -> None:
    def change(row: Row) -> Mapping[str, str]:
        if not comes_later(row):
            return {}
        other = {"status": "PAID", "lost_on": "", "lost": ""}
        if row["status"] == "PAID":
            other = {"status": "LOST", "lost_on": "2009-01-01", "lost": "1"}
        return {**other, "months": "7", "late_flag": "?", "sample": "odd"}

    path = rewritten(tmp_path / "a.csv", change)
    assert answers(replay(replace(request_, path=path))) == answers(result)


def test_the_term_of_a_test_loan_reaches_no_booking(
    request_: Request, result: ReplayResult, tmp_path: Path
) -> None:
    path = rewritten(tmp_path / "a.csv", lambda row: {"months": "7"} if comes_later(row) else {})
    assert replay(replace(request_, path=path)).proof == result.proof


def test_terms_are_imputed_from_paid_training_loans_alone(
    request_: Request, result: ReplayResult, tmp_path: Path
) -> None:
    def bads_change(row: Row) -> Mapping[str, str]:
        return {"months": "7"} if row["status"] == "LOST" else {}

    def goods_change(row: Row) -> Mapping[str, str]:
        return {"months": "7"} if row["status"] == "PAID" and not comes_later(row) else {}

    same = replay(replace(request_, path=rewritten(tmp_path / "a.csv", bads_change)))
    assert same.trained.terms == result.trained.terms
    other = replay(replace(request_, path=rewritten(tmp_path / "b.csv", goods_change)))
    assert set(other.trained.terms.months) == {7}


def test_a_planted_leak_that_no_note_names_sets_off_the_alarm(request_: Request) -> None:
    written = yaml.safe_load((CASES / "replay_loans.yaml").read_text("utf-8"))
    del written["leakage"]
    planted = {"name": "late_flag", "column": "late_flag", "kind": "categorical"}
    written["features"].append(planted)
    caught = replay(replace(request_, mapping=read_mapping(written)))
    assert caught.alarm is not None
    assert not caught.sound
    assert caught.alarm.code == "model.leak_suspected"
    assert caught.alarm.detail["suspects"].startswith("late_flag")
    found = to_json(caught)
    assert isinstance(found["alarm"], dict)
    assert found["alarm"]["level"] == "0.7500"


def test_weights_change_rates_and_not_money(request_: Request, result: ReplayResult) -> None:
    plain = replay(replace(request_, mapping=replace(request_.mapping, samples=None)))
    assert plain.all.bad_rate == plain.all.bad_rate_weighted
    assert plain.all.fund_result == plain.all.fund_result_weighted
    assert result.all.bad_rate != result.all.bad_rate_weighted


@pytest.mark.parametrize(
    ("until", "message"),
    [(Day(1999, 1, 1), "no loan with a known ending"), (Day(2020, 1, 1), "was approved after")],
)
def test_a_day_that_leaves_nothing_to_train_or_decide_is_refused(
    request_: Request, until: Day, message: str
) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        replay(replace(request_, train_until=until))
    assert caught.value.field == "train_until"


def test_a_policy_that_wants_to_know_more_is_refused(request_: Request, tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "src/tael/app/replay/data/replay_policy.dmn"
    text = shipped.read_text("utf-8")
    nosy = tmp_path / "nosy.dmn"
    nosy.write_text(text.replace("amount", "months"), encoding="utf-8")
    with pytest.raises(BadInput, match="input 'months'"):
        replay(replace(request_, policy=nosy))


def test_the_report_names_its_data_and_its_assumptions(
    result: ReplayResult, tmp_path: Path
) -> None:
    names = [path.name for path in write_report(result, tmp_path / "out")]
    assert names == [
        "faults.parquet",
        "figures.json",
        "loans.parquet",
        "report.html",
        "report.zh.html",
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    page = (tmp_path / "out/report.html").read_text("utf-8")
    for words in ("Invented loans for tests.", "imputed", "Vintage curves", "late_flag"):
        assert words in page
    assert "担保基金" in (tmp_path / "out/report.zh.html").read_text("utf-8")
    figures = json.loads((tmp_path / "out/figures.json").read_text("utf-8"))
    assert set(figures["auc"]) == {"value", "low", "high"}
    assert figures["fund"]["result"]["currency"] == "USD"


def test_every_decided_loan_is_in_the_parquet_file(result: ReplayResult, tmp_path: Path) -> None:
    write_report(result, tmp_path)
    rows = pq.read_table(tmp_path / "loans.parquet").to_pylist()
    assert [row["key"] for row in rows] == [d.loan.key for d in result.decisions]
    claims = sum(row["claim_minor"] or 0 for row in rows)
    assert claims == result.proof.claims.minor
    assert {type(row["pd"]) for row in rows} == {Decimal}


def test_the_terminal_shows_tables_and_progress(request_: Request) -> None:
    out = StringIO()
    console = Console(file=out, width=120, force_terminal=True)
    with progress_bars(console) as watch:
        result = replay(request_, watch)
    show(result, console)
    text = out.getvalue()
    for words in ("Proving the books", "Out-of-time ranking", "By tier", "Guarantee fund"):
        assert words in text


def test_a_folder_that_cannot_be_written_is_refused(result: ReplayResult, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        write_report(result, tmp_path / "taken")
    assert caught.value.field == "report"
