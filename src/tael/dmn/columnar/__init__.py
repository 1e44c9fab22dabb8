"""Plans over Arrow columns: exact where integers hold a value, guarded where floats stand in."""
