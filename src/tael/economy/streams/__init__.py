"""What sources record of a borrower: events with event time, known time, flaws and corrections.

One source, ``region_month``, is about markets instead; `market_link` says which is a firm's.
"""

from collections.abc import Callable

from tael.economy.agents.life import Life, life
from tael.economy.agents.model import Borrower
from tael.economy.streams.bank_tx import bank_tx
from tael.economy.streams.book_entry import book_entry
from tael.economy.streams.bureau_enquiry import bureau_enquiry
from tael.economy.streams.bureau_tradeline import bureau_tradeline
from tael.economy.streams.court_record import court_record
from tael.economy.streams.device_event import device_event
from tael.economy.streams.pos_day import pos_day
from tael.economy.streams.region_month import Market, market_link, markets, region_month
from tael.economy.streams.registry_change import registry_change
from tael.economy.streams.rows import Events
from tael.economy.streams.tables import table_of
from tael.economy.streams.tax_return import tax_return
from tael.economy.streams.utility_bill import utility_bill
from tael.economy.streams.vat_invoice import vat_invoice
from tael.economy.world.scene import World

STREAMS: dict[str, Callable[[World, Borrower, Life], Events]] = {
    "bank_tx": bank_tx,
    "vat_invoice": vat_invoice,
    "bureau_enquiry": bureau_enquiry,
    "tax_return": tax_return,
    "utility_bill": utility_bill,
    "court_record": court_record,
    "bureau_tradeline": bureau_tradeline,
    "pos_day": pos_day,
    "book_entry": book_entry,
    "device_event": device_event,
    "registry_change": registry_change,
}


def events_of(world: World, subject: Borrower) -> dict[str, Events]:
    """The events of a borrower in every source, by source; each stream has its own key."""
    months = life(world, subject)
    return {name: stream(world, subject, months) for name, stream in STREAMS.items()}


__all__ = [
    "STREAMS",
    "Events",
    "Market",
    "bank_tx",
    "book_entry",
    "bureau_enquiry",
    "bureau_tradeline",
    "court_record",
    "device_event",
    "events_of",
    "market_link",
    "markets",
    "pos_day",
    "region_month",
    "registry_change",
    "table_of",
    "tax_return",
    "utility_bill",
    "vat_invoice",
]
