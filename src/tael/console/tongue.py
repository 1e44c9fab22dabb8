"""One language of the console: its texts, and how it writes amounts, rates, days and instants."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_compact_decimal, format_decimal, format_percent

from tael.console.words import LABELS
from tael.kernel import Money, Rate, minor_digits

FOLDER = Path(__file__).parent / "translations"
TAGS = {"zh-CN": "zh_CN", "en": "en"}
DEFAULT = "zh-CN"
NOTHING = "–"
_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$", "SGD": "S$"}


@dataclass(frozen=True)
class Tongue:
    """A language and a zone in which everything on a page is written."""

    tag: str
    zone: ZoneInfo
    translations: NullTranslations = field(repr=False)

    @classmethod
    def open(cls, tag: str, zone: ZoneInfo) -> Tongue:
        """The language ``tag`` with its compiled catalogue; English is the texts themselves."""
        path = FOLDER / TAGS[tag] / "LC_MESSAGES" / "console.mo"
        if not path.is_file():
            return cls(tag, zone, NullTranslations())
        with path.open("rb") as file:
            return cls(tag, zone, GNUTranslations(file))

    @property
    def locale(self) -> Locale:
        """The Babel locale."""
        return Locale.parse(TAGS[self.tag])

    @property
    def short(self) -> str:
        """``zh`` or ``en``: what the rooms' own texts are asked for by."""
        return self.tag[:2]

    def text(self, message: str) -> str:
        """``message`` in this language."""
        return self.translations.gettext(message) if message else ""

    def label(self, code: object, kind: str) -> str:
        """The text of a code of a closed list; an unknown code stands for itself."""
        plain = str(code.value) if isinstance(code, Enum) else str(code)
        return self.text(LABELS.get(kind, {}).get(plain, plain))

    def money(self, amount: Money | None) -> str:
        """``¥120,000.00``."""
        if amount is None:
            return NOTHING
        sign = "-" if amount.minor < 0 else ""
        return sign + _SIGNS.get(amount.currency, f"{amount.currency} ") + self.amount(abs_(amount))

    def amount(self, amount: Money | None) -> str:
        """``120,000.00``: for columns whose head names the currency."""
        if amount is None:
            return NOTHING
        digits = "0" * minor_digits(amount.currency)
        pattern = f"#,##0.{digits}" if digits else "#,##0"
        return format_decimal(amount.decimal(), format=pattern, locale=self.locale)

    def compact(self, amount: Money | None) -> str:
        """``¥1.23亿`` or ``¥123M``: for a figure read at a glance."""
        if amount is None:
            return NOTHING
        sign = "-" if amount.minor < 0 else ""
        text = format_compact_decimal(abs_(amount).decimal(), locale=self.locale, fraction_digits=2)
        return sign + _SIGNS.get(amount.currency, f"{amount.currency} ") + text

    def percent(self, share: Decimal | Rate | None, digits: int = 2) -> str:
        """``3.45%`` of a fraction of one."""
        if share is None:
            return NOTHING
        fraction = share.fraction if isinstance(share, Rate) else share
        return format_percent(fraction, format=f"0.{'0' * digits}%", locale=self.locale)

    def number(self, value: Decimal | int | None, digits: int = 0) -> str:
        """A count or a multiple."""
        if value is None:
            return NOTHING
        pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
        return format_decimal(value, format=pattern, locale=self.locale)

    def day(self, day: date | None) -> str:
        """``2026-01-31`` in every language."""
        return day.strftime("%Y-%m-%d") if day else NOTHING

    def long_day(self, day: date | None) -> str:
        """``2026年1月31日`` or ``January 31, 2026``."""
        return format_date(day, "long", locale=self.locale) if day else NOTHING

    def instant(self, at: datetime | None) -> str:
        """``2026-01-31 14:05`` in the installation's zone."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M") if at else NOTHING


def abs_(amount: Money) -> Money:
    """``amount`` without its sign."""
    return -amount if amount.minor < 0 else amount


def chosen(cookie: str, accepted: str) -> str:
    """The language of a request: the one chosen before, else the browser's, else Chinese."""
    if cookie in TAGS:
        return cookie
    for part in accepted.split(","):
        wanted = part.partition(";")[0].strip().lower()
        if wanted.startswith("zh"):
            return "zh-CN"
        if wanted.startswith("en"):
            return "en"
    return DEFAULT
