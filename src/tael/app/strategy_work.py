"""A strategy from settings and a book: searched, compared, written down, proposed as rules."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from tael.app.strategy_book import Book, cells_of, points_of, read_book
from tael.app.strategy_settings import Curves, Settings
from tael.kernel import BadInput, Conflict, NotFound, Rate
from tael.pricing.strategy import (
    Answer,
    Baseline,
    Beyond,
    Cell,
    Contradiction,
    Grid,
    LogisticCurve,
    Market,
    Menu,
    MonotoneCurve,
    Offer,
    Plan,
    Point,
    Search,
    Stage,
    TakeUp,
    Terms,
    Toll,
    Tried,
    Worth,
    bounds_of,
    cases_of,
    cut_off,
    frontier,
    menu_of,
    path,
    sensitivity,
    shares_between,
    today_of,
    tolls,
    uniform,
)

Observe = Callable[[str], None]
OWN = "book"


@dataclass(frozen=True)
class Strategy:
    """Everything that was found, ready to be told.

    Args:
        settings: what was asked.
        cells: whom it is about.
        menu: the choices, with the market.
        today: what is offered today, in the same model.
        free: the best strategy without a share of R1-R3.
        target: the best one for the targets, or why there is none.
        frontier: shares between today's and the target, each by itself.
        path: the quarters to the target.
        tolls: what each bound costs; empty where there is no strategy.
        tried: the strategy in other worlds.
        baselines: simpler ways to the same targets by name; None where none gets there.
        hash: SHA-256 of settings, cells and answer.
    """

    settings: Settings
    cells: tuple[Cell, ...]
    menu: Menu
    today: Offer
    free: Stage
    target: Stage
    frontier: tuple[Stage, ...]
    path: tuple[Stage, ...]
    tolls: tuple[Toll, ...] = ()
    tried: tuple[Tried, ...] = ()
    baselines: Mapping[str, Baseline | None] = field(default_factory=dict)
    hash: str = ""

    @property
    def answer(self) -> Answer:
        """The strategy for the targets.

        Raises:
            Conflict: there is none; says which targets contradict each other.
        """
        found = self.target.outcome
        if isinstance(found, Answer):
            return found
        told = (
            found.words.en
            if isinstance(found, Contradiction)
            else f"no answer was found in {self.settings.effort.seconds} s: give it more time"
        )
        raise Conflict(told, field="targets", rule="targets that can be kept together")

    @property
    def note(self) -> str:
        """What the draft says of its origin: targets, assumptions and hashes, in one paragraph."""
        settings, total = self.settings, self.answer.total
        bounds = "; ".join(
            f"{one.words.en} {'>=' if one.least else '<='} {one.told(one.limit, 'en')}"
            for one in self.answer.bounds
        )
        risk = settings.risk
        return (
            f"Prime strategy {settings.name!r} of {settings.day}. Kept: {bounds or 'nothing'}."
            f" Expected in {settings.months} months: R1-R3 {_percent(share_of(self.answer.offer))},"
            f" lent {_major(total.volume)} {settings.currency}, profit {_major(total.profit)}, loss"
            f" {_major(total.loss)}. Assumed: take-up of {settings.curves.file.name}, beyond it"
            f" {settings.curves.beyond.value}; odds of default x {1 + risk.odds_per_point} a point"
            f" of price; all-in cap {settings.cap}. Hash {self.hash}."
        )


def market_of(settings: Settings, book: Book) -> Market:
    """The market of a book: its cells, the grid, the curves.

    Raises:
        BadInput: names the field, the column or the cell.
        NotFound: there is no file of curves.
    """
    cells = cells_of(book, settings)
    grid = Grid(
        prices={tier: settings.offers.prices(tier) for tier in range(1, 8)},
        limits=settings.offers.limits,
        cap=settings.cap,
        start=settings.day,
        most_rise=settings.most_rise,
        smooth=settings.smooth,
        least_amount=settings.least_amount,
        limit_step=settings.limit_step,
        method=settings.method,
        penalty=settings.penalty,
    )
    return Market(
        cells=cells,
        grid=grid,
        take_up=curves_of(settings, book),
        costs=settings.costs,
        risk=settings.risk,
        guarantor=settings.guarantor,
        partners=settings.partners,
        months=settings.months,
    )


def curves_of(settings: Settings, book: Book) -> dict[int, TakeUp]:
    """The take-up curve of each tier, one a class."""
    curves = settings.curves
    by_class: dict[str, TakeUp] = {}
    for name in sorted(set(curves.classes.values())):
        tiers = [tier for tier, of in curves.classes.items() if of == name]
        own = curves.file.name == OWN
        points = points_of(book, settings, tiers) if own else read_points(curves, name)
        by_class[name] = curve_of(points, curves.form, curves.beyond)
    return {tier: by_class[name] for tier, name in curves.classes.items()}


def curve_of(points: Sequence[Point], form: str, beyond: Beyond) -> TakeUp:
    """A curve of the form through ``points``."""
    if form == "logistic":
        return LogisticCurve.fit(points, beyond)
    return MonotoneCurve.fit(points, beyond)


def read_points(curves: Curves, name: str) -> list[Point]:
    """The column ``name`` of a file of curves.

    Raises:
        NotFound: no such file.
        BadInput: no such column, or a cell that is no number; names row and column.
    """
    try:
        with curves.file.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise NotFound(f"there is no file {curves.file}", field="take_up.file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{curves.file} cannot be read: {error}", field="take_up.file", rule="CSV in UTF-8"
        ) from None
    heads = list(rows[0]) if rows else []
    rate = next((one for one in ("rate", "annual_rate") if one in heads), "")
    if not rate or name not in heads:
        raise BadInput(
            f"{curves.file.name} has no column {'rate' if not rate else name!r}; it has "
            + ", ".join(heads),
            field="take_up.classes" if rate else "take_up.file",
            rule="rate (or annual_rate), and a column for each class",
        )
    found = []
    for number, row in enumerate(rows, 2):
        share = _decimal(row[name], name, number)
        trials = row.get("trials")
        found.append(
            Point(
                Rate(_decimal(row[rate], rate, number)),
                1 - share if curves.churn else share,
                int(_decimal(trials, "trials", number)) if trials else None,
            )
        )
    return found


def _decimal(text: str | None, column: str, row: int) -> Decimal:
    try:
        return Decimal(str(text))
    except ArithmeticError:
        raise BadInput(
            f"{column} is {text!r} in line {row}", field=column, row=row, rule="a number"
        ) from None


def strategy_of(
    settings: Settings,
    book_path: Path,
    observe: Observe = lambda _: None,
    *,
    answer_only: bool = False,
) -> Strategy:
    """Search, compare and try: the whole strategy, or the answer alone.

    Raises:
        BadInput: names the field, the column, the row or the cell.
        NotFound: a file is not there.
    """
    observe("read the book")
    market = market_of(settings, read_book(book_path, settings.demand))
    observe("price the choices")
    menu = menu_of(market)
    today = today_of(market, menu.courses)
    plan = Plan(menu, settings.targets, settings.effort)
    observe("search the targets")
    target = plan.at(settings.targets.prime_share)
    free = plan.at(None)
    found = Strategy(settings, market.cells, menu, today, free, target, (), ())
    if settings.targets.prime_share is not None and not answer_only:
        found = _with_way(found, plan, observe)
    if isinstance(target.outcome, Answer) and not answer_only:
        found = _with_trials(found, plan, observe)
    return replace(found, hash=_hash(found))


def _with_way(found: Strategy, plan: Plan, observe: Observe) -> Strategy:
    journey, last = found.settings.journey, found.settings.targets.prime_share or Decimal(0)
    first = journey.first if journey.first is not None else share_of(found.today)
    shares = shares_between(first, last, journey.quarters)
    observe("draw the frontier")
    finer = shares_between(first, last, 2 * journey.quarters)
    stages = (*frontier(plan, finer[:-1]), found.target)
    observe("plan the quarters")
    return replace(found, frontier=stages, path=path(plan, shares, journey.steps))


def _with_trials(found: Strategy, plan: Plan, observe: Observe) -> Strategy:
    answer = found.answer
    search = Search(plan.menu, bounds_of(plan.menu.market, plan.targets), plan.effort)
    observe("price the targets")
    priced = tolls(search, answer)
    observe("try other worlds")
    tried = sensitivity(replace(plan, ties=False), answer.offer, cases_of(plan.menu.market))
    observe("compare with simpler ways")
    simple = {
        "cut_off": cut_off(plan.menu, answer.bounds),
        "uniform": uniform(plan.menu, answer.bounds),
    }
    return replace(found, tolls=priced, tried=tried, baselines=simple)


def share_of(offer: Offer) -> Decimal:
    """R1-R3 of what is lent; 0 where nothing is."""
    whole = offer.total.volume
    return Decimal(offer.prime.volume) / whole if whole else Decimal(0)


def loss_rate(worth: Worth) -> Decimal | None:
    """Expected loss over the life, of what is lent; None where nothing is."""
    return Decimal(worth.loss) / worth.volume if worth.volume else None


def yuan(minor: int) -> Decimal:
    """Minor units as major ones."""
    return Decimal(minor).scaleb(-2)


def _percent(share: Decimal) -> str:
    return f"{share * 100:.2f} %"


def _major(minor: int) -> str:
    return f"{yuan(minor):,.0f}"


def _hash(found: Strategy) -> str:
    """SHA-256 of what went in and what came out; how long it took is neither."""
    data = {
        "settings": found.settings.text,
        "cells": [cell_json(cell) for cell in found.cells],
        "answer": [terms_json(terms) for terms in _terms(found.target)],
    }
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _terms(stage: Stage) -> Iterable[Terms | None]:
    return stage.outcome.offer.terms if isinstance(stage.outcome, Answer) else ()


def terms_json(terms: Terms | None) -> dict[str, object] | None:
    """A price with a limit as plain values."""
    if terms is None:
        return None
    limit = terms.limit
    return {
        "bank_interest": str(terms.price.bank_interest.fraction),
        "guarantee_fee": str(terms.price.guarantee_fee.fraction),
        "limit_share": str(limit.share),
        "limit_ceiling_minor": None if limit.ceiling is None else limit.ceiling.minor,
    }


def cell_json(cell: Cell) -> dict[str, object]:
    """A cell as plain values."""
    return {
        "tier": cell.tier,
        "segment": dict(cell.segment.values),
        "pd_12m": str(cell.pd_12m.fraction),
        "pd_life": None if cell.pd_life is None else str(cell.pd_life.fraction),
        "lgd": str(cell.lgd.fraction),
        "small": cell.small,
        "today": terms_json(cell.today),
        "asks": [[str(ask.applications), ask.amount.minor, ask.months] for ask in cell.asks],
    }
