"""Arithmetic of traits, one meaning for both tiers."""
