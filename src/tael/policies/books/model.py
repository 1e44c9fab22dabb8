"""What a book of past applications is: its columns, how they are read, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from tael.kernel import BadInput, Id, VersionId
from tael.policies.books.money import Assumptions

CURRENCY = "CNY"
MOST_BYTES = 50 * 2**20
MOST_ROWS = 200_000
MOST_COLUMNS = 100
MOST_PROBLEMS = 200


class BookId(Id):
    """The id of an uploaded book."""

    prefix = "book"


class Role(Enum):
    """What a column of the book is."""

    ID = "id"
    APPLIED = "applied"
    AMOUNT = "amount"
    MONTHS = "months"
    RATE = "rate"
    SCORE = "score"
    PD = "pd"
    TIER = "tier"
    BAD = "bad"
    DPD = "dpd"
    BAD_ON = "bad_on"
    DECISION = "decision"
    SEGMENT = "segment"


# Whatever ranks applications: one of them is needed. Which outcome is known: exactly one.
RANKING = (Role.SCORE, Role.PD, Role.TIER)
OUTCOMES = (Role.BAD, Role.DPD)
MOST_SEGMENTS = 5


class BookState(Enum):
    """A book waits for its columns to be named, then it is ready to be looked at."""

    UPLOADED = "uploaded"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Note:
    """Something the reader did or saw that the reader of the page should know: code and values."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """A cell that breaks a rule: ``row`` counts from 1 as the spreadsheet shows it."""

    row: int
    column: str
    rule: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a column seems to be: ``confidence`` from 0 to 1, ``why`` a code of evidence."""

    role: Role
    confidence: float
    why: str


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of the uploaded file: its name, first values, and what it seems to be.

    ``personal`` names the kind of personal data that the column looks like, '' for none; such a
    column is left out or kept as keyed hashes (``hashed``).
    """

    number: int
    name: str
    samples: tuple[str, ...] = ()
    filled: int = 0
    distinct: int = 0
    personal: str = ""
    hashed: bool = False
    suggestion: Suggestion | None = None


@dataclass(frozen=True, slots=True)
class Mapped:
    """Which column is what, and how its values are meant; chosen by a person, by clicking.

    Attributes:
        roles: column number → role; columns not named here are dropped.
        amount_unit: 1 or 10000: what a figure without a unit of its own is multiplied by.
        rate_unit: 'fraction', 'percent', 'monthly_percent' or 'daily_myriad' (万分之 a day).
        months_unit: 'months', 'years' or 'days'.
        date_order: 'ymd', 'dmy' or 'mdy'; the last two for dates such as 3/4/2024.
        outcomes: text of the outcome column → 'bad', 'good' or 'unknown'.
        decisions: text of the decision column → 'approved', 'declined' or 'unknown'.
    """

    roles: Mapping[int, Role] = field(hash=False)
    amount_unit: int = 1
    rate_unit: str = "fraction"
    months_unit: str = "months"
    date_order: str = "ymd"
    outcomes: Mapping[str, str] = field(default_factory=dict, hash=False)
    decisions: Mapping[str, str] = field(default_factory=dict, hash=False)

    def columns(self, role: Role) -> list[int]:
        """The numbers of the columns that play ``role``, in the order of the file."""
        return sorted(number for number, found in self.roles.items() if found is role)

    def has(self, *roles: Role) -> bool:
        """Whether one of ``roles`` is played by some column."""
        return any(role in roles for role in self.roles.values())

    def check(self) -> None:
        """Refuse a mapping that leaves out what is needed or names a role twice.

        Raises:
            BadInput: names the role and the rule.
        """
        if not self.has(*RANKING):
            raise BadInput(
                "no column ranks the applications: name the score, the probability or the tier",
                code="book_needs_ranking", field="ranking", rule="score, pd or tier",
            )  # fmt: skip
        if sum(len(self.columns(role)) for role in OUTCOMES) != 1:
            raise BadInput(
                "exactly one column tells the outcome: a bad flag or days past due",
                code="book_needs_outcome", field="outcome", rule="one of bad, dpd",
            )  # fmt: skip
        for role in Role:
            most = MOST_SEGMENTS if role is Role.SEGMENT else 1
            if len(self.columns(role)) > most:
                raise BadInput(
                    f"{role.value} is named {len(self.columns(role))} times",
                    code="book_role_twice", field=role.value, rule=f"at most {most}",
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the rows of a file.

    ``aside`` are rows with a value that breaks a rule: they are in no figure. ``problems`` are the
    first of them, ``counts`` how many by column and rule.
    """

    rows: int
    kept: int
    problems: tuple[Problem, ...] = ()
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict, hash=False)
    notes: tuple[Note, ...] = ()

    @property
    def aside(self) -> int:
        """How many rows are in no figure."""
        return self.rows - self.kept


@dataclass(frozen=True, slots=True)
class Book:
    """An uploaded book without its rows.

    Attributes:
        file_hash: SHA-256 of the file as it was uploaded.
        content_hash: SHA-256 of the rows as they are kept.
        report: how the file was read.
        names: role → heading of its column, of a book that is ready; segments by their heading.
    """

    id: BookId
    name: str
    state: BookState
    file_hash: str
    content_hash: str
    uploaded_by: str
    uploaded_at: datetime
    expires_at: datetime
    report: Report
    headings: tuple[Heading, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict, hash=False)
    assumptions: Assumptions = field(default_factory=Assumptions)


@dataclass(frozen=True, slots=True)
class DraftOf:
    """A policy draft that was made of a book: kept when the book itself is deleted."""

    version_id: VersionId
    book_id: BookId
    content_hash: str
    by: str
    cut: str
    drafted_by: str
    drafted_at: datetime
