"""How results are kept: plain data, canonical JSON, and its hash."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any

import numpy as np

from tael.kernel import BadInput, Rate
from tael.report import Words

_DIGITS = 12


def plain(value: Any) -> Any:
    """Dataclasses, arrays, words and rates as what JSON holds; floats to 12 digits, NaN as null."""
    if is_dataclass(value) and not isinstance(value, (type, Rate, Words)):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Words):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, Rate):
        return str(value.fraction)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(one) for one in value]
    return _single(value)


def _single(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)) and not isinstance(value, Enum):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return round(number, _DIGITS) if math.isfinite(number) else None
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def canonical(data: dict[str, Any]) -> str:
    """Canonical JSON: sorted keys, no spaces, no NaN."""
    return json.dumps(
        plain(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def hash_of(text: str) -> str:
    """SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def read(text: str, kind: str) -> dict[str, Any]:
    """The data of a JSON text whose ``format`` is ``kind``.

    Raises:
        BadInput: not JSON, or another format.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"not JSON: {error.msg}", field="text", rule="canonical JSON") from None
    if not isinstance(data, dict) or data.get("format") != kind:
        raise BadInput(f"this is no {kind}", field="format", rule=kind)
    return data
