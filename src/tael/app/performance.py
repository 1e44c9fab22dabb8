"""What became of applicants and firms: outcomes to train on, from the books and from elsewhere.

The lender's own loans tell the outcome of those it granted. Of those it declined, and of firms
that never asked, other lenders and the courts tell some: an account 90 days overdue or written off
at the bureau, a suit over a loan. Both by a written definition, each with the day it was known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tael.kernel import BadInput
from tael.risk import BadDefinition, LoanMonths, outcomes_of

Instants = npt.NDArray[np.datetime64]
Floats = npt.NDArray[np.float64]
_UNKNOWN = np.datetime64("NaT", "s")
_DAY_S = 86_400
_ENDED = ("settled", "prepaid", "written_off")
_SEGMENTS = ("province", "industry", "size", "channel", "owner_age", "approved", "at_random")
# Of an application: who and when, and what was decided; everything else is what was filled in.
_NO_FORM = {
    "application_id", "enterprise_id", "owner_id", "applied_at", "policy", "points", "approved",
    "reason", "at_random", "decided_on",
}  # fmt: skip
FORM = "form."
# What an outcome is read from.
LOAN_COLUMNS = ("loan_id", "application_id", "status")
MONTH_COLUMNS = ("loan_id", "month_on_book", "days_past_due", "month_end")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """When a firm counts as bad by what others saw of it, its owner included.

    Attributes:
        overdue: states of a bureau account that are bad.
        matter: of a suit that is bad, unless the firm is the one that sues.
        window_days: days after the instant in which it must happen: the 12 months, and the time a
            default takes to be 90 days old or to come to court.
        delay_days: days until a source has told; a good is known so many days after the window.
    """

    overdue: tuple[str, ...] = ("d90", "written_off")
    matter: str = "loan"
    window_days: int = 485
    delay_days: int = 35


@dataclass(frozen=True, slots=True)
class Panel:
    """Firms looked at besides applications: all those that stand, twice a year or so.

    Attributes:
        first, last: of the days looked at.
        months: between two looks.
        least_age_days: a firm is looked at from this age on.
        weight: of such a row; an application weighs 1.
    """

    first: date
    last: date
    months: int = 6
    least_age_days: int = 180
    weight: float = 1.0

    def days(self) -> list[np.datetime64]:
        """The instants: starts of months, in UTC."""
        if self.last < self.first or self.months < 1:
            raise BadInput(
                f"no look between {self.first} and {self.last}", field="panel", rule="first to last"
            )
        start = np.datetime64(self.first, "M")
        count = int((np.datetime64(self.last, "M") - start).astype(np.int64)) // self.months + 1
        return [
            (start + np.timedelta64(i * self.months, "M")).astype("datetime64[s]")
            for i in range(count)
        ]


@dataclass(frozen=True, slots=True)
class Labelling:
    """How a folder of loans and events is labelled; all of it stands in the outcomes' metadata."""

    bad: BadDefinition = field(default_factory=BadDefinition)
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    panel: Panel | None = None


def label(folder: Path, labelling: Labelling) -> pa.Table:
    """One row for each application, and for each firm and day of the panel.

    Columns: application_id, borrower, asof and known (UTC), bad (1, 0 or null), weight, population
    (``granted``, ``declined`` or ``market``), elsewhere (1, 0 or null: what others saw, of the
    granted too), the segments of the application and, as form.NAME, all that was filled in.

    Raises:
        BadInput: a folder without applications, loans or loan months; names what is missing.
    """
    applications = _table(folder, "applications")
    firms = _table(folder, "firms", ("enterprise_id", "owner_id", "opened"))
    seen = _Seen(folder, firms, labelling)
    parts = [_applications(folder, applications, seen, labelling)]
    if labelling.panel is not None:
        parts += list(_looks(firms, seen, labelling.panel))
    table = pa.concat_tables(parts, promote_options="default")
    return table.replace_schema_metadata({"tael.labelling": repr(asdict(labelling))})


