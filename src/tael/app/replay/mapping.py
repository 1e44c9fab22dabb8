"""A mapping: which column of a lender's file means what. YAML, validated strictly.

A feature that names a column known only later is refused here, before a row is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import yaml

from tael.app.replay.yaml_fields import Fields, refused
from tael.kernel import BadInput, Day, NotFound, minor_digits
from tael.risk import Feature

ALARM_LEVEL = Decimal("0.75")
"""Out-of-time AUC above which a scorecard is taken to have seen the outcome."""

DATE_FORMS = ("iso", "mdy", "dmy")
FIT_WEIGHTS = ("full", "root", "none")
KINDS = ("numeric", "categorical")
MONOTONE = ("auto", "rising", "falling", "free")


@dataclass(frozen=True, slots=True)
class OutcomeColumns:
    """Where the ending stands: status codes, the day of a default and the principal lost."""

    column: str
    paid: frozenset[str]
    default: frozenset[str]
    date: str
    loss: str


@dataclass(frozen=True, slots=True)
class TermColumn:
    """The recorded term in months, and by how many equal amount bands it is imputed."""

    column: str
    bands: int


@dataclass(frozen=True, slots=True)
class SampleWeights:
    """What a row stands for: by the first of ``sources`` that its sampling column names."""

    column: str
    separator: str
    sources: Mapping[str, tuple[Decimal, Decimal]]
    otherwise: Decimal


@dataclass(frozen=True, slots=True)
class Derivation:
    """A feature and how it is made from columns.

    Attributes:
        feature: how it enters the scorecard.
        how: ``column``, ``ratio``, ``equal`` or ``multiple_of``.
        columns: what it reads.
        prefix: of ``column``: so many leading characters; 0 keeps all.
        codes: of ``column``: accepted values, others count as missing; empty accepts all.
        missing: of ``column``: values that mean "not known".
        steps: of ``multiple_of``: the amount's largest of these divisors is the category.
    """

    feature: Feature
    how: str
    columns: tuple[str, ...]
    prefix: int = 0
    codes: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """The level of the leak alarm; above the house's own only with a name and a reason."""

    level: Decimal
    raised_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BookMapping:
    """Everything a replay must know of a file.

    Attributes:
        leakage: columns known or changed only later, with why: never a feature.
        cautions: columns that may be used and whose doubt is reported, with why.
        matured: first and last year of approval whose outcomes are complete.
        train_since: training takes approvals from this day.
        fit_weights: ``full``, ``root`` (square root) or ``none``: weights in the regression.
    """

    name: str
    title: str
    source: str
    currency: str
    dates: str
    key: str
    approved: str
    amount: str
    guaranteed: str
    outcome: OutcomeColumns
    term: TermColumn
    leakage: Mapping[str, str]
    cautions: Mapping[str, str]
    samples: SampleWeights | None
    matured: tuple[int, int]
    train_since: Day | None
    fit_weights: str
    features: tuple[Derivation, ...]
    alarm: Alarm

    @property
    def known_later(self) -> dict[str, str]:
        """Every column that no feature may read, with why."""
        own = {
            self.outcome.column: "the outcome itself",
            self.outcome.date: "the day of the outcome",
            self.outcome.loss: "the amount of the outcome",
            self.term.column: "may be changed after approval",
        }
        return {**own, **self.leakage}

    @property
    def columns(self) -> dict[str, str]:
        """The columns the file must have, each with what needs it."""
        needed = {self.key: "key", self.approved: "approved", self.amount: "amount"}
        needed |= {self.guaranteed: "guaranteed", self.term.column: "term"}
        needed |= {self.outcome.column: "outcome", self.outcome.date: "outcome.date"}
        needed |= {self.outcome.loss: "outcome.loss"}
        if self.samples:
            needed[self.samples.column] = "samples"
        for item in self.features:
            for column in item.columns:
                needed.setdefault(column, f"feature {item.feature.name}")
        return needed


def load_mapping(name_or_path: str | Path) -> BookMapping:
    """A mapping that ships with Tael, by name (``sba-7a``), or a lender's own, by path.

    Raises:
        NotFound: neither a shipped name nor a file.
        BadInput: names the field and the rule.
    """
    text, place = _text_of(str(name_or_path))
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput(
            f"{place} is not YAML: {' '.join(str(error).split())}", field="mapping", rule="YAML"
        ) from None
    return read_mapping(data)


def shipped_mappings() -> tuple[str, ...]:
    """Names of the mappings that ship with Tael."""
    folder = files("tael.app.replay") / "mappings"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir()))


