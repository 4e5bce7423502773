"""Landlock: which files, TCP ports, abstract sockets and processes a process can reach.

Owns: what is asked of each ABI (1 to 7), the rules of a plan. Does not own: no_new_privs, which
must be set before (`privileges.py`); which paths a zone needs.

Source: Linux `Documentation/userspace-api/landlock.rst`, `include/uapi/linux/landlock.h`.
"""

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable
from typing import Final

from zones.runtime.cages.calling import system_call

ABI_MAX: Final = 7
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_NET_PORT: Final = 2
_NET_FROM: Final = 4
_SCOPES_FROM: Final = 6
_LOGS_FROM: Final = 7
_BIND: Final = 1
_CONNECT: Final = 2
_SCOPES: Final = 3  # abstract Unix sockets, signals
_NO_LOG_OF_SAME_PROGRAM: Final = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE: Final = 1 << 14
_IOCTL_DEV: Final = 1 << 15
# What each ABI brought: 1 the first 13 rights, 2 REFER, 3 TRUNCATE, 5 IOCTL_DEV.
_RIGHTS_BY_ABI: Final = {1: (1 << 13) - 1, 2: 1 << 13, 3: _TRUNCATE, 5: _IOCTL_DEV}
_READING: Final = _READ_FILE | _READ_DIR
# Regular files and folders, also moved; no devices, sockets, pipes or symbolic links are made ...
_MAKE_DIR, _MAKE_REG, _MAKE_SOCK = 1 << 7, 1 << 8, 1 << 9
_WRITING: Final = (
    _READING | _WRITE_FILE | 1 << 4 | 1 << 5 | _MAKE_DIR | _MAKE_REG | 1 << 13 | _TRUNCATE
)
# ... and of these a plain file has only:
_OF_FILES: Final = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


def ask_abi() -> int:
    """Return the ABI the OS has, 0 where it has none.

    Raises:
        OSError: the question itself is refused, as a filter around us may.
    """
    try:
        return system_call("landlock_create_ruleset", 0, 0, _VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
            return 0
        raise


def not_held_by(abi: int) -> tuple[str, ...]:
    """Return what an ABI does not hold that newer ones do, for people."""
    gaps = (
        (2, "files may not be moved between folders at all"),
        (3, "truncate of files that may not be written"),
        (4, "TCP ports"),
        (5, "ioctl on devices"),
        (6, "abstract Unix sockets, signals to other processes"),
    )
    return tuple(what for since, what in gaps if abi < since)


def rights_of(abi: int) -> int:
    """Return all rights on files that an ABI knows."""
    return sum(bits for since, bits in _RIGHTS_BY_ABI.items() if since <= abi)


def restrict(
    abi: int,
    read: Iterable[str],
    write: Iterable[str],
    connect: Iterable[int] = (),
    bind: Iterable[int] = (),
    *,
    sockets: bool = False,
    files: bool = True,
) -> None:
    """Give up all files but those below some paths, and all TCP ports but some.

    Args:
        abi: that the OS has, at least 1.
        read: paths that must exist.
        write: paths that must exist; below them it may read, too.
        sockets: Unix sockets may be made below `write`.
        files: False leaves files as they are.

    Raises:
        OSError: a path is missing, or the OS refuses.
    """
    abi = min(abi, ABI_MAX)
    handled = rights_of(abi) if files else 0
    ports = _BIND | _CONNECT if abi >= _NET_FROM else 0
    scopes = _SCOPES if abi >= _SCOPES_FROM else 0
    size = 24 if abi >= _SCOPES_FROM else 16 if abi >= _NET_FROM else 8
    if not (handled or ports or scopes):
        return
    words = ctypes.create_string_buffer(struct.pack("=QQQ", handled, ports, scopes))
    ruleset = system_call("landlock_create_ruleset", ctypes.addressof(words), size, 0)
    try:
        if files:
            for path in read:
                _add_path(ruleset, path, _READING & handled)
            for path in write:
                _add_path(ruleset, path, (_WRITING | _MAKE_SOCK * sockets) & handled)
        if ports:
            for port in connect:
                _add_port(ruleset, port, _CONNECT)
            for port in bind:
                _add_port(ruleset, port, _BIND)
        # What is refused to hostile code would fill the audit log.
        flags = _NO_LOG_OF_SAME_PROGRAM if abi >= _LOGS_FROM else 0
        system_call("landlock_restrict_self", ruleset, flags)
    finally:
        os.close(ruleset)


def _add_path(ruleset: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, place))
        system_call("landlock_add_rule", ruleset, _PATH_BENEATH, ctypes.addressof(rule), 0)
    finally:
        os.close(place)


def _add_port(ruleset: int, port: int, right: int) -> None:
    rule = ctypes.create_string_buffer(struct.pack("=QQ", right, port))
    system_call("landlock_add_rule", ruleset, _NET_PORT, ctypes.addressof(rule), 0)
