"""What reading a damaged SQLite file ends in.

Owns: which errors mean damage. Does not own: what is done about it.
One flipped bit makes of a blob a text, or a text no UTF-8: SQLite does not mind, apsw cannot give
it to Python and raises an error that is none of its own.
"""

from typing import Final

import apsw

DAMAGED: Final = (apsw.CorruptError, apsw.NotADBError, UnicodeDecodeError)
"""The file is not what was written."""
FAILED: Final = (apsw.Error, UnicodeDecodeError)
"""It is that, or the disk or another process refuses."""
