"""Any policy version against any history: what it would have decided, and how that went."""

__all__: list[str] = []
