"""From raw events to packed rows: the same events in the order that the kernel reads."""
