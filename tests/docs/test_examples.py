"""Every example in the documents runs: fenced Python, and the doctests of the doors."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import tael

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(
    r"^(?P<in> *)```(?P<kind>python|pycon)\n(?P<code>.*?)^(?P=in)```", re.MULTILINE | re.DOTALL
)
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def _pages() -> list[Path]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(page for page in pages if _FENCE.search(page.read_text("utf-8")))


def _examples(page: Path) -> Iterator[tuple[int, str, str]]:
    """Line, kind and text of each fenced example of ``page``."""
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 2
        yield line, found["kind"], textwrap.dedent(found["code"])


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_example_of_the_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examples of one page run in order and share their names."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__example__"}
    for line, kind, code in _examples(page):
        where = f"{page.relative_to(ROOT)}:{line}"
        if kind == "python":
            exec(compile("\n" * (line - 1) + code, str(page), "exec"), names)  # noqa: S102
        else:
            _compare(code, names, where)


def _compare(code: str, names: dict[str, object], where: str) -> None:
    test = doctest.DocTestParser().get_doctest(code, {}, where, where, 0)
    test.globs = names
    said: list[str] = []
    doctest.DocTestRunner(optionflags=_FLAGS).run(test, out=said.append, clear_globs=False)
    assert not said, "".join(said)


def _rooms() -> list[str]:
    found = pkgutil.iter_modules(tael.__path__, "tael.")
    return [module.name for module in found if module.ispkg]


@pytest.mark.parametrize("room", _rooms())
def test_every_example_of_the_door_runs(room: str) -> None:
    door = importlib.import_module(room)
    examples = doctest.DocTestFinder(recurse=False).find(door, room)
    said: list[str] = []
    for example in examples:
        doctest.DocTestRunner(optionflags=_FLAGS).run(example, out=said.append)
    assert not said, "".join(said)
