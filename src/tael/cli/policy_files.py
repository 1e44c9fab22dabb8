"""The texts of a policy as files: read into a draft, written out of a version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tael.kernel import BadInput, Conflict, NotFound

if TYPE_CHECKING:  # a command loads these when it runs; help must not
    from tael.platform import Work
    from tael.policies import Bundle, Policies

_NAMES = {
    "dmn": "policy.dmn",
    "model": "model.json",
    "prices": "prices.json",
    "parameters": "parameters.json",
    "variables": "variables.json",
    "cases": "cases.json",
}
# Read by the room alone, with the others beside them.
_UNTRIED = ("parameters", "prices", "variables", "cases")


@dataclass(frozen=True)
class TextFiles:
    """The files that a draft is made of, by text; a text without one stays as it stands."""

    paths: Mapping[str, Path]

    def read(self) -> dict[str, str]:
        """The texts that were given, by name; rules and model are tried alone.

        Raises:
            NotFound: a file is not there.
            BadInput: none was given, or one cannot be read; names the file and the rule.
        """
        from tael.policies.engines import ENGINES

        texts = {name: _text(name, path) for name, path in self.paths.items()}
        if not texts:
            raise BadInput(
                "a draft changes a text; give " + ", ".join(f"--{name}" for name in _NAMES),
                field="dmn",
                rule="at least one file",
            )
        for name, load in (("dmn", ENGINES.rules), ("model", ENGINES.scorer)):
            if name in texts:
                with _of(f"{self.paths[name]}"):
                    load(texts[name])
        return texts

    @contextmanager
    def named(self) -> Iterator[None]:
        """Bad input in the block is that of the files whose texts were not tried yet."""
        files = [str(self.paths[name]) for name in _UNTRIED if name in self.paths]
        with _of(" or ".join(files)):
            yield


def read_bundle(texts: Mapping[str, str], policies: Policies, work: Work) -> Bundle:
    """``texts`` over those of the version in force, or over the shipped ones where there is none.

    Raises:
        BadInput: nothing is in force yet and no model was given.
    """
    from dataclasses import replace

    from tael.policies import first_bundle

    for deployment in policies.deployments(work):
        if deployment.ended_at is None:
            return replace(policies.bundle(work, deployment.champion), **texts)
    if "model" not in texts:
        raise BadInput(
            "no policy is in force whose model could be kept; give one with --model",
            field="model",
            rule="a model of one's own",
        )
    return replace(first_bundle(texts["model"]), **texts)


def save(bundle: Bundle, folder: Path) -> list[Path]:
    """Write the texts of ``bundle`` into ``folder``; nothing that is there is written over.

    Raises:
        Conflict: a file of that name is there with another text.
        BadInput: the folder cannot be written.
    """
    given = {file: getattr(bundle, name) for name, file in _NAMES.items()}
    texts = {folder / file: text for file, text in given.items() if text}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            if path.exists() and path.read_bytes() != text.encode():
                raise Conflict(
                    f"{path} is there already and holds another text; name another folder",
                    field="save",
                    rule="a file is not written over",
                )
        for path, text in texts.items():
            path.write_bytes(text.encode())
    except OSError as error:
        raise BadInput(
            f"{folder} cannot be written: {error.strerror}", field="save", rule="a folder of yours"
        ) from None
    return list(texts)


def read_folder(folder: Path) -> Bundle:
    """The texts that ``save`` wrote into ``folder``.

    Raises:
        NotFound: a text that every policy has is not there.
        BadInput: one cannot be read.
    """
    from tael.policies import Bundle

    paths = {name: folder / file for name, file in _NAMES.items()}
    return Bundle(
        **{
            name: _text(name, path)
            for name, path in paths.items()
            if path.exists() or name not in ("variables", "cases")
        }
    )


def _text(name: str, path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}", field=name) from None
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}", field=name, rule="a readable file"
        ) from None
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path} is not UTF-8 at byte {error.start}", field=name, rule="UTF-8"
        ) from None


@contextmanager
def _of(file: str) -> Iterator[None]:
    """What goes wrong in the block is the file's: the message says so."""
    if not file:
        yield
        return
    try:
        yield
    except BadInput as error:
        raise BadInput(
            f"{error.message} (in {file})",
            code=error.code,
            field=error.field,
            row=error.row,
            rule=error.rule,
        ) from error
    except (ArithmeticError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"{type(error).__name__} {error} (in {file})", field="file", rule="a text of a policy"
        ) from error
