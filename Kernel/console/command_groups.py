"""The groups of commands, as help, the man page and docs/commands.md show them.

Owns: their names. Does not own: which command is in which.
"""

WATCHING = "Watching"
WORLD = "World"
EVOLUTION = "Evolution"
LEDGER = "Ledger"
TRUST = "Trust"
KERNEL = "Kernel"
