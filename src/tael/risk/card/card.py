"""The model card: one document of what is known of a model, and of what is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tael.kernel import BadInput, aware
from tael.report import Column, Page, Text, Tone, Words, written
from tael.risk.card.parts import (
    HEADINGS,
    NOT_MEASURED,
    SIGN_OFF,
    Part,
    Table,
    part_from_json,
    part_to_json,
)
from tael.risk.registry import Happening, Record

_FORMAT = "tael.risk.card/1"
_MOST_ROWS = 60
_DECISIONS = {
    "approved": Words("同意", "approved"),
    "conditional": Words("有条件同意", "approved on conditions"),
    "rejected": Words("不同意", "rejected"),
}
_SIGNATURES = (
    Column(Words("签署人", "Who")),
    Column(Words("角色", "Role")),
    Column(Words("结论", "Decision")),
    Column(Words("时间 (UTC)", "When (UTC)")),
    Column(Words("意见", "Note")),
    Column(Words("记录", "Record")),
)
_UNSIGNED = Words("尚未签署", "Not signed yet")


@dataclass(frozen=True)
class Card:
    """A model's card. A part that nobody handed in says that it was not measured.

    Signatures are no part of it: each is a record of the registry that names the card's digest.

    Attributes:
        title: the model's name.
        model: its hash.
        made_at: when the card was made (aware), from the caller's clock.
        parts: by code of ``HEADINGS``.
    """

    title: Text
    model: str
    made_at: datetime
    parts: Mapping[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        aware(self.made_at)
        for code in self.parts:
            if code not in HEADINGS:
                raise BadInput(
                    f"a card has no part {code!r}; there are {', '.join(HEADINGS)}",
                    field="parts",
                    rule="a known part",
                )

    @property
    def missing(self) -> tuple[str, ...]:
        """The codes of the parts that were not measured."""
        return tuple(code for code in HEADINGS if not self.parts.get(code, Part()).measured)

    def to_json(self) -> str:
        """The card as canonical JSON; a part that was not measured is null."""
        title = self.title
        data = {
            "format": _FORMAT,
            "title": {"zh": title.zh, "en": title.en} if isinstance(title, Words) else title,
            "model": self.model,
            "made_at": aware(self.made_at).isoformat(),
            "parts": {
                code: None if code in self.missing else part_to_json(self.parts[code])
                for code in HEADINGS
            },
        }
        return json.dumps(
            data, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        )

    @classmethod
    def from_json(cls, text: str) -> Card:
        """The card that ``to_json`` wrote.

        Raises:
            BadInput: not such a text.
        """
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise BadInput(f"not JSON: {error.msg}", field="text", rule="canonical JSON") from None
        if not isinstance(data, dict) or data.get("format") != _FORMAT:
            raise BadInput("this is no model card", field="format", rule=_FORMAT)
        title = data["title"]
        return cls(
            Words(title["zh"], title["en"]) if isinstance(title, dict) else title,
            data["model"],
            datetime.fromisoformat(data["made_at"]),
            {code: part_from_json(part) for code, part in data["parts"].items() if part},
        )

    @property
    def hash(self) -> str:
        """SHA-256 of ``to_json`` in hexadecimal: what a signature names."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def markdown(self, locale: str = "en", signatures: Sequence[Record] = ()) -> str:
        """The card as Markdown in zh or en.

        Raises:
            BadInput: another locale.
        """
        if locale not in {"zh", "en"}:
            raise BadInput(f"{locale!r} is no language of a card", field="locale", rule="zh or en")
        lines = [f"# {_in(self.title, locale)}", "", self._origin(locale), ""]
        for code, heading in HEADINGS.items():
            lines += [f"## {_in(heading, locale)}", ""]
            part = self.parts.get(code, Part())
            if not part.measured:
                lines += [f"*{_in(NOT_MEASURED, locale)}*", ""]
            for text in part.texts:
                lines += [_in(text, locale), ""]
            for table in part.tables:
                lines += [*_markdown_table(table, locale), ""]
        lines += [f"## {_in(SIGN_OFF, locale)}", ""]
        lines += [*_markdown_table(_signed(self, signatures), locale), ""]
        return "\n".join(lines)

    def page(self, signatures: Sequence[Record] = ()) -> Page:
        """The card as a page, in zh and en."""
        made = Page(
            Words(f"模型卡: {_in(self.title, 'zh')}", f"Model card: {_in(self.title, 'en')}"),
            source=Words(f"模型 {self.model[:16]}", f"model {self.model[:16]}"),
            made_at=self.made_at,
        )
        if self.missing:
            made.note(self._told_missing(), Tone.WARNING)
        for code, heading in HEADINGS.items():
            made.section(heading)
            part = self.parts.get(code, Part())
            if not part.measured:
                made.note(NOT_MEASURED, Tone.WARNING)
            for text in part.texts:
                made.paragraph(text)
            for table in part.tables:
                made.table(table.columns, table.rows[:_MOST_ROWS], caption=_caption(table))
        made.section(SIGN_OFF)
        signed = _signed(self, signatures)
        made.table(signed.columns, signed.rows, caption=signed.caption)
        # In a table, which scrolls: a hash has no place to break a line.
        made.table([Words("卡片哈希", "Hash of the card")], [(self.hash,)])
        return made

    def _origin(self, locale: str) -> str:
        at = f"{aware(self.made_at):%Y-%m-%d %H:%M} UTC"
        words = Words(
            f"模型 `{self.model}`, 卡片 `{self.hash}`, 生成于 {at}",
            f"Model `{self.model}`, card `{self.hash}`, made {at}",
        )
        return _in(words, locale)

    def _told_missing(self) -> Words:
        names = [HEADINGS[code] for code in self.missing]
        return Words(
            f"未测量: {'、'.join(name.zh for name in names)}",
            f"Not measured: {', '.join(name.en.lower() for name in names)}",
        )


