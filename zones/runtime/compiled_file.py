"""A Python file as a call runs it: compiled, and as bytes that a later call can take up.

Owns: compiling, the form of these bytes, and the way by which a cell gets and gives them. Does not
own: who keeps them (`Kernel/core/function_cache.py`), running (`called.py`).

The form is marshal's, behind the name of the Python that has made it. `tests.bench functioncache`
holds it against compiling and against cloudpickle: the bytes of both hold the same code object, and
cloudpickle's cost an unpickler besides. marshal trusts its bytes: they are loaded in a sealed
process only, which would have run them anyway.
"""

import ast
import marshal
import os
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType

from Kernel.contract.call_job import COMPILED_BUILD, COMPILED_BYTES_MAX, frame_compiled


@dataclass(frozen=True, slots=True)
class CompiledFile:
    """What a file compiles to.

    Args:
        has_main: it defines a function `main`, which is to be called.
    """

    code: CodeType
    has_main: bool


def compile_file(name: str, source: bytes) -> CompiledFile:
    """Compile a file.

    Raises:
        SyntaxError, ValueError, MemoryError, RecursionError: it is no Python that can be compiled.
    """
    # Not ast.parse: where this is no Python, its frame would stand in the traceback.
    tree = compile(source, name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    assert isinstance(tree, ast.Module), "that is what exec has"
    has_main = any(
        isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == "main"
        for each in tree.body
    )
    return CompiledFile(compile(tree, name, "exec", dont_inherit=True), has_main)


def pack_compiled(file: CompiledFile) -> bytes:
    """Return a compiled file as bytes."""
    return COMPILED_BUILD + marshal.dumps((file.has_main, file.code))


def unpack_compiled(data: bytes) -> CompiledFile | None:
    """Return a compiled file; None where another version has made it, or it is none.

    The bytes are trusted: whoever calls this is sealed.
    """
    if not data.startswith(COMPILED_BUILD):
        return None
    try:
        has_main, code = marshal.loads(memoryview(data)[len(COMPILED_BUILD) :])
    except (EOFError, ValueError, TypeError):
        return None
    return CompiledFile(code, has_main) if isinstance(code, CodeType) else None


class CodeRoad:
    """The way of compiled code into a cell, and out of it.

    Args:
        kept: what was kept of its file, b"": nothing.
        fd: the pipe to who keeps code, which never waits; None: nobody wants any.

    Attributes:
        fds: what is open of it.
    """

    def __init__(self, kept: bytes, fd: int | None) -> None:
        self.fds: tuple[int, ...] = () if fd is None else (fd,)
        self._kept = kept

    def compiled(self, name: str, source: bytes) -> CompiledFile:
        """Return what a file compiles to, as it was kept or anew, and close the way.

        Raises:
            SyntaxError, ValueError, MemoryError, RecursionError: as `compile_file` does.
        """
        try:
            file = unpack_compiled(self._kept) if self._kept else None
            if file is None:
                file = compile_file(name, source)
                self._give(file)
        finally:
            self.close()
        return file

    def close(self) -> None:
        """Give nothing away any more: what is foreign runs from here on."""
        for fd in self.fds:
            os.close(fd)
        self.fds = ()

    def _give(self, file: CompiledFile) -> None:
        """Give code away, whole or not: what does not fit is compiled again next time."""
        # Nobody there, a full pipe, code too deep for marshal: no reason not to run it.
        with suppress(OSError, ValueError):
            code = pack_compiled(file) if self.fds else b""
            rest = frame_compiled(code) if 0 < len(code) <= COMPILED_BYTES_MAX else b""
            while rest:
                rest = rest[os.write(self.fds[0], rest) :]
