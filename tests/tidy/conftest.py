"""What the tidy tests look at: every Python file as text and syntax tree, and every tracked file.

Each test file here holds one rule as a function from a `Source` to the offences in it, tries the
rule on a good and a bad snippet, then on the project. An offence says what to do instead.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_UNSEEN = {
    ".git",
    ".venv",
    "node_modules",
    "__pycache__",
    "vendor",
    ".tael",
    "dist",
    "build",
    "site",
}


@dataclass(frozen=True)
class Source:
    """One Python file: ``path`` is relative to the root, with forward slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, walked to once for all rules."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def module(self) -> str:
        """Dotted name: ``tael.ledger.store``; a package's ``__init__`` is the package."""
        parts = self.path.removeprefix("src/").removesuffix(".py").split("/")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        """The package or module under ``tael`` this file belongs to; empty elsewhere."""
        parts = self.module.split(".")
        return parts[1] if parts[0] == "tael" and len(parts) > 1 else ""

    def imports(self) -> Iterator[tuple[int, str, str]]:
        """Line, module and name of every import, nested ones too; `import x` has name ""."""
        yield from self._imports

    @cached_property
    def _imports(self) -> list[tuple[int, str, str]]:
        found: list[tuple[int, str, str]] = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += ((node.lineno, alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = self._absolute(node)
                found += ((node.lineno, module, alias.name) for alias in node.names)
        return found

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.module.split(".")
        if not self.path.endswith("__init__.py"):
            package = package[:-1]
        base = package[: len(package) - node.level + 1]
        return ".".join([*base, *([node.module] if node.module else [])])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker reads the project, not all of them."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("tidy"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


def _read(folder: str) -> list[Source]:
    paths = sorted((ROOT / folder).rglob("*.py"))
    seen = (path for path in paths if not _UNSEEN & set(path.relative_to(ROOT).parts))
    return [Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in seen]


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    """Every Python file of the package."""
    return _read("src/tael")


@pytest.fixture(scope="session")
def sources_of_tests() -> list[Source]:
    """Every Python file of the tests."""
    return _read("tests")


@pytest.fixture(scope="session")
def rooms(sources: list[Source]) -> list[str]:
    """The rooms that stand today."""
    return sorted({source.room for source in sources if source.room})


@pytest.fixture
def snippet() -> Callable[..., Source]:
    """Make a source of a few lines, as if it stood at ``path``."""

    def make(text: str, path: str = "src/tael/ledger/rules.py") -> Source:
        return Source(path, text)

    return make


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """The files that are, or would be, committed; outside a checkout, all but the known debris."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        paths = (path for path in ROOT.rglob("*") if not _UNSEEN & set(path.parts))
    else:
        paths = (ROOT / name for name in done.stdout.decode().split("\0") if name)
    return sorted(path for path in paths if path.is_file())


@pytest.fixture(scope="session")
def texts(tracked: list[Path]) -> list[Source]:
    """Every committed text file; a file that is not UTF-8 is no text."""
    found = []
    for path in tracked:
        try:
            found.append(Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")))
        except UnicodeDecodeError:
            continue
    return found