def _applications(
    folder: Path, applications: pa.Table, seen: _Seen, labelling: Labelling
) -> pa.Table:
    rows = applications.num_rows
    asof = _seconds(applications["applied_at"])
    granted, bad, known = _own(folder, applications["application_id"], labelling.bad)
    other, when = seen.after(applications["enterprise_id"].to_pylist(), asof)
    population = np.where(granted, "granted", "declined")
    held = {
        "application_id": applications["application_id"],
        "borrower": applications["enterprise_id"],
        "asof": _stamps(asof),
        "bad": _maybe(np.where(granted, bad, other)),
        "known": _stamps(np.where(granted, known, when)),
        "weight": pa.array(np.ones(rows)),
        "population": pa.array(population),
        "elsewhere": _maybe(other),
    }
    names = applications.column_names
    segments = {name: applications[name] for name in _SEGMENTS if name in names}
    form = {f"{FORM}{name}": applications[name] for name in names if name not in _NO_FORM}
    return pa.table(held | segments | form)


def _own(
    folder: Path, applications: pa.ChunkedArray, definition: BadDefinition
) -> tuple[npt.NDArray[np.bool_], Floats, Instants]:
    """Which application became a loan, its outcome, and when that was known."""
    loans = _table(folder, "loans", LOAN_COLUMNS)
    return own_outcomes(
        applications, (loans, _table(folder, "loan_months", MONTH_COLUMNS)), definition
    )


def own_outcomes(
    applications: pa.ChunkedArray, told: tuple[pa.Table, pa.Table], definition: BadDefinition
) -> tuple[npt.NDArray[np.bool_], Floats, Instants]:
    """Which application became a loan, its outcome (1, 0 or NaN), and when that was known.

    ``told`` are loans and their months, with at least ``LOAN_COLUMNS`` and ``MONTH_COLUMNS``.
    """
    loans, months = told
    place = pc.index_in(months["loan_id"], value_set=loans["loan_id"].combine_chunks())
    found = outcomes_of(
        loans.num_rows,
        LoanMonths(
            pc.fill_null(place, -1).to_numpy().astype(np.int64),
            months["month_on_book"].to_numpy(),
            months["days_past_due"].to_numpy(),
            months["month_end"].to_numpy().astype("datetime64[D]"),
        ),
        definition,
        np.isin(loans["status"].to_pylist(), _ENDED),
    )
    at = pc.index_in(applications, value_set=loans["application_id"].combine_chunks())
    row = pc.fill_null(at, -1).to_numpy().astype(np.int64)
    # The one appended is of -1: an application that became no loan.
    return row >= 0, np.append(found.bad, np.nan)[row], np.append(found.known, _UNKNOWN)[row]


class _Seen:
    """When anybody first saw each firm, or its owner, go bad: others, or the own book."""

    def __init__(self, folder: Path, firms: pa.Table, labelling: Labelling) -> None:
        self.rule = labelling.elsewhere
        ids = firms["enterprise_id"].to_pylist()
        marked = {firm: [firm] for firm in ids}  # firms that an event of a subject speaks of
        for owner, firm in zip(firms["owner_id"].to_pylist(), ids, strict=True):
            marked.setdefault(owner, []).append(firm)
        self.first: dict[str, tuple[np.datetime64, np.datetime64]] = {}
        self.last = np.datetime64(0, "s")
        for subjects, happened, told in _bad_events(folder, labelling):
            for subject, at, known in zip(subjects, happened, told, strict=True):
                for firm in marked.get(subject, ()):
                    held = self.first.get(firm)
                    if held is None or (at, known) < held:
                        self.first[firm] = (at, known)
                self.last = max(self.last, known)

    def after(self, firms: Sequence[str], asof: Instants) -> tuple[Floats, Instants]:
        """1 bad, 0 good, NaN bad before or watched too short; and when that was known."""
        never = np.datetime64("9999-01-01", "s")
        first = np.array([self.first.get(firm, (never, never)) for firm in firms], asof.dtype)
        at, told = first.reshape(-1, 2).T
        end = asof + np.timedelta64(self.rule.window_days * _DAY_S, "s")
        bad = (at > asof) & (at <= end)
        good = (at > end) & (end + np.timedelta64(self.rule.delay_days * _DAY_S, "s") <= self.last)
        outcome = np.where(bad, 1.0, np.where(good, 0.0, np.nan))
        known = np.where(bad, told, end + np.timedelta64(self.rule.delay_days * _DAY_S, "s"))
        return outcome, np.where(np.isnan(outcome), _UNKNOWN, known)


