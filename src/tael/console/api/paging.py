"""Lists in pages: ``limit`` rows after the last one seen, and what to ask for next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

from tael.kernel import BadInput

T = TypeVar("T")
_USUAL, _MOST = 50, 200


class Page(BaseModel, Generic[T]):
    """A page of a list; ``next`` is the ``after`` of the following one, null on the last."""

    items: list[T]
    next: str | None


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is asked for."""

    limit: int
    after: str

    def position(self) -> int:
        """``after`` of a list whose rows are numbered from 1.

        Raises:
            BadInput: no number.
        """
        if not self.after:
            return 0
        if self.after.isascii() and self.after.isdigit() and len(self.after) <= len("999999999"):
            return int(self.after)
        raise BadInput(
            f"{self.after!r} is not the `next` of a page", field="after", rule="`next` of a page"
        )

    def numbered(self, rows: Sequence[T]) -> tuple[Sequence[T], str | None]:
        """The page of ``rows`` whose positions count from 1, and its ``next``."""
        start = self.position()
        end = start + self.limit
        return rows[start:end], str(end) if end < len(rows) else None


def _paging(
    limit: Annotated[int, Query(ge=1, le=_MOST, description="Rows in a page.")] = _USUAL,
    after: Annotated[str, Query(max_length=80, description="`next` of the page before.")] = "",
) -> Paging:
    return Paging(limit, after)


Paged = Annotated[Paging, Depends(_paging)]
