"""What an ``@"..."`` literal means: a date, a time, a date and time or a duration, by its text."""

from __future__ import annotations

from tael.dmn.feel.durations import duration_from
from tael.dmn.feel.temporal import date_from, date_time_from, time_from
from tael.dmn.feel.values import Value


def moment_from(text: str) -> Value:
    """The value that ``text`` writes. Raises Nothing when it writes none."""
    if text.lstrip("-").startswith("P"):
        return duration_from(text)
    if "T" in text.partition("@")[0]:
        return date_time_from(text)
    return time_from(text) if ":" in text else date_from(text)
