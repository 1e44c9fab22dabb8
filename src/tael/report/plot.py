"""Line, step and bar charts as SVG texts. Colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from tael.kernel import BadInput, Day
from tael.report.scale import Scale, date_ticks, ticks
from tael.report.values import Kind, Value, axis_label, number_of, written
from tael.report.words import NO_DATA, Text, say

_WIDTH, _HEIGHT = 600, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 66, 14, 14, 48
_PLOT_BOTTOM = _HEIGHT - _BOTTOM
_PLOT_RIGHT = _WIDTH - _RIGHT
# Longer labels would run into each other; they are cut and told whole on the pointer's stay.
_MOST_LABEL_CHARACTERS = 12
_MOST_CATEGORY_LABELS = 16
_MOST_MARKED_POINTS = 40
PALETTE = 8
_LARGEST_PLAIN_NUMBER = 10_000


@dataclass(frozen=True, slots=True)
class Axes:
    """Titles of the axes, what they measure, and whether the vertical one begins at zero."""

    x: Text = ""
    y: Text = ""
    kind: Kind = Kind.NUMBER
    from_zero: bool = True


@dataclass(frozen=True, slots=True)
class Series:
    """A line: points in the order of x (numbers or days); a missing y leaves a gap."""

    name: Text
    points: Sequence[tuple[int | float | date, Value]]


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar for each category, in their order; a missing value leaves its place empty."""

    name: Text
    values: Sequence[Value]


@dataclass(frozen=True, slots=True)
class Lines:
    """A line or step chart, ready to be drawn."""

    title: Text
    series: Sequence[Series]
    axes: Axes = field(default_factory=Axes)
    stepped: bool = False

    def legend(self) -> list[Text]:
        return [line.name for line in self.series]

    def svg(self, locale: str) -> str:
        """The chart in ``locale``; every text in it is escaped."""
        lines = [(line.name, list(_drawable(line))) for line in self.series]
        points = [point for _, line in lines for point in line if point[1] is not None]
        if not points:
            return _empty(locale)
        dated = any(isinstance(x, date) for line in self.series for x, _ in line.points)
        y = _value_scale([point[1] for point in points if point[1] is not None], self.axes)
        x = Scale(min(p[0] for p in points), max(p[0] for p in points), _LEFT, _PLOT_RIGHT)
        marks = _day_marks(x) if dated else _number_marks(x, locale)
        parts = [_grid(y, self.axes.kind, locale), marks, _titles(self.axes, locale)]
        for place, (name, line) in enumerate(lines):
            parts.append(_path(line, x, y, stepped=self.stepped, place=place))
            parts.append(_dots(line, (x, y), say(name, locale), place, self._tell(locale, dated)))
        return _svg(self.title, parts, locale)

    def _tell(self, locale: str, dated: bool) -> Callable[[float, float], str]:  # noqa: FBT001
        def tell(x: float, y: float) -> str:
            at = Day.fromordinal(int(x)).isoformat() if dated else f"{x:g}"
            return f"{at}: {written(y, self.axes.kind, locale)}"

        return tell

    def rows(self) -> tuple[list[Text], list[list[Value]]]:
        """The chart's data as a table: header and rows, one for each x."""
        order = sorted({x for line in self.series for x, _ in line.points}, key=_ordinal)
        known = [dict(line.points) for line in self.series]
        rows: list[list[Value]] = [[x, *(line.get(x) for line in known)] for x in order]
        return [self.axes.x or "x", *self.legend()], rows


