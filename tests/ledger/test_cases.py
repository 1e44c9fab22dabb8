"""The tables of cases/*.txt, played line by line against a fresh ledger each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tael.kernel import Day, FixedClock, Money, TaelError
from tael.ledger import Basis, Dimensions, Entry, Ledger, MemoryStore, Posting, Side

CASES = Path(__file__).parent / "cases"
FIRST = Day(2026, 1, 5)


@dataclass(frozen=True)
class Line:
    place: str
    when: str
    loan: str
    what: str
    basis: Basis
    result: str


def _sections(path: Path) -> Iterator[tuple[str, list[Line]]]:
    name = ""
    lines: list[Line] = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if text.startswith("== "):
            if name:
                yield name, lines
            name, lines = text[3:].strip(), []
        elif text.strip() and not text.startswith("#"):
            when, loan, what, basis, result = (cell.strip() for cell in text.split("|"))
            named = "" if loan == "-" else loan
            lines.append(Line(f"{path.name}:{number}", when, named, what, Basis(basis), result))
    yield name, lines


def _posting(text: str) -> Posting:
    side, account, amount, *currency = text.split()
    return Posting(account, Side(side), Money.parse(amount, *currency))


def _entry(line: Line) -> Entry:
    postings = tuple(_posting(text) for text in line.what.split(","))
    book = postings[0].account[0]
    owner = "bank-1" if book == "B" else ""
    about = Dimensions(loan=line.loan)
    return Entry(book, "case", Day.parse(line.when), postings, about, line.basis, owner)


def _post(ledger: Ledger, entries: list[Entry], key: str) -> str:
    try:
        ledger.post(entries, key=key)
    except TaelError as refused:
        return refused.code
    return "ok"


def _all_sections() -> list[tuple[str, list[Line]]]:
    return [section for path in sorted(CASES.glob("*.txt")) for section in _sections(path)]


@pytest.mark.parametrize(("name", "lines"), _all_sections(), ids=lambda value: str(value)[:80])
def test_each_line_of_the_table_ends_as_it_says(name: str, lines: list[Line]) -> None:
    ledger = Ledger(MemoryStore(), FixedClock.on(FIRST))
    batch: list[Entry] = []
    for line in lines:
        if line.when == "balance":
            found = ledger.balance(line.what, basis=line.basis, loan=line.loan)
            assert found == Money.parse(line.result), line.place
            continue
        batch.append(_entry(line))
        if line.result != "+":
            assert _post(ledger, batch, line.place) == line.result, line.place
            batch = []
    assert ledger.verify().sound
