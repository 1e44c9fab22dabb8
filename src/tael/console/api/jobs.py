"""Work that outlives its request: asked for with 202, looked up by its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, JsonValue

from tael.console.api import records
from tael.console.api.applications import found
from tael.console.api.keys import Caller, Calling
from tael.console.api.loans import found_loan
from tael.console.api.schemas import json_of
from tael.kernel import NotFound
from tael.platform import Work, job_status, request_job, retry_job

router = APIRouter(prefix="/jobs", tags=["jobs"])


class JobOut(BaseModel):
    """Where a job stands: `result` when it is done, `error` of its last failure.

    A job that waits for the outside world runs again by itself at `retry_at`; one that failed, when
    it is asked for again, under a new `Idempotency-Key`.
    """

    key: str
    job: str
    state: Literal["requested", "running", "done", "failed"]
    attempt: int
    result: JsonValue
    error: str
    retry_at: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """A job to ask for: its kind, its key, what it is given."""

    job: str
    key: str
    arguments: Mapping[str, str]

    def place(self, work: Work) -> JobOut:
        """Ask for it, when this unit of work commits; one that is under way is the answer.

        Whoever asks has seen that there is something left to do: after a job that failed it is run
        again, one that waits goes on at once, and after one that ended without the effect (a limit
        that refused) another follows under a numbered key.
        """
        number, key = 1, self.key
        while True:
            known = _known(work, key)
            if known is None:
                request_job(work, self.job, key=key, arguments=dict(self.arguments))
                return status(work, key)
            if known.state != "done":
                if known.state == "failed" or known.retry_at is not None:
                    retry_job(work, key)
                return status(work, key)
            number += 1
            key = f"{self.key}:{number}"


@router.get("/{key}")
def get(
    caller: Calling,
    key: Annotated[str, Path(max_length=200, examples=["disburse:app_01jd..."])],
) -> JobOut:
    """Where a job stands, for whoever may ask for it."""
    kind, _, rest = key.partition(":")
    guard = _GUARDS.get(kind)
    with caller.begin() as work:
        if guard is None:
            caller.require("reconcile", "partner")
        else:
            guard(caller, work, rest.partition(":")[0])
        if not key.isprintable():
            raise NotFound("there is no such job", field="key")
        return status(work, key)


def status(work: Work, key: str) -> JobOut:
    """The job with this key.

    Raises:
        NotFound: nobody asked for it.
    """
    one = job_status(work, key)
    return JobOut(
        key=one.key,
        job=one.job,
        state=one.state.value,
        attempt=one.attempt,
        result=json_of(one.result),
        error=one.error,
        retry_at=one.retry_at.isoformat() if one.retry_at else None,
    )


def _known(work: Work, key: str) -> JobOut | None:
    try:
        return status(work, key)
    except NotFound:
        return None


def _of_application(action: str, resource: str) -> Callable[[Caller, Work, str], None]:
    def guard(caller: Caller, work: Work, application_id: str) -> None:
        row = records.row_of(found(caller, work, application_id))
        caller.require(action, resource, row)

    return guard


def _of_loan(caller: Caller, work: Work, loan_id: str) -> None:
    _, _, row = found_loan(caller, work, loan_id)
    caller.require("claim", "loan", row)


_GUARDS: Mapping[str, Callable[[Caller, Work, str], None]] = {
    "ask-bank": _of_application("ask", "application"),
    "disburse": _of_application("disburse", "loan"),
    "compensate": _of_loan,
}
