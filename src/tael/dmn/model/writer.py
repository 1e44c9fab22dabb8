"""Elements to XML text that reads back equal: the other half of ``xml``.

Layout is ours, content is the model's: text of a leaf is kept to the letter, so the hash of what is
read again is the hash of what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tael.dmn.errors import DmnError
from tael.dmn.model.namespaces import CURRENT, REASONS
from tael.dmn.model.xml import Element

_PREFIXES = {
    "https://www.omg.org/spec/DMN/20230324/DMNDI/": "dmndi",
    "https://www.omg.org/spec/DMN/20191111/DMNDI/": "dmndi",
    "http://www.omg.org/spec/DMN/20180521/DMNDI/": "dmndi",
    "http://www.omg.org/spec/DMN/20180521/DC/": "dc",
    "http://www.omg.org/spec/DMN/20180521/DI/": "di",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    REASONS: "why",
}
_XML = "http://www.w3.org/XML/1998/namespace"
# What XML 1.0 cannot hold, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INDENT = "  "


def write(root: Element, *, declaration: bool = True) -> str:
    """The document of ``root``: two spaces a level, for UTF-8; a part needs no ``declaration``.

    Raises:
        DmnError: a character that no XML text can hold; names element and line.
    """
    names = _prefixes(root)
    declared = "".join(
        f' xmlns{":" if prefix else ""}{prefix}="{_attribute(namespace)}"'
        for namespace, prefix in names.items()
        if namespace not in ("", _XML)
    )
    lines: list[str] = []
    _lines(lines, root, names, ("", declared))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n' if declaration else ""
    return head + "\n".join(lines) + "\n"


def element(
    tag: str, attributes: dict[str, str] | None = None, *children: Element, text: str = ""
) -> Element:
    """An element of DMN 1.5; attributes without a value are left out."""
    given = {name: value for name, value in (attributes or {}).items() if value}
    return Element(CURRENT, tag, given, 0, text, list(children))


def _prefixes(root: Element) -> dict[str, str]:
    """A prefix for each namespace; the root's is the default one where that changes no name."""
    every = list(_all(root))
    of_elements = dict.fromkeys([each.namespace for each in every])
    of_attributes = dict.fromkeys(
        [_split(name)[0] for each in every if each.attributes for name in each.attributes]
    )
    found = {"": "", _XML: "xml"}
    if "" not in of_elements and root.namespace not in of_attributes:
        found[root.namespace] = ""
    for namespace in {**of_elements, **of_attributes}:
        if namespace in found:
            continue
        prefix = _PREFIXES.get(namespace, "")
        if not prefix or prefix in found.values():
            prefix = f"ns{len(found)}"
        found[namespace] = prefix
    return found


def _all(root: Element) -> Iterator[Element]:
    waiting = [root]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(reversed(each.children))


def _lines(lines: list[str], found: Element, names: dict[str, str], start: tuple[str, str]) -> None:
    """Add the lines of an element that begins with an indent and bears declarations."""
    indent, declared = start
    _check(found)
    tag = _named(found.namespace, found.tag, names)
    attributes = "".join(
        [
            f' {_named(*_split(name), names)}="{_attribute(value)}"'
            for name, value in found.attributes.items()
        ]
    )
    head = f"{indent}<{tag}{declared}{attributes}"
    if not found.children:
        lines.append(f"{head}>{_text(found.text)}</{tag}>" if found.text else f"{head}/>")
        return
    lines.append(f"{head}>{_text(found.text.strip())}")
    for child in found.children:
        _lines(lines, child, names, (indent + _INDENT, ""))
    lines.append(f"{indent}</{tag}>")


def _split(name: str) -> tuple[str, str]:
    namespace, _, local = name.rpartition(" ")
    return namespace, local


def _named(namespace: str, local: str, names: dict[str, str]) -> str:
    prefix = names.get(namespace, "")
    return f"{prefix}:{local}" if prefix else local


def _check(found: Element) -> None:
    for text in (found.text, *found.attributes.values()):
        bad = _FORBIDDEN.search(text)
        if bad:
            raise DmnError(
                f"the character U+{ord(bad[0]):04X} in <{found.tag}> cannot stand in XML",
                node=found.get("name"), line=found.line, rule="characters of XML 1.0",
            )  # fmt: skip


def _text(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


def _attribute(text: str) -> str:
    text = _text(text).replace('"', "&quot;")
    return text.replace("\n", "&#10;").replace("\t", "&#9;")
