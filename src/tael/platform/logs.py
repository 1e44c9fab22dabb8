"""Logs: structured, one line per event, personal data masked before it is written anywhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from tael.kernel import Clock
from tael.platform.masking import mask_all, mask_event

_Event = MutableMapping[str, Any]
# Whatever stands under these names is personal: no part of it is written.
PERSONAL_FIELDS = frozenset(
    {
        "account_number",
        "address",
        "birth_day",
        "card_number",
        "contact",
        "email",
        "full_name",
        "id_number",
        "legal_name",
        "login",
        "mobile",
        "name_zh",
        "password",
        "person_name",
        "phone",
        "secret",
        "spouse",
        "token",
    }
)


def set_up_logs(*, level: str, form: str, clock: Clock, stream: TextIO) -> None:
    """Send the logs of Tael and of its libraries to ``stream``.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``; libraries speak from ``warning`` on.
        form: ``console`` for people, ``json`` for machines (one object per line, UTC).
        clock: tells the time of each line.
        stream: standard error as a rule; standard output belongs to commands' results.
    """
    renderer: Callable[..., Any] = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _timestamp(clock),
        structlog.processors.format_exc_info,
        mask_personal_fields,
        mask_event,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.getLevelName(level.upper()), logging.WARNING))
    logging.getLogger("tael").setLevel(level.upper())


def mask_personal_fields(_logger: object, _method: str, event: _Event) -> Mapping[str, Any]:
    """A structlog processor: what stands under a personal field's name is starred, at any depth."""
    return {name: _masked(name, value) for name, value in event.items()}


def _masked(name: str, value: object) -> object:
    if name in PERSONAL_FIELDS:
        return mask_all(str(value))
    if isinstance(value, Mapping):
        return {key: _masked(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", inner) for inner in value]
    return value


def _timestamp(clock: Clock) -> Callable[[object, str, _Event], Mapping[str, Any]]:
    def stamp(_logger: object, _method: str, event: _Event) -> Mapping[str, Any]:
        return {"at": clock.now().isoformat(timespec="milliseconds"), **event}

    return stamp
