"""Settings: read once at start, frozen; business parameters are versioned data instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tael.kernel import BadInput, PartnerId

_LARGEST_PORT = 65535
_HIGHEST_RATE = 1_000_000
_MOST_DAYS = 3650
_SOURCE = re.compile(r"[a-z_]{1,40}|\*", re.ASCII)
_PUBLIC_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LOG_FORMATS = ("console", "json")
_LOG_LEVELS = ("debug", "info", "warning", "error")


_FIELDS = {
    "TAEL_HOME": "data_dir",
    "TAEL_DATABASE_URL": "database_url",
    "TAEL_PG_BIN_DIR": "pg_bin_dir",
    "TAEL_TIMEZONE": "timezone",
    "TAEL_HTTP_HOST": "http_host",
    "TAEL_HTTP_PORT": "http_port",
    "TAEL_SECRET_KEY_FILE": "secret_key_file",
    "TAEL_LOG_LEVEL": "log_level",
    "TAEL_LOG_FORMAT": "log_format",
    "TAEL_BANKS": "banks",
    "TAEL_SOURCES": "sources",
    "TAEL_WORKER": "worker_name",
    "TAEL_API_PER_MINUTE": "api_per_minute",
    "TAEL_SIGN_INS_PER_MINUTE": "sign_ins_per_minute",
    "TAEL_BOOK_DAYS": "book_days",
    "TAEL_BACKTEST_DAYS": "backtest_days",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What differs between two installations; each is described in docs/reference/settings.md.

    Attributes:
        data_dir: TAEL_HOME, the folder of the embedded database, documents, backups and logs.
        database_url: TAEL_DATABASE_URL, a PostgreSQL >= 15 of your own; None runs the embedded one.
        pg_bin_dir: TAEL_PG_BIN_DIR, the folder of ``postgres`` and ``pg_dump``; None searches.
        timezone: TAEL_TIMEZONE, the zone of contract days, an IANA name.
        http_host: TAEL_HTTP_HOST, the address the console listens on.
        http_port: TAEL_HTTP_PORT, the port the console listens on, 0 for any free one.
        secret_key_file: TAEL_SECRET_KEY_FILE, the file that holds the key of personal fields;
            None is ``keys.json`` in ``data_dir``, made on the first start.
        log_level: TAEL_LOG_LEVEL, debug, info, warning or error.
        log_format: TAEL_LOG_FORMAT, console for people, json for machines.
        banks: TAEL_BANKS, partner → address of each partner bank that is called over HTTP.
        sources: TAEL_SOURCES, source → address of each data source that is asked over HTTP, and the
            Ed25519 key with which it signs behind a #; ``*`` is every source that is not named.
        worker_name: TAEL_WORKER, the stable name under which this process runs durable jobs: two
            live workers never share one.
        api_per_minute: TAEL_API_PER_MINUTE, the API requests of one key, session or, without
            either, address that a process answers in a minute; 0 counts none.
        sign_ins_per_minute: TAEL_SIGN_INS_PER_MINUTE, the attempts to sign in from one address
            that a process answers in a minute; 0 counts none.
        book_days: TAEL_BOOK_DAYS, how many days an uploaded book of loans is kept.
        backtest_days: TAEL_BACKTEST_DAYS, how many days the folder of a back-test is kept after it
            ended; of one that a version was approved on, after that version was retired.
    """

    data_dir: Path = Path(".tael")
    database_url: str | None = None
    pg_bin_dir: Path | None = None
    timezone: str = "Asia/Shanghai"
    http_host: str = "127.0.0.1"
    http_port: int = 8765
    secret_key_file: Path | None = None
    log_level: str = "info"
    log_format: str = "console"
    worker_name: str = "worker-1"
    banks: Mapping[PartnerId, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    api_per_minute: int = 1200
    sign_ins_per_minute: int = 120
    book_days: int = 90
    backtest_days: int = 730

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the ``TAEL_*`` variables of ``environ``; an empty one counts as absent.

        Raises:
            BadInput: a value that cannot be; names the variable and the rule.
        """
        variables = cls.variables()
        given = {name: environ[name].strip() for name in variables if environ.get(name, "").strip()}
        values: dict[str, Any] = {variables[name]: text for name, text in given.items()}
        for name in ("data_dir", "pg_bin_dir", "secret_key_file"):
            if name in values:
                values[name] = Path(values[name]).expanduser()
        if "http_port" in values:
            values["http_port"] = _port(values["http_port"])
        if "banks" in values:
            values["banks"] = _banks(values["banks"])
        if "sources" in values:
            values["sources"] = _sources(values["sources"])
        for variable in ("TAEL_API_PER_MINUTE", "TAEL_SIGN_INS_PER_MINUTE"):
            if variable in given:
                values[variables[variable]] = _rate(given[variable], variable)
        for variable in ("TAEL_BOOK_DAYS", "TAEL_BACKTEST_DAYS"):
            if variable in given:
                values[variables[variable]] = _days(given[variable], variable)
        settings = cls(**values)
        settings._check()
        return settings

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Environment variable → field name, in the order of the class."""
        return dict(_FIELDS)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of contract days."""
        return ZoneInfo(self.timezone)

    def _check(self) -> None:
        try:
            self.zone  # noqa: B018 - the look-up is the check
        except (ZoneInfoNotFoundError, ValueError):
            raise BadInput(
                f"{self.timezone!r} is not a time zone; write it like Asia/Shanghai",
                field="TAEL_TIMEZONE",
                rule="IANA time zone",
            ) from None
        if self.database_url is not None and not self.database_url.startswith("postgresql"):
            raise BadInput(
                "the database is a PostgreSQL; write it like postgresql://user:password@host/name",
                field="TAEL_DATABASE_URL",
                rule="postgresql URL",
            )
        _one_of(self.log_level, _LOG_LEVELS, "TAEL_LOG_LEVEL")
        _one_of(self.log_format, _LOG_FORMATS, "TAEL_LOG_FORMAT")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > _LARGEST_PORT:
        raise BadInput(
            f"{text!r} is not a port", field="TAEL_HTTP_PORT", rule=f"0 to {_LARGEST_PORT}"
        )
    return int(text)


def _rate(text: str, variable: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > _HIGHEST_RATE:
        raise BadInput(
            f"{text!r} is no number of requests", field=variable, rule=f"0 to {_HIGHEST_RATE}"
        )
    return int(text)


def _days(text: str, variable: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= _MOST_DAYS:
        raise BadInput(
            f"{text!r} is no number of days",
            field=variable,
            rule=f"1 to {_MOST_DAYS}",
        )
    return int(text)


def _banks(text: str) -> Mapping[PartnerId, str]:
    """``partner_...=http://127.0.0.1:9001`` for each bank, commas between them.

    No refusal repeats what was written: a password may stand in it.
    """
    found: dict[PartnerId, str] = {}
    for number, pair in enumerate(text.split(","), start=1):
        name, _, address = (part.strip() for part in pair.partition("="))
        try:
            partner = PartnerId.parse(name)
        except BadInput as other:
            raise _bad_bank(number, "no partner", str(other.rule)) from None
        if partner in found:
            raise _bad_bank(number, "a second address", "one address for each partner")
        if not _is_address(address):
            rule = "http or https, a host, no user, password, query or fragment"
            raise _bad_bank(number, "no address that can be called", rule)
        found[partner] = address
    return MappingProxyType(found)


def _bad_bank(number: int, what: str, rule: str) -> BadInput:
    return BadInput(
        f"bank {number} has {what}; write each like partner_...=http://127.0.0.1:9001",
        field="TAEL_BANKS",
        rule=rule,
    )


def _sources(text: str) -> Mapping[str, str]:
    """``bureau=http://127.0.0.1:9100#KEY`` for each source, commas between them."""
    found: dict[str, str] = {}
    for number, pair in enumerate(text.split(","), start=1):
        name, _, rest = (part.strip() for part in pair.partition("="))
        address, _, key = rest.partition("#")
        if not _SOURCE.fullmatch(name) or name in found:
            raise _bad_source(number, "no name of its own", "each source once, or *")
        if not _is_address(address):
            raise _bad_source(number, "no address that can be called", "http or https, a host")
        if not _PUBLIC_KEY.fullmatch(key):
            raise _bad_source(number, "no key", "64 hexadecimal digits behind a #")
        found[name] = rest
    return MappingProxyType(found)


def _bad_source(number: int, what: str, rule: str) -> BadInput:
    return BadInput(
        f"source {number} has {what}; write each like bureau=http://127.0.0.1:9100#KEY",
        field="TAEL_SOURCES",
        rule=rule,
    )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - the look-up is the check
    except ValueError:
        return False
    bare = not (parts.username or parts.password or parts.query or parts.fragment)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and bare


def _one_of(value: str, allowed: tuple[str, ...], variable: str) -> None:
    if value not in allowed:
        choices = ", ".join(allowed)
        raise BadInput(
            f"{value!r} is not one of {choices}", field=variable, rule=f"one of {choices}"
        )
