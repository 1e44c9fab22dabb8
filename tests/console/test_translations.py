from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tael.console.tongue import FOLDER

CONSOLE = FOLDER.parent
_JINJA = {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true"}
_NAMES = re.compile(r"%\(\w+\)s")


def _texts() -> set[str]:
    found = extract_from_dir(
        CONSOLE,
        method_map=[("**.py", "python"), ("templates/**.html", "jinja2")],
        options_map={"templates/**.html": _JINJA | {"silent": "false"}},
        keywords={"N_": None, "gettext": None},
    )
    return {str(message) for _, _, message, _, _ in found}


def _catalogue() -> dict[str, str]:
    path = FOLDER / "zh_CN" / "LC_MESSAGES" / "console.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    return {str(one.id): str(one.string) for one in catalogue if one.id and not one.fuzzy}


def test_every_text_of_the_pages_is_in_chinese() -> None:
    catalogue = _catalogue()
    missing = sorted(text for text in _texts() if not catalogue.get(text))
    assert not missing, missing


def test_the_catalogue_keeps_no_text_that_left() -> None:
    assert not sorted(_catalogue().keys() - _texts())


def test_a_translation_uses_the_same_values() -> None:
    for text, chinese in _catalogue().items():
        assert set(_NAMES.findall(text)) == set(_NAMES.findall(chinese)), text


def test_a_text_of_a_template_has_no_bare_per_cent_sign() -> None:
    """Templates put values into every text: a sign on its own breaks the page that shows it."""
    catalogue = _catalogue()
    found = extract_from_dir(
        CONSOLE / "templates",
        method_map=[("**.html", "jinja2")],
        options_map={"**.html": _JINJA | {"silent": "false"}},
        keywords={"gettext": None},
    )
    texts = {str(message) for _, _, message, _, _ in found}
    both = texts | {catalogue.get(text, "") for text in texts}
    assert texts
    assert not sorted(text for text in both if "%" in _NAMES.sub("", text).replace("%%", ""))


def test_the_catalogue_is_compiled_by_the_build() -> None:
    assert (Path(FOLDER) / "zh_CN" / "LC_MESSAGES" / "console.mo").is_file()


def test_a_part_that_may_be_asked_for_alone_brings_its_macros() -> None:
    for path in sorted((CONSOLE / "templates").glob("*.html")):
        text = path.read_text("utf-8")
        if "ui." in text and "{% extends" not in text:
            assert '{% import "macros.html" as ui %}' in text, path.name
