"""Texts of cells as numbers, days, yes or no: what people write in spreadsheets, read exactly."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

# What people write where nothing is known.
BLANKS = frozenset(
    {"", "-", "--", "—", "——", "/", "\\", ".", "na", "n/a", "#n/a", "null", "none", "nan", "nil"}
    | {"无", "空", "未知", "待定", "暂无", "不详", "未到期", "未知结果"}
)
YES = frozenset(
    {"1", "y", "yes", "true", "t", "是", "坏", "坏账", "坏客户", "bad", "b", "default", "defaulted"}
    | {"逾期", "违约", "不良", "overdue", "delinquent", "charged off", "charged-off", "written off"}
)
NO = frozenset(
    {"0", "n", "no", "false", "f", "否", "好", "好客户", "good", "g", "正常", "未逾期", "未违约"}
    | {"结清", "已结清", "current", "paid", "fully paid", "performing", "non-default"}
)
APPROVED = frozenset(
    {"1", "y", "yes", "true", "a", "是", "通过", "已通过", "批准", "已批准", "同意", "审批通过"}
    | {
        "放款",
        "已放款",
        "准入",
        "approve",
        "approved",
        "accept",
        "accepted",
        "booked",
        "funded",
        "pass",
    }
)
DECLINED = frozenset(
    {
        "0",
        "n",
        "no",
        "false",
        "d",
        "r",
        "否",
        "拒绝",
        "已拒绝",
        "不通过",
        "未通过",
        "审批拒绝",
        "否决",
    }
    | {"拒贷", "不准入", "decline", "declined", "reject", "rejected", "denied", "fail", "refused"}
)
EARLIEST, LATEST = date(1990, 1, 1), date(2100, 1, 1)
_UNITS = {"亿": 8, "万": 4, "千": 3, "百": 2, "k": 3}
_SIGNS = re.compile(r"^(?:cny|rmb|人民币|usd|eur|hkd|[¥$€£])+|(?:元整|元|圆|块|整|cny|rmb)+$")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+")
# 1.234,5 and 12,5: points group, a comma stands before the fraction.
_COMMA = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d+|\d+")
_POWERED = re.compile(r"\d+(?:\.\d*)?e[+-]?\d{1,3}")
_TERM = re.compile(r"(\d+(?:\.\d+)?)(个月|月|期|months?|mths?|m|年|years?|yrs?|y|天|日|days?|d)")
_YMD = re.compile(
    r"((?:19|20)\d{2})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|(\d{2})(\d{2})?)(?:[t ].*)?"
)
_XY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]((?:19|20)?\d{2})(?:[t ].*)?")
_SERIAL = re.compile(r"[2-6]\d{4}(?:\.\d+)?")
# Day 1 is 1 January 1900; spreadsheets count a 29 February 1900 that never was.
_SERIAL_START = date(1899, 12, 30)
_CENTURY = 2000
# Nobody writes a number or a day as long as this.
_LONGEST = 60
_SHORT = ("dmy", "mdy")
_MONTHS_OF = {"年": 12, "y": 12, "个": 1, "月": 1, "期": 1, "m": 1}


def plain(text: str) -> str:
    """``text`` without what only looks different: widths, case, blanks around it."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def is_blank(text: str) -> bool:
    """Whether nothing is known here."""
    return plain(text) in BLANKS


def number(text: str, *, comma: bool = False) -> Decimal | None:
    """The number in ``text``, exact: thousands separators, ¥, %, ‰, 万, 亿, brackets for minus.

    ``comma`` reads ``1.234,5`` as people do where a comma stands before the fraction.
    """
    if len(text) > _LONGEST:
        return None
    body = plain(text).replace("\xa0", "").replace(" ", "").replace("'", "")
    negative = body.startswith(("-", "−", "(")) and (not body.startswith("(") or body.endswith(")"))
    body = body.strip("()").lstrip("+-−")
    body, power = _unit(_SIGNS.sub("", body))
    body = _SIGNS.sub("", body).lstrip("+-−")
    found = _decimal(body, comma=comma)
    if found is None:
        return None
    value = found.scaleb(power)
    return -value if negative else value


def has_unit(text: str) -> bool:
    """Whether the cell itself says per cent, yuan or ten thousand, whatever its column says."""
    body = plain(text)
    return any(mark in body for mark in ("%", "‰", "万", "亿", "元"))


def needs_comma(texts: Iterable[str]) -> bool:
    """Whether a column writes a comma before fractions: some text says so and none the contrary."""
    seen = list(texts)
    only_comma = any(number(text) is None and number(text, comma=True) is not None for text in seen)
    only_point = any(number(text) is not None and number(text, comma=True) is None for text in seen)
    return only_comma and not only_point


def day(text: str, order: str = "ymd") -> date | None:
    """The day in ``text``: 2024-01-05, 2024/1/5, 20240105, 2024年1月5日, 2024-01, or a serial.

    ``order`` 'dmy' or 'mdy' also reads 5/1/2024. A month without a day is its first day.
    """
    if len(text) > _LONGEST:
        return None
    body = plain(text)
    if found := _YMD.fullmatch(body):
        year, month, dom, packed_month, packed_day = found.groups()
        return _date(int(year), int(month or packed_month), int(dom or packed_day or 1))
    if order != "ymd" and (found := _XY.fullmatch(body)):
        first, second, year = (int(part) for part in found.groups())
        month, dom = (second, first) if order == "dmy" else (first, second)
        return _date(year + (_CENTURY if year < 100 else 0), month, dom)  # noqa: PLR2004 - two digits
    if _SERIAL.fullmatch(body):
        return _SERIAL_START + timedelta(days=int(body.partition(".")[0]))
    return None


def date_order(texts: Iterable[str]) -> tuple[str, bool]:
    """In which order a column writes its dates, and whether another order would fit as well."""
    short = [text for text in texts if not is_blank(text) and day(text) is None]
    fitting = [order for order in _SHORT if all(day(text, order) is not None for text in short)]
    if not short or not fitting:
        return "ymd", False
    return fitting[0], len(fitting) > 1


def term_months(text: str, unit: str = "months") -> Decimal | None:
    """Months in ``text``: 12, 12个月, 36期, 1年, 90天 (30 a month); ``unit`` is a bare number's."""
    if len(text) > _LONGEST:
        return None
    body = plain(text).replace(" ", "")
    found = _TERM.fullmatch(body)
    if found:
        value, word = Decimal(found[1]), found[2][0]
        return value * _MONTHS_OF[word] if word in _MONTHS_OF else value / 30
    bare = number(body)
    if bare is None:
        return None
    return {"months": bare, "years": bare * 12, "days": bare / 30}[unit]


def _unit(body: str) -> tuple[str, int]:
    """``body`` without %, ‰, 万 at its end, and the power of ten that they stand for."""
    if body.endswith("%"):
        return body[:-1], -2
    if body.endswith("‰"):
        return body[:-1], -3
    power = 0
    while body and body[-1] in _UNITS:
        power += _UNITS[body[-1]]
        body = body[:-1]
    return body, power


def _decimal(body: str, *, comma: bool) -> Decimal | None:
    if comma and _COMMA.fullmatch(body):
        body = body.replace(".", "").replace(",", ".")
    elif _GROUPED.fullmatch(body) and not comma:
        body = body.replace(",", "")
    elif not _POWERED.fullmatch(body):
        return None
    try:
        return Decimal(body)
    except InvalidOperation:
        return None


def _date(year: int, month: int, dom: int) -> date | None:
    try:
        return date(year, month, dom)
    except ValueError:
        return None
