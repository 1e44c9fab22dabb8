"""Texts in two languages, and the few words that a page says by itself."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from tael.kernel import BadInput

LOCALES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Words:
    """A text in Chinese and in English; a page shows the one of its locale."""

    zh: str
    en: str


# A plain text stands for both languages: names, codes, numbers.
Text = str | Words

NO_DATA = Words(zh="没有数据", en="No data")
DATA = Words(zh="数据", en="Data")
SOURCE = Words(zh="数据来源", en="Data source")
MADE = Words(zh="生成于", en="Made")
CONTENTS = Words(zh="目录", en="Contents")
MADE_BY = Words(zh="由 Tael 生成", en="Made by Tael")


def say(text: Text, locale: str) -> str:
    """``text`` in ``locale``, escaped for HTML (quotes included, so it may stand in an attribute).

    Raises:
        BadInput: a locale that is neither ``zh`` nor ``en``.
    """
    if locale not in LOCALES:
        raise BadInput(f"{locale!r} is not a language of a page", field="locale", rule="zh or en")
    plain = text if isinstance(text, str) else getattr(text, locale)
    return escape(plain, quote=True)
