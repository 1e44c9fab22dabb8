"""The price menu in columns: which ways to take the money stay under the cap, and the cheapest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR
from typing import Any

import numpy as np
import numpy.typing as npt

from tael.kernel import Rate, minor_digits
from tael.policies.backtest.numbers import (
    Truths,
    Units,
    Whole,
    billionths,
    whole_and_scale,
)
from tael.policies.model import PriceOption
from tael.policies.texts import OptionRule, PriceTable

_DIGITS = 9


@dataclass(frozen=True, eq=False)
class Offers:
    """What a row may borrow, and how it is cheapest.

    Attributes:
        kinds: int64, bit j is set when option j of the menu is offered.
        whole: int64, minor units: the limit before any option cuts it.
        limits: int64 [options, rows], minor units: the most that each option lends.
        takes: int8, the option of the lowest rate, the earlier of equal ones; -1 for none.
        rate: int64, billionths a year: what the borrower pays under it; 0 for none.
        bank: int64, billionths a year: what of that the bank gets; 0 for none.
        months: int64, of that option; 0 for none.
    """

    kinds: Whole
    whole: Whole
    limits: Whole
    takes: npt.NDArray[np.int8]
    rate: Whole
    bank: Whole
    months: Whole

    @property
    def limit(self) -> Whole:
        """The most that the cheapest option lends; 0 for none."""
        rows = np.arange(len(self.takes))
        found: Whole = np.where(self.takes >= 0, self.limits[self.takes, rows], 0)
        return found

    def withdraw(self, marks: Truths) -> None:
        """Offer nothing to the marked rows."""
        self.kinds[marks] = 0
        self.limits[:, marks] = 0
        self.takes[marks] = -1
        for each in (self.rate, self.bank, self.months):
            each[marks] = 0

    def mapped(self, change: Callable[..., npt.NDArray[Any]]) -> Offers:
        """Each array through ``change(values, empty)``."""
        return Offers(
            change(self.kinds),
            change(self.whole),
            np.stack([change(each) for each in self.limits]),
            change(self.takes, -1),
            change(self.rate),
            change(self.bank),
            change(self.months),
        )


class Menu:
    """A price table with the cap, in whole numbers."""

    def __init__(self, prices: PriceTable, cap: Rate) -> None:
        self.options = prices.options
        self._cap = cap
        self._currency = prices.currency
        self._step, self._step_scale = whole_and_scale(prices.limit_step)
        step = prices.limit_step.scaleb(minor_digits(prices.currency))
        self._scale = max(whole_and_scale(each.fee_change)[1] for each in prices.options)
        # A step that is no whole minor unit is rounded by ``Money.of`` each time: left to it.
        self._step_minor = int(step) if step == step.to_integral_value() else 0

    def none(self, rows: int) -> Offers:
        """No offer to anybody, to be written row by row."""
        zeros = np.zeros(rows, np.int64)
        return Offers(
            zeros,
            zeros.copy(),
            np.zeros((len(self.options), rows), np.int64),
            np.full(rows, -1, np.int8),
            zeros.copy(),
            zeros.copy(),
            zeros.copy(),
        )

    def offers(
        self, tier: npt.NDArray[np.int8], limit: Units, bank: Units, fee: Units, months: Units
    ) -> Offers | None:
        """The offers of each row; None when the figures need more than 62 bits.

        ``limit`` is in major units, ``bank`` and ``fee`` are annual rates, ``months`` those asked.
        """
        made = self.none(len(tier))
        whole = self._stepped(limit, 1, 0)
        if whole is None or not self._step_minor:
            return None
        np.copyto(made.whole, whole)
        best = np.full(len(tier), np.iinfo(np.int64).max)
        for place, option in enumerate(self.options):
            share, scale = whole_and_scale(option.limit_share)
            most = self._stepped(limit, share, scale)
            rate = self._rate(option, bank, fee)
            if most is None or rate is None:
                return None
            price, under, billions = rate
            offered = np.isin(tier, option.tiers) & under & (most > 0)
            made.kinds[offered] |= 1 << place
            np.copyto(made.limits[place], most, where=offered)
            cheaper = offered & (price < best)
            np.copyto(best, price, where=cheaper)
            made.takes[cheaper] = place
            np.copyto(made.rate, billions, where=cheaper)
            np.copyto(made.months, _months(option, months), where=cheaper)
        offered = made.takes >= 0
        np.copyto(made.bank, _to_billionths(bank), where=offered)
        return made

    def write(self, made: Offers, row: int, options: Sequence[PriceOption]) -> None:
        """The offers of one row as the definition gave them."""
        places = {option.code: place for place, option in enumerate(self.options)}
        made.withdraw(np.arange(len(made.takes)) == row)
        best: tuple[Rate, int] | None = None
        for option in options:
            place = places[option.code]
            made.kinds[row] |= 1 << place
            made.limits[place, row] = option.limit.minor
            rate, bank = option.borrower_rate, option.components[0].rate
            if best is None or rate < best[0]:
                best = rate, place
                made.takes[row], made.months[row] = place, option.months
                made.rate[row] = billionths(rate.fraction)
                made.bank[row] = billionths(bank.fraction)

    def _stepped(self, limit: Units, share: int, scale: int) -> Whole | None:
        """``limit`` times a share, cut to whole steps, in minor units."""
        up = max(0, self._step_scale - limit.scale - scale)
        down = max(0, limit.scale + scale - self._step_scale)
        amount = limit.scaled(share * 10**up)
        step = self._step * 10**down
        if amount is None or step >= 2**62:
            return None
        steps = np.maximum(amount, 0) // step
        if int(steps.max(initial=0)) * self._step_minor >= 2**62:
            return None
        found: Whole = steps * self._step_minor
        return found

    def _rate(
        self, option: OptionRule, bank: Units, fee: Units
    ) -> tuple[Whole, Truths, Whole] | None:
        """The borrower's rate in common units, whether it is under the cap, and in billionths."""
        change, scale = whole_and_scale(option.fee_change)
        # One scale for the whole menu: its rates are compared.
        most = max(self._scale, bank.scale, fee.scale)
        left, right = bank.scaled(10 ** (most - bank.scale)), fee.scaled(10 ** (most - fee.scale))
        if left is None or right is None or most > 15:  # noqa: PLR2004 - rates of 62 bits
            return None
        rate = left + right + change * 10 ** (most - scale)
        cap = int(self._cap.fraction.scaleb(most).to_integral_value(ROUND_FLOOR))
        return rate, rate <= cap, _to_billionths(Units(rate, most, bank.missing, bank.wide))


def _months(option: OptionRule, months: Units) -> Whole:
    share, scale = whole_and_scale(option.months_share)
    found: Whole = np.maximum(1, months.values * share // 10 ** (scale + months.scale))
    return found


def _to_billionths(rate: Units) -> Whole:
    """A rate in billionths, half-even where it has more digits than nine."""
    if rate.scale <= _DIGITS:
        return np.asarray(rate.values * 10 ** (_DIGITS - rate.scale))
    unit = 10 ** (rate.scale - _DIGITS)
    quotient, rest = rate.values // unit, rate.values % unit
    up = (2 * rest > unit) | ((2 * rest == unit) & (quotient % 2 == 1))
    found: Whole = quotient + up
    return found
