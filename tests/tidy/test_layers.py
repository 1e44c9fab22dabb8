"""Imports go down only; rooms on one line never import each other."""

from __future__ import annotations

import itertools

LINES = (
    {"cli"},
    {"app"},
    {"console", "sandbox"},
    {"assistant"},
    {"origination", "funding", "servicing", "policies", "acquisition", "merchants", "portfolio"},
    {"platform"},
    {"dmn", "variables", "risk", "pricing", "ledger", "dialogue", "economy"},
    {"report"},
    {"kernel"},
)
LINE_OF = {room: number for number, line in enumerate(LINES) for room in line}
# The simulated outside world is only ever called over the wire; `app` starts its server.
NEVER_IMPORTED_BY_A_ROOM = {"sandbox"}


def offences(source) -> list[str]:
    found = []
    for line, module, name in source.imports():
        target = _room(module, name)
        if not target or target == source.room:
            continue
        where = f"{source.path}:{line}"
        if target not in LINE_OF:
            found.append(
                f"{where}: tael.{target} is no room; put it into one, or add it to HOUSE lines"
            )
        elif source.room in LINE_OF and LINE_OF[target] <= LINE_OF[source.room]:
            found.append(
                f"{where}: {source.room} imports {target}, which does not lie below it; "
                "name what you need as a Protocol in your `ports` and let `app` hand it in"
            )
        elif target in NEVER_IMPORTED_BY_A_ROOM and source.room not in {"app", "cli"}:
            found.append(f"{where}: {target} is called over the wire, never imported; use a client")
    return found


def _room(module: str, name: str) -> str:
    parts = module.split(".")
    if parts[0] != "tael":
        return ""
    if len(parts) > 1:
        return parts[1]
    return "" if name.startswith("__") else name


def test_an_import_that_goes_down_is_let_through(snippet) -> None:
    assert not offences(snippet("from tael.ledger import Ledger", "src/tael/servicing/service.py"))
    assert not offences(snippet("from tael.app import wire", "src/tael/cli/main.py"))


def test_an_import_that_goes_up_or_sideways_is_refused(snippet) -> None:
    nested = "def f():\n    from tael import platform\n"
    assert "does not lie below" in offences(snippet(nested, "src/tael/ledger/rules.py"))[0]
    sideways = "import tael.funding"
    assert "Protocol" in offences(snippet(sideways, "src/tael/servicing/service.py"))[0]
    relative = "from ..console import pages"
    assert offences(snippet(relative, "src/tael/platform/database.py"))
    assert offences(snippet("from tael import utilities", "src/tael/app/wire.py"))


def test_every_import_in_the_house_goes_down(sources) -> None:
    found = [offence for source in sources for offence in offences(source)]
    assert not found, "\n".join(found)


def test_every_room_stands_on_a_line_of_the_house(rooms) -> None:
    unknown = set(rooms) - set(LINE_OF)
    assert not unknown, f"{sorted(unknown)}: not in ARCHITECTURE.md; give each room its line"


def test_the_picture_of_the_architecture_shows_these_lines(root) -> None:
    text = (root / "ARCHITECTURE.md").read_text("utf-8")
    picture = text.partition("```text")[2].partition("```")[0].split()
    places = [{picture.index(room) for room in line} for line in LINES]
    assert all(max(upper) < min(lower) for upper, lower in itertools.pairwise(places))
