from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tael.kernel import BadInput, Day, Money, Rate
from tael.report import Axes, Bars, Column, Figure, Kind, Page, Series, Tone, Words

_EVIL = "<script>alert('x')</script> & \"quoted\""
_VOID = {"meta", "link", "br", "img"}


class _Balanced(HTMLParser):
    """Collects text and refuses a tag that closes another than the one that is open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def _read(html: str) -> _Balanced:
    parser = _Balanced()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def _full(text: str = "text") -> Page:
    page = Page(text, source=text, made_at=datetime(2026, 1, 5, 1, tzinfo=UTC))
    page.section(text, text).paragraph(text).note(text, Tone.WARNING)
    page.figures([Figure(text, text, text), Figure("n", Rate.percent("63.2"))])
    page.table([Column(text), Column("n", Kind.COUNT)], [[text, 1200], ["sum", 1200]], caption=text)
    page.line_chart(text, [Series(text, [(0, 0.1), (1, None), (2, 0.3)])], Axes(text, text))
    page.step_chart(
        text, [Series(text, [(Day(2026, 1, 1), Money(1)), (Day(2027, 1, 1), Money(9))])]
    )
    return page.bar_chart(
        text, [text, "b"], [Bars(text, [1, -2]), Bars("z", [None, 3])], stacked=True
    )


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_text_is_escaped_wherever_it_stands(locale: str) -> None:
    html = _full(_EVIL).html(locale)
    parser = _read(html)
    assert "script" not in parser.seen
    assert "<script" not in html
    assert _EVIL in "".join(parser.text)


def test_the_file_fetches_nothing(tmp_path: Path) -> None:
    html = _full().write(tmp_path / "new" / "report.html").read_text("utf-8")
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import|https?:", html)


def test_charts_are_well_formed_svg_with_a_name_for_readers_who_listen() -> None:
    drawings = re.findall(r"<svg.*?</svg>", _full(_EVIL).html())
    assert len(drawings) == 3
    assert all(ET.fromstring(svg).get("aria-label") == _EVIL for svg in drawings)  # noqa: S314


def test_a_page_speaks_the_language_it_is_asked_for() -> None:
    page = Page(Words(zh="季度结果", en="Quarterly results"), source="SBA")
    assert "季度结果" in page.html("zh")
    assert 'lang="zh-CN"' in page.html("zh")
    assert "数据来源" in page.html("zh")
    assert "Quarterly results" in page.html("en")
    with pytest.raises(BadInput, match="not a language"):
        page.html("fr")


def test_a_row_of_another_length_is_refused_with_its_number() -> None:
    with pytest.raises(BadInput) as caught:
        Page("t").table(["a", "b"], [[1, 2], [1]])
    assert (caught.value.row, caught.value.field) == (2, "rows")


def test_bars_without_a_category_are_refused() -> None:
    with pytest.raises(BadInput, match="2 bars for 1 categories"):
        Page("t").bar_chart("c", ["a"], [Bars("s", [1, 2])])


def test_what_is_missing_is_a_dash_and_a_chart_of_nothing_says_so() -> None:
    html = (
        Page("t").table(["a", Column("b", Kind.NUMBER)], [["x", None], ["y", float("nan")]]).html()
    )
    assert html.count('<td class="n">–</td>') == 2
    empty = Page("t").line_chart("c", [Series("s", [])]).table(["a"], []).html("zh")
    assert empty.count("没有数据") == 2
    assert "<svg" not in empty


def test_a_missing_point_breaks_the_line() -> None:
    html = Page("t").line_chart("c", [Series("s", [(0, 1), (1, None), (2, 3), (3, 4)])]).html()
    path = re.search(r'<path class="s0" d="([^"]+)"', html)
    assert path
    assert path[1].count("M") == 2
    assert path[1].count("L") == 1


def test_money_rates_and_counts_are_written_as_their_kind() -> None:
    header = [Column("m", Kind.MONEY), Column("r", Kind.PERCENT), Column("c", Kind.COUNT)]
    rows = [[Money(123456), Rate.percent("18"), 12345], [Decimal("1.5"), 0.0521, 7]]
    text = "".join(_read(Page("t").table(header, rows).html()).text)
    for expected in ("1,234.56", "18.0%", "12,345", "1.50", "5.2%"):
        assert expected in text


def test_numbers_behind_a_chart_can_be_read_as_a_table() -> None:
    html = Page("t").bar_chart("c", ["R1"], [Bars("bad", [0.05])], Axes(kind=Kind.PERCENT)).html()
    assert "<details>" in html
    assert '<td class="n">5.0%</td>' in html
