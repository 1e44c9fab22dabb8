"""Reasons in writing: what a person has to say before it counts as said."""

from __future__ import annotations

import re

from tael.kernel import BadInput

# So many words of a language that writes spaces, or so many Chinese characters.
_LEAST_WORDS, _LEAST_CHARACTERS = 3, 6


def in_writing(why: str, field: str) -> str:
    """``why`` as it is kept: a reason that says something.

    Raises:
        BadInput: fewer than three words, or than six Chinese characters.
    """
    told = " ".join(why.split())
    chinese = len(re.findall(r"[\u4e00-\u9fff]", told))
    if len(re.findall(r"\w+", told)) < _LEAST_WORDS and chinese < _LEAST_CHARACTERS:
        raise BadInput(
            f"{told!r} does not say why",
            field=field,
            rule=f"at least {_LEAST_WORDS} words, or {_LEAST_CHARACTERS} Chinese characters",
        ).telling("says_not_why", text=told)
    return told


def if_any(why: str, field: str) -> str:
    """``why`` as it is kept where no reason is needed: none, or one that says something.

    Raises:
        BadInput: as ``in_writing``.
    """
    return in_writing(why, field) if why.strip() else ""
