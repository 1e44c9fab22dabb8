"""What a book shows, as tables for a spreadsheet: typed cells, headings in Chinese or English."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tael.kernel import BadInput
from tael.policies.books.analysis import Analysis, Group
from tael.policies.books.cutoffs import SIDES, Figures
from tael.policies.books.model import Book
from tael.policies.books.money import Assumptions
from tael.policies.books.wording import rule_text
from tael.report import Words

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

Cell = str | int | Decimal | None
# A text that begins so would be reckoned as a formula by whoever opens the file.
_FORMULA = re.compile(r"^[=+\-@\t\r\n|]")
# Characters that no XML part of a workbook may hold.
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FORMATS = {"count": "#,##0", "share": "0.00%", "money": "#,##0.00", "text": "@"}
_MINOR = Decimal(100)
_WIDEST = 60
MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Column:
    """A heading with the kind of what stands below: text, count, share (of one) or money."""

    head: Words
    kind: str


@dataclass(frozen=True)
class Export:
    """One table: shares as fractions of one, money in the major unit."""

    title: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


_RATE = (
    Column(Words("已知结果笔数", "Known outcomes"), "count"),
    Column(Words("坏件数", "Bad"), "count"),
    Column(Words("坏账率", "Bad rate"), "share"),
    Column(Words("坏账率下限(95%)", "Bad rate, low (95%)"), "share"),
    Column(Words("坏账率上限(95%)", "Bad rate, high (95%)"), "share"),
)
_MONEY = (
    Column(Words("金额(元)", "Amount (yuan)"), "money"),
    Column(Words("利息收入(元)", "Income (yuan)"), "money"),
    Column(Words("资金成本(元)", "Cost of funds (yuan)"), "money"),
    Column(Words("预期损失(元)", "Expected loss (yuan)"), "money"),
    Column(Words("运营成本(元)", "Operating cost (yuan)"), "money"),
    Column(Words("预期利润(元)", "Expected profit (yuan)"), "money"),
    Column(Words("利润(最好情况,元)", "Profit, best case (yuan)"), "money"),
    Column(Words("利润(最坏情况,元)", "Profit, worst case (yuan)"), "money"),
)
_FIGURES = (
    Column(Words("笔数", "Applications"), "count"),
    *_RATE,
    Column(Words("结果未知笔数", "Outcome not known"), "count"),
    Column(Words("预期坏账率", "Expected bad rate"), "share"),
    *_MONEY,
)
_SIDES = {
    "both": Words("维持通过", "Accepted before and after"),
    "in": Words("换入(新通过)", "Swapped in (newly accepted)"),
    "out": Words("换出(新拒绝)", "Swapped out (newly declined)"),
    "neither": Words("维持拒绝", "Declined before and after"),
}


def tables_of(book: Book, found: Analysis, cut: int, language: str) -> tuple[Export, ...]:
    """Everything the page shows, the cut-off numbered ``cut`` chosen; ``language`` 'zh' or 'en'."""
    return (
        _summary(book, found, cut, language),
        _swap(found, cut, language),
        _curve(found),
        _groups(Words("分档坏账率", "Bands"), Words("分档", "Band"), found.bands),
        *_vintages(found),
        *(
            _groups(Words(name[:28], name[:28]), Words(name, name), groups)
            for name, groups in ((book.names.get(k, k), each) for k, each in found.segments.items())
        ),
        _problems(book, language),
    )


def to_xlsx(tables: Sequence[Export], language: str) -> bytes:
    """The tables as a workbook, a sheet each.

    Raises:
        BadInput: the extra that writes workbooks is not installed.
    """
    try:
        import openpyxl  # noqa: PLC0415 - an extra, and heavy
    except ImportError:
        raise BadInput(
            "Excel files need the extra: pip install 'tael[excel]'; a CSV needs nothing",
            code="book_no_excel", field="format", rule="tael[excel]",
        ) from None  # fmt: skip
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    titles: set[str] = set()
    for table in tables:
        title = _sheet_title(_said(table.title, language), titles)
        _fill(workbook.create_sheet(title), table, language)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def to_csv(tables: Sequence[Export], language: str) -> bytes:
    """The tables one below the other as CSV, UTF-8 with the mark that spreadsheets look for."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    for number, table in enumerate(tables):
        if number:
            writer.writerow([])
        writer.writerow([harmless(_said(table.title, language))])
        writer.writerow([harmless(_said(column.head, language)) for column in table.columns])
        for row in table.rows:
            writer.writerow([_plain(cell) for cell in row])
    return MARK + file.getvalue().encode()


