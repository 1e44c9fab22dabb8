"""The edge of the process: every failure becomes one line, one exit code, and no traceback."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from copy import copy
from inspect import cleandoc
from types import FrameType
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from tael.cli.exits import ExitCode, as_json, exit_code, line, understood
from tael.cli.output import put, say

# What the framework raises for a group alone; its message is the help. It has no public name.
_NO_WORDS = "NoArgsIsHelpError"


class Taught(TyperCommand):
    """A command whose help keeps the lines of its examples."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        shown = copy(self)
        shown.help = _verbatim(self.help)
        super(Taught, shown).format_help_text(ctx, formatter)


class Edge(TyperGroup):
    """The root command. Errors end here; ``--debug`` lets an unexpected one through."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        shown = copy(self)
        shown.help = _verbatim(self.help)
        super(Edge, shown).format_help_text(ctx, formatter)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001 - the framework's own signature
        windows_expand_args: bool = True,  # noqa: FBT001 - the same
        **extra: Any,
    ) -> Any:
        """Run the command line ``args`` and leave with its exit code."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(words, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.exceptions.TyperException as misused:
            if type(misused).__name__ == _NO_WORDS:
                say(misused.format_message())
                sys.exit(int(ExitCode.USAGE))
            _fail(_usage(misused), words, ExitCode.USAGE, "usage")
        except typer.Abort:
            _fail("stopped", words, ExitCode.INTERRUPTED, "interrupted")
        except Exception as failure:  # the edge of the process: whatever it is, one line and a code
            if "--debug" in words:
                raise
            ending = ended_by(failure)
            if ending is not None:
                _fail("stopped", words, ending, "interrupted")
            error = understood(failure)
            if "--json" in words:
                put(json.dumps(as_json(error), ensure_ascii=False))
            say(f"tael: {line(error)}")
            code = exit_code(error)
        if not standalone_mode:
            return code
        sys.exit(int(code or 0))


def end_on_termination() -> None:
    """Make SIGTERM unwind like an interrupt, so that what we started is stopped."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def ended_by(failure: BaseException) -> ExitCode | None:
    """What the process was told to end by, where that is why ``failure`` happened.

    A signal unwinds open units of work; one that fails on the way, its connection being in the
    middle of something, raises its own failure over the signal's.
    """
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            return ExitCode.INTERRUPTED
        if isinstance(cause, SystemExit) and cause.code == ExitCode.TERMINATED:
            return ExitCode.TERMINATED
        cause = cause.__context__
    return None


def _verbatim(help_text: str | None) -> str | None:
    """Mark indented paragraphs as the framework wants it: not to be filled into lines."""
    if help_text is None:
        return None
    paragraphs = cleandoc(help_text).split("\n\n")
    return "\n\n".join(f"\b\n{one}" if one.startswith("    ") else one for one in paragraphs)


def _usage(error: typer.exceptions.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "tael"
    message = " ".join(error.format_message().split())
    see = f"see {path} --help"
    return f"{message} S{see[1:]}" if message.endswith("?") else f"{message.rstrip('.')}; {see}"


def _fail(message: str, words: Sequence[str], code: ExitCode, kind: str) -> NoReturn:
    if "--json" in words:
        put(json.dumps({"error": {"code": kind, "message": message, "retryable": False}}))
    say(f"tael: {message}")
    sys.exit(int(code))
