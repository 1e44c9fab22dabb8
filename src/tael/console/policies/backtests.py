"""Back-tests: those there are, one to begin, one at work, and what one came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from tael.console.policies import backtest_words
from tael.console.policies.backtest_ports import RunOf
from tael.console.visit import Visit, Visiting
from tael.kernel import BadInput, Conflict, Day, VersionId
from tael.policies.model import PolicyVersion

router = APIRouter(include_in_schema=False)
_HOME = "/policies/backtests"
_MOST_OFFERED = 12
_KINDS = {
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
}
_KEEPS = ("checked", "backtested")


@dataclass(frozen=True)
class Typed:
    """The form as it was filled in."""

    version: str = ""
    against: tuple[str, ...] = ()
    history: str = ""
    sensitivity: bool = False
    as_of: str = ""
    csrf: str = ""


async def typed(request: Request) -> Typed:
    """The form of a request."""
    form = await request.form(max_files=0, max_fields=100)
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    against = [value for value in form.getlist("against") if isinstance(value, str)]
    return Typed(
        texts.get("version", ""),
        tuple(against),
        texts.get("history", ""),
        "sensitivity" in texts,
        texts.get("as_of", "").strip(),
        texts.get("csrf", ""),
    )


Filled = Annotated[Typed, Depends(typed)]


@router.get(_HOME)
def backtests(visit: Visiting, version: Annotated[str, Query()] = "") -> Response:
    """Every back-test, and the form that begins one; ``version`` is chosen in it."""
    visit.require("read", "policy")
    return _list(visit, Typed(version=version))


@router.post(_HOME)
def begin(visit: Visiting, form: Filled) -> Response:
    """Ask for a back-test and go to its page."""
    visit.session.check_csrf(form.csrf)
    visit.require("backtest", "policy")
    try:
        wanted = _versions(form)
        with visit.begin() as work:
            run = visit.house.backtests.ask(
                work,
                wanted,
                form.history,
                sensitivity=form.sensitivity,
                as_of=_day(form.as_of),
            )
    except BadInput as error:
        return _list(visit, form, error)
    return RedirectResponse(f"{_HOME}/{run.id}", status_code=303)


def _versions(form: Typed) -> list[VersionId]:
    if not form.version:
        raise BadInput("no version", code="backtest_no_version", field="version", rule="one")
    return [VersionId.parse(each, field="version") for each in (form.version, *form.against)]


def _day(text: str) -> str:
    if not text:
        return ""
    try:
        return Day.parse(text).isoformat()
    except BadInput as error:
        raise BadInput(
            error.message, code="backtest_day", field="as_of", rule="like 2026-01-31"
        ) from None


def _list(visit: Visit, form: Typed, error: BadInput | None = None) -> Response:
    with visit.begin() as work:
        versions = visit.house.policies.versions(work)
        names = visit.names(work)
    may = visit.may("backtest", "policy")
    histories = visit.house.backtests.histories() if may else []
    return visit.page(
        "policy_backtests.html",
        status=200 if error is None else 422,
        rows=[_row(run) for run in visit.house.backtests.runs()],
        names=names,
        versions=versions,
        others=_offered(versions, form),
        histories=histories,
        place=visit.house.backtests.place,
        form=form,
        may_begin=may,
        problem=backtest_words.refusal(visit.tongue, error) if error else None,
        csrf=visit.session.csrf_token,
    )


def _offered(versions: Sequence[PolicyVersion], form: Typed) -> list[PolicyVersion]:
    """What a version may be held against: those that decide now, and the newest."""
    deciding = [one for one in versions if one.state.value == "deployed" or one.id in form.against]
    rest = [one for one in versions if one not in deciding]
    return [*deciding, *rest][: max(_MOST_OFFERED, len(deciding))]


def _row(run: RunOf) -> dict[str, Any]:
    """A back-test in short: the figures of the version that was tried."""
    first = run.found["versions"][0] if run.found else {}
    return {
        "run": run,
        "approval": _share(first.get("approval")),
        "bad": _share(first.get("bad_rate")),
        "interval": [_share(each) for each in first.get("interval") or []],
        "hash": run.found["result_hash"] if run.found else "",
    }


def _share(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@router.get(_HOME + "/{run_id}")
def backtest(visit: Visiting, run_id: str) -> Response:
    """One back-test: how far it is, why it failed, or all it found."""
    visit.require("read", "policy")
    return _one(visit, visit.house.backtests.run(run_id))


@router.get(_HOME + "/{run_id}/progress")
def progress(visit: Visiting, run_id: str) -> Response:
    """How far it is, for the page that is open; one that has ended is shown whole."""
    visit.require("read", "policy")
    run = visit.house.backtests.run(run_id)
    response = visit.page("policy_backtest_progress.html", **_standing(visit, run))
    if run.ended:
        response.headers["HX-Refresh"] = "true"
    return response


@router.post(_HOME + "/{run_id}/cancel")
def cancel(visit: Visiting, run_id: str, csrf: Annotated[str, Form()] = "") -> Response:
    """Stop it; of one that has ended meanwhile, show how."""
    visit.session.check_csrf(csrf)
    visit.require("backtest", "policy")
    try:
        with visit.begin() as work:
            visit.house.backtests.cancel(work, run_id)
    except Conflict:
        return RedirectResponse(f"{_HOME}/{quote(run_id)}", status_code=303)
    return RedirectResponse(f"{_HOME}/{quote(run_id)}", status_code=303)


@router.get(_HOME + "/{run_id}/files/{name}")
def file(visit: Visiting, run_id: str, name: str) -> Response:
    """One of its files, to keep."""
    visit.require("read", "policy")
    path = visit.house.backtests.file(run_id, name)
    kind = _KINDS.get(path.suffix.removeprefix("."), "application/octet-stream")
    return FileResponse(path, media_type=kind, filename=f"{run_id}-{path.name}")


def _one(visit: Visit, run: RunOf) -> Response:
    done = run.found is not None
    house = visit.house
    with visit.begin() as work:
        names = visit.names(work)
        tried = house.policies.version(work, VersionId(run.asked.versions[0].version))
    return visit.page(
        "policy_backtest.html",
        names=names,
        tried=tried,
        keeps=tried.state.value in _KEEPS,
        short=_row(run),
        parts=house.backtests.parts(run.id, visit.tongue.short) if done else [],
        files=house.backtests.files(run) if done else {},
        failed=_failed(visit, run),
        **_standing(visit, run),
    )


def _standing(visit: Visit, run: RunOf) -> dict[str, Any]:
    what, done, of = run.progress or ("", 0, 0)
    return {
        "run": run,
        "step": visit.tongue.text(backtest_words.STEPS.get(what, "")),
        "done": done,
        "of": of,
        "part": Decimal(done) / of if of else Decimal(0),
        "may_cancel": visit.may("backtest", "policy"),
        "csrf": visit.session.csrf_token,
    }


def _failed(visit: Visit, run: RunOf) -> dict[str, str] | None:
    if run.failure is None:
        return None
    return backtest_words.failure(visit.tongue, run.failure.code, run.failure.message)
