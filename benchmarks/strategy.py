"""The prime strategy on an economy: the frontier of R1-R3, its price, and what the search adds.

    uv run python benchmarks/strategy.py ECONOMY CHURN.csv [--scores scores.parquet] [--whole]

ECONOMY is a folder of `tael economy build`, CHURN.csv the published table of churn by annual rate
(`annual_rate, churn_A, churn_B, churn_C`). Demand are the applications that the economy's own
policy approved in its last three years, at the rates it asked. PDs are those of `tael risk score`;
without them, shares of bads by points in the years before, pooled so that they fall with points.

What is ours: the economy's borrowers take every offer, so the published curve is laid over them,
for today's offers as for every other; bounds of the tiers are put where today's share of R1-R3 is
41 %, as the anchor has it; costs and hurdle stand below. Seconds are of the processor, so that a
busy machine tells much the same. One JSON object on standard output.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as read_csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from tael.app.strategy_book import read_book
from tael.app.strategy_settings import Settings, read_settings
from tael.app.strategy_work import loss_rate, market_of, share_of
from tael.kernel import Money, Rate
from tael.pricing.strategy import (
    Answer,
    Cell,
    Market,
    Menu,
    Offer,
    Plan,
    Point,
    Search,
    Segment,
    Targets,
    bounds_of,
    cut_off,
    menu_of,
    priced,
    shares_between,
    today_of,
    uniform,
)
from tael.pricing.strategy.curve import pooled
from tael.pricing.strategy.search import Layout
from tael.pricing.strategy.solver import Effort, _Work, solve

FIRST, LAST = Decimal("0.41"), Decimal("0.82")
YEARS = (2022, 2025)
SETTINGS = """
format: tael.strategy/1
name: benchmark
day: 2026-01-05
period_months: 3
targets: {prime_share: 0.82}
book:
  segments: [region]
  least_applications: 40
  tiers: %s
  periods: 12
  lgd: %s
  parts: 4
prices: {bank_interest: 0.035, lowest: 0.045, highest: 0.115, step: 0.005}
limits: {shares: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]}
cap: 0.24
take_up:
  file: %s
  reads: churn
  classes: {churn_A: [1, 2, 3], churn_B: [4, 5], churn_C: [6, 7]}
  beyond: refuse
risk: {odds_per_point: 0.03}
costs: {acquisition: 600, servicing: 0.003, capital_rate: 0.1, hurdle: 0.12}
guarantor: {net_assets: 200000000, in_force: 800000000, small_balance: 0.9, small_clients: 0.95}
"""


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description="The prime strategy on an economy.")
    parser.add_argument("economy", type=Path)
    parser.add_argument("churn", type=Path)
    parser.add_argument("--scores", type=Path)
    parser.add_argument("--whole", action="store_true", help="also solve without fixing choices")
    asked = parser.parse_args()
    rows, lgd = _rows(asked.economy, asked.scores)
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder), asked.churn, (_bounds(rows, asked.churn), lgd))
        pq.write_table(rows, Path(folder) / "book.parquet")
        book = read_book(Path(folder) / "book.parquet", settings.demand)
        market = market_of(settings, book)
    sys.stdout.write(json.dumps(_measured(market, settings, whole=asked.whole), indent=1) + "\n")


def _rows(economy: Path, scores: Path | None) -> tuple[pa.Table, str]:
    """Approved applications of the last years with PD, rate and sum; and the LGD seen before."""
    filed = ds.dataset(economy / "applications").to_table()
    lent = ds.dataset(economy / "loans").to_table()
    names = ["amount", "rate_bp", "default_12m", "owed_at_default", "recovered", "disbursed_on"]
    joined = filed.join(
        lent.select(["application_id", *names]), "application_id", join_type="inner"
    )
    year = pc.year(joined["applied_at"]).to_numpy()
    pd = _scored(joined, scores) if scores else _by_points(joined, year)
    early = year < YEARS[0]
    owed = joined["owed_at_default"].to_numpy()[early].sum()
    back = joined["recovered"].to_numpy()[early].sum()
    table = pa.table({
        "application_id": joined["application_id"],
        "region": joined["province"],
        "amount": joined["amount_asked"].to_numpy() / 100,
        "months": joined["months_asked"],
        "pd": pd,
        "price": joined["rate_bp"].to_numpy() / 10_000,
        "lent": joined["amount"].to_numpy() / 100,
    })  # fmt: skip
    kept = (year >= YEARS[0]) & (year < YEARS[1])
    return table.filter(pa.array(kept)).sort_by("application_id"), f"{1 - back / owed:.4f}"


def _scored(joined: pa.Table, scores: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    """PDs of the model, by firm and second of the application."""
    table = pq.read_table(scores, columns=["borrower", "asof", "pd"])
    known = dict(
        zip(
            zip(table["borrower"].to_pylist(), table["asof"].to_pylist(), strict=True),
            table["pd"].to_pylist(),
            strict=True,
        )
    )
    when = [at.replace(microsecond=0) for at in joined["applied_at"].to_pylist()]
    return np.array([
        known[firm, at] for firm, at in zip(joined["enterprise_id"].to_pylist(), when, strict=True)
    ])  # fmt: skip


def _by_points(joined: pa.Table, year: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Bads by band of points before the book begins, falling with the points."""
    points = joined["points"].to_numpy()
    bad = np.array([bool(one) for one in joined["default_12m"].to_pylist()])
    before = (year >= YEARS[0] - 7) & (year < YEARS[0] - 1)
    edges = np.quantile(points[before], np.linspace(0, 1, 31)[1:-1])
    band = np.searchsorted(edges, points, side="right")
    seen = [
        (bad[before & (band == n)].mean(), int((before & (band == n)).sum())) for n in range(30)
    ]
    shares = pooled([
        Point(Rate(Decimal(n)), Decimal(repr(float(share))), count)
        for n, (share, count) in enumerate(seen)
    ])  # fmt: skip
    # Half a bad for each band, so that none is taken for safe.
    counts = np.array([count for _, count in seen])
    levels = (np.array([float(share) for share in shares]) * counts + 0.5) / (counts + 1)
    return levels[band]


