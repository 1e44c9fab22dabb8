"""Built-in functions of contexts (DMN 1.5 clause 10.3.4.10)."""

from __future__ import annotations

from tael.dmn.errors import Nothing
from tael.dmn.feel.library.arguments import context, items_of, text
from tael.dmn.feel.library.entry import Entry
from tael.dmn.feel.values import Value


def _get_value(m: Value, key: Value) -> Value:
    entries, name = context(m), text(key)
    if name not in entries:
        raise Nothing(f"no entry {name!r} in the context")
    return entries[name]


def _get_entries(m: Value) -> Value:
    return tuple({"key": key, "value": value} for key, value in context(m).items())


def _context(entries: Value) -> Value:
    made: dict[str, Value] = {}
    for entry in items_of(entries):
        pair = context(entry)
        if "key" not in pair or "value" not in pair:
            raise Nothing("an entry has a key and a value")
        key = text(pair["key"])
        if key in made:
            raise Nothing(f"the key {key!r} comes twice")
        made[key] = pair["value"]
    return made


def _put(m: Value, key: Value, value: Value) -> Value:
    return {**context(m), text(key): value}


def _put_deep(m: Value, keys: Value, value: Value) -> Value:
    path = items_of(keys)
    if not isinstance(keys, tuple):
        return _put(m, keys, value)
    if not path:
        raise Nothing("the list of keys is empty")
    first = text(path[0])
    if len(path) == 1:
        return _put(m, first, value)
    return {**context(m), first: _put_deep(context(m).get(first), path[1:], value)}


def _merge(contexts: Value) -> Value:
    merged: dict[str, Value] = {}
    for each in items_of(contexts):
        merged |= context(each)
    return merged


ENTRIES: tuple[Entry, ...] = (
    Entry("get value", "m,key", 2, _get_value),
    Entry("get value", "context,key", 2, _get_value),
    Entry("get entries", "m", 1, _get_entries),
    Entry("get entries", "context", 1, _get_entries),
    Entry("context", "entries", 1, _context),
    Entry("context put", "context,key,value", 3, _put_deep),
    Entry("context put", "context,keys,value", 3, _put_deep),
    Entry("context merge", "contexts", 1, _merge),
)
