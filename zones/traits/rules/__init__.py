"""The rules of the validator, by what they are about."""
