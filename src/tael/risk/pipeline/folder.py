"""The folder of a model in the making: what each step wrote, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tael.kernel import BadInput

MODEL, RATED, FUNNEL, KEPT = "model.json", "rated.json", "funnel.json", "kept.txt"
REFERENCE = "reference.json"
FUTURE = "future.json"
CONFIG, TRAINING, EVALUATION = "config.json", "training.json", "evaluation.json"
_STEP = {
    FUNNEL: "tael risk select",
    KEPT: "tael risk select",
    MODEL: "tael risk train",
    TRAINING: "tael risk train",
    RATED: "tael risk calibrate",
    EVALUATION: "tael risk evaluate",
}


class ModelFolder:
    """Files of one model by name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str) -> Path:
        """Write a file whole: a reader sees the old or the new one."""
        self.path.mkdir(parents=True, exist_ok=True)
        target = self.path / name
        part = target.with_name(f".{name}.{os.getpid()}")
        part.write_text(text, "utf-8")
        part.replace(target)
        return target

    def write_json(self, name: str, data: object) -> Path:
        """Write ``data`` as indented JSON."""
        return self.write(name, json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True))

    def read(self, name: str) -> str:
        """The text of a file.

        Raises:
            BadInput: the step that writes it has not run, or the file is damaged; says which step.
        """
        text = self._text(name)
        if name.endswith(".json"):
            self._parsed(name, text)
        return text

    def read_json(self, name: str) -> Any:
        """The data of a JSON file. Raises as ``read``."""
        return self._parsed(name, self._text(name))

    def _text(self, name: str) -> str:
        try:
            return (self.path / name).read_text("utf-8")
        except FileNotFoundError:
            raise BadInput(
                f"{self.path} has no {name}: run `{_step(name)}` first",
                field="model",
                rule="the steps in their order",
            ) from None

    def _parsed(self, name: str, text: str) -> Any:
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise BadInput(
                f"{self.path / name} is damaged ({error.msg} at character {error.pos}): run "
                f"`{_step(name)}` again",
                field="model",
                rule="a whole JSON file",
            ) from None

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return (self.path / name).is_file()


def _step(name: str) -> str:
    return _STEP.get(name, "the step before")
