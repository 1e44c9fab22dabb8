"""What a card is made of, beyond what the commands' own tests show."""

from __future__ import annotations

from tael.app.model_work import _learnt_from


def test_a_card_tells_how_much_more_the_model_learnt_from_than_it_shows() -> None:
    assert _learnt_from({"rows": 900, "bads": 90}, 900) is None
    told = _learnt_from({"rows": 175_283, "bads": 5_829}, 13_400)

    assert told is not None
    assert told.en.startswith("The model learnt from 175,283 rows, 5,829 of them bad;")
    assert "175,283" in told.zh
