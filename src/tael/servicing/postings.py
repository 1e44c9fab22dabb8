"""Which postings each event makes, book by book: DOMAIN section 5.4, and nothing else.

Every function is pure and returns the entries of all books. Amounts of zero make no posting, an
entry without postings is left out. Book G entries carry their basis: what only IFRS knows (the
expected-loss liability and its allowance) stands apart from what every view shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tael.kernel import Day, Money
from tael.ledger import Basis, Dimensions, Entry, Posting, credit, debit


@dataclass(frozen=True, slots=True)
class Desk:
    """Where entries of one event are written: what happened, when, about which loan."""

    event: str
    day: Day
    dimensions: Dimensions

    def entry(
        self,
        debit_lines: Sequence[tuple[str, Money]],
        credit_lines: Sequence[tuple[str, Money]],
        basis: Basis = Basis.COMMON,
    ) -> list[Entry]:
        """One balanced entry, or none when every amount is zero; negatives change sides."""
        postings = [
            _posting(account, amount, is_debit=True) for account, amount in debit_lines if amount
        ]
        postings += [
            _posting(account, amount, is_debit=False) for account, amount in credit_lines if amount
        ]
        if not postings:
            return []
        book = postings[0].account[0]
        owner = self.dimensions.partner if book == "B" else ""
        made = Entry(
            book, self.event, self.day, tuple(postings), self.dimensions, basis=basis, owner=owner
        )
        return [made]


def _posting(account: str, amount: Money, *, is_debit: bool) -> Posting:
    if amount.minor < 0:
        return _posting(account, -amount, is_debit=not is_debit)
    return debit(account, amount) if is_debit else credit(account, amount)


@dataclass(frozen=True, slots=True)
class Parts:
    """An amount by what it pays."""

    principal: Money
    interest: Money
    penalty: Money
    fee: Money

    @property
    def bank(self) -> Money:
        """What belongs to the bank."""
        return self.principal + self.interest + self.penalty


def disbursement(desk: Desk, principal: Money, liability: Money) -> list[Entry]:
    return [
        *desk.entry([("B1301", principal)], [("B1002", principal)]),
        *guarantee_in_force(desk, principal),
        *liability_change(desk, liability),
    ]


def guarantee_in_force(desk: Desk, change: Money) -> list[Entry]:
    """The guaranteed principal rises by ``change`` (falls when negative), off balance sheet."""
    return desk.entry([("G9001", change)], [("G9002", change)])


def liability_change(desk: Desk, change: Money) -> list[Entry]:
    """The expected loss of the guarantee rises by ``change`` (IFRS 9 view)."""
    return desk.entry([("G6701", change)], [("G2611", change)], Basis.IFRS)


def accrual(
    desk: Desk, *, interest: Money, penalty: Money, fee: Money, servicing: Money
) -> list[Entry]:
    """Income earned since the last true-up; a negative amount takes income back."""
    return [
        *desk.entry([("B1302", interest)], [("B6011", interest)]),
        *desk.entry([("B1303", penalty)], [("B6012", penalty)]),
        *desk.entry([("G1122", fee)], [("G6021", fee)]),
        *desk.entry([("G6402", servicing)], [("G2241", servicing)]),
        *desk.entry([("P1231", servicing)], [("P6052", servicing)]),
    ]


def receipt(desk: Desk, parts: Parts, unapplied: Money, *, source: str) -> list[Entry]:
    """Money in the collection account (or in credit, C2900), owed on to whom it belongs."""
    whole = parts.bank + parts.fee + unapplied
    due_to = [("C2201", parts.bank), ("C2202", parts.fee), ("C2900", unapplied)]
    return desk.entry([(source, whole)], due_to)


def application(desk: Desk, parts: Parts) -> list[Entry]:
    """The borrower's debts fall in each book by what was paid."""
    receivables = [("B1301", parts.principal), ("B1302", parts.interest), ("B1303", parts.penalty)]
    return [
        *desk.entry([("B1221", parts.bank)], receivables),
        *desk.entry([("G1221", parts.fee)], [("G1122", parts.fee)]),
        *guarantee_in_force(desk, -parts.principal),
    ]


def settlement(desk: Desk, *, bank: Money, guarantor: Money, servicing: Money) -> list[Entry]:
    """Clearing pays bank and guarantor; the guarantor pays the platform its servicing fee."""
    return [
        *desk.entry([("C2201", bank), ("C2202", guarantor)], [("C1002", bank + guarantor)]),
        *desk.entry([("B1002", bank)], [("B1221", bank)]),
        *desk.entry([("G1002", guarantor)], [("G1221", guarantor)]),
        *desk.entry([("G2241", servicing)], [("G1002", servicing)]),
        *desk.entry([("P1002", servicing)], [("P1231", servicing)]),
    ]


def claim(desk: Desk, parts: Parts) -> list[Entry]:
    """The bank turns its receivables into a claim; the guarantor owes it and ends the guarantee."""
    receivables = [("B1301", parts.principal), ("B1302", parts.interest), ("B1303", parts.penalty)]
    taken_over = [("G1231", parts.principal), ("G1232", parts.interest + parts.penalty)]
    return [
        *desk.entry([("B1391", parts.bank)], receivables),
        *desk.entry(taken_over, [("G2205", parts.bank)]),
        *guarantee_in_force(desk, -parts.principal),
    ]


def compensation(desk: Desk, *, amount: Money, liability: Money, allowance: Money) -> list[Entry]:
    """The claim is paid; the liability becomes the allowance of what is to be recovered."""
    moved = min(liability, allowance)
    return [
        *desk.entry([("G2205", amount)], [("G1002", amount)]),
        *desk.entry([("B1002", amount)], [("B1391", amount)]),
        *desk.entry([("G2611", moved)], [("G1239", moved)], Basis.IFRS),
        *desk.entry([("G6701", allowance - moved)], [("G1239", allowance - moved)], Basis.IFRS),
        *liability_change(desk, moved - liability),
    ]


def recovery(
    desk: Desk, *, principal: Money, interest: Money, above_claim: Money, source: str
) -> list[Entry]:
    """Cash after compensation: principal of the claim first, then its interest, then income."""
    whole = principal + interest + above_claim
    credit_lines = [("G1231", principal), ("G1232", interest), ("G6022", above_claim)]
    return [
        *desk.entry([(source, whole)], [("C2202", whole)]),
        *desk.entry([("G1221", whole)], credit_lines),
    ]


def late_recovery(desk: Desk, amount: Money, *, source: str) -> list[Entry]:
    """Cash after write-off lowers the impairment charge."""
    return [
        *desk.entry([(source, amount)], [("C2202", amount)]),
        *desk.entry([("G1221", amount)], [("G6701", amount)]),
    ]


def write_off(desk: Desk, *, principal: Money, interest: Money, allowance: Money) -> list[Entry]:
    """The claim leaves the assets: a loss in every view, which IFRS had already provided for."""
    whole = principal + interest
    used = min(allowance, whole)
    return [
        *desk.entry([("G6701", whole)], [("G1231", principal), ("G1232", interest)]),
        *desk.entry([("G1239", used)], [("G6701", used)], Basis.IFRS),
        *allowance_release(desk, allowance - used),
    ]


def allowance_release(desk: Desk, amount: Money) -> list[Entry]:
    """An allowance that nothing is left to lose against goes back to income (IFRS 9 view)."""
    return desk.entry([("G1239", amount)], [("G6701", amount)], Basis.IFRS)


def refund(desk: Desk, amount: Money) -> list[Entry]:
    return desk.entry([("C2900", amount)], [("C1002", amount)])
