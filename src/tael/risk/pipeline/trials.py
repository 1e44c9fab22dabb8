"""What a model is put to beside its test, groups and a challenger, and what its card tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from tael.kernel import BadInput, Refusal
from tael.report import Words
from tael.risk.card import Part, Table, fairness_part, part_from_json, part_to_json
from tael.risk.challenger import (
    CLAUSE_COLUMNS,
    SWAP_COLUMNS,
    PromotionRule,
    Scored,
    Verdict,
    approve,
    clause_rows,
    compare,
    data_hash,
    refusal_words,
    swap_rows,
)
from tael.risk.fairness import Decided, Fairness, Proxies, assess, proxies
from tael.risk.pipeline.config import TrainingConfig
from tael.risk.pipeline.evaluation import check_unseen
from tael.risk.pipeline.folder import RATED, ModelFolder
from tael.risk.pipeline.rated import RatedModel, read_model
from tael.risk.pipeline.rows import outcomes_of_config, rows_of_test
from tael.risk.sample import Sample, Texts

# The part of the card that each file tells.
FILES: Mapping[str, str] = {
    "benchmarks": "challenge.json",
    "rejects": "rejects.json",
    "fairness": "fairness.json",
    "monitoring": "monitoring.json",
}
_MOST_GROUPS = 50


def keep_part(
    folder: ModelFolder, code: str, models: Sequence[str], part: Part, figures: object
) -> None:
    """Write what was found of ``models`` (hashes) and what the card shall say of it."""
    found = {"models": list(models), "card": part_to_json(part), "figures": figures}
    folder.write_json(FILES[code], found)


def parts_of(folder: ModelFolder, model: str) -> dict[str, Part]:
    """What steps left for the card of the model with this hash; of another model they tell none."""
    found = {}
    for code, name in FILES.items():
        if folder.has(name):
            held = folder.read_json(name)
            if model in held["models"]:
                found[code] = part_from_json(held["card"])
    return found


# --- groups


@dataclass(frozen=True, eq=False)
class Grouped:
    """How the groups of some attributes fare on the test, at one approval rate."""

    approval_rate: float
    fairness: tuple[Fairness, ...]
    proxies: tuple[Proxies, ...]

    def to_json(self) -> dict[str, Any]:
        """Every figure by attribute."""
        return {
            "approval_rate": self.approval_rate,
            "fairness": {one.attribute: one.to_json() for one in self.fairness},
            "proxies": {one.attribute: one.to_json() for one in self.proxies},
        }


def run_groups(
    config: TrainingConfig,
    folder: ModelFolder,
    rated: RatedModel,
    asked: tuple[Sequence[str], float],
) -> Grouped:
    """Judge the groups of columns of the outcomes on the test rows, and keep it for the card.

    ``asked`` are the columns and the share of applications that is approved, those of lowest PD.

    Raises:
        BadInput: no such column, one group only, or a column of more than fifty values.
    """
    columns, rate = asked
    if not 0 < rate < 1:
        raise BadInput(f"{rate:g} is no share", field="approve", rule="between 0 and 1")
    sample = rows_of_test(config, rated.names)
    pd = rated.score(sample).pd
    judged = Decided(pd, approve(pd, sample, rate), sample.bad, sample.weight)
    groups = _groups(config, sample, columns)
    found = Grouped(
        rate,
        tuple(assess(name, held, judged) for name, held in groups.items()),
        tuple(
            proxies(name, held, sample, pd)
            for name, held in groups.items()
            if _two_large(held.tolist())
        ),
    )
    part = fairness_part(found.fairness, found.proxies)
    told = Words(
        f"测试期, 按 PD 从低到高批准 {rate:.0%}。",
        f"On the test period, the {rate:.0%} of lowest PD approved.",
    )
    keep_part(
        folder, "fairness", [rated.hash], replace(part, texts=(told, *part.texts)), found.to_json()
    )
    return found


def _two_large(groups: list[str], least: int = 100) -> bool:
    """Whether two groups are left once the small ones are put together."""
    sizes = [groups.count(name) for name in set(groups)]
    large = sum(size >= least for size in sizes)
    return large + (large < len(sizes)) > 1


def _groups(config: TrainingConfig, sample: Sample, columns: Sequence[str]) -> dict[str, Texts]:
    """A text a row of each column of the outcomes."""
    outcomes = outcomes_of_config(config)
    place = outcomes.places()
    seconds = sample.asof.astype(np.int64).tolist()
    rows = [place[key] for key in zip(sample.borrower.tolist(), seconds, strict=True)]
    found = {}
    for name in columns:
        held = outcomes.texts(name)[rows]
        values = len(set(held.tolist()))
        if values > _MOST_GROUPS:
            raise BadInput(
                f"{name} has {values} values in the test",
                field=name,
                rule=f"a column of at most {_MOST_GROUPS} groups, such as bands of age",
            )
        found[name] = held
    return found


# --- a challenger


def read_rule(path: Path | None) -> PromotionRule:
    """The promotion rule of a JSON file; without a path the engine's own.

    Raises:
        BadInput: no such file, or one that is no rule; names the field.
    """
    if path is None:
        return PromotionRule()
    try:
        return PromotionRule.from_json(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}", field="rule", rule="a JSON file") from None


@dataclass(frozen=True, eq=False)
class Candidate:
    """A rated model with the configuration and the folder that it was made in."""

    config: TrainingConfig
    folder: ModelFolder
    rated: RatedModel

    @classmethod
    def of(cls, config: TrainingConfig, folder: ModelFolder) -> Candidate:
        """The rated model of a folder. Raises as ``read_model``."""
        return cls(config, folder, read_model(folder.path / RATED))

    @property
    def name(self) -> str:
        """Name and version."""
        return f"{self.config.name} {self.config.version}"


def run_challenge(
    champion: Candidate, challenger: Candidate, rule: PromotionRule, groups: Sequence[str] = ()
) -> Verdict:
    """Hold the challenger against the champion on the champion's test, and keep the verdict.

    Only applications count that came after both were built. The verdict stands in both folders.

    Raises:
        BadInput: a model of another configuration, no row that is later than both, another plan of
            variables, too few bads (says how many are needed), or as ``run_groups``.
    """
    first, second = _same_rows(champion, challenger)
    scored = [
        Scored(one.name, one.rated.hash, one.rated.score(rows).pd, data_hash(rows), rows.plan)
        for one, rows in ((champion, first), (challenger, second))
    ]
    found = compare(scored[0], scored[1], first, rule, _groups(champion.config, first, groups))
    if isinstance(found, Refusal):
        raise BadInput(refusal_words(found).en, field="challenger", rule=found.code)
    for one in (champion, challenger):
        keep_part(
            one.folder,
            "benchmarks",
            [champion.rated.hash, challenger.rated.hash],
            _verdict_part(found, first, rule),
            found.to_json() | {"rule": rule.to_json(), "hash": found.hash},
        )
    return found


def _same_rows(champion: Candidate, challenger: Candidate) -> tuple[Sample, Sample]:
    """The test rows of the champion, later than both were built, as each reads them."""
    config, other = champion.config, challenger.config
    test = config.periods.test
    first = max(test.first, other.periods.built_on)
    if first >= test.until:
        raise BadInput(
            f"the challenger was built on {first}, the champion's test ends {test.until}",
            field="periods.test",
            rule="test rows later than both models",
        )
    periods = replace(config.periods, test=replace(test, first=first))
    outcomes = str(config.path(config.outcomes).absolute())
    rows = rows_of_test(replace(config, periods=periods), champion.rated.names)
    held = replace(other, outcomes=outcomes, periods=periods, populations=config.populations)
    same = rows_of_test(held, challenger.rated.names)
    for one in (champion, challenger):
        check_unseen(one.config, one.folder, one.rated, rows)
    if rows.plan != same.plan:
        raise BadInput(
            f"the champion reads plan {rows.plan[:12] or 'none'}, the challenger "
            f"{same.plan[:12] or 'none'}",
            field="plan",
            rule="one plan of variables",
        )
    return rows, same


def _verdict_part(found: Verdict, rows: Sample, rule: PromotionRule) -> Part:
    first, last = _days(rows)
    told = Words(
        f"{found.challenger[0]} ({found.challenger[1][:12]}) 挑战 {found.champion[0]} "
        f"({found.champion[1][:12]}): {first} 至 {last}, {found.rows:,} 行, 坏 {found.bads:,}; "
        f"晋升规则 {rule.version} ({found.rule[:12]})。",
        f"{found.challenger[0]} ({found.challenger[1][:12]}) against {found.champion[0]} "
        f"({found.champion[1][:12]}): {first} to {last}, {found.rows:,} rows, {found.bads:,} bad; "
        f"promotion rule {rule.version} ({found.rule[:12]}).",
    )
    swap = Words(
        f"同为批准 {rule.approval_rate:.0%} 时的换入换出",
        f"Who changes places when both approve {rule.approval_rate:.0%}",
    )
    return Part(
        (found.summary(), told),
        (
            Table(CLAUSE_COLUMNS, tuple(clause_rows(found)), Words("晋升规则", "Promotion rule")),
            Table(SWAP_COLUMNS, tuple(swap_rows(found.swap)), swap),
        ),
    )


def _days(sample: Sample) -> tuple[date, date]:
    days = sample.asof.astype("datetime64[D]")
    first, last = days.min().item(), days.max().item()
    return first, last
