"""A page: blocks in order, rendered into one HTML text that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Self

from tael.kernel import BadInput, aware
from tael.report.plot import PALETTE, Axes, Bars, Chart, Columns, Lines, Series
from tael.report.style import STYLE
from tael.report.values import Kind, Value, written
from tael.report.words import (
    CONTENTS,
    DATA,
    MADE,
    MADE_BY,
    NO_DATA,
    SOURCE,
    Text,
    say,
)

_LANGUAGE = {"zh": "zh-CN", "en": "en"}
_MOST_ROWS_BEHIND_A_CHART = 400
_LONGEST_LARGE_VALUE = 11
_LEAST_SECTIONS_WITH_CONTENTS = 4

Render = Callable[[str], str]


class Tone(Enum):
    """How a note or a figure speaks."""

    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: label, what it holds, and how many decimals (default: the kind's)."""

    label: Text
    kind: Kind = Kind.TEXT
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One number to see at a glance, with what it is and a line below it."""

    label: Text
    value: Value
    detail: Text = ""
    kind: Kind = Kind.NUMBER
    tone: Tone = Tone.PLAIN
    digits: int | None = None


class Page:
    """A report under construction; each method adds a block below the last and returns the page.

    Args:
        title: the heading of the page and the browser's title.
        source: on which data the figures were obtained; shown below the title.
        made_at: instant of making (aware), from the caller's clock; left out when None.
    """

    def __init__(self, title: Text, *, source: Text = "", made_at: datetime | None = None) -> None:
        self._title = title
        self._source = source
        self._made_at = None if made_at is None else aware(made_at)
        self._sections: list[Text] = []
        self._blocks: list[Render] = []
        self._heads: dict[int, tuple[Text, Text]] = {}  # of sections, by the number of the block

    def section(self, title: Text, lead: Text = "") -> Self:
        """Begin a section, with a sentence below its heading."""
        self._sections.append(title)
        number = len(self._sections)
        self._heads[len(self._blocks)] = title, lead

        def render(locale: str) -> str:
            below = f'<p class="lead">{say(lead, locale)}</p>' if lead else ""
            return f'<h2 id="s{number}">{say(title, locale)}</h2>{below}'

        return self._add(render)

    def paragraph(self, text: Text) -> Self:
        """Add a paragraph."""
        return self._add(lambda locale: f"<p>{say(text, locale)}</p>")

    def note(self, text: Text, tone: Tone = Tone.PLAIN) -> Self:
        """Add a framed remark: an assumption, a warning, a proof that held."""
        return self._add(
            lambda locale: f'<p class="note {tone.value}" role="note">{say(text, locale)}</p>'
        )

    def figures(self, figures: Sequence[Figure]) -> Self:
        """Add a row of tiles."""
        tiles = tuple(figures)
        return self._add(lambda locale: _tiles(tiles, locale))

    def table(
        self,
        columns: Sequence[Column | Text],
        rows: Sequence[Sequence[Value]],
        *,
        caption: Text = "",
        total: bool = False,
    ) -> Self:
        """Add a table; numbers stand to the right. ``total`` sets the last row apart.

        Raises:
            BadInput: a row whose length is not the header's; names the row.
        """
        header = [column if isinstance(column, Column) else Column(column) for column in columns]
        body = [tuple(row) for row in rows]
        for number, row in enumerate(body, 1):
            if len(row) != len(header):
                raise BadInput(
                    f"{len(row)} cells for {len(header)} columns",
                    field="rows",
                    row=number,
                    rule="one cell for each column",
                )
        return self._add(lambda locale: _table(header, body, locale, caption=caption, total=total))

    def line_chart(self, title: Text, series: Sequence[Series], axes: Axes | None = None) -> Self:
        """Add lines through points; x are numbers or days."""
        return self._chart(Lines(title, tuple(series), axes or Axes()))

    def step_chart(self, title: Text, series: Sequence[Series], axes: Axes | None = None) -> Self:
        """Add lines that hold their value until the next point: balances, survival, limits."""
        return self._chart(Lines(title, tuple(series), axes or Axes(), stepped=True))

    def bar_chart(
        self,
        title: Text,
        categories: Sequence[Text],
        series: Sequence[Bars],
        axes: Axes | None = None,
        *,
        stacked: bool = False,
    ) -> Self:
        """Add bars for each category, beside each other or stacked.

        Raises:
            BadInput: a series whose length is not the categories'.
        """
        chart = Columns(title, tuple(categories), tuple(series), axes or Axes(), stacked=stacked)
        return self._chart(chart)

    def html(self, locale: str = "en") -> str:
        """The whole page in ``locale`` (``zh`` or ``en``).

        Raises:
            BadInput: another locale.
        """
        title = say(self._title, locale)
        body = _side_by_side("".join(block(locale) for block in self._blocks))
        return (
            f'<!DOCTYPE html>\n<html lang="{_LANGUAGE[locale]}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title><style>{STYLE}</style></head><body><header><h1>{title}</h1>"
            f"{self._origin(locale)}</header>{self._contents(locale)}<main>{body}</main>"
            f"<footer>{say(MADE_BY, locale)}</footer></body></html>\n"
        )

    def parts(self, locale: str = "en") -> list[tuple[str, str]]:
        """The same as titles and HTML of its sections, for a page that has a frame of its own.

        What stands before the first section has no title. All texts are escaped; the looks are the
        host's, who knows the classes of ``html``.

        Raises:
            BadInput: another locale.
        """
        found: list[tuple[str, list[str]]] = [("", [])]
        for number, block in enumerate(self._blocks):
            if number in self._heads:
                title, lead = self._heads[number]
                below = f'<p class="lead">{say(lead, locale)}</p>' if lead else ""
                found.append((say(title, locale), [below]))
            else:
                found[-1][1].append(block(locale))
        return [(title, _side_by_side("".join(made))) for title, made in found]

    def write(self, path: Path, locale: str = "en") -> Path:
        """Write the page to ``path``, making its folder, and return the path."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.html(locale), encoding="utf-8")
        return path

    def _add(self, block: Render) -> Self:
        self._blocks.append(block)
        return self

    def _chart(self, chart: Chart) -> Self:
        return self._add(lambda locale: _figure(chart, locale))

    def _origin(self, locale: str) -> str:
        parts = []
        if self._source:
            parts.append(f"<b>{say(SOURCE, locale)}</b> {say(self._source, locale)}")
        if self._made_at:
            parts.append(f"<b>{say(MADE, locale)}</b> {self._made_at:%Y-%m-%d %H:%M} UTC")
        return f'<p class="origin">{" · ".join(parts)}</p>' if parts else ""

    def _contents(self, locale: str) -> str:
        if len(self._sections) < _LEAST_SECTIONS_WITH_CONTENTS:
            return ""
        links = (
            f'<a href="#s{number}">{say(title, locale)}</a>'
            for number, title in enumerate(self._sections, 1)
        )
        return f'<nav aria-label="{say(CONTENTS, locale)}">{"".join(links)}</nav>'