def _signed(card: Card, records: Sequence[Record]) -> Table:
    """The signatures under the card; one row of empty fields where there is none."""
    rows = []
    for record in records:
        if record.happening is Happening.SIGNED and record.model == card.model:
            body = record.body
            other = body["card"] and body["card"] != card.hash
            note = Words(
                f"{body['note']} (针对另一版卡片)" if other else body["note"],
                f"{body['note']} (of another version of the card)" if other else body["note"],
            )
            rows.append(
                (
                    body["who"], body["role"], _DECISIONS[body["decision"]],
                    f"{record.at:%Y-%m-%d %H:%M}", note, f"#{record.number} {record.hash[:12]}",
                )
            )  # fmt: skip
    if rows:
        return Table(_SIGNATURES, tuple(rows))
    return Table(_SIGNATURES, ((None,) * len(_SIGNATURES),), _UNSIGNED)


def _caption(table: Table) -> Text:
    if len(table.rows) <= _MOST_ROWS:
        return table.caption
    whole = len(table.rows)
    zh, en = _in(table.caption, "zh"), _in(table.caption, "en")
    return Words(
        f"{zh} (共 {whole:,} 行, 显示前 {_MOST_ROWS} 行, 全部见 card.json)".strip(),
        f"{en} (the first {_MOST_ROWS} of {whole:,}; all stand in card.json)".strip(),
    )


def _markdown_table(table: Table, locale: str) -> list[str]:
    def row(cells: Sequence[str]) -> str:
        return (
            "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
        )

    caption = _in(_caption(table), locale)
    lines = [f"**{caption}**", ""] if caption else []
    lines.append(row([_in(column.label, locale) for column in table.columns]))
    lines.append(row(["---"] * len(table.columns)))
    for values in table.rows[:_MOST_ROWS]:
        cells = zip(values, table.columns, strict=True)
        lines.append(row([written(value, one.kind, locale, one.digits) for value, one in cells]))
    return lines


def _in(text: Text, locale: str) -> str:
    return str(getattr(text, locale)) if isinstance(text, Words) else text
