"""The words of back-tests, by the codes of what is refused or fails, for the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from tael.console.tongue import Tongue
from tael.console.words import N_
from tael.kernel import BadInput

STEPS: Mapping[str, str] = {
    "begun": N_("A worker has taken it up"),
    "read": N_("Reading the history"),
    "decided": N_("Deciding every application again"),
    "written": N_("Writing figures and pages"),
}
# What was wrong, and what to do about it.
REFUSALS: Mapping[str, tuple[str, str]] = {
    "backtest_no_version": (
        N_("No version is chosen."),
        N_("Choose the version that is to be tried."),
    ),
    "backtest_twice": (
        N_("A version cannot be held against itself."),
        N_("Leave it out below, or try another one."),
    ),
    "backtest_many": (
        N_("These are too many versions for one page."),
        N_("Hold at most five others against the one that is tried."),
    ),
    "backtest_no_history": (
        N_("No history is chosen."),
        N_("Choose the past applications on which the version is tried."),
    ),
    "backtest_day": (
        N_("This is no day."),
        N_("Write it like 2026-01-31, or leave it empty."),
    ),
    "backtest_ended": (
        N_("It has ended already."),
        N_("Its result stands below."),
    ),
}
FAILURES: Mapping[str, tuple[str, str]] = {
    "history_columns": (
        N_("The history lacks columns that the policy reads."),
        N_(
            "Write the history again with the inputs of this version "
            "(tael policies history --version …), or choose another one."
        ),
    ),
    "history_types": (
        N_("Columns of the history are of another kind than the policy reads."),
        N_("Write these columns again as the policy's inputs say."),
    ),
}
_FAILED = (
    N_("The back-test could not be made."),
    N_("What is said below was in the way; start it again when it is mended."),
)


def refusal(tongue: Tongue, error: BadInput) -> dict[str, str]:
    """Why it was not begun, what to do, and at which field."""
    what, advice = REFUSALS.get(error.code, (N_("This cannot be done."), ""))
    return {"what": tongue.text(what), "advice": tongue.text(advice), "field": error.field or ""}


def failure(tongue: Tongue, code: str, message: str) -> dict[str, str]:
    """Why it failed, and what to do; ``detail`` is the refusal in its own words."""
    what, advice = FAILURES.get(code, _FAILED)
    return {"what": tongue.text(what), "advice": tongue.text(advice), "detail": message}
