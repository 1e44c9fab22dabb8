"""What would change the answer: the smallest changes the owner can bring about."""

__all__: list[str] = []
