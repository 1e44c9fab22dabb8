"""A lender's own book of loans, uploaded: the analyst's first hour."""

__all__: list[str] = []
