"""How a process ends that was told to: by its signal's code, whatever fails on the way."""

from __future__ import annotations

import pytest

from tael.cli.edge import ended_by
from tael.cli.exits import ExitCode


def unwound(first: BaseException) -> BaseException:
    """What is left when a unit of work fails while ``first`` unwinds it."""
    try:
        try:
            try:
                raise first
            finally:
                raise ConnectionError("another command is in progress")
        finally:
            raise RuntimeError("the transaction is closed")
    except RuntimeError as last:
        return last


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (SystemExit(143), ExitCode.TERMINATED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (SystemExit(3), None),
        (ValueError("a failure of its own"), None),
    ],
)
def test_what_fails_while_a_signal_unwinds_ends_as_the_signal_does(
    first: BaseException, code: ExitCode | None
) -> None:
    assert ended_by(unwound(first)) is code
