"""Memory that can be written and executed is found and closed, and what uses it goes on."""

import ctypes
import os
from collections.abc import Callable

from zones.runtime.cages.code_pages import close_code_pages


def ended_by(act: Callable[[], None]) -> int:
    """Return the status of a child that does something."""
    child = os.fork()
    if not child:
        act()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_code_that_was_left_writable_cannot_be_written_over():
    """The function that C code calls still works; who writes over its code dies of it."""
    made = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 7)

    def call() -> None:
        close_code_pages()
        os._exit(made())

    def write() -> None:
        close_code_pages()
        ctypes.memset(ctypes.cast(made, ctypes.c_void_p).value, 0xC3, 8)

    assert ended_by(call) == 7
    assert ended_by(write) == -11