def _bounds(rows: pa.Table, churn: Path) -> list[str]:
    """PDs between the tiers: today's R1-R3 is 41 % of what is lent, the others by shares of it."""
    order = np.argsort(rows["pd"].to_numpy(), kind="stable")
    pd, price = rows["pd"].to_numpy()[order], rows["price"].to_numpy()[order]
    table = read_csv.read_csv(churn)
    rates = table["annual_rate"].to_numpy()
    taken = [
        rows["lent"].to_numpy()[order] * (1 - np.interp(price, rates, table[name].to_numpy()))
        for name in ("churn_A", "churn_B")
    ]
    prime = np.cumsum(taken[0])
    rest = np.cumsum(taken[1][::-1])[::-1]
    place = int(np.argmin(np.abs(prime / (prime + rest) - float(FIRST))))
    ranks = (0.2, 0.55, 1.0, 1.45, 1.9, 2.25)
    found = [float(pd[min(int(place * rank), len(pd) - 1)]) for rank in ranks]
    return [f"{bound + 1e-7 * number:.7f}" for number, bound in enumerate(found)]


def _settings(folder: Path, churn: Path, figures: tuple[list[str], str]) -> Settings:
    bounds, lgd = figures
    path = folder / "strategy.yaml"
    text = SETTINGS % ("[" + ", ".join(bounds) + "]", lgd, churn.resolve())
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def _measured(market: Market, settings: Settings, *, whole: bool) -> dict[str, Any]:
    started = time.process_time()
    menu = menu_of(market)
    menu_s = time.process_time() - started
    today = today_of(market, menu.courses)
    plan = Plan(menu, settings.targets)
    shares = (None, *shares_between(FIRST, LAST, 8))
    stages, seconds = [], []
    for share in shares:
        started = time.process_time()
        stage = plan.at(share)
        seconds.append(time.process_time() - started)
        stages.append({"target": None if share is None else float(share)} | _told(stage.outcome))
    best = plan.at(LAST).outcome
    found: dict[str, Any] = {
        "tiers": 7, "segments": len({cell.segment for cell in market.cells}),
        "cells": len(market.cells), "prices": 15, "limits": 10, "choices": len(menu.choices),
        "tier_bounds": [str(one.fraction) for one in settings.demand.tiers],
        "lgd": str(settings.demand.lgd[1].fraction),
        "menu_cpu_s": round(menu_s, 2), "search_cpu_s": [round(one, 2) for one in seconds],
        "today": _offer(today), "frontier": stages,
    }  # fmt: skip
    if isinstance(best, Answer):
        found["at_82"] = _compared(menu, best, settings.targets)
        found["at_82_with_60_percent_of_volume"] = _told(_keeping(plan, today).at(LAST).outcome)
        if whole:
            found["whole_program"] = _whole(menu, best)
    return found