def _said(words: Words, language: str) -> str:
    return words.zh if language == "zh" else words.en


def harmless(text: str) -> str:
    """``text`` so that no spreadsheet reckons with it: an apostrophe before what may be a sum."""
    return f"'{text}" if _FORMULA.match(text) else text


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    return harmless(cell) if isinstance(cell, str) else str(cell)


def _sheet_title(title: str, taken: set[str]) -> str:
    """A name that sheets may have: short, without their marks, no second of its kind."""
    wanted = re.sub(r"[\[\]:*?/\\']", " ", title).strip()[:28] or "-"
    found, number = wanted, 2
    while found.lower() in taken:
        found, number = f"{wanted} {number}", number + 1
    taken.add(found.lower())
    return found


def _fill(sheet: Worksheet, table: Export, language: str) -> None:
    from openpyxl.styles import Font  # noqa: PLC0415 - an extra, and heavy

    for column, each in enumerate(table.columns, start=1):
        head = sheet.cell(1, column)
        _put(head, _said(each.head, language))
        head.font = Font(bold=True)
        texts = [_plain(row[column - 1]) for row in table.rows[:200]]
        # A Chinese character is as wide as two others.
        width = max(sum(1 + (letter > "ÿ") for letter in text) for text in [*texts, head.value])
        sheet.column_dimensions[head.column_letter].width = min(_WIDEST, max(10, width + 2))
    for number, row in enumerate(table.rows, start=2):
        for column, (cell, each) in enumerate(zip(row, table.columns, strict=True), start=1):
            target = sheet.cell(number, column)
            _put(target, cell)
            if not isinstance(cell, str):
                kind = each.kind if each.kind != "mixed" else _kind(cell)
                target.number_format = _FORMATS[kind]
    sheet.freeze_panes = "B2"


def _kind(cell: Cell) -> str:
    return "money" if isinstance(cell, Decimal) else "count"


def _put(target: object, cell: Cell) -> None:
    if not isinstance(cell, str):
        target.value = cell  # type: ignore[attr-defined]
        return
    # A text stays a text, whatever it begins with.
    target.value = _ILLEGAL.sub(" ", cell)  # type: ignore[attr-defined]
    target.data_type = "s"  # type: ignore[attr-defined]
    target.quotePrefix = bool(_FORMULA.match(cell))  # type: ignore[attr-defined]


# --- the tables


def _major(minor: int) -> Decimal:
    return Decimal(minor) / _MINOR


def _figures(each: Figures) -> tuple[Cell, ...]:
    known = each.known
    return (
        each.count, known.whole, each.bad, known.value, known.low, known.high,
        each.unknown, each.expected, *map(_major, (
            each.amount, each.income, each.funding, each.loss, each.cost, each.profit,
            each.best, each.worst,
        )),
    )  # fmt: skip


def _curve(found: Analysis) -> Export:
    everybody = found.curve.swaps[0].everybody.count
    rows = []
    for text, swap in zip(found.curve.cuts, found.curve.swaps, strict=True):
        accepted = swap.accepted
        share = (Decimal(accepted.count) / everybody).quantize(Decimal("0.000001"))
        rows.append((text, share, *_figures(accepted)))
    columns = (
        Column(Words("切点", "Cut-off"), "text"),
        Column(Words("通过率", "Approval rate"), "share"),
        *_FIGURES,
    )
    return Export(Words("切点曲线", "Cut-off curve"), columns, tuple(rows))


def _swap(found: Analysis, cut: int, language: str) -> Export:
    sides = found.curve.swaps[cut].sides()
    rows = tuple((_said(_SIDES[side], language), *_figures(sides[side])) for side in SIDES)
    columns = (Column(Words("去向", "Side"), "text"), *_FIGURES)
    return Export(Words("换客分析", "Swap set"), columns, rows)


def _groups(title: Words, head: Words, groups: Sequence[Group]) -> Export:
    columns = (
        Column(head, "text"),
        Column(Words("笔数", "Applications"), "count"),
        Column(Words("原通过率", "Approved so far"), "share"),
        *_RATE,
        Column(Words("结果未知笔数", "Outcome not known"), "count"),
        Column(Words("金额(元)", "Amount (yuan)"), "money"),
    )
    rows = tuple(
        (
            each.name, each.count, each.approved.value, each.bad.whole, each.bad.part,
            each.bad.value, each.bad.low, each.bad.high, each.unknown, _major(each.amount_minor),
        )
        for each in groups
    )  # fmt: skip
    return Export(title, columns, rows)


