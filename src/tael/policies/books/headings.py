"""What a column seems to be: by its heading, in Chinese and English, and by its values."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from tael.policies.books import values
from tael.policies.books.model import Heading, Role, Suggestion

_MARKS = re.compile(r"[\s_\-./:：#*、，,]+")
_BRACKETS = re.compile(r"[(（\[【<《][^)）\]】>》]*[)）\]】>》]")
# How sure a heading makes us: the very word, a word in it, or values alone.
_EXACT, _WITHIN, _VALUES = 0.95, 0.75, 0.5
_LEAST = 0.45
_MOST_KINDS_OF_A_SEGMENT = 60
_MOST_TIERS = 30
_FIT, _MISFIT = 0.95, 0.5
_TIER = re.compile(
    r"(?:r|级|等级|grade|tier|class)?\s*(?:[a-h][+-]?|\d{1,2}|[一二三四五六七八九十]|a{1,3}|b{1,3}|c{1,3})\s*(?:级|类|档)?[+-]?"
)
_PROBABILITY = 1
_SHORTEST_WITHIN = 2


@dataclass(frozen=True, slots=True)
class Names:
    """The synonyms of ``headings.toml``: by role, and by kind of personal data."""

    roles: Mapping[Role, tuple[str, ...]]
    personal: Mapping[str, tuple[str, ...]]


@cache
def names() -> Names:
    """The table that ships, each name in the form in which headings are compared."""
    text = (files("tael.policies.books") / "data" / "headings.toml").read_text("utf-8")
    table = tomllib.loads(text)
    return Names(
        {role: tuple(bare(name) for name in table[role.value]["names"]) for role in Role},
        {
            kind: tuple(bare(name) for name in each["names"])
            for kind, each in table["personal"].items()
        },
    )


def bare(heading: str) -> str:
    """``heading`` as it is compared: no brackets, marks, blanks or case."""
    text = unicodedata.normalize("NFKC", heading).lower()
    return _MARKS.sub("", _BRACKETS.sub("", text)) or _MARKS.sub("", text)


def unit_in(heading: str) -> str:
    """What stands in brackets or behind a slash: the unit, as in 金额(万元) or term/months."""
    text = unicodedata.normalize("NFKC", heading).lower()
    found = _BRACKETS.findall(text)
    return found[-1][1:-1].strip() if found else text.rpartition("/")[2] if "/" in text else ""


def matched(heading: str, synonyms: Sequence[str]) -> float:
    """How well ``heading`` fits: 0.95 for a name itself, up to 0.75 for one inside, 0 for none."""
    text = bare(heading)
    if text in synonyms:
        return _EXACT
    inside = [name for name in synonyms if len(name) >= _SHORTEST_WITHIN and name in text]
    if not inside:
        return 0.0
    longest = max(len(name) for name in inside)
    return _WITHIN * (0.7 + 0.3 * longest / len(text))


def suggest(headings: Sequence[Heading]) -> tuple[Heading, ...]:
    """Each heading with what it seems to be; a role goes to the column it fits best."""
    wanted = [
        (found.confidence, -heading.number, heading, found)
        for heading in headings
        for found in _candidates(heading)
    ]
    taken: dict[int, Suggestion] = {}
    used: dict[Role, int] = {}
    for confidence, _, heading, found in sorted(wanted, key=lambda one: one[:2], reverse=True):
        most = 3 if found.role is Role.SEGMENT else 1
        free = used.get(found.role, 0) < most and not _shut(found.role, used)
        if confidence >= _LEAST and heading.number not in taken and free:
            taken[heading.number] = found
            used[found.role] = used.get(found.role, 0) + 1
    return tuple(replace(one, suggestion=taken.get(one.number)) for one in headings)


def _shut(role: Role, used: Mapping[Role, int]) -> bool:
    """One outcome is enough: days past due and a flag are not both taken."""
    others = {Role.BAD: Role.DPD, Role.DPD: Role.BAD}
    return role in others and others[role] in used


def _candidates(heading: Heading) -> list[Suggestion]:
    if heading.personal and not heading.hashed:
        return []
    roles = (Role.ID,) if heading.hashed else tuple(Role)
    found = [_candidate(heading, role) for role in roles]
    return [one for one in found if one is not None]


def _candidate(heading: Heading, role: Role) -> Suggestion | None:
    by_name = matched(heading.name, names().roles[role])
    share = _share(heading, _FITS[role])
    if by_name:
        if share < _MISFIT:
            return None
        return Suggestion(role, by_name * (1 if share >= _FIT else 0.8), "name")
    if role in _BY_VALUES and _known(heading) and _share(heading, _BY_VALUES[role]) >= _FIT:
        return Suggestion(role, _VALUES, "values")
    return None


def _share(heading: Heading, fits: Callable[[Heading, str], bool]) -> float:
    known = _known(heading)
    return sum(fits(heading, text) for text in known) / len(known) if known else 1.0


def _known(heading: Heading) -> list[str]:
    return [text for text in heading.samples if not values.is_blank(text)]


def _is_day(_: Heading, text: str) -> bool:
    return values.day(text) is not None or values.day(text, "dmy") is not None


def _is_number(_: Heading, text: str) -> bool:
    return values.number(text) is not None or values.number(text, comma=True) is not None


def _is_probability(_: Heading, text: str) -> bool:
    found = values.number(text)
    return found is not None and (0 <= found <= _PROBABILITY or "%" in text)


def _is_term(_: Heading, text: str) -> bool:
    return values.term_months(text) is not None


def _is_flag(heading: Heading, text: str) -> bool:
    few = heading.distinct <= 12  # noqa: PLR2004 - statuses of a loan are few
    return few or values.plain(text) in values.YES | values.NO


def _is_tier(heading: Heading, _: str) -> bool:
    return heading.distinct <= _MOST_TIERS


def _is_segment(heading: Heading, _: str) -> bool:
    return heading.distinct <= _MOST_KINDS_OF_A_SEGMENT


def _is_id(heading: Heading, _: str) -> bool:
    return heading.distinct * 2 > heading.filled


def _tier_like(heading: Heading, text: str) -> bool:
    return heading.distinct <= _MOST_TIERS and bool(_TIER.fullmatch(values.plain(text)))


_FITS: Mapping[Role, Callable[[Heading, str], bool]] = {
    Role.ID: _is_id,
    Role.APPLIED: _is_day,
    Role.AMOUNT: _is_number,
    Role.MONTHS: _is_term,
    Role.RATE: _is_number,
    Role.SCORE: _is_number,
    Role.PD: _is_probability,
    Role.TIER: _is_tier,
    Role.BAD: _is_flag,
    Role.DPD: _is_number,
    Role.BAD_ON: _is_day,
    Role.DECISION: _is_flag,
    Role.SEGMENT: _is_segment,
}

# Roles that values alone may suggest: days, and tiers such as R1 or AA.
_BY_VALUES: Mapping[Role, Callable[[Heading, str], bool]] = {
    Role.APPLIED: _is_day,
    Role.TIER: _tier_like,
}
