"""The number of what kernel and zones have agreed on.

Owns: the number. Does not own: what is agreed on (the other files of this package). A kernel runs
only zones of its own number: it is raised by whoever changes a message, a word of the arena or an
environment variable so that the one side would misread the other. New optional fields do not.
"""

from typing import Final

CONTRACT: Final = 1
