"""Names that machine code asks for: all must have an address before it is run.

Owns: reading them from an object file (ELF, 64 bits). Does not own: giving them an address
(`zones/traits/linked.py`).

LLVM may make calls that no text says: a division of 128 bits where it sums up a loop, a copy of
memory. A name without an address is linked as 0 by MCJIT, and the call ends the process.
"""

import struct
from collections.abc import Iterator
from typing import Final

_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
_SYMTAB: Final = 2
_UNDEFINED: Final = 0


def wanted_symbols(code: bytes) -> tuple[str, ...]:
    """Return the names that an object file asks others for."""
    assert code[:6] == b"\x7fELF\x02\x01", "an object file of 64 bits, little-endian"
    *_, sections_at, _, _, _, _, _, count, _ = _HEADER.unpack_from(code)
    sections = [_SECTION.unpack_from(code, sections_at + n * _SECTION.size) for n in range(count)]
    return tuple(sorted(set(_undefined(code, sections))))


def _undefined(code: bytes, sections: list[tuple[int, ...]]) -> Iterator[str]:
    for _, kind, _, _, at, size, texts, _, _, _ in sections:
        if kind != _SYMTAB:
            continue
        names_at = sections[texts][4]
        for place in range(at + _SYMBOL.size, at + size, _SYMBOL.size):
            name, _, _, section, _, _ = _SYMBOL.unpack_from(code, place)
            if section == _UNDEFINED:
                start = names_at + name
                yield code[start : code.index(b"\0", start)].decode("ascii")