def _bad_events(
    folder: Path, labelling: Labelling
) -> Iterator[tuple[list[str], Instants, Instants]]:
    rule = labelling.elsewhere
    keys = ("subject_id", "event_id", "version", "event_at", "known_at", "void")
    bureau = _table(folder, "events/bureau_tradeline", (*keys, "status"))
    yield _kept(bureau, pc.is_in(bureau["status"], value_set=pa.array(rule.overdue)))
    court = _table(folder, "events/court_record", (*keys, "matter", "role"))
    sued = pc.and_(pc.equal(court["matter"], rule.matter), pc.not_equal(court["role"], "plaintiff"))
    yield _kept(court, sued)
    own = _table(folder, "loan_months", ("enterprise_id", "month_end", "days_past_due"))
    late = own.filter(pc.greater_equal(own["days_past_due"], labelling.bad.days_past_due))
    ends = late["month_end"].to_numpy().astype("datetime64[D]").astype("datetime64[s]")
    yield late["enterprise_id"].to_pylist(), ends, ends + np.timedelta64(_DAY_S, "s")


def _kept(events: pa.Table, bad: pa.ChunkedArray) -> tuple[list[str], Instants, Instants]:
    """The events that are bad as corrected last; one that was withdrawn is none."""
    held = events.append_column("bad", bad)
    held = held.filter(pc.is_in(held["event_id"], held.filter(bad)["event_id"].combine_chunks()))
    last = held.group_by("event_id").aggregate([("version", "max")])
    held = held.join(last, ["event_id", "version"], ["event_id", "version_max"], "inner")
    held = held.filter(pc.and_(held["bad"], pc.invert(held["void"]))).sort_by("event_id")
    return (
        held["subject_id"].to_pylist(),
        _seconds(held["event_at"]),
        _seconds(held["known_at"]),
    )


def _looks(firms: pa.Table, seen: _Seen, panel: Panel) -> Iterator[pa.Table]:
    opened = firms["opened"].to_numpy().astype("datetime64[s]")
    names = np.array(firms["enterprise_id"].to_pylist(), dtype=object)
    for day in panel.days():
        old = opened + np.timedelta64(panel.least_age_days * _DAY_S, "s") <= day
        chosen = names[old]
        asof = np.full(len(chosen), day)
        bad, known = seen.after(chosen.tolist(), asof)
        fine = ~np.isnan(bad)
        yield pa.table(
            {
                "borrower": pa.array(chosen[fine].tolist(), pa.string()),
                "asof": _stamps(asof[fine]),
                "bad": _maybe(bad[fine]),
                "known": _stamps(known[fine]),
                "weight": pa.array(np.full(int(fine.sum()), panel.weight)),
                "population": pa.array(["market"] * int(fine.sum())),
                "elsewhere": _maybe(bad[fine]),
            }
        )


def _table(folder: Path, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    files = sorted((folder / name).glob("part-*.parquet"))
    if not files:
        raise BadInput(
            f"{folder} has no {name}", field=name, rule="a folder as `tael economy build` writes"
        )
    parts = [pq.read_table(file, columns=list(columns) if columns else None) for file in files]
    return pa.concat_tables(parts)


def _seconds(column: pa.ChunkedArray) -> Instants:
    micro = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    instants: Instants = (micro // 1_000_000).astype("datetime64[s]")
    return instants


def _stamps(instants: Instants) -> pa.Array:
    whole = instants.astype("datetime64[s]")
    return pa.array(whole, pa.timestamp("s")).cast(pa.timestamp("s", tz="UTC"))


def _maybe(outcome: Floats) -> pa.Array:
    return pa.array(outcome, from_pandas=True)