def _keeping(plan: Plan, today: Offer) -> Plan:
    """The same targets, and at least 60 % of what is lent today."""
    least = Money(today.total.volume * 6 // 10, plan.menu.market.currency)
    return replace(plan, targets=replace(plan.targets, volume=least))


def _told(outcome: object) -> dict[str, Any]:
    if not isinstance(outcome, Answer):
        return {"status": "out of reach"}
    solved = outcome.solved
    return _offer(outcome.offer) | {
        "status": solved.status.value, "gap_ppb": solved.gap_ppb, "left": solved.left,
    }  # fmt: skip


def _offer(offer: Offer) -> dict[str, Any]:
    total, rate = offer.total, loss_rate(offer.total)
    return {
        "prime_share": round(float(share_of(offer)), 4),
        "lent_m": round(total.volume / 1e8, 2),
        "profit_k": round(total.profit / 1e5, 1),
        "loss_k": round(total.loss / 1e5, 1),
        "loss_rate": None if rate is None else round(float(rate), 5),
        "borrowers": round(total.loans_micro / 1e6, 1),
    }


def _compared(menu: Menu, best: Answer, targets: Targets) -> dict[str, Any]:
    """The search at 82 % beside simpler ways under the same bounds."""
    pool = _pooled(menu, targets)
    ways = {"cut_off": cut_off(menu, best.bounds), "uniform": uniform(menu, best.bounds)}
    told: dict[str, Any] = {"search": _offer(best.offer)}
    for name, base in ways.items():
        told[name] = None if base is None else _offer(base.offer)
    told["one_price_a_tier"] = None if pool is None else _offer(pool)
    for name in ("cut_off", "uniform", "one_price_a_tier"):
        if told[name]:
            more = told["search"]["profit_k"] / told[name]["profit_k"] - 1
            told[f"profit_above_{name}"] = round(more, 4)
    return told


def _pooled(menu: Menu, targets: Targets) -> Offer | None:
    """The same search with one price and limit for each tier, offered in every segment."""
    cells = sorted(menu.market.cells, key=lambda cell: cell.tier)
    merged = [_merged(list(group)) for _, group in groupby(cells, key=lambda cell: cell.tier)]
    market = replace(menu.market, cells=tuple(merged))
    small = menu_of(market, menu.courses)
    found = Search(small, bounds_of(market, targets)).run()
    if not isinstance(found, Answer):
        return None
    terms = dict(zip((cell.tier for cell in market.cells), found.offer.terms, strict=True))
    return priced(menu.market, menu.courses, [terms[cell.tier] for cell in menu.market.cells])


def _merged(cells: Sequence[Cell]) -> Cell:
    """One cell of a tier's: all asks, PD by what is asked, the largest segment's terms."""
    asked = [sum(ask.applications * ask.amount.minor for ask in cell.asks) for cell in cells]
    whole = sum(asked)
    pd = sum(cell.pd_12m.fraction * part for cell, part in zip(cells, asked, strict=True)) / whole
    largest = cells[max(range(len(cells)), key=asked.__getitem__)]
    return replace(
        largest,
        segment=Segment(),
        asks=tuple(ask for cell in cells for ask in cell.asks),
        pd_12m=Rate(Decimal(pd)),
    )


def _whole(menu: Menu, best: Answer) -> dict[str, Any]:
    """HiGHS on every choice at once, in the same strong form, given two minutes."""
    bounds = best.bounds
    program = Layout(menu).program(bounds, [0] * len(bounds))
    work = _Work(program, Effort(seconds=120))
    started = time.process_time()
    status, taken, gap = work._whole(np.arange(len(program.value)), ())  # noqa: SLF001 - the rival is the same program without its first steps
    seconds = time.process_time() - started
    started = time.process_time()
    ours = solve(program)
    mine = time.process_time() - started
    same = bool(taken) and sum(program.value[n] for n in taken) == sum(
        program.value[n] for n in ours.taken
    )
    return {
        "status": status.value, "gap_ppb": gap, "cpu_s": round(seconds, 2),
        "ours_cpu_s": round(mine, 2), "times_faster": round(seconds / max(mine, 0.001), 1),
        "same_value": same,
    }  # fmt: skip


if __name__ == "__main__":
    main()
