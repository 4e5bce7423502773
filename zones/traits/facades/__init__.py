"""The builtins and modules that interpreted traits are given, each with public names alone."""
