"""The first hour through the door, in memory: upload, name, look, cut, draft, take away, delete."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import openpyxl
import pytest
import sqlalchemy as sa

from tael.kernel import BadInput, Conflict, Day, FixedClock, NotFound, VersionId
from tael.platform import Actor, Work
from tael.policies.books import Assumptions, Book, Books, BookState, MemoryBookStore, Outside, Role
from tael.policies.model import Bundle, PolicyState, PolicyVersion
from tael.risk import auc

START = Day(2026, 1, 5)
HEADINGS = "客户编号,姓名,手机号,申请日期,放款金额,期限,年利率,评分,审批结果,最大逾期天数,地区,备注"


class Desk:
    """Where drafts go."""

    def __init__(self) -> None:
        self.bundles: list[Bundle] = []

    def draft(self, work: Work, name: str, bundle: Bundle) -> PolicyVersion:
        self.bundles.append(bundle)
        now = work.clock.now()
        return PolicyVersion(
            VersionId.new(now), name, PolicyState.DRAFT, bundle.hashes(), work.actor.id, now
        )


class Hour:
    """An analyst with books in memory, and a clock that may be moved."""

    def __init__(self, start: datetime | None = None) -> None:
        self.store, self.desk = MemoryBookStore(), Desk()
        self.clock = FixedClock(start or FixedClock.on(START).now())
        connection = sa.create_mock_engine("postgresql://", lambda *_: None)
        self.work = Work(connection, self.clock, Actor("user", "wang"))  # type: ignore[arg-type]
        self.books = Books(
            Outside(lambda _: self.store, lambda text: f"#{len(text)}", auc, self.desk.draft, 90)
        )

    def uploaded(self, text: str | None = None) -> Book:
        data = (text or _csv()).encode("gb18030")
        return self.books.keep(self.work, self.books.read("C:\\书\\台账.csv", io.BytesIO(data)))

    def suggested(self, book: Book) -> Mapping[int, Role]:
        return {one.number: one.suggestion.role for one in book.headings if one.suggestion}

    def ready(self) -> Book:
        book = self.uploaded()
        return self.books.confirm(self.work, book.id, self.suggested(book), {})


def _csv() -> str:
    """Six hundred applications: the worse the score, the more go bad; one row has a bad date."""
    lines = [HEADINGS]
    for number in range(600):
        score = 500 + number * 7 % 300
        approved = score > 560
        late = 120 if number % 17 * 18 > score - 500 else 0
        region, decision = "浙江" if number % 3 == 0 else "=1+1", "通过" if approved else "拒绝"
        term, rate = (12, 24)[number % 2], (12, 15)[number % 2]
        who = f"C{number:04d},王{number},138{number:08d},2024/{1 + number % 12}/15"
        loan = f"{5 + number % 20}万,{term},{rate}%,{score}"
        lines.append(f"{who},{loan},{decision},{late if approved else ''},{region},x")
    lines[5] = lines[5].replace("2024/5/15", "2024/2/30")
    return "\n".join(lines)


def test_an_uploaded_book_waits_with_suggestions_and_without_personal_data() -> None:
    hour = Hour()
    book = hour.uploaded()
    assert (book.name, book.state) == ("台账.csv", BookState.UPLOADED)
    assert book.expires_at - book.uploaded_at == timedelta(days=1)
    told = {note.code: note.values for note in book.report.notes}
    assert told["personal_dropped"] == {"columns": "姓名"}
    assert told["personal_hashed"] == {"columns": "手机号"}
    roles = {role.value for role in hour.suggested(book).values()}
    assert roles == {
        "id", "applied", "amount", "months", "rate", "score", "decision", "dpd", "segment",
    }  # fmt: skip
    first = hour.books.preview(hour.work, book)[0]
    assert first["0"] == "C0000"
    assert "1" not in first
    assert first["2"] == "#11"


def test_named_columns_are_kept_as_read_and_the_others_are_gone() -> None:
    hour = Hour()
    book = hour.uploaded()
    naming = hour.books.name_columns(hour.work, book, hour.suggested(book), {})
    assert (naming.report.rows, naming.report.kept) == (600, 599)
    assert [(one.row, one.column, one.rule) for one in naming.report.problems] == [
        (6, "申请日期", "not_date")
    ]
    ready = hour.books.confirm(hour.work, book.id, hour.suggested(book), {})
    assert ready.state is BookState.READY
    assert ready.expires_at - ready.uploaded_at == timedelta(days=90)
    assert "备注" not in ready.names.values()
    content = hour.store.content(book.id)
    assert b"x" * 3 not in content
    with pytest.raises(Conflict):
        hour.books.confirm(hour.work, book.id, hour.suggested(book), {})


def test_names_that_make_no_book_are_told_and_not_kept() -> None:
    hour = Hour()
    book = hour.uploaded()
    roles = {n: role for n, role in hour.suggested(book).items() if role is not Role.SCORE}
    naming = hour.books.name_columns(hour.work, book, roles, {})
    assert naming.report is None
    assert naming.refused.code == "book_needs_ranking"
    with pytest.raises(BadInput):
        hour.books.confirm(hour.work, book.id, roles, {})
    with pytest.raises(Conflict):
        hour.books.look(hour.work, book.id)


def test_a_cutoff_becomes_a_draft_linked_with_the_rows() -> None:
    hour = Hour()
    book = hour.ready()
    version = hour.books.draft(hour.work, book.id, "收紧到600", "600")
    assert version.name == "收紧到600"
    linked = hour.books.drafts(hour.work, book.id)
    assert [(one.version_id, one.by, one.cut) for one in linked] == [(version.id, "score", "600")]
    assert linked[0].content_hash == book.content_hash
    assert book.content_hash in hour.desk.bundles[0].dmn
    hour.books.delete(hour.work, book.id)
    assert hour.books.drafts(hour.work, book.id) == linked


@pytest.mark.parametrize("cut", ["", "R1", "nan"])
def test_a_cutoff_that_is_none_is_refused(cut: str) -> None:
    hour = Hour()
    with pytest.raises(BadInput) as refused:
        hour.books.draft(hour.work, hour.ready().id, "x", cut)
    assert refused.value.code == "book_no_cut"


def test_assumptions_are_kept_and_change_the_money() -> None:
    hour = Hour()
    book = hour.ready()
    before = hour.books.look(hour.work, book.id)[1].curve.swaps[0].accepted
    hour.books.assume(hour.work, book.id, replace(book.assumptions, lgd=Decimal(0), bad_from=30))
    after = hour.books.look(hour.work, book.id)[1].curve.swaps[0].accepted
    assert after.loss == 0
    assert after.profit - before.profit == before.loss


@pytest.mark.parametrize(
    ("field", "value"),
    [("lgd", Decimal("1.1")), ("funds", Decimal(-1)), ("months", 0), ("method", "FLAT"),
     ("by", "colour"), ("present", "R1"), ("worse", Decimal("0.5"))],
)  # fmt: skip
def test_an_assumption_that_cannot_be_is_refused_and_not_kept(field: str, value: object) -> None:
    hour = Hour()
    text = _csv().replace("审批结果", "随便")  # without decisions the present cut-off counts
    book = hour.uploaded(text)
    book = hour.books.confirm(hour.work, book.id, hour.suggested(book), {})
    with pytest.raises(BadInput) as refused:
        hour.books.assume(hour.work, book.id, replace(Assumptions(), **{field: value}))
    assert refused.value.field in (field, "cut")
    assert hour.books.book(hour.work, book.id).assumptions == Assumptions()


def test_a_workbook_is_exported_with_typed_cells_and_without_formulas() -> None:
    hour = Hour()
    data = hour.books.export(hour.work, hour.ready().id, "600", ("xlsx", "zh"))
    workbook = openpyxl.load_workbook(io.BytesIO(data))
    assert workbook.sheetnames == [
        "摘要", "换客分析", "切点曲线", "分档坏账率",
        "申请月份坏账率", "账龄×期限", "地区", "剔除的行",
    ]  # fmt: skip
    assert [cell.value for cell in workbook["剔除的行"][2]] == [
        6,
        "申请日期",
        "不是日期",
        "2024/2/30",
    ]
    swap = workbook["换客分析"]
    heads = [cell.value for cell in swap[1]]
    row = dict(zip(heads, swap[4], strict=True))
    assert row["去向"].value == "换出(新拒绝)"
    assert row["笔数"].data_type == row["预期利润(元)"].data_type == "n"
    assert row["坏账率"].number_format == "0.00%"
    kinds = {cell.data_type for sheet in workbook for line in sheet for cell in line}
    assert "f" not in kinds
    texts = [cell.value for cell in workbook["地区"]["A"]]
    assert "=1+1" in texts


def test_a_csv_has_the_mark_and_no_cell_that_a_spreadsheet_would_reckon() -> None:
    hour = Hour()
    data = hour.books.export(hour.work, hour.ready().id, "600", ("csv", "en"))
    assert data.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in row]
    assert "Swap set" in cells
    assert "'=1+1" in cells
    assert "=1+1" not in cells
    begins = [cell for cell in cells if cell[:1] in "=+@\t" and cell]
    assert not begins


def test_a_book_is_deleted_on_wish_and_when_its_time_is_over() -> None:
    hour = Hour()
    gone, waiting, kept = hour.ready(), hour.uploaded(), hour.ready()
    hour.books.delete(hour.work, gone.id)
    with pytest.raises(NotFound):
        hour.books.book(hour.work, gone.id)
    hour.clock.move_to(hour.clock.now() + timedelta(days=2))
    with pytest.raises(NotFound):
        hour.books.book(hour.work, waiting.id)
    assert hour.books.purge(hour.work) == 1
    assert [book.id for book in hour.books.books(hour.work)] == [kept.id]
    hour.clock.move_to(hour.clock.now() + timedelta(days=90))
    assert hour.books.purge(hour.work) == 1
    assert hour.books.purge(hour.work) == 0
