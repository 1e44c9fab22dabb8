"""Tael lends to small businesses: one package, one room per subject (see ARCHITECTURE.md)."""

__version__ = "0.1.0"
