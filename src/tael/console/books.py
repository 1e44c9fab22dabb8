"""Uploaded books: the list, naming columns by clicking, the cut-off that is dragged, the draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from tael.console import book_words
from tael.console.book_charts import curve_data, group_data, line_data
from tael.console.visit import Visit, Visiting, path_id
from tael.kernel import BadInput, Money
from tael.policies.books import (
    CURRENCY,
    MOST_BYTES,
    OUTCOMES,
    RANKING,
    Analysis,
    Assumptions,
    Book,
    BookId,
    BookState,
    Figures,
    Naming,
    Note,
    Role,
    rule_text,
)

router = APIRouter(include_in_schema=False)
_SCRIPTED = "x-upload"
_GIVEN = ("amount_unit", "rate_unit", "months_unit", "date_order")
_FILES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
_WHOLES = ("bad_from", "mature", "paid", "months")
_CHOICES = ("method", "by", "better", "present")


async def filled_in(request: Request) -> Mapping[str, str]:
    """The fields of a form whose names are not known beforehand."""
    form = await request.form(max_files=0, max_fields=2000)
    return {name: value for name, value in form.items() if isinstance(value, str)}


Filled = Annotated[Mapping[str, str], Depends(filled_in)]


@router.get("/books")
def books(visit: Visiting) -> Response:
    """Every book, and the form that uploads one."""
    visit.require("read", "book")
    return _list(visit)


@router.post("/books")
async def upload(visit: Visiting) -> Response:
    """Read an uploaded file and go on to naming its columns.

    The body is read here and not before: by now somebody is signed in.
    """
    visit.require("create", "book")
    scripted = visit.request.headers.get(_SCRIPTED) == "1"
    async with visit.request.form(max_files=1, max_fields=4) as form:
        visit.session.check_csrf(str(form.get("csrf", "")))
        file = form.get("file")
        try:
            book = await run_in_threadpool(_kept, visit, file)
        except BadInput as error:
            if scripted:
                return visit.page("books_problem.html", status=422, **_refused(visit, error))
            return await run_in_threadpool(_list, visit, error)
    address = f"/books/{book.id}/columns"
    if scripted:
        return Response(status_code=201, headers={"Location": address})
    return RedirectResponse(address, status_code=303)


def _kept(visit: Visit, file: object) -> Book:
    if not isinstance(file, UploadFile) or not file.filename:
        raise BadInput("no file", code="book_no_file", field="file", rule="an .xlsx or .csv file")
    read = visit.house.books.read(file.filename, file.file)
    with visit.begin() as work:
        return visit.house.books.keep(work, read)


def _list(visit: Visit, error: BadInput | None = None) -> Response:
    with visit.begin() as work:
        found = visit.house.books.books(work)
    return visit.page(
        "books.html",
        status=200 if error is None else 422,
        rows=found,
        may_upload=visit.may("create", "book"),
        limit_bytes=MOST_BYTES,
        upload_words=_upload_words(visit),
        **_refused(visit, error),
    )


def _upload_words(visit: Visit) -> dict[str, str | list[str]]:
    """What the page says by itself while a file is on its way."""
    text = visit.tongue.text
    large, broken = book_words.REFUSALS["too_large"], book_words.BROKEN
    return {
        "sending": text(book_words.SENDING),
        "reading": text(book_words.READING),
        "large": [text(large[0]), text(large[1])],
        "broken": [text(broken[0]), text(broken[1])],
    }


@router.get("/books/{book_id}/columns")
def columns(visit: Visiting, book_id: str) -> Response:
    """Name the columns: what each seems to be, with its first values."""
    visit.require("update", "book")
    with visit.begin() as work:
        book = visit.house.books.book(work, path_id(BookId, book_id))
        if book.state is not BookState.UPLOADED:
            return RedirectResponse(f"/books/{book.id}", status_code=303)
        roles = {one.number: one.suggestion.role for one in book.headings if one.suggestion}
        naming = visit.house.books.name_columns(work, book, roles, {})
        preview = visit.house.books.preview(work, book)
    return _naming(visit, book, naming, preview=preview)


@router.post("/books/{book_id}/columns/reading")
def reading(visit: Visiting, book_id: str, form: Filled) -> Response:
    """What follows from the columns as they are named now; nothing is changed."""
    visit.session.check_csrf(form.get("csrf", ""))
    visit.require("update", "book")
    with visit.begin() as work:
        book = visit.house.books.book(work, path_id(BookId, book_id))
        naming = visit.house.books.name_columns(work, book, _roles(form), _given(form))
    return visit.page("books_reading.html", **_told(visit, book, naming))


@router.post("/books/{book_id}/columns")
def confirm(visit: Visiting, book_id: str, form: Filled) -> Response:
    """Keep the columns as they are named and go on to what the book shows."""
    visit.session.check_csrf(form.get("csrf", ""))
    visit.require("update", "book")
    key, roles, given = path_id(BookId, book_id), _roles(form), _given(form)
    house = visit.house
    try:
        with visit.begin() as work:
            book = house.books.confirm(work, key, roles, given)
    except BadInput:
        with visit.begin() as work:
            book = house.books.book(work, key)
            naming = house.books.name_columns(work, book, roles, given)
            preview = house.books.preview(work, book)
        return _naming(visit, book, naming, preview=preview, status=422)
    return RedirectResponse(f"/books/{book.id}", status_code=303)


def _naming(
    visit: Visit, book: Book, naming: Naming, *, preview: Sequence[object], status: int = 200
) -> Response:
    return visit.page(
        "books_columns.html",
        status=status,
        preview=preview,
        roles=[(role.value, book_words.ROLES[role.value]) for role in Role],
        chosen={number: role.value for number, role in naming.mapped.roles.items()},
        confidence=book_words.confidence,
        **_told(visit, book, naming),
    )


def _told(visit: Visit, book: Book, naming: Naming) -> dict[str, Any]:
    """What the page says about the columns as they are named."""
    named = {role.value for role in naming.mapped.roles.values()}
    return {
        "book": book,
        "naming": naming,
        "named": named,
        "has_ranking": bool(named & {role.value for role in RANKING}),
        "has_outcome": len(named & {role.value for role in OUTCOMES}) == 1,
        "units": _units(naming),
        "words": book_words,
        "rule_text": rule_text,
        "notes": [book_words.note_text(visit.tongue, note) for note in book.report.notes],
        "why": book_words.refusal(visit.tongue, naming.refused) if naming.refused else None,
        "csrf": visit.session.csrf_token,
    }


def _units(naming: Naming) -> list[tuple[str, str, Mapping[str, str], str]]:
    """The choices of units there are: name, title, texts by value, and the value taken."""
    taken = {name: str(getattr(naming.choices, name) or "") for name in _GIVEN}
    return [
        (name, book_words.UNIT_TITLES[name], book_words.UNITS[name], value)
        for name, value in taken.items()
        if value
    ]


def _roles(form: Mapping[str, str]) -> dict[int, Role]:
    known = {role.value: role for role in Role}
    return {
        int(name.removeprefix("role_")): known[value]
        for name, value in form.items()
        if name.startswith("role_") and name[5:].isdecimal() and value in known
    }


def _given(form: Mapping[str, str]) -> dict[str, str]:
    """What was chosen of units and meanings; a value that is no choice is passed over."""
    found = {name: form[name] for name in _GIVEN if form.get(name, "") in book_words.UNITS[name]}
    for name, value in form.items():
        kind, _, text = name.partition(":")
        if text and value in book_words.MEANINGS.get(kind, {}):
            found[name] = value
    return found


@router.get("/books/{book_id}")
def book(
    visit: Visiting,
    book_id: str,
    cut: Annotated[str, Query()] = "",
    drafted: Annotated[str, Query()] = "",
) -> Response:
    """Everything a book shows, at the cut-off ``cut`` or where it stands now."""
    visit.require("read", "book")
    key = path_id(BookId, book_id)
    with visit.begin() as work:
        found = visit.house.books.book(work, key)
        if found.state is BookState.UPLOADED:
            return RedirectResponse(f"/books/{key}/columns", status_code=303)
    return _shown(visit, key, {"cut": cut}, drafted=drafted)


def _shown(
    visit: Visit,
    key: BookId,
    typed: Mapping[str, str],
    *,
    error: BadInput | None = None,
    drafted: str = "",
) -> Response:
    house, cut = visit.house, typed.get("cut", "")
    with visit.begin() as work:
        found, analysis = house.books.look(work, key)
        drafts = house.books.drafts(work, key)
    at = analysis.curve.present
    try:
        at = analysis.ranking.place(cut) if cut else at
    except BadInput as wrong:
        error = error or wrong
    return visit.page(
        "books_one.html",
        status=200 if error is None else 422,
        book=found,
        found=analysis,
        typed=typed,
        at=at,
        drafts=drafts,
        drafted=next((one for one in drafts if one.version_id == drafted), None),
        percent_text=percent_text,
        words=book_words,
        rule_text=rule_text,
        swap=analysis.curve.swaps[at],
        approval=_share(analysis, analysis.curve.swaps[at].accepted),
        approval_now=_share(analysis, analysis.curve.swaps[at].present),
        auc_text=_three(analysis.ranking.auc),
        ks_text=_three(analysis.ks),
        ranks=[role.value for role in RANKING if role.value in found.names],
        money=lambda minor: Money(minor, CURRENCY),
        segments=_segments(found, analysis),
        notes=_notes(visit, found, analysis),
        charts=_charts(analysis),
        may_change=visit.may("update", "book"),
        may_delete=visit.may("delete", "book"),
        may_export=visit.may("export", "book"),
        may_draft=visit.may("propose", "policy"),
        **_refused(visit, error),
    )


def _share(found: Analysis, part: Figures) -> Decimal:
    return Decimal(part.count) / found.curve.swaps[0].everybody.count


def _three(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _charts(found: Analysis) -> dict[str, object]:
    vintages = found.vintages
    return {
        "curve": curve_data(found),
        "bands": group_data(found.bands),
        "vintages": group_data(vintages.groups) if vintages else [],
        "lines": line_data(found),
    }


def _segments(found: Book, analysis: Analysis) -> list[tuple[str, Sequence[object]]]:
    return [(found.names.get(key, key), groups) for key, groups in analysis.segments.items()]


def _notes(visit: Visit, found: Book, analysis: Analysis) -> list[str]:
    notes = [*found.report.notes, *analysis.rows.notes]
    if analysis.curve.coarse:
        notes.append(Note("coarse"))
    return [book_words.note_text(visit.tongue, note) for note in notes]


@router.post("/books/{book_id}/assumptions")
def assume(visit: Visiting, book_id: str, form: Filled) -> Response:
    """Keep what is assumed of the book, and show it again."""
    visit.session.check_csrf(form.get("csrf", ""))
    visit.require("update", "book")
    key = path_id(BookId, book_id)
    try:
        with visit.begin() as work:
            before = visit.house.books.look(work, key)[0].assumptions
            visit.house.books.assume(work, key, _assumed(before, form))
    except BadInput as error:
        return _shown(visit, key, form, error=error)
    return RedirectResponse(f"/books/{key}", status_code=303)


def _assumed(before: Assumptions, form: Mapping[str, str]) -> Assumptions:
    changed: dict[str, Any] = {name: form[name] for name in _CHOICES if name in form}
    for name in book_words.PERCENTS:
        if form.get(name, "").strip():
            changed[name] = book_words.decimal_of(form[name], name) / 100
    for name in _WHOLES:
        if form.get(name, "").strip():
            changed[name] = int(book_words.decimal_of(form[name], name))
    if form.get("worse", "").strip():
        changed["worse"] = book_words.decimal_of(form["worse"], "worse")
    for name in ("cost", "amount"):
        if form.get(name, "").strip():
            changed[f"{name}_minor"] = int(book_words.decimal_of(form[name], name) * 100)
    if changed.get("by", before.by) != before.by:
        # Another column has other values: its end and its present cut-off are found anew.
        changed |= {"better": "", "present": ""}
    return replace(before, **changed)


@router.post("/books/{book_id}/draft")
def draft(
    visit: Visiting,
    book_id: str,
    name: Annotated[str, Form()] = "",
    cut: Annotated[str, Form()] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """Save the cut-off as a policy draft."""
    visit.session.check_csrf(csrf)
    visit.require("read", "book")
    visit.require("propose", "policy")
    key = path_id(BookId, book_id)
    if not name.strip():
        nameless = BadInput("no name", code="book_no_name", field="name", rule="a name")
        return _shown(visit, key, {"cut": cut, "name": name}, error=nameless)
    try:
        with visit.begin() as work:
            version = visit.house.books.draft(work, key, name, cut)
    except BadInput as error:
        return _shown(visit, key, {"cut": cut, "name": name}, error=error)
    return RedirectResponse(
        f"/books/{key}?cut={quote(cut)}&drafted={version.id}#drafts", status_code=303
    )


@router.get("/books/{book_id}/export")
def export(
    visit: Visiting,
    book_id: str,
    form: Annotated[str, Query(alias="format")] = "xlsx",
    cut: Annotated[str, Query()] = "",
) -> Response:
    """Everything the book shows as a file for a spreadsheet."""
    visit.require("export", "book")
    key = path_id(BookId, book_id)
    kind = form if form in _FILES else "xlsx"
    try:
        with visit.begin() as work:
            found, analysis = visit.house.books.look(work, key)
            chosen = cut or analysis.curve.cuts[analysis.curve.present]
            data = visit.house.books.export(work, key, chosen, (kind, visit.tongue.short))
    except BadInput as error:
        return _shown(visit, key, {}, error=error)
    stem = found.name.rpartition(".")[0] or found.name
    name = quote(f"{stem}-{chosen}.{kind}")
    return Response(
        data,
        media_type=_FILES[kind],
        headers={
            "Content-Disposition": f"attachment; filename=book.{kind}; filename*=UTF-8''{name}"
        },
    )


@router.post("/books/{book_id}/delete")
def delete(visit: Visiting, book_id: str, csrf: Annotated[str, Form()] = "") -> Response:
    """Delete the book with its rows."""
    visit.session.check_csrf(csrf)
    visit.require("delete", "book")
    with visit.begin() as work:
        visit.house.books.delete(work, path_id(BookId, book_id))
    return RedirectResponse("/books", status_code=303)


def _refused(visit: Visit, error: BadInput | None) -> dict[str, Any]:
    told = book_words.refusal(visit.tongue, error) if error is not None else None
    return {"problem": told, "csrf": visit.session.csrf_token}


def percent_text(value: Decimal) -> str:
    """A fraction of one as a form shows it: 0.035 as 3.5."""
    text = f"{value * 100:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
