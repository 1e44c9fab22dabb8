"""The nine sources: what each tells of whom, in which shape, at which price, how fresh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tael.kernel import BadInput
from tael.origination.sources.schemas import Schema
from tael.origination.sources.shapes import (
    BOOKS,
    BUREAU,
    COURT,
    DEVICE,
    INVOICE,
    REGION,
    REGISTRY,
    STATEMENT,
    TAX,
)

PERSON, ENTERPRISE, MARKET = "person", "enterprise", "market"


@dataclass(frozen=True, slots=True)
class Source:
    """One source.

    Attributes:
        name: the same everywhere.
        zh, en: its title.
        law: the basis on which it may be asked.
        subjects: whom it tells of: person, enterprise, market.
        schema: what the answer looks like.
        stale_days: the age from which an answer no longer counts as fresh.
        price_minor: the agreed price of one answer, in fen.
        consented: whether it is asked under a signed authorisation only.
        personal_credit: whether what it tells of a person is credit information, which reaches a
            bank through a licensed bureau only.
        asynchronous: whether it takes the question and answers later.
    """

    name: str
    zh: str
    en: str
    law: str
    subjects: tuple[str, ...]
    schema: Schema
    stale_days: int
    price_minor: int
    consented: bool = True
    personal_credit: bool = False
    asynchronous: bool = False


_BOTH = (ENTERPRISE, PERSON)
_FIRM = (ENTERPRISE,)
_ALL = (
    Source(
        "bureau", "征信报告", "bureau report", "State Council Order 631 art. 13, 18", _BOTH,
        BUREAU,
        personal_credit=True, stale_days=30, price_minor=500,
    ),
    Source(
        "tax", "纳税申报", "tax returns", "Tax Collection Act art. 8", _FIRM, TAX,
        asynchronous=True, stale_days=30, price_minor=300,
    ),
    Source(
        "invoice", "增值税发票", "VAT invoices", "Tax Collection Act art. 8", _FIRM, INVOICE,
        asynchronous=True, stale_days=7, price_minor=400,
    ),
    Source(
        "bank_statement", "银行流水", "bank statement", "PIPL art. 13, 23, 29", _BOTH, STATEMENT,
        stale_days=3, price_minor=200,
    ),
    Source(
        "registry", "工商登记", "enterprise register", "State Council Order 654 art. 6", _FIRM,
        REGISTRY, stale_days=30, price_minor=50,
    ),
    Source(
        "court", "司法信息", "court records", "PIPL art. 13 (6), 27", _BOTH, COURT,
        stale_days=30, price_minor=60,
    ),
    Source(
        "device", "设备与通信", "phone and device", "PIPL art. 13, 14", _BOTH, DEVICE,
        stale_days=1, price_minor=80,
    ),
    Source(
        "merchant_books", "经营账簿", "merchant books", "PIPL art. 13", _FIRM, BOOKS,
        stale_days=2, price_minor=0,
    ),
    Source(
        "region", "区域指标", "regional figures", "no personal data", (MARKET,), REGION,
        consented=False, stale_days=45, price_minor=10,
    ),
)  # fmt: skip

SOURCES: Mapping[str, Source] = MappingProxyType({each.name: each for each in _ALL})


def source_named(name: str) -> Source:
    """The source called ``name``.

    Raises:
        BadInput: there is none; names those that there are.
    """
    if name not in SOURCES:
        raise BadInput(
            f"there is no source {name!r}", field="source", rule=f"one of {', '.join(SOURCES)}"
        )
    return SOURCES[name]