def _side_by_side(body: str) -> str:
    """Charts that follow each other stand side by side where there is room."""
    return body.replace('</figure></div><div class="charts">', "</figure>")


def _tiles(figures: Sequence[Figure], locale: str) -> str:
    tiles = []
    for figure in figures:
        value = written(figure.value, figure.kind, locale, figure.digits)
        size = "value long" if len(value) > _LONGEST_LARGE_VALUE else "value"
        below = f'<div class="detail">{say(figure.detail, locale)}</div>' if figure.detail else ""
        tiles.append(
            f'<div class="tile {figure.tone.value}">'
            f'<div class="label">{say(figure.label, locale)}</div>'
            f'<div class="{size}">{say(value, locale)}</div>{below}</div>'
        )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _table(
    header: Sequence[Column],
    rows: Sequence[Sequence[Value]],
    locale: str,
    *,
    caption: Text,
    total: bool,
) -> str:
    kinds = ["" if column.kind is Kind.TEXT else ' class="n"' for column in header]
    head = "".join(
        f'<th scope="col"{kind}>{say(column.label, locale)}</th>'
        for column, kind in zip(header, kinds, strict=True)
    )
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(
            f"<td{kind}>{say(written(value, column.kind, locale, column.digits), locale)}</td>"
            for value, column, kind in zip(row, header, kinds, strict=True)
        )
        last = ' class="total"' if total and number == len(rows) else ""
        lines.append(f"<tr{last}>{cells}</tr>")
    if not lines:
        lines.append(
            f'<tr><td class="empty" colspan="{len(header)}">{say(NO_DATA, locale)}</td></tr>'
        )
    named = f"<caption>{say(caption, locale)}</caption>" if caption else ""
    return (
        f'<div class="table"><table>{named}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _figure(chart: Chart, locale: str) -> str:
    names = chart.legend()
    swatches = (
        f"b{place % PALETTE}{' again' if place >= PALETTE else ''}" for place in range(len(names))
    )
    legend = "".join(
        f'<span><i class="{swatch}"></i>{say(name, locale)}</span>'
        for swatch, name in zip(swatches, names, strict=True)
    )
    key = f'<div class="legend">{legend}</div>' if len(names) > 1 else ""
    return (
        f'<div class="charts"><figure><figcaption>{say(chart.title, locale)}</figcaption>{key}'
        f'<div class="plot">{chart.svg(locale)}</div>{_data(chart, locale)}</figure></div>'
    )


def _data(chart: Chart, locale: str) -> str:
    """The numbers behind a chart, folded away; of a very long one, none."""
    labels, rows = chart.rows()
    if not rows or len(rows) > _MOST_ROWS_BEHIND_A_CHART:
        return ""
    header = [Column(labels[0]), *(Column(label, chart.axes.kind) for label in labels[1:])]
    table = _table(header, rows, locale, caption="", total=False)
    return f"<details><summary>{say(DATA, locale)}</summary>{table}</details>"
