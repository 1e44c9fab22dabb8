"""Three kinds of no: a refusal is a value, a failure an exception, a broken invariant stops us."""
# ruff: noqa: N818 - the names say what happened; that they are errors says their place

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Refusal:
    """An expected no, returned and never raised.

    ``code`` comes from a closed list of the room that refuses; ``detail`` holds the values that the
    text of the code needs (no personal data).
    """

    code: str
    detail: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        values = ", ".join(f"{name}={value}" for name, value in sorted(self.detail.items()))
        return f"{self.code} ({values})" if values else self.code


class TaelError(Exception):
    """A failure somebody can act on. ``console`` maps it to HTTP, ``cli`` to an exit code.

    Attributes:
        code: stable snake_case word, one per kind of failure.
        message: one English sentence that names what is wrong and, where known, the remedy.
        retryable: whether the same call may succeed later.
        field: the input field at fault, if one is.
        row: the 1-based row of a file at fault, if one is.
        rule: the rule that was broken, in words.
        told: the same as a code of the raising room's closed list with the values its text needs,
            for readers of another language; None where nobody but programs meets it.
    """

    code = "failure"
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        row: int | None = None,
        rule: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.field = field
        self.row = row
        self.rule = rule
        self.told: Refusal | None = None

    def telling(self, told: str, **values: object) -> Self:
        """This failure, with the code ``told`` and the values of its text in any language."""
        self.told = Refusal(told, {name: str(value) for name, value in values.items()})
        return self

    def __str__(self) -> str:
        place = [f"row {self.row}" if self.row is not None else "", self.field or ""]
        where = ", ".join(part for part in place if part)
        return f"{where}: {self.message}" if where else self.message


class BadInput(TaelError):
    """What came from outside breaks a rule; names field, row and rule."""

    code = "bad_input"


class NotFound(TaelError):
    """No such thing, or none that the caller may see: the two are not told apart."""

    code = "not_found"


class Conflict(TaelError):
    """The state does not allow it: a stale version, or a key reused with other inputs."""

    code = "conflict"


class Forbidden(TaelError):
    """The caller is known and may not."""

    code = "forbidden"


class Unauthenticated(TaelError):
    """The caller is not known."""

    code = "unauthenticated"


class OutsideFailure(TaelError):
    """The outside world broke: a bank, a bureau, a disk. The same call may succeed later."""

    code = "outside_failure"
    retryable = True


class InvariantBroken(Exception):
    """Something that can never be is: nobody catches it, the transaction rolls back."""


def check(condition: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence at the call
    """Stop the work when an invariant does not hold.

    A bare ``assert`` disappears under ``python -O``; this does not.

    Raises:
        InvariantBroken: when ``condition`` is false, with ``what`` as its text.
    """
    if not condition:
        raise InvariantBroken(what)
