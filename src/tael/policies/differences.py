"""What one policy version says otherwise than another: rule by rule, figure by figure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from tael.dmn import authoring
from tael.policies.model import Bundle, Difference
from tael.report import Words

_JSON_TEXTS = ("model", "prices", "parameters", "variables", "cases")
# What tells one entry of a list from another, whatever its place; the first that all entries have.
_KEYS = ("code", "name", "id")
_OF_A_RATED_MODEL = ("format", "kind", "hash", "plan", "config", "anchor", "bounds", "calibrator")


class _Number(str):
    """A number as it is written: 2.50 is neither 2.5 nor the text "2.50"."""

    __slots__ = ()


def compare(before: Bundle, after: Bundle) -> tuple[Difference, ...]:
    """Every difference, in the order of the texts of a ``Bundle``; empty where none is.

    Ids, layout and white space of a file are no differences; the order of rules is one.

    Raises:
        DmnError: a text of rules that is no DMN.
        ValueError: another text that is no JSON.
    """
    found = list(_rules(before.dmn, after.dmn))
    for name in _JSON_TEXTS:
        old, new = (_read(name, getattr(one, name)) for one in (before, after))
        found += [Difference(name, Words(at, at), *rest) for at, *rest in _values("", old, new)]
    return tuple(found)


# --- rules


@dataclass(frozen=True, slots=True)
class Reading:
    """What is compared of rules: the words around tables, what services link to, the tables."""

    wording: Mapping[str, str]
    services: Mapping[str, Mapping[str, list[str]]]
    tables: Mapping[str, authoring.Table]


# A page asks for words and tables of the same two texts, and then again when it is looked at again.
@lru_cache(maxsize=4)
def reading_of(dmn: str) -> Reading:
    """The rules of a text, read once.

    Raises:
        DmnError: no DMN.
    """
    draft = authoring.Draft.read(dmn)
    return Reading(draft.wording(), _linked(draft), draft.tables())


def _rules(before: str, after: str) -> Iterator[Difference]:
    if before == after:
        return
    old, new = reading_of(before), reading_of(after)
    for at, was, now in _values("", old.wording, new.wording):
        yield Difference("dmn", Words(at, at), was, now)
    yield from _services(old.services, new.services)
    old_tables, new_tables = old.tables, new.tables
    for name in [*old_tables, *(name for name in new_tables if name not in old_tables)]:
        was_table, now_table = old_tables.get(name), new_tables.get(name)
        place = Words(f"决策表 {name}", f"table {name}")
        if was_table is None or now_table is None:
            counts = [None if one is None else _size(one) for one in (was_table, now_table)]
            yield Difference("dmn", place, *counts)
        else:
            yield from _table(place, was_table, now_table)


# What a decision service links to, by the tag of the link.
_LINKS: Mapping[str, Words] = {
    "outputDecision": Words("给出的决策", "decisions it gives"),
    "encapsulatedDecision": Words("内部决策", "decisions it keeps"),
    "inputDecision": Words("输入决策", "decisions it takes"),
    "inputData": Words("输入数据", "inputs it takes"),
}


_Services = Mapping[str, Mapping[str, list[str]]]


def _services(before: _Services, after: _Services) -> Iterator[Difference]:
    for name in [*before, *(name for name in after if name not in before)]:
        place = Words(f"决策服务 {name}", f"service {name}")
        for tag, told in _LINKS.items():
            links = [found.get(name, {}).get(tag, []) for found in (before, after)]
            was, now = (", ".join(one) or None for one in links)
            if was != now:
                yield Difference("dmn", _in(place, told.zh, told.en), was, now)


def _linked(draft: authoring.Draft) -> dict[str, dict[str, list[str]]]:
    """What each decision service links to, by name and tag; the order of links says nothing."""
    names = {each.get("id"): str(each.get("name")) for each in draft.root.children}
    found: dict[str, dict[str, list[str]]] = {}
    for each in draft.root.children:
        if each.tag == "decisionService":
            links = found.setdefault(str(each.get("name")), {})
            for link in each.children:
                if link.tag in _LINKS:
                    href = str(link.get("href"))
                    links.setdefault(link.tag, []).append(names.get(href.lstrip("#"), href))
    return {name: {tag: sorted(one) for tag, one in links.items()} for name, links in found.items()}


def _size(table: authoring.Table) -> str:
    return f"{len(table.rules)} rules, {table.hit_policy}"


def _table(place: Words, old: authoring.Table, new: authoring.Table) -> Iterator[Difference]:
    if (old.hit_policy, old.aggregation) != (new.hit_policy, new.aggregation):
        policies = (f"{one.hit_policy} {one.aggregation}".strip() for one in (old, new))
        yield Difference("dmn", _in(place, "命中策略", "hit policy"), *policies)
    columns = [", ".join(_described(one)) for one in (old, new)]
    if columns[0] != columns[1]:
        yield Difference("dmn", _in(place, "各列", "columns"), *columns)
    were, are = ([cells_of(rule) for rule in one.rules] for one in (old, new))
    headings = columns_of(new) if len(columns_of(old)) == len(columns_of(new)) else ()
    matcher = SequenceMatcher(None, were, are, autojunk=False)
    for what, i, i_end, j, j_end in matcher.get_opcodes():
        if what != "equal":
            yield from _replaced((place, headings), (i, were[i:i_end]), (j, are[j:j_end]))


def _in(place: Words, zh: str, en: str) -> Words:
    return Words(f"{place.zh} {zh}", f"{place.en}, {en}")


def _rule(place: Words, number: int) -> Words:
    return _in(place, f"第 {number} 条规则", f"rule {number}")


_Row = tuple[str, ...]


def _replaced(
    told: tuple[Words, Sequence[str]], old: tuple[int, list[_Row]], new: tuple[int, list[_Row]]
) -> Iterator[Difference]:
    """Rules that stand where others stood: pair by pair, then those that are left."""
    (place, headings), (i, were), (j, are) = told, old, new
    pairs = min(len(were), len(are)) if headings else 0
    for number, (was, now) in enumerate(zip(were[:pairs], are[:pairs], strict=True), j + 1):
        for heading, left, right in zip(headings, was, now, strict=False):
            if left != right:
                yield Difference("dmn", _in(_rule(place, number), heading, heading), left, right)
        if was[len(headings) :] != now[len(headings) :]:
            notes = ("; ".join(row[len(headings) :]) for row in (was, now))
            yield Difference("dmn", _in(_rule(place, number), "注释", "annotations"), *notes)
    for number, row in enumerate(were[pairs:], i + pairs + 1):
        yield Difference("dmn", _rule(place, number), _shown(row), None)
    for number, row in enumerate(are[pairs:], j + pairs + 1):
        yield Difference("dmn", _rule(place, number), None, _shown(row))


def columns_of(table: authoring.Table) -> _Row:
    """The headings of a table: expressions of its conditions, names of its conclusions."""
    inputs = (column.expression for column in table.inputs)
    return (*inputs, *(column.name or "result" for column in table.outputs))


def _described(table: authoring.Table) -> Iterator[str]:
    """Each column with all that may change an answer: its type, what is allowed, its default."""
    inputs = ((column.type, column.allowed, "") for column in table.inputs)
    outputs = ((column.type, column.allowed, column.default) for column in table.outputs)
    for heading, facts in zip(columns_of(table), (*inputs, *outputs), strict=True):
        told = zip(("type", "allowed", "default"), facts, strict=True)
        said = "; ".join(f"{what} {value}" for what, value in told if value)
        yield f"{heading} ({said})" if said else heading


def cells_of(rule: authoring.Rule) -> _Row:
    """The cells of a rule, annotations last; white space says nothing."""
    cells = (*rule.conditions, *rule.conclusions, *rule.annotations)
    return tuple(" ".join(cell.split()) for cell in cells)


def _shown(row: _Row) -> str:
    return " | ".join(cell or "-" for cell in row)


# --- JSON


def _read(name: str, text: str) -> object:
    # An optional text that is not there has no parts.
    found = json.loads(text, parse_float=_Number) if text else {}
    if name == "variables" and isinstance(found, dict):
        return found | {"names": _set(found.get("names"))}
    if name == "model" and isinstance(found, dict):
        return _told_of_model(found)
    return found


def _set(names: object) -> object:
    """Names whose order says nothing."""
    return {str(name): name for name in names} if isinstance(names, list) else names


def _told_of_model(found: dict[str, object]) -> object:
    """A scorecard in full; of a rated model what a reader can judge, and hashes of the rest."""
    inner = found.get("model")
    if not str(found.get("format")).startswith("tael.rated/") or not isinstance(inner, dict):
        return found
    names = inner.get("columns", inner.get("names"))
    told = {name: found[name] for name in _OF_A_RATED_MODEL if name in found}
    more = {name: inner[name] for name in ("weights", "intercept", "hash") if name in inner}
    return told | {"model": more, "variables": _set(names)}


def _values(place: str, old: object, new: object) -> Iterator[tuple[str, str | None, str | None]]:
    """Place, before and after of whatever differs within two values of JSON."""
    if type(old) is not type(new):
        yield place, _text(old, quoted=True), _text(new, quoted=True)
        return
    left, right = _named(old), _named(new)
    if left is None or right is None:
        if old != new:
            yield place, _text(old), _text(new)
        return
    if isinstance(old, list):
        before, after = (", ".join(n for n in one if n in left and n in right)
                         for one in (left, right))  # fmt: skip
        if before != after:
            yield f"{place} (order)", before, after
    for name in [*left, *(name for name in right if name not in left)]:
        where = f"{place}.{name}" if place else name
        if name not in left:
            yield where, None, _text(right[name])
        elif name not in right:
            yield where, _text(left[name]), None
        else:
            yield from _values(where, left[name], right[name])


def _named(value: object) -> Mapping[str, object] | None:
    """The parts of an object or a list by name; None of what has no parts."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        return None
    for key in _KEYS:
        names = [one.get(key) for one in value if isinstance(one, dict)]
        if value and len(names) == len(value) == len(set(map(str, names))) and None not in names:
            return {str(name): one for name, one in zip(names, value, strict=True)}
    return {str(number): one for number, one in enumerate(value, 1)}


def _text(value: object, *, quoted: bool = False) -> str:
    if isinstance(value, _Number) or (isinstance(value, str) and not quoted):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
