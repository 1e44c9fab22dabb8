"""Commands that may come twice: one ``Idempotency-Key``, one effect, one answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from tael.console.api.keys import Caller, Calling
from tael.console.errors import Refused
from tael.console.store import Replies
from tael.kernel import BadInput, Conflict, Refusal
from tael.platform import Work

_FINGERPRINT = "console.reply"
_REPLAYED = {"Idempotency-Replayed": "true"}


@dataclass(frozen=True)
class Command:
    """A changing request: who sends it, under which key."""

    caller: Caller
    path: str
    key: str

    @property
    def name(self) -> str:
        """What the rooms call the command: a caller's key is its own."""
        digest = hashlib.sha256(f"{self.caller.actor.id}\x1f{self.key}".encode()).hexdigest()
        return f"api:{digest[:32]}"

    def run(
        self, body: BaseModel, act: Callable[[Work], BaseModel], *, status: int = 200
    ) -> Response:
        """Do ``act`` in the request's unit of work, or give the answer it got the first time.

        An error is not kept: nothing was written, and the key is free to be used again.

        Raises:
            Conflict: the key came before with other content (``key_reused``).
        """
        fingerprint, owner = self._fingerprint(body), self.caller.actor.id
        with self.caller.begin() as work:
            replies = Replies(work)
            known = replies.claim(owner, self.key, fingerprint)
            if known is None:
                text = act(work).model_dump_json(exclude_unset=True)
                replies.keep(owner, self.key, status=status, body=text)
                return _answer(text, status)
            if known.fingerprint != fingerprint:
                raise _reused()
            return _answer(known.body, known.status, _REPLAYED)

    def is_new(self, body: BaseModel) -> bool:
        """Whether it was not answered before: what cannot be done in one unit of work asks first.

        Raises:
            Conflict: the key came before with other content (``key_reused``).
        """
        with self.caller.begin() as work:
            known = Replies(work).kept(self.caller.actor.id, self.key)
        if known is not None and known.fingerprint != self._fingerprint(body):
            raise _reused()
        return known is None

    def _fingerprint(self, body: BaseModel) -> str:
        content = [self.path, body.model_dump(mode="json")]
        try:
            text = json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False)
            encoded = text.encode()
        except ValueError:
            raise _unstorable() from None
        if "\\u0000" in text:
            raise _unstorable()
        # Hashed first, for an index passes over case and blanks; keyed, for a plain hash of an
        # identity number is found by trying them all.
        digest = hashlib.sha256(encoded).hexdigest()
        return self.caller.house.vault.blind_index(digest, field=_FINGERPRINT).hex()


def _command(
    request: Request,
    caller: Calling,
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            pattern=r"^[!-~]{1,200}$",
            description="Yours, new for each command; the same again gives the same answer.",
        ),
    ],
) -> Command:
    return Command(caller, request.url.path, key)


Commanding = Annotated[Command, Depends(_command)]


def granted(result: object) -> None:
    """Stop at a refusal of a room.

    Raises:
        Refused: ``result`` is one; the unit of work rolls back.
    """
    if isinstance(result, Refusal):
        raise Refused(result)


def _answer(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, headers=headers, media_type="application/json")


def _reused() -> Conflict:
    return Conflict(
        "this Idempotency-Key was used with another request",
        code="key_reused",
        field="Idempotency-Key",
        rule="one key, one request",
    )


def _unstorable() -> BadInput:
    return BadInput(
        "the body holds a NUL, half a character or a number that is none",
        field="body",
        rule="text and finite numbers",
    )
