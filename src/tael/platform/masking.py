"""Personal data made unreadable for screens and logs: what is masked cannot be restored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping

_SHORTEST_PARTIAL = 8
# Mainland identity number (GB 11643), mobile number, bank card (ISO/IEC 7812), e-mail address.
# A digit, letter or underscore before or after means a longer word: our own ids stay readable.
_ID_NUMBER = r"(?<![0-9A-Za-z_])[1-9]\d{5}(?:18|19|20)\d{9}[\dXx](?![0-9A-Za-z_])"
_PHONE = r"(?<![0-9A-Za-z_])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![0-9A-Za-z_])"
_CARD = r"(?<![0-9A-Za-z_.])\d{4}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?![0-9A-Za-z_.])"
_EMAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_PERSONAL = re.compile(
    f"(?P<id>{_ID_NUMBER})|(?P<phone>{_PHONE})|(?P<card>{_CARD})|(?P<email>{_EMAIL})"
)


def mask_name(name: str) -> str:
    """The first character and a star for each other: 张小明 → 张**."""
    return name[:1] + "*" * (len(name) - 1) if len(name) > 1 else "*" * len(name)


def mask_phone(phone: str) -> str:
    """Three digits, stars, four digits: 13812345678 → 138****5678."""
    digits = re.sub(r"\D", "", phone).removeprefix("86")
    return _between(digits, 3, 4)


def mask_id_number(number: str) -> str:
    """Three characters, stars, the last two: 110101199003078515 → 110*************15."""
    return _between(number.strip(), 3, 2)


def mask_account(number: str) -> str:
    """Stars and the last four digits of a bank account or card."""
    return _between(re.sub(r"[\s-]", "", number), 0, 4)


def mask_address(address: str) -> str:
    """The first six characters (province and city as a rule), then stars of no telling length."""
    return address[:6] + "****" if len(address) > _SHORTEST_PARTIAL else "****"


def mask_all(text: str) -> str:
    """Stars whatever it was: four of them, empty stays empty."""
    return "****" if text else ""


def mask_text(text: str) -> str:
    """Free text with identity numbers, mobile numbers, card numbers and e-mail addresses masked."""
    return _PERSONAL.sub(_masked_match, text)


def mask_event(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> Mapping[str, object]:
    """A structlog processor: every text of the event goes through ``mask_text``."""
    for key, value in event.items():
        event[key] = _masked(value)
    return event


MASKS: Mapping[str, Callable[[str], str]] = {
    "name": mask_name,
    "phone": mask_phone,
    "id_number": mask_id_number,
    "account": mask_account,
    "address": mask_address,
    "all": mask_all,
}


def _masked(value: object) -> object:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value


def _masked_match(match: re.Match[str]) -> str:
    text = match.group()
    if match["id"]:
        return mask_id_number(text)
    if match["phone"]:
        return mask_phone(text)
    return mask_account(text) if match["card"] else text[:1] + "***@" + text.rpartition("@")[2]


def _between(text: str, head: int, tail: int) -> str:
    """Stars for what lies between; nothing but stars when little would be hidden."""
    if len(text) < head + tail + 4:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]
