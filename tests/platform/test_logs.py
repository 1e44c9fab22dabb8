"""Logs: one line per event, told by the clock, with nothing personal in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tael.kernel import FixedClock
from tael.platform import set_up_logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, tael = logging.getLogger(), logging.getLogger("tael")
    before = (list(root.handlers), root.level, tael.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    tael.setLevel(before[2])
    structlog.reset_defaults()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_told_by_the_clock(clock: FixedClock) -> None:
    stream = io.StringIO()
    set_up_logs(level="info", form="json", clock=clock, stream=stream)
    structlog.get_logger("tael.test").info("loan disbursed", loan="loan_1", attempt=2)
    [line] = _lines(stream)
    assert line == {
        "at": "2026-01-05T01:00:00.000+00:00",
        "event": "loan disbursed",
        "level": "info",
        "loan": "loan_1",
        "attempt": 2,
    }


def test_personal_fields_are_starred_at_any_depth(clock: FixedClock) -> None:
    stream = io.StringIO()
    set_up_logs(level="info", form="json", clock=clock, stream=stream)
    structlog.get_logger("tael.test").info(
        "application of 13812345678",
        phone="13812345678",
        party={"full_name": "张小明", "region": "上海", "links": [{"id_number": "x"}]},
    )
    text = stream.getvalue()
    assert "13812345678" not in text
    assert "张小明" not in text
    [line] = _lines(stream)
    assert line["party"] == {
        "full_name": "****",
        "region": "上海",
        "links": [{"id_number": "****"}],
    }


def test_libraries_speak_from_warning_on_and_through_the_same_masks(clock: FixedClock) -> None:
    stream = io.StringIO()
    set_up_logs(level="debug", form="json", clock=clock, stream=stream)
    logging.getLogger("httpx").info("GET /")
    logging.getLogger("httpx").warning("call of %s failed", "13812345678")
    [line] = _lines(stream)
    assert line["level"] == "warning"
    assert "13812345678" not in line["event"]


def test_people_get_text(clock: FixedClock) -> None:
    stream = io.StringIO()
    set_up_logs(level="warning", form="console", clock=clock, stream=stream)
    structlog.get_logger("tael.test").info("not told")
    structlog.get_logger("tael.test").warning("told", loan="loan_1")
    assert "not told" not in stream.getvalue()
    assert "loan=loan_1" in stream.getvalue()
