"""One decision table of a version as a grid: read, edited with every cell judged, saved anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.datastructures import UploadFile

from tael.console.policies import table_desk, table_edits
from tael.console.policies.refusal_words import told
from tael.console.visit import Visit, Visiting
from tael.console.words import N_
from tael.kernel import BadInput, TaelError
from tael.policies.model import PolicyState

router = APIRouter(include_in_schema=False)
_TABLE = "/policies/versions/{version_id}/tables/{name:path}"
_FILES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}

_PROBLEMS: Mapping[str, str] = {
    "table_unchanged": N_("Nothing was changed."),
    "table_no_reason": N_("Say why the rules change."),
    "table_no_file": N_("No file was chosen."),
    "field name": N_("Give the new draft a name."),
    "field why": N_("Say why in at least three words, or six Chinese characters."),
}


async def posted(request: Request) -> Mapping[str, Any]:
    """The JSON object in the body; read when somebody is signed in, not before."""
    try:
        found = await request.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput("no JSON object", field="body", rule="a JSON object")
    return found


Posted = Annotated[Mapping[str, Any], Depends(posted)]


@router.post(_TABLE + "/cells")
def cells(visit: Visiting, version_id: str, name: str, body: Posted) -> Response:
    """What is wrong with each of some cells: '' where nothing is."""
    visit.session.check_csrf(str(body.get("csrf", "")))
    visit.require("propose", "policy")
    shown = table_desk.open_table(visit, version_id, name)
    return JSONResponse({"wrong": table_desk.judged(shown, visit.tongue, body.get("cells"))})


@router.post(_TABLE + "/findings")
def findings(visit: Visiting, version_id: str, name: str, body: Posted) -> Response:
    """Gaps, overlaps and the like of the table as it stands in the browser."""
    visit.session.check_csrf(str(body.get("csrf", "")))
    visit.require("read", "policy")
    shown = table_desk.open_table(visit, version_id, name)
    try:
        table = table_edits.edited(shown.table, body.get("rows"))
        wrong = table_desk.wrong_cells(shown, visit.tongue, table)
        if wrong:
            return JSONResponse({"wrong": wrong}, 422)
        return JSONResponse(table_desk.findings(shown, visit.tongue, table))
    except BadInput as error:
        return JSONResponse({"problem": _told(visit, error)}, 422)


@router.get(_TABLE + "/export")
def export(
    visit: Visiting,
    version_id: str,
    name: str,
    form: Annotated[str, Query(alias="format")] = "xlsx",
) -> Response:
    """The table as a file for a spreadsheet, the same that ``tael tables`` reads."""
    visit.require("read", "policy")
    shown = table_desk.open_table(visit, version_id, name)
    kind = form if form in _FILES else "xlsx"
    called = quote(f"{name}-{shown.version.id[-6:]}.{kind}", safe="")
    return Response(
        table_desk.exported(shown, kind),
        media_type=_FILES[kind],
        headers={
            "Content-Disposition": f"attachment; filename=table.{kind}; filename*=UTF-8''{called}"
        },
    )


@router.post(_TABLE + "/import")
async def from_file(visit: Visiting, version_id: str, name: str) -> Response:
    """Save the table of an uploaded file as a new draft; works without a script."""
    visit.require("propose", "policy")
    async with visit.request.form(max_files=1, max_fields=4) as form:
        visit.session.check_csrf(str(form.get("csrf", "")))
        file = form.get("file")
        given = {field: str(form.get(field, "")) for field in ("name", "why")}
        data = await file.read() if isinstance(file, UploadFile) else b""
        called = (file.filename or "") if isinstance(file, UploadFile) else ""
    return await run_in_threadpool(
        _import, visit, table_desk.open_table(visit, version_id, name), (called, data), given
    )


def _import(
    visit: Visit, shown: table_desk.Open, file: tuple[str, bytes], given: Mapping[str, str]
) -> Response:
    try:
        table = table_desk.imported(shown, *file)
        made = table_desk.saved(visit, shown, table, given["name"], given["why"])
    except BadInput as error:
        return _page(visit, shown, editing=True, error=error, given=given)
    return RedirectResponse(f"/policies/versions/{made.id}", status_code=303)


@router.get(_TABLE)
def table(
    visit: Visiting, version_id: str, name: str, edit: Annotated[str, Query()] = ""
) -> Response:
    """The table as a grid; of a version that is no draft it is changed only when asked for."""
    visit.require("read", "policy")
    return _page(visit, table_desk.open_table(visit, version_id, name), editing=edit == "1")


@router.post(_TABLE)
def save(visit: Visiting, version_id: str, name: str, body: Posted) -> Response:
    """Save the table as a new draft version and say where it is."""
    visit.session.check_csrf(str(body.get("csrf", "")))
    visit.require("propose", "policy")
    shown = table_desk.open_table(visit, version_id, name)
    try:
        changed = table_edits.edited(shown.table, body.get("rows"))
        wrong = table_desk.wrong_cells(shown, visit.tongue, changed)
        if wrong:
            return JSONResponse({"wrong": wrong}, 422)
        given = (str(body.get("name", "")), str(body.get("why", "")))
        made = table_desk.saved(visit, shown, changed, *given)
    except BadInput as error:
        return JSONResponse({"problem": _told(visit, error)}, 422)
    address = f"/policies/versions/{made.id}"
    return JSONResponse({"address": address}, 201, headers={"Location": address})


def _page(
    visit: Visit,
    shown: table_desk.Open,
    *,
    editing: bool,
    error: BadInput | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:
    may_edit = visit.may("propose", "policy")
    is_draft = shown.version.state is PolicyState.DRAFT
    return visit.page(
        "policy_table.html",
        status=200 if error is None else 422,
        version_shown=shown.version,
        name=shown.name,
        table=shown.table,
        tables=table_desk.counted(shown.bundle.dmn),
        may_edit=may_edit,
        editable=may_edit and (is_draft or editing),
        data={
            "columns": table_edits.columns(shown.table),
            "rows": table_edits.rows(shown.table),
            "editable": may_edit and (is_draft or editing),
            "csrf": visit.session.csrf_token,
        },
        csrf=visit.session.csrf_token,
        problem=_told(visit, error) if error else None,
        given=given or {"name": shown.version.name, "why": ""},
    )


def _told(visit: Visit, error: TaelError) -> dict[str, Any]:
    """What stands in the way, in the reader's words where we have them."""
    known = _PROBLEMS.get(error.code) or _PROBLEMS.get(f"field {error.field}", "")
    if known:
        what = visit.tongue.text(known)
    elif visit.tongue.short == "en":
        what = error.message
    else:
        what = told(visit.tongue, error) or error.message
    return {"what": what, "field": error.field, "row": error.row, "rule": error.rule}
