"""Definitions compiled to arrays, with a hash that is part of every result."""
