"""Events of one source as columns, and how a source delivers them: late, twice, corrected."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.economy.world.chance import Chance, Floats, Integers
from tael.economy.world.months import DAY_S
from tael.economy.world.sources import Delivery

Columns = dict[str, Integers]
Flags = npt.NDArray[np.bool_]

# Partners of a borrower are numbered alike in every source: customers, suppliers, then others.
PARTNERS_APART = 64

_SUMS = frozenset({"amount", "tax", "declared", "paid"})
_LEAST_DELAY_S = 60
_LEAST_GONE_DAYS, _GONE_DAYS = 5, 60
_LEAST_CORRECTION_DAYS, _CORRECTION_DAYS = 2, 40


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Records of one source about one borrower, by event time, then event, then version.

    ``subject`` is a position in ``subjects``; ``event`` numbers the events of the borrower in this
    source; ``event_at`` and ``known_at`` are seconds of UTC, the second never the earlier;
    ``version`` counts corrections from 0; ``void`` is 1 where a record is withdrawn. Columns of
    codes hold positions in ``codes``; sums are fen.
    """

    source: str
    subjects: tuple[str, ...]
    subject: Integers
    event: Integers
    event_at: Integers
    known_at: Integers
    version: Integers
    void: Integers
    columns: Columns
    codes: dict[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.event)

    def digest(self) -> str:
        """SHA-256, in hexadecimal, of every figure in little-endian order and of every code."""
        state = hashlib.sha256(repr((self.source, self.subjects, self.codes)).encode())
        fixed = (self.subject, self.event, self.event_at, self.known_at, self.version, self.void)
        for column in (*fixed, *(self.columns[name] for name in sorted(self.columns))):
            state.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
        return state.hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Happened:
    """What happened, in any order, before a source reports it; one entry an event."""

    subject: Integers
    event_at: Integers
    columns: Columns


@dataclass(frozen=True, slots=True, eq=False)
class Amendment:
    """A second version of some events: which, how many days later, and what changes."""

    rows: Integers
    days: Floats
    columns: Columns


class _Draft:
    """Records as they grow: a first version of each event, then whatever follows on some."""

    def __init__(self, known: Integers, columns: Columns) -> None:
        self._known = known.copy()
        self._version = np.zeros(len(known), dtype=np.int64)
        self._columns = {key: column.copy() for key, column in columns.items()}
        self._parts: list[Columns] = []
        self.write(np.arange(len(known)))

    def write(self, rows: Integers, void: int = 0) -> None:
        fixed = {
            "event": rows,
            "known_at": self._known[rows],
            "version": self._version[rows],
            "void": np.full(len(rows), void, dtype=np.int64),
        }
        self._parts.append(fixed | {key: column[rows] for key, column in self._columns.items()})

    def amend(self, amendment: Amendment, void: int = 0) -> None:
        """A later version, known after all earlier ones of its event, on top of what they say."""
        rows = amendment.rows
        self._known[rows] += _seconds(amendment.days)
        self._version[rows] += 1
        for key, values in amendment.columns.items():
            self._columns[key][rows] = values
        self.write(rows, void)

    def columns(self) -> Columns:
        return {key: np.concatenate([part[key] for part in self._parts]) for key in self._parts[0]}


def delivered(
    source: tuple[str, tuple[str, ...], dict[str, tuple[str, ...]]],
    happened: Happened,
    delivery: Delivery,
    chance: Chance,
    amendments: tuple[Amendment, ...] = (),
) -> Events:
    """The records of ``source`` (its name, subjects and codes) about what happened.

    Each amendment makes later versions; some records are corrected in their amount, some
    withdrawn, some sent twice, as ``delivery`` says.
    """
    name, subjects, codes = source
    dice = chance.rows(5, len(happened.event_at))
    delay = np.where(dice[1] < delivery.late, delivery.late_days, delivery.usual_days) * dice[0]
    delay = delay + delivery.least_days
    draft = _Draft(happened.event_at + _seconds(delay), happened.columns)
    sums = {key: happened.columns[key] for key in _SUMS & happened.columns.keys() - codes.keys()}
    for amendment in (*amendments, _corrected(dice[2], delivery, sums)):
        draft.amend(amendment)
    gone = np.flatnonzero(dice[3] < delivery.withdrawn)
    draft.amend(Amendment(gone, _LEAST_GONE_DAYS + _GONE_DAYS * dice[0][gone], {}), void=1)
    columns = draft.columns()
    lines = np.concatenate(
        [np.arange(len(columns["event"])), np.flatnonzero(dice[4] < delivery.duplicated)]
    )
    rows = columns["event"][lines]
    lines = lines[np.lexsort((columns["version"][lines], rows, happened.event_at[rows]))]
    columns = {key: column[lines] for key, column in columns.items()}
    rows = columns.pop("event")
    # Numbered in order of event time, so that an id tells nothing of how it was made.
    order = np.argsort(happened.event_at, kind="stable")
    event = np.empty(len(order), dtype=np.int64)
    event[order] = np.arange(len(order))
    return Events(
        source=name,
        subjects=subjects,
        subject=happened.subject[rows],
        event=event[rows],
        event_at=happened.event_at[rows],
        known_at=columns.pop("known_at"),
        version=columns.pop("version"),
        void=columns.pop("void"),
        columns=columns,
        codes=codes,
    )


def _corrected(dice: Floats, delivery: Delivery, sums: Columns) -> Amendment:
    rows = np.flatnonzero(dice < delivery.corrected)
    # A tenth too much, the commonest slip of a clerk in this economy.
    changed = {key: column[rows] - column[rows] // 10 for key, column in sums.items()}
    scale = dice[rows] / delivery.corrected if delivery.corrected else dice[rows]
    return Amendment(rows, _LEAST_CORRECTION_DAYS + _CORRECTION_DAYS * scale, changed)


def _seconds(days: Floats) -> Integers:
    return _LEAST_DELAY_S + (days * DAY_S).astype(np.int64)
