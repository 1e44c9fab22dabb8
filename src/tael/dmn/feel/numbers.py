"""FEEL's numbers: IEEE 754 decimal128, 34 digits, ties to even (DMN 1.5 clause 10.3.2.3.1)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context

NUMBERS = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144)
