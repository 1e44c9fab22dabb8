"""Python's cyclic garbage collector, out of the way while a large model is read."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_later() -> Iterator[None]:
    """No cyclic collection inside; reference counts free memory all the same.

    A table of ten thousand rows is a million objects that all stay: the collector would walk them
    again and again, for half of the time of reading.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
