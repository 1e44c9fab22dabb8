"""Making models: in Python, and decision tables in spreadsheets."""
