"""A chaos campaign: faults that happen to a running kernel, and what they cost."""
