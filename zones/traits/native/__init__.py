"""The native tier: a checked tree becomes machine code over the columns of a world."""
