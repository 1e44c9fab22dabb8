"""A replay as one JSON object: figures as numbers, money as minor units and currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tael.app.replay.assumptions import assumptions
from tael.app.replay.figures import GroupFigures, SwapCell
from tael.app.replay.play import ReplayResult
from tael.app.replay.ranking import Ranking
from tael.kernel import Money

Json = Mapping[str, object]
_MOST_FAULTS = 100


def to_json(result: ReplayResult) -> dict[str, object]:
    """The figures of a replay.

    ``auc`` is of the matured vintages, by rows of the file; ``auc_weighted`` by what they stand for
    in the population. ``alarm`` is null, or why the scorecard is refused.
    """
    judged, trained = result.judged, result.trained
    return {
        "mapping": result.request.mapping.name,
        "source": result.request.mapping.source,
        "train_until": result.request.train_until.isoformat(),
        "rows": result.book.rows,
        "rows_left_out": len(result.book.faults),
        "faults": _faults(result),
        "auc": judged.auc.to_json() if judged else None,
        "auc_weighted": judged.auc_weighted.to_json() if judged else None,
        "ks": judged.ks.to_json() if judged else None,
        "ks_weighted": judged.ks_weighted.to_json() if judged else None,
        "rankings": [_ranking(ranking) for ranking in result.rankings.values()],
        "other_models": [
            {
                "name": side.name,
                "auc": round(side.auc, 6),
                "auc_weighted": round(side.auc_weighted, 6),
            }
            for side in result.sides
        ],
        "alarm": _alarm(result),
        "training": {
            "loans": trained.rows,
            "bads": trained.bads,
            "bads_after_train_until": trained.late_bads,
            "bad_rate_weighted": round(trained.bad_rate, 6),
            "features": [item.name for item in trained.model.card.characteristics_],
            "left_out": dict(trained.model.card.dropped_),
            "scorecard_hash": trained.model.card.hash,
        },
        "policy_hash": result.policy_hash,
        "all": group(result.all),
        "tiers": [group(one) for one in result.tiers],
        "vintages": [group(one) for one in result.vintages],
        "curves": [
            {
                "vintage": point.vintage,
                "months": point.months,
                "loss_share": _plain(point.loss_share),
                "default_share": _plain(point.default_share),
            }
            for point in result.curves
        ],
        "swap": [_swap(cell) for cell in result.swap],
        "fund": _fund(result),
        "books": _books(result),
        "assumptions": [words.en for words in assumptions(result)],
    }


def group(figures: GroupFigures) -> dict[str, object]:
    """The figures of a group."""
    names = GroupFigures.__dataclass_fields__
    return {name: _plain(getattr(figures, name)) for name in names}


def _plain(value: object) -> object:
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    return float(value) if isinstance(value, Decimal) else value


def _ranking(ranking: Ranking) -> Json:
    return {
        "group": ranking.group,
        "loans": ranking.loans,
        "bads": ranking.bads,
        "auc": ranking.auc.to_json(),
        "auc_weighted": ranking.auc_weighted.to_json(),
        "ks": ranking.ks.to_json(),
        "ks_weighted": ranking.ks_weighted.to_json(),
    }


def _alarm(result: ReplayResult) -> Json | None:
    return {"code": result.alarm.code, **result.alarm.detail} if result.alarm else None


def _faults(result: ReplayResult) -> Sequence[Json]:
    return [
        {"row": fault.row, "field": fault.field, "rule": fault.rule, "message": fault.message}
        for fault in result.book.faults[:_MOST_FAULTS]
    ]


def _swap(cell: SwapCell) -> Json:
    return {
        "decision": "approve" if cell.approved else "decline",
        "ending": cell.ending.value,
        "loans": cell.loans,
        "loans_weighted": _plain(cell.loans_weighted),
        "amount": _plain(cell.amount),
        "loss": _plain(cell.loss),
    }


def _fund(result: ReplayResult) -> Json:
    every = result.all
    return {
        "fee": _plain(every.fee),
        "servicing": _plain(every.servicing),
        "claims": _plain(every.claims),
        "result": _plain(every.fund_result),
        "result_weighted": _plain(every.fund_result_weighted),
    }


def _books(result: ReplayResult) -> Json:
    proof = result.proof
    return {
        "kept_in": proof.kept_in,
        "loans": len(result.lives),
        "entries": proof.entries,
        "batches": proof.batches,
        "sound": proof.sound,
        "content_hash": proof.content_hash,
    }
