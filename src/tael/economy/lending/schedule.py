"""Instalments of equal size in whole fen: what is due each month, as interest and principal."""

from __future__ import annotations

_YEAR_BP = 12 * 10_000


def plan(balance: int, rate_bp: int, months: int) -> tuple[tuple[int, int], ...]:
    """Interest and principal of each of ``months`` instalments of ``balance`` (fen).

    ``rate_bp`` is the nominal yearly rate in basis points, a twelfth a month. The instalment is
    that of an annuity, rounded up to a fen; the last one takes what remains.
    """
    instalment = instalment_of(balance, rate_bp, months)
    rows = []
    for number in range(months):
        interest = balance * rate_bp // _YEAR_BP
        principal = balance if number == months - 1 else min(instalment - interest, balance)
        balance -= principal
        rows.append((interest, principal))
    return tuple(rows)


def instalment_of(balance: int, rate_bp: int, months: int) -> int:
    """The equal instalment in fen, by whole numbers: balance · r · qⁿ / (qⁿ − 1), rounded up."""
    if not rate_bp:
        return -(-balance // months)
    grown: int = (_YEAR_BP + rate_bp) ** months
    base: int = _YEAR_BP**months
    return -(-balance * rate_bp * grown // (_YEAR_BP * (grown - base)))
