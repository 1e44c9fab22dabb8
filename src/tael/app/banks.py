"""The wires to the partner banks of a served installation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from tael.app.installation import Installation
from tael.funding import BankClient
from tael.kernel import OutsideFailure, PartnerId
from tael.platform import SYSTEM

_DEMO_RECORDS = "demo-bank.jsonl"


class Wires(dict[PartnerId, BankClient]):
    """Partner → wire; a bank without an address is away, not unknown: settings may name it."""

    def __missing__(self, partner: PartnerId) -> BankClient:
        raise OutsideFailure(
            f"{partner} has no address; name it in TAEL_BANKS and start again",
            code="bank_without_address",
            field="TAEL_BANKS",
        )


@contextmanager
def open_wires(house: Installation) -> Iterator[Mapping[PartnerId, BankClient]]:
    """A wire to each bank of ``TAEL_BANKS``, and to the demo's own bank where a demo was played.

    Raises:
        OutsideFailure: the demo's bank does not start.
    """
    with ExitStack() as stack:
        addresses = dict(house.settings.banks)
        addresses |= _demo_bank(house, stack)
        wires = {
            partner: stack.enter_context(BankClient(url)) for partner, url in addresses.items()
        }
        yield Wires(wires)


def _demo_bank(house: Installation, stack: ExitStack) -> Mapping[PartnerId, str]:
    """The demo's bank, on with the records that it kept while the demo was played."""
    records = house.settings.data_dir / _DEMO_RECORDS
    if not records.is_file():
        return {}
    # Both are of the demo alone, and heavy.
    from tael.app.demo.company import BANK_NAME  # noqa: PLC0415
    from tael.sandbox import BankProcess  # noqa: PLC0415

    with house.database.begin(SYSTEM) as work:
        partners = house.rooms(work).funding.partners()
    ours = [one.id for one in partners if one.name == BANK_NAME]
    if not ours or ours[0] in house.settings.banks:
        return {}
    bank = BankProcess(records)
    stack.callback(bank.stop)
    return {ours[0]: bank.start()}
