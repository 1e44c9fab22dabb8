"""The configuration of a model: what it is trained on, when, how; one versioned YAML file.

Everything that decides what the model becomes stands in it, the definition of bad included, and its
hash goes into the registry.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from tael.kernel import BadInput, Rate
from tael.risk.boosting import BoosterSettings
from tael.risk.calibration import Maturity
from tael.risk.calibration.kept import canonical, hash_of, plain
from tael.risk.folds import FoldSettings
from tael.risk.outcomes import BadDefinition
from tael.risk.selection import SelectionSettings
from tael.risk.shrunk_logistic import ShrunkSettings
from tael.risk.tiers import TIER_BOUNDS

FORMAT = "tael.risk.training/1"
_KINDS: Mapping[type, str] = {
    bool: "true or false",
    date: "a day like 2019-01-01",
    float: "a number",
    int: "a whole number",
    str: "a text (a version like 1.10 in quotes)",
}
KINDS = ("scorecard", "booster", "shrunk_logistic", "ensemble")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Span:
    """Applications from a day on until before another, both UTC."""

    first: date
    until: date

    def __post_init__(self) -> None:
        if self.first >= self.until:
            raise BadInput(
                f"{self.first} is not before {self.until}", field="first", rule="first < until"
            )


@dataclass(frozen=True, slots=True)
class Periods:
    """Which applications serve for what.

    Attributes:
        built_on: no outcome known later is used to select, train or calibrate.
        train: selection and training.
        test: out of time; never looked at before.
        stressed: years of the test that are declared crises; the stress plan judges these.
        settle_days: a training row is taken if so many days after it have passed by ``built_on``:
            outcome window and delay, so that early bads do not come without their goods.
    """

    built_on: date
    train: Span
    test: Span
    stressed: tuple[int, ...] = ()
    settle_days: int = 400

    def __post_init__(self) -> None:
        if self.train.until > self.built_on or self.test.first < self.built_on:
            raise BadInput(
                f"training ends {self.train.until}, built on {self.built_on}, "
                f"test from {self.test.first}",
                field="periods",
                rule="train until <= built_on <= test first",
            )


@dataclass(frozen=True, slots=True)
class Populations:
    """Which rows take part, by the column ``population`` of the outcomes; empty: all.

    ``own`` are those whose outcome the lender saw itself: leaks are looked for among them.
    ``judge`` are those that the model is for: an ensemble learns its weights on them.
    """

    own: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    train: tuple[str, ...] = ()
    judge: tuple[str, ...] = ()
    calibrate: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CardSettings:
    """The scorecard.

    Attributes:
        offered: so many of the funnel's first variables are offered to it.
        most: characteristics it may have.
        correlation: of weights of evidence that two of them may have.
    """

    offered: int = 200
    most: int = 25
    correlation: float = 0.7


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What is trained.

    Attributes:
        kind: ``scorecard``, ``booster``, ``shrunk_logistic`` or ``ensemble`` of ``members``.
        members: of an ensemble; a booster stands in it once for each seed.
        seeds: one booster for each.
        signs: whether expected signs bind the booster.
    """

    kind: str = "booster"
    members: tuple[str, ...] = ("booster", "shrunk_logistic")
    seeds: tuple[int, ...] = (7,)
    signs: bool = True
    booster: BoosterSettings = field(default_factory=BoosterSettings)
    scorecard: CardSettings = field(default_factory=CardSettings)
    shrunk_logistic: ShrunkSettings = field(default_factory=ShrunkSettings)
    folds: FoldSettings = field(default_factory=FoldSettings)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput(
                f"no model {self.kind!r}", field="model.kind", rule=f"one of {', '.join(KINDS)}"
            )
        for one in self.members:
            if one not in KINDS[:-1]:
                raise BadInput(
                    f"no member {one!r}", field="model.members", rule=", ".join(KINDS[:-1])
                )
        if not self.seeds:
            raise BadInput("there is no seed", field="model.seeds", rule="at least one")


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """All of a configuration; ``hash`` is that of its canonical JSON.

    Attributes:
        name, version: of the model.
        values: folders or tables of computed variables, relative to the file.
        outcomes: the table of outcomes, relative to the file.
        form: numeric columns of the outcomes that the applicant filled in and the model may read.
        bad: what bad means; for the record, since the outcomes hold the result.
        bounds: upper bounds of the tiers but the last; empty: fitted to the book.
    """

    name: str
    version: str
    values: tuple[str, ...]
    outcomes: str
    periods: Periods
    form: tuple[str, ...] = ()
    bad: BadDefinition = field(default_factory=BadDefinition)
    populations: Populations = field(default_factory=Populations)
    selection: SelectionSettings = field(default_factory=SelectionSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    calibration: Maturity = field(default_factory=Maturity)
    bounds: tuple[Rate, ...] = TIER_BOUNDS
    downturn_years: tuple[int, ...] = ()
    root: Path = field(default=Path(), compare=False)

    def to_json(self) -> str:
        """Canonical JSON; folders as they were written, never where the file lies."""
        held = plain(self)
        del held["root"]
        held["selection"] = self.selection.to_json()
        for name in ("booster", "shrunk_logistic"):
            del held["model"][name]["threads"]
        return canonical({"format": FORMAT, **held})

    @property
    def hash(self) -> str:
        """SHA-256 of ``to_json`` in hexadecimal."""
        return hash_of(self.to_json())

    def path(self, name: str) -> Path:
        """Where a file named in the configuration lies."""
        return self.root / name


def read_fields(path: Path) -> TrainingConfig:
    """The configuration of a YAML file.

    Raises:
        BadInput: no such file, no YAML, a field that is missing, unknown or of another kind; names
            the field by its path.
    """
    import yaml  # noqa: PLC0415 - loads when a configuration is read

    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}", field="config", rule="a YAML file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} is no YAML: {error}", field="config", rule="YAML") from None
    if not isinstance(raw, Mapping) or raw.get("format") != FORMAT:
        raise BadInput(f"{path.name} is no configuration", field="format", rule=FORMAT)
    held = {name: value for name, value in raw.items() if name != "format"}
    if "root" in held:
        raise BadInput("root is where the file lies", field="root", rule="not in the file")
    found: TrainingConfig = _made(TrainingConfig, held | {"root": path.parent}, "")
    if not found.values:
        raise BadInput("no variables are named", field="values", rule="at least one folder")
    return found


