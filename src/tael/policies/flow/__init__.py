"""Staged decisions: sources are fetched only while the outcome still depends on them."""

__all__: list[str] = []
