"""How large an economy is, and how its borrowers are cut into shards."""

from __future__ import annotations

from dataclasses import dataclass

from tael.kernel import BadInput

SHARD_FIRMS = 256


@dataclass(frozen=True, slots=True)
class Size:
    """A size: how many firms, and whether events and loan months are written.

    Without them a firm costs a few milliseconds: what the policy of the time saw is taken from the
    firm's life in any case. ``markets`` says whether the figures of all markets are written with
    the events. ``shard_firms`` borrowers make a shard.
    """

    name: str
    firms: int
    events: bool = True
    markets: bool = True
    shard_firms: int = SHARD_FIRMS

    @property
    def shards(self) -> int:
        return -(-self.firms // self.shard_firms)

    def numbers(self, shard: int) -> range:
        """The borrowers of a shard."""
        first = shard * self.shard_firms
        return range(first, min(first + self.shard_firms, self.firms))


SIZES: dict[str, Size] = {
    "tiny": Size("tiny", 500),
    "small": Size("small", 20_000),
    "million": Size("million", 340_000, events=False),  # a million applications
    "full": Size("full", 1_000_000),
}


def size_named(name: str) -> Size:
    """The size of that name.

    Raises:
        BadInput: no size has that name.
    """
    if name not in SIZES:
        known = ", ".join(SIZES)
        raise BadInput(f"no economy is of size {name!r}", field="size", rule=f"one of {known}")
    return SIZES[name]
