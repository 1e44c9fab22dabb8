"""The page tells what was found, in both languages, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from tael.risk.monitoring import Scored, Settings, monitor, page

SETTINGS = Settings(date(2020, 6, 30), period_months=3, draws=20, threads=1)


def test_the_page_of_a_quiet_book_says_so_in_both_languages(
    reference: Scored, quiet: Scored
) -> None:
    made = page(monitor(reference, quiet, SETTINGS), source="a book")
    assert "No alarm." in made.html("en")
    assert "没有警报" in made.html("zh")
    assert "Firm: bank transactions" in made.html("en")
    assert "2018Q4" in made.html("zh")


def test_the_page_joins_alarms_of_one_thing_and_gives_advice(
    reference: Scored, quiet: Scored
) -> None:
    values, reasons = quiet.sample.values.copy(), quiet.sample.reasons.copy()
    values[0], reasons[0] = np.nan, 1
    silent = replace(quiet, sample=replace(quiet.sample, values=values, reasons=reasons))
    html = page(monitor(reference, silent, SETTINGS)).html("en")
    assert "2018Q1 – 2018Q4 (4)" in html
    assert "Ask the source about its feed" in html
    assert "2 groups, the first 2 are shown" in html


def test_a_page_without_outcomes_tells_what_is_not_known(reference: Scored, quiet: Scored) -> None:
    unknown = replace(
        quiet,
        sample=replace(quiet.sample, bad=np.full(quiet.sample.rows, np.nan)),
        early={}, bad_month=None, seen_months=None,
    )  # fmt: skip
    html = page(monitor(reference, unknown, SETTINGS)).html("en")
    assert "no outcome is known yet" in html
    assert "Vintage curves" not in html