def read_mapping(data: object) -> BookMapping:
    """The mapping in ``data`` (what YAML gives).

    Raises:
        BadInput: a field is missing, unknown or of another kind, a feature reads what is known only
            later, or an alarm is raised without name and reason.
    """
    top = Fields(data, "")
    found = BookMapping(
        name=top.text("name"),
        title=top.text("title", ""),
        source=top.text("source", ""),
        currency=top.text("currency"),
        dates=top.choice("dates", DATE_FORMS, "iso"),
        key=top.text("key"),
        approved=top.text("approved"),
        amount=top.text("amount"),
        guaranteed=top.text("guaranteed"),
        outcome=_outcome(top.part("outcome")),
        term=_term(top.part("term")),
        leakage=top.texts_by_name("leakage"),
        cautions=top.texts_by_name("cautions"),
        samples=_samples(top.part("samples")) if top.has("samples") else None,
        matured=_matured(top.part("matured")),
        train_since=top.day("train_since"),
        fit_weights=top.choice("fit_weights", FIT_WEIGHTS, "full"),
        features=tuple(_feature(part) for part in top.parts("features")),
        alarm=_alarm(top.part("alarm")) if top.has("alarm") else Alarm(ALARM_LEVEL),
    )
    top.finish()
    minor_digits(found.currency)
    _refuse_repeats(found)
    _refuse_leaks(found)
    return found


def _text_of(name: str) -> tuple[str, str]:
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise NotFound(f"there is no mapping file {name}", field="mapping")
        try:
            return path.read_text(encoding="utf-8"), name
        except UnicodeDecodeError:
            raise BadInput(f"{name} is not UTF-8", field="mapping", rule="UTF-8 text") from None
    if name not in shipped_mappings():
        known = ", ".join(shipped_mappings())
        raise NotFound(
            f"no mapping is called {name!r}; there is {known}, or give the path of a .yaml file",
            field="mapping",
        )
    shipped = files("tael.app.replay") / "mappings" / f"{name}.yaml"
    return shipped.read_text(encoding="utf-8"), name


def _outcome(part: Fields) -> OutcomeColumns:
    found = OutcomeColumns(
        column=part.text("column"),
        paid=part.text_set("paid"),
        default=part.text_set("default"),
        date=part.text("date"),
        loss=part.text("loss"),
    )
    part.finish()
    if found.paid & found.default or not found.paid or not found.default:
        raise refused(part.path, "paid and default have codes, and none in both")
    return found


def _term(part: Fields) -> TermColumn:
    found = TermColumn(part.text("column"), part.whole("bands", 1))
    part.finish()
    if found.bands < 1:
        raise refused(f"{part.path}.bands", "one band or more")
    return found


def _samples(part: Fields) -> SampleWeights:
    weights = {}
    for source in part.parts("weights"):
        name = source.text("source")
        weights[name] = (source.positive("paid"), source.positive("default"))
        source.finish()
    found = SampleWeights(
        part.text("column"), part.text("separator"), weights, part.positive("otherwise")
    )
    part.finish()
    return found


def _matured(part: Fields) -> tuple[int, int]:
    first, last = part.whole("first"), part.whole("last")
    part.finish()
    if first > last:
        raise refused(part.path, "first year not after the last")
    return first, last


def _alarm(part: Fields) -> Alarm:
    level = part.positive("level")
    found = Alarm(level, part.text("raised_by", ""), part.text("reason", ""))
    part.finish()
    if level >= 1:
        raise refused(f"{part.path}.level", "an AUC below 1")
    if level > ALARM_LEVEL and not (found.raised_by and found.reason):
        raise refused(
            part.path, f"a level above {ALARM_LEVEL} is signed: both raised_by and reason"
        )
    return found


def _feature(part: Fields) -> Derivation:
    ways = [way for way in ("column", "ratio", "equal", "multiple_of") if part.has(way)]
    if len(ways) != 1:
        raise refused(part.path, "one of column, ratio, equal, multiple_of")
    made = _made(part, ways[0])
    part.finish()
    return made


def _made(part: Fields, how: str) -> Derivation:
    always = {"ratio": "numeric", "equal": "categorical", "multiple_of": "categorical"}
    kind = always.get(how) or part.choice("kind", KINDS)
    feature = Feature(
        name=part.text("name"),
        kind=kind,
        monotone=part.choice("monotone", MONOTONE, "auto"),
        max_bins=part.whole("max_bins", 6),
        min_share=float(part.positive("min_share", Decimal("0.03"))),
        reason=part.text("reason", ""),
    )
    if how in ("ratio", "equal"):
        return Derivation(feature, how, part.pair(how))
    if how == "multiple_of":
        inner = part.part(how)
        made = Derivation(feature, how, (inner.text("column"),), steps=inner.wholes("steps"))
        inner.finish()
        return made
    return Derivation(
        feature,
        how,
        (part.text("column"),),
        prefix=part.whole("prefix", 0),
        codes=part.text_set("codes", optional=True),
        missing=part.text_set("missing", optional=True),
    )


def _refuse_repeats(mapping: BookMapping) -> None:
    names = [item.feature.name for item in mapping.features]
    for name in names:
        if names.count(name) > 1:
            raise refused(f"features.{name}", "each feature once")
    if not names:
        raise refused("features", "at least one feature")


def _refuse_leaks(mapping: BookMapping) -> None:
    later = mapping.known_later
    for item in mapping.features:
        for column in item.columns:
            if column in later:
                raise BadInput(
                    f"feature {item.feature.name!r} reads {column}: {later[column]}",
                    code="leak_refused",
                    field=f"features.{item.feature.name}",
                    rule="nothing known only after the decision is a feature",
                )
