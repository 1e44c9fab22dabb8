"""Columns that look like personal data: told, and never kept as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tael.policies.books.headings import matched, names

# Kept as keyed hashes, for they tell one applicant from another; the other kinds are left out.
IDENTIFYING = frozenset({"id_card", "phone", "bank_card"})
_HALF, _FEW = 0.5, 0.05
_LEAST_NAMED = 0.9
_ID_CARD = re.compile(
    r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
)
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}")
_CARD = re.compile(r"(?:62|60|4\d|5[1-5]|35|3[47])\d{13,17}")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Weights and check characters of resident identity numbers (GB 11643-1999).
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def kind_of(heading: str, samples: Sequence[str]) -> str:
    """The kind of personal data that a column looks like, '' for none.

    By its values where enough of them look so, else by a heading that is the very name of such
    data. Identity numbers carry a check and mail addresses a sign of their own: few are enough.
    """
    known = [text.strip() for text in samples if text.strip()]
    for kind, (fits, least) in _LOOKS.items():
        if known and sum(fits(text) for text in known) >= least * len(known):
            return kind
    for kind, synonyms in names().personal.items():
        if matched(heading, synonyms) >= _LEAST_NAMED:
            return kind
    return ""


def is_id_card(text: str) -> bool:
    """Whether ``text`` is a resident identity number whose check character holds."""
    if not _ID_CARD.fullmatch(text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECKS[total % 11] == text[17].upper()


def is_phone(text: str) -> bool:
    """Whether ``text`` is a mobile number of the mainland."""
    return bool(_PHONE.fullmatch(text))


def is_bank_card(text: str) -> bool:
    """Whether ``text`` is a card number whose last digit holds (ISO/IEC 7812-1, annex B)."""
    if not _CARD.fullmatch(text):
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(text))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004


def _is_email(text: str) -> bool:
    return bool(_EMAIL.fullmatch(text))


_LOOKS: dict[str, tuple[Callable[[str], bool], float]] = {
    "id_card": (is_id_card, _FEW),
    "phone": (is_phone, _HALF),
    "bank_card": (is_bank_card, _HALF),
    "email": (_is_email, _FEW),
}
