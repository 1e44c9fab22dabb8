"""Sources at one address over HTTP: a question under a key, an answer now or later."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache
from types import TracebackType
from typing import Self

import httpx

from tael.kernel import OutsideFailure
from tael.origination.sources.authorisations import instant_text, to_json
from tael.origination.sources.columns import InvalidAnswer
from tael.origination.sources.model import Request, SignedAuthorisation, Subject
from tael.origination.sources.reading import MOST_BYTES

_OK, _ACCEPTED, _FORBIDDEN, _NOT_FOUND = 200, 202, 403, 404
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_LONGEST_POLL_S, _SHORTEST_POLL_S = 1.0, 0.005

Answer = tuple[bytes, Mapping[str, str]]


class Silent(OutsideFailure):
    """The source gave no answer: it may be asked again under the same key."""

    code = "source_down"


class SourceRefused(Exception):  # noqa: N818 - the name says what happened
    """The source will not answer this question, with its own code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@cache
def _authorities() -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes longer than most calls, so once."""
    return httpx.create_ssl_context(trust_env=False)


class SourceWire:
    """Speaks the protocol of the sources at one address; threads may call it.

    Args:
        url: where they listen.
        attempt_s: the longest wait for a connection, and for the next bytes of an answer.
        sleep: how to wait.
    """

    def __init__(
        self, url: str, *, attempt_s: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._http = httpx.Client(
            base_url=url, timeout=attempt_s, trust_env=False, verify=_authorities()
        )
        self._sleep = sleep

    def ask(
        self,
        request: Request,
        subject: Subject,
        authorisation: SignedAuthorisation | None,
        left_s: Callable[[], float],
    ) -> Answer:
        """Body and headers (names in lower case) of the answer.

        ``left_s`` tells how many seconds are left; an answer that takes longer is not waited for.

        Raises:
            Silent: no answer; the same question may be asked again.
            SourceRefused: it will not answer.
            InvalidAnswer: it does not understand the question, or sends no end of bytes.
        """
        path = f"/v1/{request.source}/reports"
        question = {
            "subject": subject.name,
            "subject_kind": subject.kind,
            "entity": request.entity,
            "route": request.route,
            "mode": request.mode.value,
            "as_of": instant_text(request.as_of),
            "authorisation": to_json(authorisation) if authorisation else None,
        }
        response = self._send("POST", path, left_s, key=request.id, body=question)
        while response.status_code == _ACCEPTED:
            self._sleep(_pause(response, left_s()))
            response = self._send("GET", f"{path}/{request.id}", left_s)
        return _told(response)

    def collect(self, request: Request, left_s: Callable[[], float]) -> Answer | None:
        """The answer to a question that was put before; None where the source never got it.

        Nothing is asked and nothing charged.

        Raises:
            Silent, SourceRefused, InvalidAnswer: as ``ask``.
        """
        response = self._send("GET", f"/v1/{request.source}/reports/{request.id}", left_s)
        return None if response.status_code == _NOT_FOUND else _told(response)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(
        self,
        method: str,
        path: str,
        left_s: Callable[[], float],
        *,
        key: str = "",
        body: Mapping[str, object] | None = None,
    ) -> httpx.Response:
        """The response, read to its end; no longer than what is left, however slowly it drips."""
        if left_s() <= 0:
            raise Silent("no time was left")
        headers = {"Idempotency-Key": key} if key else {}
        request = self._http.build_request(method, path, json=body, headers=headers)
        try:
            response = self._http.send(request, stream=True)
            try:
                return _whole(response, left_s)
            finally:
                response.close()
        except httpx.TransportError as silence:
            raise Silent(f"the source is silent ({type(silence).__name__})") from None
        except httpx.HTTPError as odd:
            raise InvalidAnswer(
                f"the source speaks no HTTP ({type(odd).__name__})", field="body", rule="HTTP"
            ) from None


def _told(response: httpx.Response) -> Answer:
    """Body and headers of an answer.

    Raises:
        Silent: there is none yet, or not now.
        SourceRefused: it will not answer.
        InvalidAnswer: it does not take the question.
    """
    if response.status_code == _OK:
        return response.content, {k.lower(): v for k, v in response.headers.items()}
    if response.status_code == _FORBIDDEN:
        raise SourceRefused(_code(response))
    if response.status_code in _TRY_AGAIN | {_NOT_FOUND, _ACCEPTED}:
        raise Silent(f"the source answered HTTP {response.status_code}")
    raise InvalidAnswer(
        f"the source does not take the question (HTTP {response.status_code}, {_code(response)})",
        field="status",
        rule="200, 202 or 403",
    )


def _whole(response: httpx.Response, left_s: Callable[[], float]) -> httpx.Response:
    parts, size = [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            raise InvalidAnswer("it does not end", field="body", rule=f"at most {MOST_BYTES} bytes")
        if left_s() <= 0:
            raise Silent("the answer took too long")
    headers = [(k, v) for k, v in response.headers.items() if k.lower() not in _OF_TRANSPORT]
    return httpx.Response(response.status_code, headers=headers, content=b"".join(parts))


# What was undone in reading: it says nothing of the body as it now is.
_OF_TRANSPORT = frozenset({"content-encoding", "transfer-encoding", "content-length"})


def _pause(response: httpx.Response, left_s: float) -> float:
    """Seconds until the answer is asked for; the source says when, within reason."""
    try:
        told = response.json()["ready_in_ms"]
    except (ValueError, KeyError, TypeError):
        told = None
    wanted = told / 1000 if type(told) is int and told >= 0 else _LONGEST_POLL_S
    return max(min(wanted, _LONGEST_POLL_S, left_s), _SHORTEST_POLL_S)


def _code(response: httpx.Response) -> str:
    try:
        code = response.json()["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return ""
    return code if isinstance(code, str) else ""
