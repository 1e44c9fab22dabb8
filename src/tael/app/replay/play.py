"""The replay itself: read, train, decide, book, compare, write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tael.app.replay.book import BooksProof, post_lives, prove_books
from tael.app.replay.decide import decide, load_policy
from tael.app.replay.figures import (
    CurvePoint,
    GroupFigures,
    SwapCell,
    by_tier,
    by_vintage,
    figures_of,
    loss_curves,
    swap,
)
from tael.app.replay.journal import open_journal
from tael.app.replay.lives import life_of
from tael.app.replay.mapping import BookMapping
from tael.app.replay.model import Decision, Ending, Life
from tael.app.replay.ranking import Ranking, SideAuc, leak_alarm, side_aucs, unseen
from tael.app.replay.reader import LoanBook, read_book
from tael.app.replay.train import Trained, train
from tael.kernel import BadInput, Clock, Day, Refusal, SystemClock

Watcher = Callable[[str, int, int], None]
"""Is told a stage (read, train, decide, book, prove), how much is done, and of how much."""

_TICK = 500


@dataclass(frozen=True)
class Request:
    """What to replay.

    Args:
        path: CSV or Parquet file.
        mapping: what its columns mean (``load_mapping``).
        train_until: last day of approval of a training loan.
        policy: a DMN file with tier, outcome and prices; None takes the one that ships.
        in_memory: keep the books in memory instead of a throw-away PostgreSQL.
        clock: tells when entries are recorded.
    """

    path: Path
    mapping: BookMapping
    train_until: Day
    policy: Path | None = None
    in_memory: bool = False
    clock: Clock = field(default_factory=SystemClock)


@dataclass(frozen=True)
class ReplayResult:
    """What came of a replay.

    Attributes:
        rankings: of the groups matured, later and all; a group of one ending only is left out.
        alarm: ``model.leak_suspected`` when the scorecard ranks above the mapping's level.
    """

    request: Request
    book: LoanBook
    trained: Trained
    policy_hash: str
    decisions: tuple[Decision, ...]
    lives: tuple[Life, ...]
    rankings: dict[str, Ranking]
    sides: tuple[SideAuc, ...]
    alarm: Refusal | None
    all: GroupFigures
    tiers: tuple[GroupFigures, ...]
    vintages: tuple[GroupFigures, ...]
    swap: tuple[SwapCell, ...]
    curves: tuple[CurvePoint, ...]
    proof: BooksProof

    @property
    def judged(self) -> Ranking | None:
        """The ranking the alarm looks at: matured vintages, or all when there are none."""
        return self.rankings.get("matured") or self.rankings.get("all")

    @property
    def sound(self) -> bool:
        """No leak suspected and the books proved: what a caller turns into its exit code."""
        return self.alarm is None and self.proof.sound

    @property
    def capped(self) -> int:
        """Accepted loans whose recorded loss is above the principal: booked at the principal."""
        loans = (life.decision.loan for life in self.lives)
        return sum(loan.loss > loan.amount for loan in loans)


def replay(request: Request, watch: Watcher | None = None) -> ReplayResult:
    """Play the book in ``request.path`` through the platform; nothing is written but own books.

    Raises:
        NotFound: no such file or mapping.
        BadInput: the file, mapping, policy or day does not allow a replay; names field, row, rule.
    """
    tell = watch or _silent
    mapping, until = request.mapping, request.train_until
    policy = load_policy(request.policy)
    tell("read", 0, 1)
    book = read_book(request.path, mapping)
    tell("read", 1, 1)
    trained = train(book, mapping, until)
    seen = unseen(book, mapping, trained.model, until)
    rankings = {
        group: found
        for group in ("matured", "later", "all")
        if (found := seen.ranking(group)) is not None
    }
    judged = rankings.get("matured") or rankings.get("all")
    matured = [loan for loan, use in zip(seen.loans, seen.chosen("matured"), strict=True) if use]
    sides = side_aucs(book, mapping, until, matured)
    tell("train", 1, 1)
    decisions = _decided(book, trained, request, tell)
    lives = [
        life_of(decision, trained.terms)
        for decision in decisions
        if decision.approved and decision.loan.ending is not Ending.UNKNOWN
    ]
    proof = _booked(lives, request, tell)
    return ReplayResult(
        request=request,
        book=book,
        trained=trained,
        policy_hash=policy.hash,
        decisions=tuple(decisions),
        lives=tuple(lives),
        rankings=rankings,
        sides=tuple(sides),
        alarm=leak_alarm(seen, trained.model, judged, mapping),
        all=figures_of("all", decisions, lives, mapping.currency),
        tiers=tuple(by_tier(decisions, lives, mapping.currency)),
        vintages=tuple(by_vintage(decisions, lives, mapping.currency)),
        swap=tuple(swap(decisions, mapping.currency)),
        curves=tuple(loss_curves(lives, _observed_until(book))),
        proof=proof,
    )


def _decided(book: LoanBook, trained: Trained, request: Request, tell: Watcher) -> list[Decision]:
    places = [i for i, loan in enumerate(book.loans) if loan.approved > request.train_until]
    if not places:
        raise BadInput(
            f"no loan was approved after {request.train_until}",
            field="train_until",
            rule="at least one loan to decide",
        )
    features = {name: values[places] for name, values in book.features.items()}
    pds = trained.model.pds(features)
    scores = np.asarray(trained.model.card.points(features)).tolist()
    loans = [book.loans[i] for i in places]
    decisions = []
    for decision in decide(load_policy(request.policy), loans, pds, scores):
        decisions.append(decision)
        if len(decisions) % _TICK == 0 or len(decisions) == len(loans):
            tell("decide", len(decisions), len(loans))
    return decisions


def _booked(lives: Sequence[Life], request: Request, tell: Watcher) -> BooksProof:
    mapping = request.mapping
    with open_journal(request.clock, in_memory=request.in_memory) as journal:
        content_hash = post_lives(
            journal.ledger, lives, mapping.name, lambda done, total: tell("book", done, total)
        )
        tell("prove", 0, 1)
        journal.seal()
        proof = prove_books(
            journal.ledger,
            lives,
            content_hash,
            kept_in=journal.kept_in,
            currency=mapping.currency,
        )
    tell("prove", 1, 1)
    return proof


def _silent(stage: str, done: int, total: int) -> None:
    """Tells nobody."""


def _observed_until(book: LoanBook) -> Day:
    """The last recorded default: after it the file says nothing."""
    days = [loan.defaulted_on for loan in book.loans if loan.defaulted_on]
    return max([*days, book.loans[-1].approved])
