"""What an entry must satisfy by itself, and the opposite of one. Pure: the store sees the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tael.kernel import BadInput, Day, Money, check
from tael.ledger.chart import Account
from tael.ledger.model import DIMENSIONS, Basis, Dimensions, Entry, Posting, Side, reference

_MIRROR = "B"
_LONGEST_KEY = 200


def check_batch(key: str, entries: Sequence[Entry], chart: Mapping[str, Account]) -> None:
    """Refuse a batch that can never stand in the books.

    Raises:
        BadInput: naming the entry (``row``, 1-based), the field and the rule.
    """
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY:
        rule = f"1 to {_LONGEST_KEY} characters"
        raise BadInput("a batch is posted under a key", code="no_key", field="key", rule=rule)
    if not entries:
        raise _refused("a batch has at least one entry", "empty", 0, "entries", "not empty")
    for row, entry in enumerate(entries, start=1):
        _check_head(entry, row)
        _check_lines(entry, row, chart)
        if net_minor(entry):
            raise _unbalanced(entry, row)


def net_minor(entry: Entry) -> int:
    """Debits minus credits in minor units: zero, or the entry is none."""
    return sum(line.side.sign * line.amount.minor for line in entry.postings)


def opposite(entry: Entry, *, key: str, index: int, effective: Day) -> Entry:
    """The entry that takes ``entry`` (posted as ``key#index``) back: same amounts, other sides."""
    lines = tuple(Posting(p.account, p.side.opposite, p.amount) for p in entry.postings)
    back = replace(
        entry,
        event=f"{entry.event}_reversed",
        effective=effective,
        postings=lines,
        corrects=reference(key, index),
    )
    check(net_minor(back) == -net_minor(entry) == 0, "a reversal balances like its original")
    return back


def _check_head(entry: Entry, row: int) -> None:
    if type(entry.effective) is not Day:
        text = f"an entry counts on a day, not on {entry.effective!r}"
        raise _refused(text, "wrong_type", row, "effective", "Day")
    if not isinstance(entry.basis, Basis):
        raise _refused(f"{entry.basis!r} is no basis", "wrong_type", row, "basis", "a Basis")
    if not entry.event:
        raise _refused("an entry says what happened", "no_event", row, "event", "not empty")
    if (entry.book == _MIRROR) != bool(entry.owner):
        text = f"book {entry.book} with owner {entry.owner!r}: a partner owns book B and no other"
        raise _refused(text, "wrong_owner", row, "owner", "the partner in book B, else empty")
    _check_dimensions(entry.dimensions, row)


def _check_dimensions(dimensions: Dimensions, row: int) -> None:
    for name in DIMENSIONS:
        value = getattr(dimensions, name)
        if not isinstance(value, str):
            text = f"dimension {name} is a text, not {value!r}"
            raise _refused(text, "wrong_type", row, name, "text, empty for none")


def _check_lines(entry: Entry, row: int, chart: Mapping[str, Account]) -> None:
    if len(entry.postings) < 2:  # noqa: PLR2004 - it is called double entry
        raise _refused("an entry has two sides", "one_sided", row, "postings", "two or more")
    for place, line in enumerate(entry.postings):
        _check_line(line, row, f"postings[{place}]")
        account = chart.get(line.account)
        if account is None or account.book != entry.book:
            text = f"book {entry.book} has no account {line.account!r}"
            field = f"postings[{place}].account"
            raise _refused(text, "unknown_account", row, field, "an account of the book")
        if line.amount.currency != entry.currency:
            text = f"{entry.currency} and {line.amount.currency} in one entry"
            field = f"postings[{place}].amount"
            raise _refused(text, "currency_mismatch", row, field, "one currency per entry")


def _check_line(line: Posting, row: int, place: str) -> None:
    if not isinstance(line.amount, Money) or not isinstance(line.side, Side):
        text = f"a posting has a Side and Money, not {line.side!r} and {line.amount!r}"
        raise _refused(text, "wrong_type", row, place, "Side and Money")
    if line.amount.minor <= 0:
        text = f"{line.amount} on {line.account}: an amount is above zero; use the other side"
        raise _refused(text, "not_positive", row, f"{place}.amount", "above zero")


def _unbalanced(entry: Entry, row: int) -> BadInput:
    apart = Money(net_minor(entry), entry.currency)
    text = f"{entry.event} in book {entry.book}: debits minus credits are {apart}, not zero"
    return _refused(text, "unbalanced", row, "postings", "debits equal credits")


def _refused(text: str, code: str, row: int, field: str, rule: str) -> BadInput:
    return BadInput(text, code=code, row=row, field=field, rule=rule)
