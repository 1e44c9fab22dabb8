"""Calendars: codes that follow from the day in China on which an event happens."""

from __future__ import annotations

from dataclasses import dataclass

from tael.variables.definitions.model import Text

# Lunar New Year's Day as month and day of 1990 to 2039, which is as far as events may reach.
# As the Purple Mountain Observatory publishes it by GB/T 33661-2017.
FIRST_YEAR = 1990
NEW_YEARS = (
    127, 215, 204, 123, 210, 131, 219, 207, 128, 216,
    205, 124, 212, 201, 122, 209, 129, 218, 207, 126,
    214, 203, 123, 210, 131, 219, 208, 128, 216, 205,
    125, 212, 201, 122, 210, 129, 217, 206, 126, 213,
    203, 123, 211, 131, 219, 208, 128, 215, 204, 124,
)  # fmt: skip
BEFORE_DAYS, HOLIDAY_DAYS, AFTER_DAYS = 21, 7, 14
CLOSING_DAYS = 10


@dataclass(frozen=True, slots=True)
class Calendar:
    """The codes of a calendar with their texts, and its rule in short.

    Every day has just one of the codes. ``rule`` enters the meaning of each variable that asks for
    them: it changes when a day would get another code.
    """

    codes: tuple[tuple[str, Text], ...]
    rule: str


CALENDARS = {
    # Traders stock up and pay wages before Lunar New Year's Day, close for a week from it, and
    # come back within the two weeks after. Those who do not are told by this.
    "spring_festival": Calendar(
        (
            ("before", Text("春节前三周", "three weeks before Spring Festival")),
            ("holiday", Text("春节七天", "seven days of Spring Festival")),
            ("after", Text("春节后两周", "two weeks after Spring Festival")),
            ("other", Text("非春节期间", "outside Spring Festival")),
        ),
        f"{BEFORE_DAYS}+{HOLIDAY_DAYS}+{AFTER_DAYS}",
    ),
    # Firms invoice ahead of a quarterly return, and make turnover before it is looked at.
    "quarter_end": Calendar(
        (
            ("closing", Text("季末十天", "last ten days of a quarter")),
            ("rest", Text("非季末", "before a quarter's last ten days")),
        ),
        f"{CLOSING_DAYS}",
    ),
    # Saturday and Sunday; shifted working days count as what the week says.
    "week": Calendar(
        (
            ("weekday", Text("工作日", "working days")),
            ("weekend", Text("周末", "weekends")),
        ),
        "5+2",
    ),
}
