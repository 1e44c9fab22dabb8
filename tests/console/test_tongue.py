from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tael.console.pages import rounded, short_id
from tael.console.tongue import Tongue, chosen
from tael.kernel import CHINA, Day, Money, Rate

EN, ZH = Tongue.open("en", CHINA), Tongue.open("zh-CN", CHINA)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (EN.money(Money.parse("1234567.5")), "¥1,234,567.50"),
        (EN.money(-Money.parse("3.1")), "-¥3.10"),
        (EN.money(Money(1200, "JPY")), "¥1,200"),
        (EN.money(None), "–"),
        (EN.amount(Money.parse("-1200")), "-1,200.00"),
        (EN.compact(Money.parse("123456789")), "¥123.46M"),
        (ZH.compact(Money.parse("123456789")), "¥1.23亿"),
        (EN.percent(Rate.percent("3.456")), "3.46%"),
        (EN.percent(None), "–"),
        (EN.number(Decimal("2.649"), 2), "2.65"),
        (ZH.day(Day(2026, 1, 5)), "2026-01-05"),
        (ZH.long_day(Day(2026, 1, 5)), "2026年1月5日"),
        (EN.instant(datetime(2026, 1, 5, 20, 30, tzinfo=UTC)), "2026-01-06 04:30"),
        (ZH.label("declined", "application"), "已拒绝"),
        (EN.label("unheard_of", "application"), "unheard_of"),
    ],
)
def test_figures_are_written_as_the_reader_expects(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize(
    ("cookie", "accepted", "tag"),
    [
        ("", "", "zh-CN"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "fr, zh-TW;q=0.8, en;q=0.5", "zh-CN"),
        ("en", "zh-CN", "en"),
        ("tlh", "en", "en"),
    ],
)
def test_the_reader_is_addressed_in_the_language_asked_for(
    cookie: str, accepted: str, tag: str
) -> None:
    assert chosen(cookie, accepted) == tag


def test_long_decimals_and_ids_are_cut_for_reading() -> None:
    assert rounded("ratio: 0.139877445837839, limit: 800000") == "ratio: 0.1399, limit: 800000"
    assert short_id("loan_01k43z06m0ev1rda7etft4nnct") == "…t4nnct"
