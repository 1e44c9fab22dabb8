"""FEEL text laid out as it stands in the file, so that its columns are the file's.

Blanks stand in for what comes before the text on its first line, and for the rest of an escape:
``&lt; 5`` is ``<`` and four blanks and ``5``. The text means the same to the parser.
"""

from __future__ import annotations

import re
from html import unescape

_BARE = b"<text>"
_TAG = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
# A string of FEEL, in which no blank may be put, or an escape with what belongs to its operator.
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|&(?:lt|gt|amp|apos|quot);=?', re.DOTALL)
# Beyond it columns are those of the expression: a file without line breaks must not be padded.
_WIDEST = 2000
_OPENING, _CLOSING = "<![CDATA[", "]]>"


def aligned(data: bytes, start: int, end: int, text: str) -> str:
    """``text`` with blanks put in, so that each column is that of the file.

    Args:
        data: the file, in UTF-8; another encoding leaves ``text`` as it is.
        start: where the tag of the element begins in ``data``.
        end: where its end tag begins.
        text: what the element holds.
    """
    begin = start + len(_BARE)
    if data[start:begin] != _BARE:
        tag = _TAG.match(data, start, end)
        if tag is None:
            return text
        begin = tag.end()
    first = max(0, begin - _WIDEST)
    line = data.rfind(b"\n", first, begin) + 1
    if not line and first:
        return text
    before = data[line:begin]
    try:
        return " " * len(before.decode()) + _body(data[begin:end].decode(), text)
    except UnicodeDecodeError:
        return text


def _body(raw: str, text: str) -> str:
    if raw == text:
        return text
    if "&" in raw and "<" not in raw:
        body = _PIECE.sub(_padded, raw)
    else:
        body = raw.replace(_OPENING, " " * len(_OPENING)).replace(_CLOSING, " " * len(_CLOSING))
    return body if "".join(body.split()) == "".join(text.split()) else text


def _padded(piece: re.Match[str]) -> str:
    written = piece.group()
    plain = unescape(written)
    return plain + " " * (len(written) - len(plain))
