"""A zone that behaves as badly as it is told to."""