def _made(kind: type[_T], raw: object, where: str) -> _T:
    """A dataclass of a mapping, each field read as its annotation says."""
    if not isinstance(raw, Mapping):
        raise BadInput(f"{where or 'the file'} is no mapping", field=where, rule="fields by name")
    hints = get_type_hints(kind)
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    for name in raw:
        if name not in known:
            raise BadInput(
                f"no field {_joined(where, str(name))}; there are {', '.join(sorted(known))}",
                field=_joined(where, str(name)),
                rule="a field of the configuration",
            )
    given = {name: _read(hints[name], value, _joined(where, name)) for name, value in raw.items()}
    lacking = sorted(_required(kind) - set(raw))
    if lacking:
        raise BadInput(
            f"{', '.join(lacking)} missing", field=_joined(where, lacking[0]), rule="required"
        )
    try:
        return kind(**given)
    except BadInput as error:
        # A settings' own rule knows the field, not where in the file it stands.
        inner = error.field or ""
        place = inner if inner.startswith(where) else _joined(where, inner)
        raise BadInput(error.message, field=place, rule=error.rule) from None


def _required(kind: type[Any]) -> set[str]:
    from dataclasses import MISSING  # noqa: PLC0415

    return {
        each.name
        for each in fields(kind)
        if each.default is MISSING and each.default_factory is MISSING
    }


def _joined(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _read(kind: Any, value: object, where: str) -> Any:
    if is_dataclass(kind) and isinstance(kind, type) and kind is not Rate:
        return _made(kind, value, where)
    if get_origin(kind) is tuple:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise BadInput(f"{where} is no list", field=where, rule="a list")
        inner = get_args(kind)[0]
        return tuple(_read(inner, one, f"{where}[{i}]") for i, one in enumerate(value))
    if get_origin(kind) is types.UnionType:
        return None if value is None else _read(get_args(kind)[0], value, where)
    return _plain(kind, value, where)


def _plain(kind: Any, value: object, where: str) -> object:
    if kind is Rate:
        return _rate(value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is str and isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # version: 1; but not 1.10, which YAML reads as 1.1
    if type(value) is not kind and not (kind is Path and isinstance(value, Path)):
        raise BadInput(
            f"{where} is {value!r}, {_KINDS.get(kind, kind.__name__)} is wanted",
            field=where,
            rule=_KINDS.get(kind, kind.__name__),
        )
    return value


def _rate(value: object, where: str) -> Rate:
    from decimal import Decimal, InvalidOperation  # noqa: PLC0415

    try:
        return Rate(Decimal(str(value)))
    except (InvalidOperation, BadInput):
        raise BadInput(f"{where} is {value!r}", field=where, rule="a rate like 0.005") from None
