"""What interpreted traits call instead of what C code would do for them without a bound."""
