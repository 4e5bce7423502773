"""Who and what is near, for traits, one order for both tiers."""
