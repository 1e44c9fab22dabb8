"""The fast decision path."""

__all__: list[str] = []