def _vintages(found: Analysis) -> list[Export]:
    vintages = found.vintages
    if vintages is None:
        return []
    first = Words("申请月份", "Vintage")
    by_term = Export(
        Words("账龄×期限", "Vintage by term"),
        (Column(first, "text"), *(Column(Words(t, t), "share") for t in vintages.terms)),
        tuple((name, *(one.value for one in row)) for name, row in vintages.by_term.items()),
    )
    tables = [_groups(Words("申请月份坏账率", "Vintages"), first, vintages.groups), by_term]
    if vintages.curves:
        most = max(len(points) for points in vintages.curves.values())
        columns = tuple(Column(Words(f"MOB{n}", f"MOB{n}"), "share") for n in range(most))
        rows = tuple(
            (name, *points, *[None] * (most - len(points)))
            for name, points in vintages.curves.items()
        )
        title = Words("账龄曲线", "Vintage curves")
        tables.append(Export(title, (Column(first, "text"), *columns), rows))
    return tables


def _summary(book: Book, found: Analysis, cut: int, language: str) -> Export:
    swap = found.curve.swaps[cut]
    accepted, present = swap.accepted, swap.present
    lines: list[tuple[Words, Cell]] = [
        (Words("文件", "File"), book.name),
        (Words("文件哈希(SHA-256)", "SHA-256 of the file"), book.file_hash),
        (Words("内容哈希(SHA-256)", "SHA-256 of the rows kept"), book.content_hash),
        (Words("文件行数", "Rows in the file"), book.report.rows),
        (Words("纳入分析行数", "Rows analysed"), book.report.kept),
        (Words("剔除行数", "Rows set aside"), book.report.aside),
        (Words("排序列", "Ranked by"), book.names.get(found.ranking.role.value, "")),
        (Words("切点", "Cut-off"), _cut_text(found, cut)),
        (Words("现通过笔数", "Accepted now"), present.count),
        (Words("新通过笔数", "Accepted under the cut-off"), accepted.count),
        (Words("现预期利润(元)", "Expected profit now (yuan)"), _major(present.profit)),
        (Words("新预期利润(元)", "Expected profit, cut-off (yuan)"), _major(accepted.profit)),
    ]
    lines += [(words, value) for words, value in _assumed(book.assumptions)]
    columns = (
        Column(Words("项目", "Item"), "text"), Column(Words("数值", "Value"), "mixed"),
    )  # fmt: skip
    rows = tuple((_said(words, language), value) for words, value in lines)
    return Export(Words("摘要", "Summary"), columns, rows)


def _cut_text(found: Analysis, cut: int) -> str:
    text = found.ranking.cuts[cut].text
    return text if found.ranking.tiers else f"{'≥' if found.ranking.higher else '≤'} {text}"


def _assumed(assumed: Assumptions) -> list[tuple[Words, Cell]]:
    return [
        (Words("违约损失率(假设)", "Loss given default (assumed)"), f"{assumed.lgd * 100:f}%"),
        (Words("资金成本(年,假设)", "Cost of funds a year (assumed)"), f"{assumed.funds * 100:f}%"),
        (
            Words("每笔运营成本(元,假设)", "Cost per loan (yuan, assumed)"),
            _major(assumed.cost_minor),
        ),
        (Words("坏账前已还期数(假设)", "Instalments paid before default (assumed)"), assumed.paid),
        (
            Words("拒绝件坏账倍数(假设)", "Declined are so many times as bad (assumed)"),
            assumed.worse,
        ),
        (Words("逾期达到天数算坏(假设)", "Bad from days past due"), assumed.bad_from),
        (
            Words("申请满几个月才计结果(假设)", "Outcomes count after months (assumed)"),
            assumed.mature,
        ),
    ]


def _problems(book: Book, language: str) -> Export:
    columns = (
        Column(Words("行号", "Row"), "count"), Column(Words("列", "Column"), "text"),
        Column(Words("规则", "Rule"), "text"), Column(Words("原值", "Value"), "text"),
    )  # fmt: skip
    rows = tuple(
        (one.row, one.column, rule_text(one.rule, language), one.value)
        for one in book.report.problems
    )
    return Export(Words("剔除的行", "Rows set aside"), columns, rows)
