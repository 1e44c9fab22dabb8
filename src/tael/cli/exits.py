"""Exit codes, and what each kind of failure says on its one line."""

from __future__ import annotations

from enum import IntEnum

from tael.kernel import (
    BadInput,
    Conflict,
    Forbidden,
    InvariantBroken,
    NotFound,
    OutsideFailure,
    TaelError,
    Unauthenticated,
)


class ExitCode(IntEnum):
    """How a command ended (docs/reference/commands.md)."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    BAD_INPUT = 3
    REFUSED = 4
    OUTSIDE = 5
    ALARM = 6
    BROKEN = 70
    INTERRUPTED = 130
    TERMINATED = 143


# Looked through in this order: the first kind that fits.
_OF_KIND: tuple[tuple[type[Exception], ExitCode], ...] = (
    (BadInput, ExitCode.BAD_INPUT),
    (NotFound, ExitCode.BAD_INPUT),
    (Conflict, ExitCode.REFUSED),
    (Forbidden, ExitCode.REFUSED),
    (Unauthenticated, ExitCode.REFUSED),
    (OutsideFailure, ExitCode.OUTSIDE),
    (InvariantBroken, ExitCode.BROKEN),
)

# The driver's words for a table, a column or a function that the code expects and nobody made.
_NOT_THERE = frozenset({"UndefinedTable", "UndefinedColumn", "UndefinedFunction"})


def exit_code(error: Exception) -> ExitCode:
    """The code of ``error``; one that may be tried again is an outside failure."""
    for kind, code in _OF_KIND:
        if isinstance(error, kind):
            return code
    retryable = isinstance(error, TaelError) and error.retryable
    return ExitCode.OUTSIDE if retryable else ExitCode.FAILURE


def understood(error: Exception) -> Exception:
    """``error`` of the system, the driver or the schema tool as a failure somebody can act on.

    The drivers' classes are told by their names: to import them here would slow every ``--help``.
    """
    kind = f"{type(error).__module__.partition('.')[0]}.{type(error).__name__}"
    if isinstance(error, OSError) and error.filename is not None:
        return TaelError(
            f"{error.strerror} at {error.filename}; name another place (--home or TAEL_HOME is the "
            "installation's), or have this one made yours",
            code="files",
            rule="files that this user may read and write",
        )
    if kind == "sqlalchemy.OperationalError":
        return OutsideFailure(
            f"the database cannot be reached: {str(error.__cause__ or error).strip()}; check that "
            "it runs, and its address in TAEL_DATABASE_URL",
            code="database_away",
        )
    if type(error.__cause__).__name__ in _NOT_THERE:
        return Conflict(
            f"the database is not what this code describes ({error.__cause__}); `tael db check` "
            "names the differences; a demo starts over with --fresh",
            code="database_drift",
            rule="the schema of this code",
        )
    if kind == "alembic.CommandError" and "locate revision" in str(error):
        return Conflict(
            f"the database was made by a newer release ({error}); use that release, or restore a "
            "backup of this one into a new folder",
            code="newer_database",
            rule="the schema of this release, or an older one",
        )
    return error


def line(error: Exception) -> str:
    """``error`` on one line: where, what, and the rule or the remedy."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, InvariantBroken):
        return f"broken invariant, nothing was written: {text} (please report it)"
    if not isinstance(error, TaelError):
        return f"{type(error).__name__}: {text} (tael --debug shows where)"
    if error.rule and error.rule not in text:
        text = f"{text} (rule: {error.rule})"
    return f"{text}; the same command may succeed later" if error.retryable else text


def as_json(error: Exception) -> dict[str, object]:
    """``error`` as the one object that ``--json`` prints for it."""
    if not isinstance(error, TaelError):
        code = "broken_invariant" if isinstance(error, InvariantBroken) else "failure"
        return {"error": {"code": code, "message": line(error), "retryable": False}}
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "field": error.field,
            "row": error.row,
            "rule": error.rule,
            "retryable": error.retryable,
        }
    }
