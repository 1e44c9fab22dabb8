"""An element of an XML file that knows its line."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Element:
    """An element: namespace and local name apart, text of its own, line of its start tag.

    ``aligned`` is the text of a ``text`` element with the columns of the file (``model.columns``).
    """

    namespace: str
    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)
    aligned: str = field(default="", compare=False)

    def all(self, tag: str) -> list[Element]:
        return [child for child in self.children if child.tag == tag]

    def first(self, tag: str) -> Element | None:
        return next((child for child in self.children if child.tag == tag), None)

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def child_text(self, tag: str) -> str:
        child = self.first(tag)
        return child.text.strip() if child else ""