@dataclass(frozen=True, slots=True)
class Columns:
    """A bar chart, grouped or stacked, ready to be drawn."""

    title: Text
    categories: Sequence[Text]
    series: Sequence[Bars]
    axes: Axes = field(default_factory=Axes)
    stacked: bool = False

    def __post_init__(self) -> None:
        for bars in self.series:
            if len(bars.values) != len(self.categories):
                raise BadInput(
                    f"{len(bars.values)} bars for {len(self.categories)} categories",
                    field="values",
                    rule="one value for each category",
                )

    def legend(self) -> list[Text]:
        return [bars.name for bars in self.series]

    def svg(self, locale: str) -> str:
        """The chart in ``locale``; every text in it is escaped."""
        heights = [[number_of(value) for value in bars.values] for bars in self.series]
        if not any(height is not None for row in heights for height in row):
            return _empty(locale)
        y = _value_scale(self._extremes(heights), self.axes)
        slot = (_PLOT_RIGHT - _LEFT) / len(self.categories)
        parts = [_grid(y, self.axes.kind, locale), self._labels(slot, locale)]
        parts += [_titles(self.axes, locale)]
        for number in range(len(self.categories)):
            parts += self._group(number, [row[number] for row in heights], (slot, y), locale)
        return _svg(self.title, parts, locale)

    def _extremes(self, heights: list[list[float | None]]) -> list[float]:
        if not self.stacked:
            return [0.0, *(height for row in heights for height in row if height is not None)]
        columns = list(zip(*heights, strict=True))
        above = [sum(h for h in column if h is not None and h > 0) for column in columns]
        below = [sum(h for h in column if h is not None and h < 0) for column in columns]
        return [0.0, *above, *below]

    def _group(
        self, number: int, heights: list[float | None], frame: tuple[float, Scale], locale: str
    ) -> list[str]:
        slot, y = frame
        beside = 1 if self.stacked else len(heights)
        width = min(slot * 0.72 / beside, 56)
        start = _LEFT + slot * (number + 0.5) - width * beside / 2
        category, parts, above, below = say(self.categories[number], locale), [], 0.0, 0.0
        for place, height in enumerate(heights):
            if height is None:
                continue
            base = (above if height >= 0 else below) if self.stacked else 0.0
            top, bottom = sorted((y.at(base + height), y.at(base)))
            left = start if self.stacked else start + width * place
            told = f"{category}, {say(self.series[place].name, locale)}: "
            told += written(height, self.axes.kind, locale)
            parts.append(
                f'<rect class="f{place % PALETTE}" x="{left + 0.5:.1f}" y="{top:.1f}" rx="1.5" '
                f'width="{max(width - 1, 0.5):.1f}" height="{max(bottom - top, 0.5):.1f}">'
                f"<title>{told}</title></rect>"
            )
            above, below = above + max(height, 0), below + min(height, 0)
        return parts

    def _labels(self, slot: float, locale: str) -> str:
        every = -(-len(self.categories) // _MOST_CATEGORY_LABELS)
        parts = []
        for number, category in enumerate(self.categories):
            if number % every == 0:
                middle = _LEFT + slot * (number + 0.5)
                parts.append(_x_label(middle, category, locale))
        return "".join(parts)

    def rows(self) -> tuple[list[Text], list[list[Value]]]:
        """The chart's data as a table: header and rows, one for each category."""
        values = zip(*(bars.values for bars in self.series), strict=True)
        rows: list[list[Value]] = [
            [category, *row] for category, row in zip(self.categories, values, strict=True)
        ]
        return [self.axes.x, *self.legend()], rows


Chart = Lines | Columns


def _ordinal(value: float | date) -> float:
    return float(value.toordinal()) if isinstance(value, date) else float(value)


def _drawable(line: Series) -> list[tuple[float, float | None]]:
    return [(_ordinal(x), number_of(value)) for x, value in line.points]


def _value_scale(values: list[float], axes: Axes) -> Scale:
    low, high = min(values), max(values)
    if axes.from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    marks = ticks(low, high)
    return Scale(marks[0], marks[-1], _PLOT_BOTTOM, _TOP, tuple(marks))


def _grid(y: Scale, kind: Kind, locale: str) -> str:
    marks = y.marks
    step = marks[1] - marks[0]
    parts = []
    for mark in marks:
        at, label = y.at(mark), axis_label(mark, step, kind, locale)
        zero = ' class="zero"' if mark == 0 else ""
        parts.append(f'<line{zero} x1="{_LEFT}" x2="{_PLOT_RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    return f'<g class="grid">{"".join(parts)}</g>'


def _number_marks(x: Scale, locale: str) -> str:
    marks = [mark for mark in ticks(x.low, x.high, wanted=8) if x.low <= mark <= x.high]
    step = marks[1] - marks[0] if len(marks) > 1 else 1.0
    # Years and months on book are whole: no thousands separator below 10,000.
    plain = max(abs(x.low), abs(x.high)) < _LARGEST_PLAIN_NUMBER and step >= 1
    labels = [f"{m:.0f}" if plain else axis_label(m, step, Kind.NUMBER, locale) for m in marks]
    return "".join(
        _x_label(x.at(mark), label, locale) for mark, label in zip(marks, labels, strict=True)
    )


def _day_marks(x: Scale) -> str:
    marks = date_ticks(Day.fromordinal(int(x.low)), Day.fromordinal(int(x.high)))
    return "".join(_x_label(x.at(day.toordinal()), label, "en") for day, label in marks)


def _x_label(at: float, text: Text, locale: str) -> str:
    whole = say(text, locale)
    plain = text if isinstance(text, str) else getattr(text, locale)
    short = (
        plain if len(plain) <= _MOST_LABEL_CHARACTERS else plain[: _MOST_LABEL_CHARACTERS - 1] + "…"
    )
    told = f"<title>{whole}</title>" if short != plain else ""
    place = f'x="{at:.1f}" y="{_PLOT_BOTTOM + 18}" text-anchor="middle"'
    return f"<text {place}>{say(short, locale)}{told}</text>"


def _titles(axes: Axes, locale: str) -> str:
    middle = (_LEFT + _PLOT_RIGHT) / 2
    parts = []
    if axes.x:
        parts.append(f'<text class="axis" x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">')
        parts.append(f"{say(axes.x, locale)}</text>")
    if axes.y:
        at = (_TOP + _PLOT_BOTTOM) / 2
        parts.append(f'<text class="axis" x="12" y="{at}" text-anchor="middle" ')
        parts.append(f'transform="rotate(-90 12 {at})">{say(axes.y, locale)}</text>')
    return "".join(parts)


def _path(
    line: list[tuple[float, float | None]], x: Scale, y: Scale, *, stepped: bool, place: int
) -> str:
    commands: list[str] = []
    last: float | None = None
    for px, py in line:
        if py is None:
            last = None
            continue
        if last is None:
            commands.append(f"M{x.at(px):.1f} {y.at(py):.1f}")
        else:
            commands.append(
                f"H{x.at(px):.1f}V{y.at(py):.1f}" if stepped else f"L{x.at(px):.1f} {y.at(py):.1f}"
            )
        last = py
    again = " again" if place >= PALETTE else ""
    return f'<path class="s{place % PALETTE}{again}" d="{"".join(commands)}"/>'


def _dots(
    line: list[tuple[float, float | None]],
    frame: tuple[Scale, Scale],
    name: str,
    place: int,
    tell: Callable[[float, float], str],
) -> str:
    """The points that tell their value; of a dense line, invisible ones."""
    (x, y), seen = frame, [(px, py) for px, py in line if py is not None]
    radius = 3 if len(seen) <= _MOST_MARKED_POINTS else 1.2
    return "".join(
        f'<circle class="f{place % PALETTE}" cx="{x.at(px):.1f}" cy="{y.at(py):.1f}" r="{radius}">'
        f"<title>{name}, {tell(px, py)}</title></circle>"
        for px, py in seen
    )


def _svg(title: Text, parts: list[str], locale: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{say(title, locale)}">'
        f"{''.join(parts)}</svg>"
    )


def _empty(locale: str) -> str:
    return f'<p class="empty">{say(NO_DATA, locale)}</p>'
