"""The first hour of a risk analyst who does not program, played step by step in a browser."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Good, Seat

pytestmark = pytest.mark.xdist_group("browser")
ZH = [
    "客户编号", "姓名", "身份证号", "手机号", "申请日期", "放款金额(万元)", "期限", "年利率(%)",
    "信用评分", "审批结果", "最大逾期天数", "所属行业", "备注",
]  # fmt: skip
EN = [
    "Application ID", "Application date", "Loan amount", "Term", "Interest rate", "Risk grade",
    "Decision", "Default flag", "Default date", "Region",
]  # fmt: skip


def _rows(count: int) -> Iterator[dict[str, object]]:
    """Made-up applications: better scores go bad less, and are approved more often."""
    drawn = random.Random(11)  # noqa: S311 - made-up rows
    for number in range(count):
        score = drawn.randrange(450, 780)
        approved = score + drawn.gauss(0, 45) > 570
        bad = drawn.random() < 1 / (1 + 2 ** ((score - 530) / 38))
        yield {
            "number": number, "score": score, "approved": approved, "bad": bad and approved,
            "applied": date(2024, 1, 3) + timedelta(days=number * 360 // count),
            "amount": drawn.randrange(5, 60), "months": drawn.choice([6, 12, 24]),
            "rate": drawn.choice([8.65, 12, 15.4]), "region": ("East", "West", "North")[number % 3],
            "late": drawn.choice([95, 130, 200]) if bad else drawn.choice([0, 0, 0, 5, 31]),
        }  # fmt: skip


def chinese_book() -> bytes:
    """A ledger as Chinese Excel saves CSV: GB 18030, a title, a total, and two faults."""
    lines = ["2024年个人经营贷台账" + "," * (len(ZH) - 1), ",".join(ZH)]
    for one in _rows(1500):
        day: date = one["applied"]  # type: ignore[assignment]
        number = one["number"]
        late = one["late"] if one["approved"] else ""
        lines.append(
            f"C{number:05d},王{number},11010519491231002X,138{number:08d},"
            f"{day.year}年{day.month}月{day.day}日,{one['amount']},{one['months']}个月,{one['rate']},"
            f"{one['score']},{'通过' if one['approved'] else '拒绝'},{late},"
            f"{('零售', '餐饮', '制造')[int(str(number)) % 3]},无"
        )
    lines[7] = lines[7].replace("2024年1月", "2024年13月")
    lines[9] = re.sub(r"^C\d+", "C00001", lines[9])
    lines.append("合计,,,,,45000" + "," * 7)
    return "\r\n".join(lines).encode("gb18030")


def english_book() -> bytes:
    """A workbook with typed cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(EN)
    for one in _rows(900):
        grade = "ABCDEFG"[min(6, (780 - int(str(one["score"]))) // 48)]
        day: date = one["applied"]  # type: ignore[assignment]
        sheet.append([
            f"A-{one['number']}", day, int(str(one["amount"])) * 10_000, one["months"],
            float(str(one["rate"])) / 100, grade, "approved" if one["approved"] else "declined",
            None if not one["approved"] else "yes" if one["bad"] else "no",
            day + timedelta(days=130) if one["bad"] else None, one["region"],
        ])  # fmt: skip
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _drop(page: Page, name: str, data: bytes) -> None:
    """Let a file fall on the field, as a mouse does."""
    page.evaluate(
        """([name, bytes]) => {
          const carried = new DataTransfer();
          carried.items.add(new File([new Uint8Array(bytes)], name));
          const field = document.querySelector("[data-drop]");
          for (const kind of ["dragenter", "dragover", "drop"]) {
            const said = { dataTransfer: carried, bubbles: true, cancelable: true };
            field.dispatchEvent(new DragEvent(kind, said));
          }
        }""",
        [name, list(data)],
    )


def _choose(page: Page, name: str, data: bytes) -> None:
    """Choose a file by the button."""
    kind = "application/octet-stream"
    page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": data})


def _said(page: Page, figure: str) -> str:
    return page.locator(f"[data-cut={figure}]").first.inner_text()


def _number(text: str) -> float:
    return float(text.rstrip("%").replace(",", ""))


@pytest.mark.slow
def test_the_first_hour_in_chinese_at_a_desk(seat: Seat, good: Good) -> None:
    page = seat("risk", "zh-CN")
    page.goto("/books")
    expect(page.locator("#list")).to_contain_text("还没有台账")
    good(page)

    # Upload: the file is dropped, and its columns are read.
    _drop(page, "2024台账.csv", chinese_book())
    page.wait_for_url("**/columns")
    expect(page.locator("h1")).to_have_text("2024台账.csv")
    expect(page.get_by_text("按 GB 18030 编码读取")).to_be_visible()
    expect(page.get_by_text("身份证号: 身份证号")).to_be_visible()
    good(page)

    # Name the columns: what the headings say stands there, one is put right by clicking.
    expect(page.locator("#role-8")).to_have_value("score")
    expect(page.locator("#role-12")).to_have_value("")
    page.select_option("#role-8", "")
    expect(page.locator("#reading")).to_contain_text("还没有可用于排序的列")
    expect(page.locator("#confirm")).to_be_disabled()
    page.select_option("#role-8", "score")
    expect(page.locator(".reading-count")).to_contain_text("1,498")
    expect(page.locator("#amount_unit")).to_have_value("10000")
    expect(page.locator("#rate_unit")).to_have_value("percent")
    page.click(".fault-rows summary")
    expect(page.locator(".fault-rows tbody tr")).to_have_count(2)
    expect(page.locator(".fault-rows")).to_contain_text("编号前面已出现过")
    page.click("#confirm")

    # Bad rates by band and vintage are there, and everything the mapping dropped is not.
    page.wait_for_url(re.compile(r"/books/book_\w+$"))
    page.wait_for_selector("html[data-drawn=yes]")
    expect(page.locator("[data-book-chart] canvas")).to_have_count(3)
    assert page.locator("#bands tbody tr").count() >= 8
    assert page.locator("#vintages tbody tr").count() == 12
    expect(page.locator("body")).not_to_contain_text("备注")
    good(page)

    _drags_the_line(page)
    _moves_with_keys(page)
    _saves_a_draft(page)
    _exports(page)


def _drags_the_line(page: Page) -> None:
    before = _number(_said(page, "approval"))
    money = page.locator("tr[data-side=in] [data-figure=profit]").inner_text()
    line = page.locator("#cut-line")
    line.scroll_into_view_if_needed()
    box = line.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 120, y, steps=6)
    # The figures follow while the line is held.
    looser = _number(_said(page, "approval"))
    assert looser > before + 5
    page.mouse.move(x - 160, y, steps=4)
    page.mouse.up()
    assert _number(_said(page, "approval")) > looser
    assert page.locator("tr[data-side=in] [data-figure=profit]").inner_text() != money
    expect(page).to_have_url(re.compile(r"\?cut=\d+"))
    cut = page.input_value("#cut")
    figures = [cell.inner_text() for cell in page.locator("tr[data-side] [data-figure]").all()]
    # The server, asked for that cut-off, shows the same.
    page.reload()
    page.wait_for_selector("html[data-drawn=yes]")
    assert page.input_value("#cut") == cut
    again = [cell.inner_text() for cell in page.locator("tr[data-side] [data-figure]").all()]
    assert again == figures


def _moves_with_keys(page: Page) -> None:
    line = page.locator("#cut-line")
    line.focus()
    at = int(line.get_attribute("aria-valuenow") or "")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    assert int(line.get_attribute("aria-valuenow") or "") == at + 11
    expect(line).to_have_attribute("aria-valuetext", re.compile("通过率 .*预期利润 -?¥"))
    page.fill("#cut", "600")
    page.press("#cut", "Enter")
    expect(page.locator("#cut-flag")).to_have_text("≥ 600")
    expect(page.locator("#cut-said")).to_contain_text("切点 ≥ 600")


def _saves_a_draft(page: Page) -> None:
    page.fill("#name", "收紧到六百分")
    page.locator("#drafts button").click()
    page.wait_for_url("**#drafts")
    expect(page.locator(".alert-success")).to_contain_text("已保存为策略草稿")
    expect(page.locator("#drafts")).to_contain_text("切点 600")


def _exports(page: Page) -> None:
    with page.expect_download() as started:
        page.click("[data-export=xlsx]")
    assert started.value.suggested_filename == "2024台账-600.xlsx"
    workbook = openpyxl.load_workbook(io.BytesIO(Path(started.value.path()).read_bytes()))
    swap = {row[0].value: row for row in workbook["换客分析"].iter_rows(min_row=2)}
    shown = page.locator("tr[data-side=out] [data-figure=count]").inner_text()
    assert f"{swap['换出(新拒绝)'][1].value:,}" == shown
    with page.expect_download() as started:
        page.click("[data-export=csv]")
    assert Path(started.value.path()).read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.slow
def test_the_first_hour_in_english_on_a_phone(seat: Seat, good: Good) -> None:
    page = seat("risk", "en-GB", "phone")
    page.goto("/books")
    good(page)
    _choose(page, "book.xlsx", english_book())
    page.wait_for_url("**/columns")
    good(page)
    expect(page.locator("#role-5")).to_have_value("tier")
    expect(page.locator("#role-8")).to_have_value("bad_on")
    # What a value means is chosen by tapping.
    page.tap("label[for=outcome-2-unknown]")
    expect(page.locator("#outcome-2-unknown")).to_be_checked()
    page.tap("label[for=outcome-2-bad]")
    expect(page.locator(".reading-count")).to_contain_text("900")
    page.tap("#confirm")
    page.wait_for_url(re.compile(r"/books/book_\w+$"))
    page.wait_for_selector("html[data-drawn=yes]")
    good(page)
    expect(page.locator("#vintages h2")).to_contain_text("months on book")

    # The line is moved by a finger.
    before = page.input_value("#cut")
    page.locator("#cut-line").scroll_into_view_if_needed()
    box = page.locator("#cut-line").bounding_box()
    assert box is not None
    _swipe(page, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 90)
    assert page.input_value("#cut") < before  # A is stricter than D
    page.select_option("#cut", "C")
    expect(page.locator("#cut-flag")).to_have_text("C")
    _number(page.locator("tr[data-side=out] [data-figure=count]").inner_text())
    page.fill("#name", "Up to grade C")
    page.locator("#drafts button").tap()
    expect(page.locator(".alert-success")).to_contain_text("Saved as a policy draft")

    # What is assumed can be changed, and the book deleted.
    page.fill("#as-lgd", "0")
    page.locator("#assumptions button").tap()
    page.wait_for_url(re.compile(r"/books/book_\w+$"))
    expect(page.locator("[data-cut=loss]")).to_have_text("¥0")
    page.locator("#rows button").tap()
    page.wait_for_url("**/books")
    expect(page.locator("#list")).not_to_contain_text("book.xlsx")
    good(page)


def _swipe(page: Page, x: float, y: float, by: float) -> None:
    """Put a finger down, move it, and lift it."""
    session = page.context.new_cdp_session(page)
    point = [{"x": x, "y": y}]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point})
    for part in range(1, 6):
        moved = [{"x": x + by * part / 5, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": moved})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_file_that_is_no_book_is_told_where_it_was_dropped(seat: Seat, good: Good) -> None:
    page = seat("risk", "en-GB", "phone")
    page.goto("/books")
    _choose(page, "old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    alert = page.locator("#upload-problem [role=alert]")
    expect(alert).to_contain_text("This is an old Excel file (.xls).")
    expect(alert).to_contain_text("choose “Save as” and the kind .xlsx")
    expect(page.locator("#upload button")).to_be_enabled()
    good(page)
