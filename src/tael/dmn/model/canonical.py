"""A model as one text that is the same for the same content: what its hash is made of.

The text is JSON without blanks: an element is [tag, attributes in order, text, children].
"""

from __future__ import annotations

from json.encoder import encode_basestring

from tael.dmn.model.element import Element
from tael.dmn.model.namespaces import REASONS
from tael.dmn.model.plain_rules import RuleElement


def canonical_text(root: Element) -> str:
    """The content of a file; layout, diagrams and foreign extensions are left out."""
    return _canonical(root, root.namespace)


def _canonical(element: Element, namespace: str) -> str:
    if isinstance(element, RuleElement):
        plain = _plain_rule(element)
        if plain:
            return plain
    children: list[str] = []
    extensions: Element | None = None
    for child in element.children:
        if child.tag == "extensionElements":
            extensions = extensions or child
        elif child.namespace == namespace:
            children.append(_canonical(child, namespace))
    # What reason a decline gives is business content; it stands in extensions of our own.
    reasons = extensions.children if extensions else []
    children += [_canonical(child, REASONS) for child in reasons if child.namespace == REASONS]
    given = element.attributes
    pairs = sorted((key, given[key]) for key in given if " " not in key) if given else []
    attributes = ",".join([f"[{_quoted(key)},{_quoted(value)}]" for key, value in pairs])
    text = _quoted(element.text.strip())
    return f"[{_quoted(element.tag)},[{attributes}],{text},[{','.join(children)}]]"


def _plain_rule(rule: RuleElement) -> str:
    """The same of a rule whose entries have no ids; '' when they have."""
    if rule.has_ids_inside:
        return ""
    conditions, conclusions = rule.columns
    entries = [
        f'["{_tag(place, conditions, conclusions)}",[],"",[["text",[],{_quoted(text.strip())},[]]]]'
        for place, text in enumerate(rule.texts)
    ]
    pairs = "".join(f"[{_quoted(key)},{_quoted(value)}]" for key, value in rule.attributes.items())
    return f'["rule",[{pairs}],"",[{",".join(entries)}]]'


def _tag(place: int, conditions: int, conclusions: int) -> str:
    if place < conditions:
        return "inputEntry"
    return "outputEntry" if place < conditions + conclusions else "annotationEntry"


def _quoted(text: str) -> str:
    return encode_basestring(text)
