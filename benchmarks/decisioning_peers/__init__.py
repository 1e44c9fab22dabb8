"""Two honest peers of a decision from raw events, the load they are put under, and their policy."""
