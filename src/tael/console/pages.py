"""Turns what an endpoint found into a page in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tael.console.security import LANGUAGE, THEME
from tael.console.tongue import TAGS, Tongue, chosen

_LONG_DECIMAL = re.compile(r"-?\d+\.\d{5,}")
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Pages:
    """The templates, ready in every language. ``version`` tells a browser that a file is new."""

    zone: ZoneInfo
    version: str
    environments: Mapping[str, Environment] = field(repr=False)
    tongues: Mapping[str, Tongue] = field(repr=False)

    @classmethod
    def open(cls, zone: ZoneInfo, version: str) -> Pages:
        """Load the catalogues; templates are read when they are first shown."""
        tongues = {tag: Tongue.open(tag, zone) for tag in TAGS}
        ready = {tag: _environment(tongue) for tag, tongue in tongues.items()}
        return cls(zone, version, ready, tongues)

    def tongue(self, request: Request) -> Tongue:
        """The language of ``request``."""
        cookie = request.cookies.get(LANGUAGE, "")
        return self.tongues[chosen(cookie, request.headers.get("accept-language", ""))]

    def show(
        self, request: Request, template: str, /, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """``template`` as a response to ``request``."""
        tongue = self.tongue(request)
        common = {
            "tongue": tongue,
            "path": request.url.path,
            "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "theme": "dark" if request.cookies.get(THEME) == "dark" else "light",
            "version": self.version,
            "me": None,
            "nav": (),
        }
        visit = getattr(request.state, "visit", None)
        if visit is not None:
            common |= visit.frame()
        found = self.environments[tongue.tag].get_template(template)
        vary = {"Vary": "Cookie, Accept-Language, HX-Request", "Content-Language": tongue.tag}
        return HTMLResponse(found.render(**common, **values), status, headers=vary)


def pages_of(request: Request) -> Pages:
    """The pages of the application that answers ``request``."""
    pages: Pages = request.app.state.pages
    return pages


def wants_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of the page that is open."""
    return request.headers.get("hx-request") == "true"


def _environment(tongue: Tongue) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    translations: Any = tongue.translations
    installed: Any = environment
    installed.install_gettext_translations(translations, newstyle=True)
    for name in ("money", "amount", "compact", "percent", "number", "day", "long_day", "instant"):
        environment.filters[name] = getattr(tongue, name)
    environment.filters["label"] = tongue.label
    environment.filters["short_id"] = short_id
    environment.filters["rounded"] = rounded
    return environment


def short_id(text: str) -> str:
    """The end of an id, which differs from row to row: ``…k3f9qd``."""
    return f"…{text[-6:]}" if len(text) > 12 else text  # noqa: PLR2004 - short ones stand whole


def rounded(text: str) -> str:
    """``text`` with long decimals cut to four digits, for reading."""
    return _LONG_DECIMAL.sub(lambda found: f"{Decimal(found.group()):.4f}", text)
