"""A strategy as files: plain values, a table for spreadsheets, rules, and the page."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

from tael.app.strategy_book import summary
from tael.app.strategy_page import page_of
from tael.app.strategy_table import model_of
from tael.app.strategy_work import Strategy, cell_json, share_of, terms_json, yuan
from tael.pricing.strategy import Answer, Contradiction, Offer, Stage, Terms, Worth


def _worth_json(worth: Worth) -> dict[str, int]:
    names = (
        "loans_micro", "volume_minor", "revenue_minor", "funding_minor", "operating_minor",
        "loss_minor", "loss_12m_minor", "capital_minor", "capital_cost_minor", "liability_minor",
    )  # fmt: skip
    return dict(zip(names, worth.row(), strict=True)) | {"profit_minor": worth.profit}


def _offer_json(offer: Offer) -> dict[str, object]:
    return {
        "prime_share": str(share_of(offer)),
        "highest_all_in": str(offer.highest.fraction),
        "total": _worth_json(offer.total),
        "prime": _worth_json(offer.prime),
    }


def _stage_json(stage: Stage) -> dict[str, object]:
    found: dict[str, object] = {"share": None if stage.share is None else str(stage.share)}
    outcome = stage.outcome
    if isinstance(outcome, Answer):
        solved = outcome.solved
        return found | _offer_json(outcome.offer) | {
            "status": solved.status.value, "gap_ppb": solved.gap_ppb, "rounds": outcome.rounds,
        }  # fmt: skip
    if isinstance(outcome, Contradiction):
        return found | {
            "status": "infeasible",
            "conflict": {"zh": outcome.words.zh, "en": outcome.words.en},
        }
    return found | {"status": outcome.status.value}


def as_json(found: Strategy) -> dict[str, object]:
    """The whole strategy as plain values; sums in minor units, loans in millionths."""
    outcome = found.target.outcome
    answer = outcome if isinstance(outcome, Answer) else None
    rows = zip(found.cells, found.today.worth, strict=True)
    return {
        "format": "tael.strategy.answer/1",
        "name": found.settings.name,
        "hash": found.hash,
        "book": dict(summary(found.cells)),
        "choices": len(found.menu.choices),
        "left_out": dict(found.menu.left_out),
        "today": _offer_json(found.today),
        "free": _stage_json(found.free),
        "target": _stage_json(found.target),
        "frontier": [_stage_json(stage) for stage in found.frontier],
        "path": [_stage_json(stage) for stage in found.path],
        "tolls": [
            {"bound": toll.bound.code, "step": str(Decimal(toll.step.numerator)
             / Decimal(toll.step.denominator)), "profit_minor": toll.profit}
            for toll in found.tolls
        ],
        "tried": [
            {"case": one.case.code, "same": _offer_json(one.same), "best": _stage_json(one.best)}
            for one in found.tried
        ],
        "baselines": {
            name: None if base is None else _offer_json(base.offer)
            | {"last_tier": base.last, "prime_shift": str(base.prime.fraction),
               "others_shift": str(base.others.fraction)}
            for name, base in found.baselines.items()
        },
        "cells": [
            cell_json(cell)
            | {"today_worth": _worth_json(now)}
            | (
                {"terms": terms_json(answer.offer.terms[n]),
                 "worth": _worth_json(answer.offer.worth[n])}
                if answer else {}
            )
            for n, (cell, now) in enumerate(rows)
        ],
    }  # fmt: skip


def write(found: Strategy, folder: Path) -> list[Path]:
    """Write the strategy into ``folder``; the files.

    ``strategy.json`` and the page in both languages; where there is a strategy also its cells as
    ``strategy.csv`` and its table as ``strategy.dmn``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"strategy.json": json.dumps(as_json(found), ensure_ascii=False, indent=1) + "\n"}
    if isinstance(found.target.outcome, Answer):
        texts["strategy.csv"] = _csv(found)
        texts["strategy.dmn"] = model_of(found.answer.offer, found.note).to_xml()
    page = page_of(found)
    texts |= {"report.html": page.html("en"), "report.zh.html": page.html("zh")}
    files = []
    for name, text in texts.items():
        path_ = folder / name
        path_.write_text(text, encoding="utf-8")
        files.append(path_)
    return files


def _csv(found: Strategy) -> str:
    """The strategy as a table for a spreadsheet: a cell a line, sums in major units."""
    offer, written = found.answer.offer, io.StringIO()
    out = csv.writer(written, lineterminator="\n")
    names = [name for name, _ in found.cells[0].segment.values]
    out.writerow([
        "tier", *names, "applications", "pd_12m", "price_today", "price", "bank_interest",
        "guarantee_fee", "limit", "lent_today", "lent", "loans", "profit", "loss",
    ])  # fmt: skip
    rows = zip(found.cells, offer.terms, offer.worth, found.today.worth, strict=True)
    for cell, terms, worth, now in rows:
        out.writerow([
            f"R{cell.tier}", *(value for _, value in cell.segment.values),
            round(sum(ask.applications for ask in cell.asks), 2), cell.pd_12m.fraction,
            cell.today.price.total.fraction if cell.today else "", *_terms_row(terms),
            yuan(now.volume), yuan(worth.volume), Decimal(worth.loans_micro).scaleb(-6),
            yuan(worth.profit), yuan(worth.loss),
        ])  # fmt: skip
    return written.getvalue()


def _terms_row(terms: Terms | None) -> tuple[object, ...]:
    if terms is None:
        return ("", "", "", 0)
    price, limit = terms.price, terms.limit
    most = limit.share if limit.ceiling is None else limit.ceiling.decimal()
    return (price.total.fraction, price.bank_interest.fraction, price.guarantee_fee.fraction, most)
