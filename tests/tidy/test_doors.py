"""A room is entered by its door: few names, each declared, nothing imported from behind it."""

from __future__ import annotations

import ast

ENGINES = {"dmn", "variables", "risk", "pricing", "ledger", "dialogue", "economy", "report"}
MOST_NAMES = dict.fromkeys(ENGINES | {"platform"}, 25) | {"kernel": 60}
MOST_NAMES_OF_A_BUSINESS_ROOM = 12
# The command line and the wiring are one line of the house. `app` has no door of its own: each
# command loads the one module that it runs, so that help does not load them all.
OPEN_TO = {"app": {"cli"}}
# `app` collects the tables of every room for migrations; nothing else of a store leaves its room.
APP_MAY_OPEN = {"store"}


def inner_imports(source, inner: dict[str, set[str]], doors: dict[str, set[str]]) -> list[str]:
    """Imports behind a door; ``inner`` gives each room's modules, ``doors`` its names."""
    found = []
    for line, module, name in source.imports():
        parts = module.split(".")
        if parts[0] != "tael":
            continue
        room, behind = _target(parts, name, inner)
        if not behind or room == source.room or behind in doors.get(room, set()):
            continue
        if source.room == "app" and behind in APP_MAY_OPEN:
            continue
        if source.room in OPEN_TO.get(room, set()):
            continue
        found.append(
            f"{source.path}:{line}: {room}.{behind} lies behind the door of {room}; "
            f"import a name from tael.{room}, or ask for one more there"
        )
    return found


def _target(parts: list[str], name: str, inner: dict[str, set[str]]) -> tuple[str, str]:
    if len(parts) > 2:
        return parts[1], parts[2]
    if len(parts) == 2 and name in inner.get(parts[1], set()):
        return parts[1], name
    return "", ""


def door_names(source) -> list[str] | None:
    """The names of ``__all__`` in a door, or None when it has none."""
    for node in source.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return list(ast.literal_eval(node.value))
    return None


def door_offences(source) -> list[str]:
    names = door_names(source)
    found = []
    if not ast.get_docstring(source.tree):
        found.append(f"{source.path}: say in a docstring what one finds in this room")
    if names is None and source.room in OPEN_TO:
        return found
    if names is None:
        return [*found, f"{source.path}: list the names of the door in __all__"]
    most = MOST_NAMES.get(source.room, MOST_NAMES_OF_A_BUSINESS_ROOM)
    if len(names) > most:
        found.append(
            f"{source.path}: {len(names)} names in the door, {most} are allowed; "
            "offer the use case instead of its parts"
        )
    return found


def _inner(sources) -> dict[str, set[str]]:
    inner: dict[str, set[str]] = {}
    for source in sources:
        parts = source.module.split(".")
        if len(parts) > 2:
            inner.setdefault(parts[1], set()).add(parts[2])
    return inner


def _doors(sources) -> list:
    return [source for source in sources if source.module == f"tael.{source.room}"]


def test_reaching_behind_a_door_is_refused(snippet) -> None:
    inner = {"ledger": {"store", "rules"}}
    for text in (
        "from tael.ledger.store import T",
        "import tael.ledger.rules",
        "from tael.ledger import rules",
    ):
        source = snippet(text, "src/tael/servicing/service.py")
        assert "behind the door" in inner_imports(source, inner, {"ledger": {"Ledger"}})[0]


def test_entering_by_the_door_is_let_through(snippet) -> None:
    inner, doors = {"ledger": {"store"}, "kernel": {"facts"}}, {"kernel": {"facts"}}
    for text, path in (
        ("from tael.ledger import Ledger", "src/tael/servicing/service.py"),
        ("from tael.kernel import facts", "src/tael/servicing/service.py"),
        ("from tael.ledger.store import metadata", "src/tael/app/tables.py"),
        ("from tael.ledger.store import T", "src/tael/ledger/service.py"),
        ("from tael.app.demo import play", "src/tael/cli/demo.py"),
    ):
        assert not inner_imports(snippet(text, path), inner, doors)


def test_a_wide_or_silent_door_is_refused(snippet) -> None:
    wide = f'"""Doc."""\n__all__ = {[f"n{i}" for i in range(13)]!r}\n'
    assert "13 names" in door_offences(snippet(wide, "src/tael/funding/__init__.py"))[0]
    assert len(door_offences(snippet("", "src/tael/funding/__init__.py"))) == 2
    narrow = '"""Doc."""\n__all__ = ["Funding"]\n'
    assert not door_offences(snippet(narrow, "src/tael/funding/__init__.py"))


def test_nobody_reaches_behind_a_door_of_the_house(sources) -> None:
    inner = _inner(sources)
    doors = {door.room: set(door_names(door) or ()) for door in _doors(sources)}
    found = [line for source in sources for line in inner_imports(source, inner, doors)]
    assert not found, "\n".join(found)


def test_every_door_of_the_house_is_narrow_and_declared(sources) -> None:
    found = [line for door in _doors(sources) for line in door_offences(door)]
    assert not found, "\n".join(found)
