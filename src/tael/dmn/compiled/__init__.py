"""The fast bodies of a model: a typed plan, and what is generated from it."""
