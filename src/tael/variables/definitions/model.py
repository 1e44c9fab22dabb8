"""What a definition says, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tael.variables.definitions.check import Place

DAY_S = 86_400


class Text(NamedTuple):
    """One text in Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a source's events.

    ``kind`` is ``code`` (text from a closed list), ``integer`` (int64 in ``unit`` with
    ``decimals``: fen are CNY with 2) or ``key`` (an id of another party or account). A code column
    with a ``calendar`` is not delivered: packing makes it from the day of the event.
    """

    name: str
    kind: str
    title: Text
    codes: tuple[tuple[str, Text], ...] = ()
    unit: str = ""
    decimals: int = 0
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One word of a filter: the codes of one dimension that it lets through."""

    word: str
    codes: tuple[str, ...]
    title: Text
    everything: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured of the events.

    ``kind`` is ``value`` (an integer column), ``events`` (the events themselves), ``key``, or
    ``run`` (events in one of ``codes`` of a code column). ``by`` is the column under the line of a
    ratio, ``weight`` what a concentration adds up, ``below`` a limit in units of the column.
    """

    word: str
    kind: str
    title: Text
    aggregates: tuple[str, ...]
    place: Place
    column: str = ""
    by: str = ""
    weight: str = ""
    below: int = 0
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Derived:
    """A variable made of others: ``of`` and ``by`` name them, ``{window}`` stands for the window.

    ``operation`` is ``ratio``, ``difference`` or ``percentile`` (of the firms of the same region
    and industry, as known at the as-of time; ``by`` is empty).
    """

    word: str
    operation: str
    of: str
    by: str
    title: Text
    place: Place


@dataclass(frozen=True, slots=True)
class Family:
    """Variables that share their kind, filters, windows and measures.

    ``windows`` are seconds, ascending; None is all of the past. A window is
    ``[as-of - window, as-of)``: its left end lies inside, its right end outside.
    """

    kind: str
    version: int
    subjects: tuple[str, ...]
    filters: tuple[tuple[str, tuple[Group, ...]], ...]
    windows: tuple[int | None, ...]
    measures: tuple[Measure, ...]
    derived: tuple[Derived, ...]
    expect: tuple[tuple[str, str], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Source:
    """Events of one origin: what they hold, on which legal basis, how fresh, what is made of them.

    ``freshness_days`` is the age of the newest delivery after which variables are stale;
    ``delay_days`` the median and the 99th percentile between event and knowledge.
    """

    name: str
    title: Text
    subjects: tuple[str, ...]
    law: str
    consent: str
    sensitive: bool
    freshness_days: int
    delay_days: tuple[int, int]
    since: str
    columns: tuple[Column, ...]
    leaves: tuple[str, ...]
    families: tuple[Family, ...]
    place: Place

    def column(self, name: str) -> Column:
        """The column called ``name``; KeyError when there is none."""
        return {each.name: each for each in self.columns}[name]


class Numbered(NamedTuple):
    """A row of ids.csv: an id given to a name, with the meaning of one version."""

    id: str
    name: str
    version: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Definitions:
    """The sources of one folder, ordered by file, and the ids given so far."""

    sources: tuple[Source, ...]
    numbered: tuple[Numbered, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """One named variable.

    ``filter`` holds each dimension with its codes (None: all of them), ``window_s`` seconds or
    None for all of the past, ``longer_s`` the window a velocity divides by. ``type`` is
    ``integer`` or ``real``; ``sign`` is ``+`` where a higher value means more risk, ``-`` where it
    means less, empty where nothing is expected. ``columns`` are the source's columns that the
    value depends on, ``parents`` the variables it is made of.
    """

    id: str
    name: str
    version: int
    subject: str
    source: str
    kind: str
    filter: tuple[tuple[str, tuple[str, ...] | None], ...]
    window: str
    window_s: int | None
    longer_s: int | None
    measure: Measure
    aggregate: str
    operation: str
    unit: str
    decimals: int
    type: str
    sign: str
    columns: tuple[str, ...]
    parents: tuple[str, ...]
    text: Text
    place: Place
    meaning: str
