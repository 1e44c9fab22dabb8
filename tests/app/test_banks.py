"""The wires to the banks: those that are named, and the demo's own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tael.app.banks import open_wires
from tael.kernel import OutsideFailure, PartnerId
from tael.platform import SYSTEM


def _with_addresses(lender: Any, addresses: dict[PartnerId, str]) -> Any:
    house = lender.house
    return replace(house, settings=replace(house.settings, banks=addresses))


def test_a_bank_is_called_at_the_address_that_is_named(lender: Any) -> None:
    (loan_id,) = lender.lend()
    house = _with_addresses(lender, {lender.bank: lender.urls[lender.bank]})
    with open_wires(house) as wires:
        assert list(wires[lender.bank].balances(lender.today)) == [loan_id]


def test_a_bank_without_an_address_is_away(lender: Any) -> None:
    with open_wires(lender.house) as wires:
        assert wires.get(lender.bank) is None
        with pytest.raises(OutsideFailure, match="TAEL_BANKS"):
            wires[lender.bank]


def test_the_bank_of_a_demo_goes_on_with_its_records(lender: Any, tmp_path: Path) -> None:
    (loan_id,) = lender.lend()
    shutil.copy(tmp_path / f"{lender.bank}.jsonl", tmp_path / "demo-bank.jsonl")
    with open_wires(lender.house) as wires:
        balances = wires[lender.bank].balances(lender.today)
    assert balances == {loan_id: lender.state(loan_id).outstanding}


def test_a_demo_bank_with_an_address_of_its_own_is_not_started(lender: Any, tmp_path: Path) -> None:
    (tmp_path / "demo-bank.jsonl").write_text("not what a bank wrote")
    house = _with_addresses(lender, {lender.bank: lender.urls[lender.bank]})
    with open_wires(house) as wires, house.database.begin(SYSTEM):
        assert wires[lender.bank].balances(lender.today) == {}
